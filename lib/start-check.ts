import { storeUnavailable } from './errors.js';
import { type Finding, RISKS, type Risk } from './finding.js';
import type { Store } from './stores/store.js';
import { wrappedStore } from './stores/wrapped-store.js';

export interface ProductionOptions {
  /**
   * What may be so in production although it loses or shows what it should not: `eviction` (Redis may drop keys),
   * `no-persistence` (a restart loses everything), `plain-text-store` (to another host), `plain-http` (credentials that come
   * without TLS). Default: none.
   */
  readonly accept?: readonly Risk[];
}

/** How long `ready()` waits for the store to answer, in ms, and how long between two questions. */
const READY_WITHIN_MS = 10_000;
const ASK_AGAIN_MS = 200;
/** What was refused is looked at again after this long, in ms, when somebody asks: it may have been mended. */
const REFUSED_FOR_MS = 5_000;

/**
 * Whether Latchkey may run on this store. In production (`NODE_ENV`) some findings are refused unless the host accepts them;
 * a store that is refused, or has not answered yet, is no store: nothing is read from it and nothing written. What a store
 * does not tell is not refused, and one that has passed is not looked at again.
 */
export class StartCheck {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #refused: ReadonlySet<Risk>;
  #hasPassed = false;
  /** What the store was refused for; null: it was not, or has not answered. */
  #refusal: Refusal | null = null;
  /** Why it has not passed, for the log. */
  #trouble = 'the store was not asked yet';
  #asking: Promise<void> | null = null;
  #isAwaited = false;
  #hasWarned = false;

  /** Asks the store at once in production. @throws TypeError for a name that is none. */
  constructor(store: Store, { accept = [] }: ProductionOptions, now: () => number, isProduction: boolean) {
    const strange = accept.find((name) => !RISKS.includes(name));
    if (strange !== undefined) {
      throw new TypeError(`production.accept has no ${String(strange)}; it takes: ${RISKS.join(', ')}`);
    }
    this.#store = store;
    this.#now = now;
    this.#refused = new Set(isProduction ? RISKS.filter((risk) => !accept.includes(risk)) : []);
    if (isProduction) void this.#ask();
  }

  /** Whether something of this name is refused here. */
  refuses(risk: Risk): boolean {
    return this.#refused.has(risk);
  }

  /** The store, of which every verb rejects with `store_unavailable` until it has passed; itself where nothing is refused. */
  guarded(): Store {
    if (this.#refused.size === 0) return this.#store;
    return wrappedStore(this.#store, (verb) => (...args) => {
      if (this.#hasPassed) return verb(...args);
      return this.#untilPassed().then(() => verb(...args));
    });
  }

  /**
   * Resolves once the store has answered and is not refused. Rejects at once with what is refused and how to mend or accept
   * it; after 10 s with the reason when the store does not answer.
   */
  async ready(): Promise<void> {
    this.#isAwaited = true;
    const giveUpAt = performance.now() + READY_WITHIN_MS;
    for (;;) {
      await this.#ask();
      if (this.#hasPassed) return;
      if (this.#refusal !== null) throw new Error(this.#refusal.message);
      if (performance.now() >= giveUpAt) throw new Error(`Latchkey is not ready: ${this.#trouble}.`);
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    }
  }

  async #untilPassed(): Promise<void> {
    await this.#ask();
    if (!this.#hasPassed) throw storeUnavailable(this.#trouble);
  }

  /** Once for all who wait. Never rejects. */
  async #ask(): Promise<void> {
    if (this.#hasPassed || (this.#refusal !== null && performance.now() < this.#refusal.until)) return;
    this.#asking ??= this.#askStore().finally(() => {
      this.#asking = null;
    });
    await this.#asking;
  }

  async #askStore(): Promise<void> {
    const health = this.#store.health(this.#now);
    const { ok, detail, findings } = await health.catch((error) => ({
      ok: false,
      detail: String(error),
      findings: [],
    }));
    const refused = ok ? findings.filter(({ risk }) => risk !== null && this.#refused.has(risk)) : [];
    this.#refusal = refused.length === 0 ? null : refusalOf(refused);
    this.#hasPassed = ok && refused.length === 0;
    this.#trouble = this.#refusal === null ? detail : `refused in production: ${this.#refusal.risks.join(', ')}`;
    if (this.#refusal === null || this.#isAwaited || this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(this.#refusal.message, { code: 'LATCHKEY_PRODUCTION' });
  }
}

interface Refusal {
  readonly message: string;
  readonly risks: readonly string[];
  /** Monotonic ms. */
  readonly until: number;
}

function refusalOf(findings: readonly Finding[]): Refusal {
  const risks = [...new Set(findings.map(({ risk }) => String(risk)))];
  const lines = findings.map(
    ({ node, detail, mend }) => `- ${node === null ? '' : `${node}: `}${detail} ${mend ?? ''}`,
  );
  const names = risks.map((risk) => `'${risk}'`).join(', ');
  const message = [
    'Latchkey refuses to run in production (NODE_ENV) like this:',
    ...lines,
    `Mend it, or accept it by name: createLatchkey({ production: { accept: [${names}] } }).`,
  ].join('\n');
  return { message, risks, until: performance.now() + REFUSED_FOR_MS };
}
