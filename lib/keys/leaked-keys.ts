import { invalidRequest } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { ApiKeyRecord } from '../records.js';
import type { ApiKeyStore } from '../stores/store.js';
import { isText } from '../text.js';
import type { AddressThrottle } from '../verification/address-throttle.js';
import { isKeyPair, readToken } from '../verification/foreign-pair.js';
import type { ImportedKeyForm } from '../verification/imported-key.js';
import { hashExistingKey } from '../verification/imported-key.js';
import type { Credential, SecretHasher } from '../verification/secret.js';
import { isGone } from './key-changes.js';
import type { KeyLifetimes } from './key-lifetimes.js';
import type { KeyWriter } from './key-writer.js';

export interface LeakReport {
  /**
   * What was found, as the raw header has it: `<prefix>_<id>_<secret>`, or `<id>:<secret>` of a pair that was drawn, or an
   * existing key that was imported.
   */
  readonly token: string;
  /** Where: for the audit trail. */
  readonly source?: string | null | undefined;
  /** Of who reports. */
  readonly address?: string | null | undefined;
}

interface LeakedKeysOptions {
  readonly prefix: string;
  readonly hasher: SecretHasher;
  readonly lifetimes: KeyLifetimes;
  /** How existing keys look; null: none is known. */
  readonly imported: ImportedKeyForm | null;
  readonly throttle: AddressThrottle;
  /** Epoch ms. */
  readonly now: () => number;
}

type Found = Pick<Credential, 'id' | 'secret' | 'isImported'>;

/** Takes secrets that somebody has found where they do not belong. Who has one may end it: nobody need be asked. */
export class LeakedKeys {
  readonly #store: ApiKeyStore;
  readonly #writer: KeyWriter;
  readonly #options: LeakedKeysOptions;

  constructor(store: ApiKeyStore, writer: KeyWriter, options: LeakedKeysOptions) {
    this.#store = store;
    this.#writer = writer;
    this.#options = options;
  }

  /**
   * Revokes the key whose secret it is, unless it is revoked already; of the secret before a rotation, only that one. False
   * when it never was a secret of ours, or was replaced.
   * @throws AuthError `too_many_attempts` for an address that sends too many wrong ones.
   */
  async report({ token, source = null, address = null }: LeakReport): Promise<boolean> {
    if (source !== null && !isText(source, 0, LIMITS.reason)) {
      throw invalidRequest([{ path: 'source', message: `must have at most ${LIMITS.reason} characters` }]);
    }
    const { hasher, throttle, now } = this.#options;
    const found = typeof token === 'string' ? this.#read(token) : null;
    if (found === null) return false;
    const record = await this.#recordOf(found, now());
    const which = this.#which(record, found, now());
    if (record === null || which === null) {
      if (record === null) hasher.matches(found.secret, hasher.dummy()); // takes as long as a wrong secret
      const tooMany = throttle.refused(address, now());
      if (tooMany !== null) throw tooMany;
      return false;
    }
    const kind = { type: 'key.leaked' as const, secret: which, source };
    await this.#writer.change(kind, record.id, { by: 'latchkey', address }, (latest, nowAt) => {
      switch (this.#which(latest, found, nowAt)) {
        case 'previous':
          return { ...latest, previousSecretHash: null, previousSecretExpiresAt: null };
        case 'current':
          return latest.revokedAt !== null ? latest : this.#revoked(latest, nowAt);
        default:
          return latest; // rotated meanwhile
      }
    });
    return true;
  }

  #read(token: string): Found | null {
    const { prefix, imported } = this.#options;
    const pair = readToken(prefix, token);
    if (pair !== null) return isKeyPair(prefix, pair.id, pair.secret) ? pair : null;
    return imported?.matches(token) ? { id: '', secret: hashExistingKey(token), isImported: true } : null;
  }

  async #recordOf({ id, secret, isImported }: Found, nowAt: number): Promise<ApiKeyRecord | null> {
    for (const candidate of isImported ? this.#options.hasher.importedIds(secret) : [id]) {
      const stored = await this.#store.get(candidate);
      if (stored !== null && !isGone(stored, nowAt)) return stored;
    }
    return null;
  }

  /** Which of the key's secrets was found; null: none that is worth anything. */
  #which(record: ApiKeyRecord | null, found: Found, nowAt: number): 'current' | 'previous' | null {
    if (record === null) return null;
    const { hasher } = this.#options;
    const { secretHash, previousSecretHash } = record;
    const previousHash = previousSecretHash === null ? null : hasher.compile(previousSecretHash);
    return hasher.which(found, { hash: hasher.compile(secretHash), previousHash, record }, nowAt);
  }

  #revoked(record: ApiKeyRecord, nowAt: number): ApiKeyRecord {
    const { lifetimes } = this.#options;
    const expungeAt = record.kind === 'session-key' ? record.expungeAt : lifetimes.expungeAt(record.expiresAt, nowAt);
    return { ...record, revokedAt: nowAt, revokedBy: 'latchkey', revokedReason: 'its secret was found', expungeAt };
  }
}
