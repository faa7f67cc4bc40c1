import { AuthError, invalidRequest, isNotDurable } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { ApiKeyRecord } from '../records.js';
import type { Criterion } from '../search/criteria.js';
import type { ApiKeyStore, DayUsage } from '../stores/store.js';
import { dayName, dayOf, USAGE_DAYS } from '../stores/usage-days.js';
import { isText } from '../text.js';
import { Turnstile } from '../turnstile.js';
import { renewSecret } from '../verification/foreign-pair.js';
import type { KeyMaking, NewKey } from './key-builder.js';
import { buildKey, checkNewKey, refuseFaults, settleOwner } from './key-builder.js';
import { applyChanges, askedExpiry, givenFields, refuseRevoked } from './key-changes.js';
import type { ImportResult, KeyImport, KeyImporter } from './key-importer.js';
import type { KeyChanges } from './key-input.js';
import { checkKeyFields, checkSize } from './key-input.js';
import type { KeyIssuer } from './key-issuer.js';
import type { LifetimeLimits } from './key-lifetimes.js';
import {
  actorName,
  ceilingForHolder,
  latestExpiry,
  refuseEscape,
  refuseExcess,
  refuseOpening,
  refuseOutliving,
} from './key-rights.js';
import type { ChangeableField } from './key-rules.js';
import type { KeyPage, ListQuery } from './key-search.js';
import { searchKeys } from './key-search.js';
import type { ApiKey, IssuedKey, KeyFilter } from './key-view.js';
import { checkFilter, filterCriteria } from './key-view.js';
import type { ChangeOptions, KeyChange, KeyWriter, MakeOptions, SecretOptions } from './key-writer.js';

/** Records changed at once by a bulk call. */
const BULK_CONCURRENCY = 16;
/**
 * Rotations at once. Where all owners rotate in the same moment, verifications would wait behind each step of all of them; eight
 * at once still take a fifth of the rate of a process that is half busy, four take nothing.
 */
const ROTATIONS = 4;
/** A rotation that cannot begin for so long, in ms, is refused: 1,000 at once take 3 to 4 s. */
const MAX_WAIT_MS = 10_000;

export interface RevokeResult {
  readonly id: string;
  readonly outcome: 'revoked' | 'not_found' | 'failed';
}

/** The host's rules on API keys. */
export interface KeyLimits extends LifetimeLimits {
  /** The fields that can be changed once a key is made. */
  readonly mutable: readonly ChangeableField[];
}

export type RotateOptions = ChangeOptions & SecretOptions & { readonly graceMs?: number | undefined };

/** Makes, reads and changes API keys. What is changed is in the audit trail before; what that does not take is not changed. */
export class ApiKeys {
  /** What the host allows. */
  readonly limits: KeyLimits;
  readonly #store: ApiKeyStore;
  readonly #making: KeyMaking;
  readonly #writer: KeyWriter;
  readonly #issuer: KeyIssuer;
  readonly #importer: KeyImporter;
  readonly #rotations = new Turnstile(ROTATIONS, MAX_WAIT_MS);

  constructor(store: ApiKeyStore, making: KeyMaking, writer: KeyWriter, issuer: KeyIssuer, importer: KeyImporter) {
    this.limits = Object.freeze({ ...making.lifetimes.limits, mutable: making.rules.mutable });
    this.#store = store;
    this.#making = making;
    this.#writer = writer;
    this.#issuer = issuer;
    this.#importer = importer;
  }

