import type { ApiKeyRecord } from '../records.js';
import type { AddressThrottle } from './address-throttle.js';
import { isKeyPair } from './foreign-pair.js';
import type { KeyStandings } from './key-standing.js';
import type { CompiledHash, Credential, SecretHasher } from './secret.js';
import type { VerifiableKey } from './verifiable-key.js';
import type { Verifier } from './verifier.js';

/** Who asks, and about what request. */
export interface IntrospectionQuery {
  /** Of whoever asks: keys of another organisation are not told of. */
  readonly orgId: string | null;
  /** The address of whoever asks, for the throttle; null: not known, and not throttled. */
  readonly askedFrom: string | null;
  /** The address, and the `Origin`, that the credential came from. Left out: a key that is tied to some is not active. */
  readonly address?: string | undefined;
  readonly origin?: string | undefined;
}

/** What is told of a key that is active. */
export type IntrospectedKey = Pick<
  ApiKeyRecord,
  'id' | 'kind' | 'ownerId' | 'ownerKind' | 'orgId' | 'createdAt' | 'expiresAt'
>;

interface IntrospectionOptions {
  readonly prefix: string;
  readonly hasher: SecretHasher;
  readonly throttle: Pick<AddressThrottle, 'refused'>;
  readonly verifier: Pick<Verifier, 'find' | 'findImported'>;
  readonly standings: Pick<KeyStandings, 'of'>;
  /** Epoch ms. */
  readonly now: () => number;
}

type Sent = Pick<Credential, 'id' | 'secret' | 'isImported'>;

/** Tells a gateway what a credential is worth that it was sent (RFC 7662). */
export class Introspection {
  readonly #options: IntrospectionOptions;
  readonly #dummy: CompiledHash;

  constructor(options: IntrospectionOptions) {
    this.#options = options;
    this.#dummy = options.hasher.dummy();
  }

  /**
   * The key that is opened by a credential now; null for anything that is not active, whatever the reason. Counts as no use and
   * towards no limit. A wrong secret counts as a failure of its key, and as an unknown id it is throttled as verification does.
   * `internalOnly` keys are never active: who asks from outside must not learn of them.
   * @throws AuthError `too_many_attempts`, `store_unavailable`.
   */
  async ask(sent: Sent, { orgId, askedFrom, address, origin }: IntrospectionQuery): Promise<IntrospectedKey | null> {
    const { prefix, hasher, throttle, standings, now } = this.#options;
    if (!sent.isImported && !isKeyPair(prefix, sent.id, sent.secret)) return null;
    const key = await this.#find(sent);
    const nowAt = now();
    if (key === null) hasher.matches(sent.secret, this.#dummy); // takes as long as a wrong secret
    const isRight = key !== null && hasher.which(sent, key, nowAt) !== null;
    if (key === null || !isRight || key.record.internalOnly) {
      if (!isRight) key?.usage.failed(nowAt);
      const tooMany = throttle.refused(askedFrom, nowAt);
      if (tooMany !== null) throw tooMany;
      return null;
    }
    const isHere = key.record.orgId === orgId && key.refusalOf(nowAt, address ?? null, origin) === null;
    return isHere && typeof (await standings.of(key)) !== 'string' ? key.record : null;
  }

  #find({ id, secret, isImported }: Sent): Promise<VerifiableKey | null> {
    const { verifier } = this.#options;
    return isImported ? verifier.findImported(secret) : verifier.find(id);
  }
}
