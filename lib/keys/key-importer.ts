import { AuthError, type FieldError, invalidRequest } from '../errors.js';
import { LIMITS } from '../limits.js';
import { Principal } from '../principal.js';
import type { ApiKeyRecord, KeyState } from '../records.js';
import { keyState } from '../records.js';
import type { ApiKeyStore } from '../stores/store.js';
import { isText } from '../text.js';
import { readToken } from '../verification/foreign-pair.js';
import type { ImportedKeyForm } from '../verification/imported-key.js';
import { hashExistingKey, MAX_EXISTING_KEY, MIN_EXISTING_KEY } from '../verification/imported-key.js';
import type { KeyMaking, NewKey } from './key-builder.js';
import { buildKey, checkNewKey, refuseFaults, settleOwner } from './key-builder.js';
import { askedExpiry } from './key-changes.js';
import type { KeyIssuer } from './key-issuer.js';
import { actorName, latestExpiry } from './key-rights.js';
import type { MakeOptions } from './key-writer.js';

/** Entries of one call that are under way at once. */
const CONCURRENCY = 16;
const SHA256 = /^[0-9a-fA-F]{64}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters cannot be sent in a header
const UNSENDABLE = /[\u0000-\u001f\u007f]|^ | $/;
/** The last four characters, where they can be shown anywhere. */
const LAST_FOUR = /[!-~]{4}$/;

/** A key that the app had before, with the fields of a new one. Exactly one of `secret` and `sha256` is given. */
export interface KeyImport extends NewKey {
  /** As it is sent in the header, 16 to 256 bytes. Hashed at once; neither kept nor told of. */
  readonly secret?: string | undefined;
  /** SHA-256 of the UTF-8 bytes of what is sent in the header, 64 hexadecimal characters. */
  readonly sha256?: string | undefined;
  /** When the app made it, epoch ms. Default: now. */
  readonly createdAt?: number | undefined;
}

/** What became of an entry. `exists`: it was imported before, under the same id, and is left as it is, whatever its state. */
export type ImportResult =
  | { readonly outcome: 'imported'; readonly id: string }
  | { readonly outcome: 'exists'; readonly id: string; readonly state: KeyState }
  | { readonly outcome: 'refused'; readonly error: AuthError };

/** Why `key` can be no existing key, whatever an app's look like: as what it must be, without a part of it. Null when it can be one. */
export function faultOfExistingKey(key: unknown): string | null {
  if (!isText(key, MIN_EXISTING_KEY, MAX_EXISTING_KEY) || Buffer.byteLength(key) > MAX_EXISTING_KEY) {
    return `must have ${MIN_EXISTING_KEY} to ${MAX_EXISTING_KEY} bytes: a shorter one can be guessed, a longer one is not read`;
  }
  return UNSENDABLE.test(key) ? 'must be as it is sent in a header: no control characters, no space around it' : null;
}

/** Takes in keys that an app had before. The id of such a key is made from its hash: so whoever sends it is found, and taking it in twice is not possible. */
export class KeyImporter {
  readonly #store: ApiKeyStore;
  readonly #making: KeyMaking;
  readonly #issuer: KeyIssuer;
  /** How existing keys look; null: this process does not know. */
  readonly #form: ImportedKeyForm | null;

  constructor(store: ApiKeyStore, making: KeyMaking, issuer: KeyIssuer, form: ImportedKeyForm | null) {
    this.#store = store;
    this.#making = making;
    this.#issuer = issuer;
    this.#form = form;
  }

  /** @throws AuthError as `ApiKeys.import`. */
  async importAll(entries: readonly KeyImport[], options: MakeOptions): Promise<ImportResult[]> {
    const { by } = options;
    actorName(by);
    if (by instanceof Principal && !by.can('keys:manage', 'api-keys')) throw new AuthError('forbidden');
    if (!Array.isArray(entries) || entries.length > LIMITS.bulk) {
      throw invalidRequest([{ path: 'entries', message: `must be a list of at most ${LIMITS.bulk}` }]);
    }
    const results: ImportResult[] = [];
    const waiting = entries.entries();
    const work = async () => {
      for (const [index, entry] of waiting) results[index] = await this.#importOne(entry, options);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    return results;
  }

  async #importOne(entry: KeyImport, options: MakeOptions): Promise<ImportResult> {
    try {
      return await this.#take(entry, options);
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      return { outcome: 'refused', error };
    }
  }