  /**
   * @throws AuthError `invalid_request` naming each field; `forbidden` when `by` would give more than it has; `conflict` when
   * the owner has as many keys as the host allows. TypeError for a pair that `draw` may not answer.
   */
  async create(asked: NewKey, options: MakeOptions & SecretOptions): Promise<IssuedKey> {
    const { by } = options;
    actorName(by);
    const { lifetimes, now } = this.#making;
    const settled = await settleOwner(asked, by, this.#making);
    const { input } = settled;
    const nowAt = now();
    const askedAt = askedExpiry(input, nowAt);
    const latestAt = latestExpiry(by) ?? Number.POSITIVE_INFINITY;
    const expiresAt = askedAt === undefined ? Math.min(lifetimes.defaultExpiry(nowAt), latestAt) : askedAt;
    const expungeAt = lifetimes.expungeAt(expiresAt, null);
    const secret = await this.#issuer.newSecret(options);
    const record = buildKey(settled, { kind: 'api-key', by, secret, expiresAt, expungeAt }, this.#making, nowAt);
    const faults = [...checkNewKey(input, record), ...lifetimes.check(expiresAt, record.notBefore, nowAt)];
    const { key } = await this.#issuer.issue(record, input, faults, options);
    return { key, secret: secret.secret, token: secret.token };
  }

  /**
   * Takes in keys that the app had before, so that nobody has to change theirs: they are accepted as they are (see
   * `http.importedKeys`), and rotated into Latchkey's own form under the same id. The results are in the order of `entries`, of
   * which some may fail; taking them in again is safe: what is there already stays as it is. They do not expire as they did
   * before, but as they are told to; by default as new keys do. `keyRules.maxPerUser` refuses none of them.
   * @throws AuthError `invalid_request` for more than 1,000 entries; `forbidden` for a principal that may not manage all keys.
   */
  import(entries: readonly KeyImport[], options: MakeOptions): Promise<ImportResult[]>;
  import(entry: KeyImport, options: MakeOptions): Promise<ImportResult>;
  async import(
    entries: readonly KeyImport[] | KeyImport,
    options: MakeOptions,
  ): Promise<ImportResult[] | ImportResult> {
    if (isList(entries)) return await this.#importer.importAll(entries, options);
    const [result] = await this.#importer.importAll([entries], options);
    return result as ImportResult;
  }

  /** Null when there is no such key. */
  async get(id: string): Promise<ApiKey | null> {
    const record = await this.#store.get(id);
    return record === null ? null : await this.#writer.view(record);
  }

  /**
   * Uses and refusals of a key by UTC day, ascending: of the last 30 days those on which there were some. As `useCount` up to
   * `usage.flushIntervalMs` behind; what is written at once counts for the day of its last use. Empty for an unknown key.
   */
  usageByDay(id: string): Promise<DayUsage[]> {
    const today = dayOf(this.#making.now());
    return this.#store.usageByDay(id, dayName(today - USAGE_DAYS + 1));
  }

  /** A page of the keys that meet `filter`. */
  async list(query: ListQuery, filter: KeyFilter = {}): Promise<KeyPage> {
    refuseFaults(checkFilter(filter));
    return await this.search(query, filterCriteria(filter));
  }

  /** A page of the keys that meet all `criteria`, on the fields of `SEARCHABLE_FIELDS`. */
  search(query: ListQuery, criteria: readonly Criterion[]): Promise<KeyPage> {
    const { lifetimes, now } = this.#making;
    return searchKeys({ store: this.#store, lifetimes, now }, query, criteria);
  }

  /** Changes the fields that are given. @throws AuthError `not_found`, `conflict` for a revoked key, or as `create`. */
  async update(id: string, fields: KeyChanges, options: ChangeOptions): Promise<ApiKey> {
    const { by } = options;
    const { lifetimes, rules } = this.#making;
    actorName(by);
    const given = givenFields(fields);
    refuseFaults(rules.checkChange(given, fields.refreshCeiling));
    let revived: ApiKeyRecord | null = null;
    const key = await this.#writer.change('key.changed', id, options, async (record, nowAt) => {
      refuseRevoked(record);
      const expiresAt = askedExpiry(fields, nowAt);
      if (expiresAt !== undefined && record.kind === 'session-key') {
        throw invalidRequest([{ path: 'expiresAt', message: 'of a session key cannot be changed' }]);
      }
      const changed = applyChanges(record, { ...fields, expiresAt });
      refuseFaults(checkKeyFields(changed));
      if (given.includes('expiresAt')) refuseFaults(lifetimes.checkChange(record, changed, nowAt));
      else if (given.includes('notBefore')) refuseFaults(lifetimes.check(changed.expiresAt, changed.notBefore, nowAt));
      const next = await this.#issuer.regrant(record, changed, by, fields.refreshCeiling === true);
      refuseFaults(checkSize(next));
      refuseOpening(by, next);
      if (expiresAt !== undefined) refuseOutliving(by, next);
      revived = this.#issuer.isRevived(record, next) ? record : null;
      return { ...next, expungeAt: this.#expungeAt(next, null) };
    });
    if (revived !== null) await this.#issuer.recount(revived);
    return key;
  }

  /**
   * A new secret for the same id. The old one is accepted for `graceMs` more (default 0: not at all); one from an earlier
   * rotation ends now. A key whose id is of Latchkey's own form gets such a secret, whatever `draw` makes; any other one that of
   * `draw`, which is called with the id, or without `draw` one like Latchkey's own, `token` being `<id>:<secret>`. Of many at
   * once some wait for others; each is made, or refused, with the record as it then is.
   * @throws AuthError `conflict` when the key is revoked or expired; `not_durable`, a rotation with a grace being taken back as
   * far as that goes: rotated again, the old secret has its grace; `store_unavailable`, nothing being changed, when others kept
   * it waiting for 10 s.
   */
  async rotate(id: string, options: RotateOptions): Promise<IssuedKey> {
    const { by, graceMs = 0, draw } = options;
    const { lifetimes, rules, hasher, prefix } = this.#making;
    const { maxGraceMs } = lifetimes;
    if (!Number.isSafeInteger(graceMs) || graceMs < 0 || graceMs > maxGraceMs) {
      throw invalidRequest([{ path: 'graceMs', message: `must be a whole number of ms from 0 to ${maxGraceMs}` }]);
    }
    const { secret, token, ...drawn } = renewSecret(prefix, id, draw);
    const secretHash = hasher.hash(secret);
    let before: ApiKeyRecord | null = null;
    const change: KeyChange = async (record, nowAt) => {
      refuseRevoked(record);
      const aged = lifetimes.aged(record);
      if (aged.expiresAt !== null && aged.expiresAt <= nowAt) {
        throw new AuthError('conflict', { message: 'The key has expired. Make a new one.' });
      }
      refuseExcess(by, record, await this.#writer.rightsOf(record));
      refuseOutliving(by, aged);
      refuseOpening(by, record);
      if (rules.endWithParent) refuseEscape(by, record);
      before = record;
      return {
        ...record,
        ceiling: ceilingForHolder(by, record),
        prefix: drawn.prefix,
        lastFour: token.slice(-4),
        secretHash,
        previousSecretHash: graceMs === 0 ? null : record.secretHash,
        previousSecretExpiresAt: graceMs === 0 ? null : nowAt + graceMs,
      };
    };
    try {
      const key = await this.#rotations.pass(() => this.#writer.change('key.rotated', id, options, change));
      return { key, secret, token };
    } catch (error) {
      if (isNotDurable(error) && before !== null && graceMs > 0) await this.#takeBack(before, secretHash);
      throw error;
    }
  }

  /** Refuses the key until it is enabled again. */
  disable(id: string, options: ChangeOptions): Promise<ApiKey> {
    return this.#writer.change('key.disabled', id, options, (record) => {
      refuseRevoked(record);
      return record.enabled ? { ...record, enabled: false } : record;
    });
  }

  /** To have a key accepted again is as good as to make it: what `by` could not make, it cannot enable. */
  enable(id: string, options: ChangeOptions): Promise<ApiKey> {
    const { by } = options;
    return this.#writer.change('key.enabled', id, options, async (record, nowAt) => {
      refuseRevoked(record);
      refuseExcess(by, record, await this.#writer.rightsOf(record));
      refuseOutliving(by, this.#making.lifetimes.aged(record));
      refuseOpening(by, record);
      const isUnchanged = record.enabled && record.disableUnusedAfterMs === null;
      return isUnchanged ? record : { ...record, enabled: true, enabledAt: nowAt }; // it may be refused as unused already
    });
  }

  /** For good. The record stays readable for the retention time. A key already revoked stays as it is. */
  async revoke(id: string, options: ChangeOptions & { readonly reason?: string | undefined }): Promise<ApiKey> {
    const { by, reason = null } = options;
    if (reason !== null && !isText(reason, 0, LIMITS.reason)) {
      throw invalidRequest([{ path: 'reason', message: `must have at most ${LIMITS.reason} characters` }]);
    }
    return await this.#writer.change('key.revoked', id, options, (record, nowAt) => {
      if (record.revokedAt !== null) return record;
      const expungeAt = this.#expungeAt(record, nowAt);
      return { ...record, revokedAt: nowAt, revokedBy: actorName(by), revokedReason: reason, expungeAt };
    });
  }

  /** Revokes each, whatever becomes of the others; the results are in the order of `ids`. */
  async revokeMany(
    ids: readonly string[],
    options: MakeOptions & { readonly reason?: string | undefined },
  ): Promise<RevokeResult[]> {
    if (ids.length > LIMITS.bulk) {
      throw invalidRequest([{ path: 'ids', message: `must have at most ${LIMITS.bulk} entries` }]);
    }
    const results: RevokeResult[] = [];
    for (let start = 0; start < ids.length; start += BULK_CONCURRENCY) {
      const some = ids.slice(start, start + BULK_CONCURRENCY);
      results.push(...(await Promise.all(some.map((id) => this.#revokeOne(id, options)))));
    }
    return results;
  }

  /** Removes records that were revoked or have expired longer ago than the retention time; returns how many. */
  expunge(limit = 1_000): Promise<number> {
    return this.#store.expunge(this.#making.now(), limit);
  }

  /** A secret that nobody was told must not take the place of the one in use, whose grace another rotation would end. */
  async #takeBack(before: ApiKeyRecord, untold: string): Promise<void> {
    const { prefix, lastFour, secretHash, previousSecretHash, previousSecretExpiresAt } = before;
    const secrets = { prefix, lastFour, secretHash, previousSecretHash, previousSecretExpiresAt };
    const taking = this.#writer.change('key.changed', before.id, { by: 'latchkey' }, (record) =>
      record.secretHash === untold ? { ...record, ...secrets } : record,
    );
    await taking.catch(() => {}); // the caller is told that the rotation may take effect
  }

  /** Session keys, of which there are many, are removed soon after their end, revoked or not. */
  #expungeAt({ kind, expiresAt, expungeAt }: ApiKeyRecord, revokedAt: number | null): number | null {
    return kind === 'session-key' ? expungeAt : this.#making.lifetimes.expungeAt(expiresAt, revokedAt);
  }

  async #revokeOne(id: string, options: MakeOptions & { reason?: string | undefined }): Promise<RevokeResult> {
    try {
      await this.revoke(id, options);
      return { id, outcome: 'revoked' };
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      return { id, outcome: error.code === 'not_found' ? 'not_found' : 'failed' };
    }
  }
}

/** `Array.isArray` does not tell a list that is read only. */
function isList(entries: readonly KeyImport[] | KeyImport): entries is readonly KeyImport[] {
  return Array.isArray(entries);
}
