import type { Request } from 'express';
import type { RateLimitRequestHandler } from 'express-rate-limit';
import { AuthError, storeUnavailable } from '../errors.js';
import type { Principal, PrincipalCredential } from '../principal.js';
import type { StateStore } from '../stores/state.js';
import type { Telemetry } from '../telemetry/telemetry.js';

const WINDOW_MS = 60_000;

/** What a request was counted for. */
interface Counted {
  readonly credential: PrincipalCredential;
  readonly limit: number;
  /** Rejects when the request was not admitted. */
  readonly outcome: Promise<void>;
}

/**
 * Holds a key to its `maxRequestsPerMinute`: over all its forms, in all processes of one store, within windows of 60 s that
 * begin with their first request. Limited keys get the headers `RateLimit` and `RateLimit-Policy`
 * (draft-ietf-httpapi-ratelimit-headers-08), whether they are admitted or not.
 */
export class KeyLimiter {
  readonly #counted = new WeakMap<object, Counted>();
  readonly #state: StateStore;
  readonly #telemetry: Pick<Telemetry, 'limited'> | undefined;
  /** Loaded with the first limited key: it takes as long as half of Latchkey. */
  #limit: Promise<RateLimitRequestHandler> | undefined;

  constructor(state: StateStore, telemetry?: Pick<Telemetry, 'limited'>) {
    this.#state = state;
    this.#telemetry = telemetry;
  }

  /**
   * Null when the principal has no limit; else resolves once its request is counted, which is done once however often one
   * request is authenticated. Rejects with `rate_limited` when it is one too many, with `store_unavailable` when it cannot be
   * counted.
   */
  count(req: Request, { credential }: Principal): Promise<void> | null {
    const { maxRequestsPerMinute: limit } = credential;
    return limit === undefined ? null : this.#counting(req, credential, limit);
  }

  #counting(req: Request, credential: PrincipalCredential, limit: number): Promise<void> {
    let counted = this.#counted.get(req);
    if (counted?.credential.id !== credential.id) {
      const outcome = Promise.resolve().then(() => this.#count(req)); // once it is noted for what
      counted = { credential, limit, outcome };
      this.#counted.set(req, counted);
    }
    return counted.outcome;
  }

  async #count(req: Request): Promise<void> {
    this.#limit ??= this.#load();
    const limit = await this.#limit;
    await new Promise<void>((resolve, reject) => {
      const { res } = req;
      if (res === undefined) throw new TypeError('maxRequestsPerMinute needs Express: the request has no res');
      void limit(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
    });
  }

  async #load(): Promise<RateLimitRequestHandler> {
    const { rateLimit } = await import('express-rate-limit');
    return rateLimit({
      windowMs: WINDOW_MS,
      keyGenerator: (req) => countedId(this.#countedOf(req).credential),
      limit: (req) => this.#countedOf(req).limit,
      store: hitStore(this.#state),
      passOnStoreError: false,
      standardHeaders: 'draft-8',
      legacyHeaders: false,
      identifier: 'credential',
      requestPropertyName: 'latchkeyRateLimit', // `req.rateLimit` is the host's own limiter's
      validate: false, // its checks are about limits by address; what they find they print
      handler: (req, res, next) => {
        this.#telemetry?.limited(this.#countedOf(req).credential.scheme);
        next(new AuthError('rate_limited', { headers: { 'Retry-After': res.get('Retry-After') ?? '60' } }));
      },
    });
  }

  #countedOf(req: Request): Counted {
    return this.#counted.get(req) as Counted;
  }
}

/** Keys that a limited key has made are counted with it. */
function countedId({ countedWith, id }: PrincipalCredential): string {
  return countedWith ?? id;
}

/** A store of express-rate-limit on ours. What cannot be counted is never let through, whatever went wrong. */
function hitStore(state: StateStore) {
  return {
    async increment(credentialId: string) {
      try {
        const { count, resetMs } = await state.hit(`key-${credentialId}`, WINDOW_MS);
        if (Number.isSafeInteger(count)) return { totalHits: count, resetTime: new Date(Date.now() + resetMs) };
      } catch (error) {
        throw error instanceof AuthError ? error : storeUnavailable(`counting failed: ${String(error)}`);
      }
      throw storeUnavailable('the store answered no count');
    },
    decrement() {}, // neither of these is ever asked for here
    resetKey() {},
  };
}