  async #take(entry: KeyImport, options: MakeOptions): Promise<ImportResult> {
    if (typeof entry !== 'object' || entry === null) {
      throw invalidRequest([{ path: '', message: 'must be an object with secret or sha256, and the fields of a key' }]);
    }
    const { secret, sha256, createdAt, ...fields } = entry;
    const ofSecret = this.#checkSecret(secret, sha256);
    if (ofSecret.length > 0) refuseFaults([...ofSecret, ...this.#checkCreated(createdAt)]);
    const digest = sha256?.toLowerCase() ?? hashExistingKey(secret ?? '');
    const existing = await this.#existing(digest, options);
    if (existing !== null) return existing;
    const { record, input, faults } = await this.#build(fields, digest, createdAt, options);
    const shown = { ...record, lastFour: LAST_FOUR.exec(secret ?? '')?.[0] ?? '' };
    try {
      await this.#issuer.adopt(shown, input, faults, options);
    } catch (error) {
      // Another was faster.
      if (!(error instanceof AuthError) || error.code !== 'conflict') throw error;
      const made = await this.#existing(digest, options);
      if (made === null) throw error;
      return made;
    }
    return { outcome: 'imported', id: record.id };
  }

  async #build(fields: NewKey, digest: string, createdAt: number | undefined, { by }: MakeOptions) {
    const { hasher, lifetimes, now } = this.#making;
    const settled = await settleOwner(fields, by, this.#making);
    const { input } = settled;
    const nowAt = now();
    const askedAt = askedExpiry(input, nowAt);
    const latestAt = latestExpiry(by) ?? Number.POSITIVE_INFINITY;
    const expiresAt = askedAt === undefined ? Math.min(lifetimes.defaultExpiry(nowAt), latestAt) : askedAt;
    const [id = ''] = hasher.importedIds(digest);
    const secret = { id, secret: '', token: '', prefix: '' }; // its hash is put in below
    const expungeAt = lifetimes.expungeAt(expiresAt, null);
    const built = buildKey(settled, { kind: 'api-key', by, secret, expiresAt, expungeAt }, this.#making, nowAt);
    const record: ApiKeyRecord = { ...built, secretHash: hasher.hashImported(digest), createdAt: createdAt ?? nowAt };
    const ofCreated = this.#checkCreated(createdAt);
    const end = ofCreated.length > 0 ? null : lifetimes.aged(record).expiresAt;
    const isTooOld = end !== null && end <= nowAt && end !== expiresAt;
    const faults = [
      ...checkNewKey(input, record),
      ...ofCreated,
      ...(isTooOld ? [{ path: 'createdAt', message: 'is longer ago than keys.maxAgeMs lets a key work' }] : []),
      ...lifetimes.check(expiresAt, record.notBefore, nowAt),
    ];
    return { record, input, faults };
  }

  /** Looked for under all ids that it can have: it may have been taken in before a change of pepper. */
  async #existing(digest: string, { by }: MakeOptions): Promise<ImportResult | null> {
    const { hasher, lifetimes, now } = this.#making;
    for (const id of hasher.importedIds(digest)) {
      const record = await this.#store.get(id);
      if (record === null) continue;
      // Whoever knows but a hash learns nothing of the key of another organisation.
      if (by instanceof Principal && by.orgId !== record.orgId) throw new AuthError('conflict');
      await this.#store.confirm?.(id); // it may have been written, and never been acknowledged
      return { outcome: 'exists', id, state: keyState(lifetimes.aged(record), now()) };
    }
    return null;
  }

  #checkSecret(secret: unknown, sha256: unknown): FieldError[] {
    if ((secret === undefined) === (sha256 === undefined)) {
      return [{ path: 'secret', message: 'or sha256 must be given, and not both' }];
    }
    if (sha256 !== undefined) {
      const isHash = typeof sha256 === 'string' && SHA256.test(sha256);
      return isHash ? [] : [{ path: 'sha256', message: 'must be a SHA-256 of 64 hexadecimal characters' }];
    }
    const message = faultOfExistingKey(secret) ?? this.#faultOfSecret(secret as string);
    return message === null ? [] : [{ path: 'secret', message }];
  }

  #faultOfSecret(secret: string): string | null {
    if (readToken(this.#making.prefix, secret) !== null) {
      return 'must not have the form of a token of Latchkey’s own (<prefix>_<id>_<secret> or <id>:<secret>)';
    }
    if (this.#form !== null && !this.#form.matches(secret)) {
      return 'must match http.importedKeys.pattern: it would not be read';
    }
    return null;
  }

  #checkCreated(createdAt: unknown): FieldError[] {
    if (createdAt === undefined) return [];
    const isPast = Number.isSafeInteger(createdAt) && (createdAt as number) >= 0;
    if (isPast && (createdAt as number) <= this.#making.now()) return [];
    return [{ path: 'createdAt', message: 'must be an instant that has passed' }];
  }
}
