import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Criterion } from './criteria.js';
import { checkCriteria, compileCriteria } from './criteria.js';
import { AuthError, invalidRequest } from './errors.js';
import type { KeyMaking, NewKey } from './key-builder.js';
import { buildKey, checkNewKey, refuseFaults, settleOwner } from './key-builder.js';
import type { KeyChanges } from './key-input.js';
import { checkIdentifier, checkKeyFields, checkSize } from './key-input.js';
import type { KeyLifetimes } from './key-lifetimes.js';
import type { Actor } from './key-rights.js';
import { actorName, latestExpiry, refuseExcess, refuseOpening, refuseOutliving } from './key-rights.js';
import type { ApiKey, IssuedKey, KeyFilter } from './key-view.js';
import { filterCriteria, SEARCHABLE_FIELDS, toApiKey } from './key-view.js';
import { LIMITS } from './limits.js';
import { toStatements } from './permissions.js';
import type { ApiKeyRecord } from './records.js';
import { keyState, UNUSED } from './records.js';
import { generateSecret } from './secret.js';
import type { ApiKeyOrder, ApiKeyStore, PageEntry } from './stores/store.js';
import { isText } from './text.js';

/** Tries of one change before it is given up: each loses only to another change of the same record. */
const MAX_TRIES = 30;
/** Records that one call of `list` or `search` looks at; a filter that few records meet may bring short pages. */
const MAX_SCAN = 2_000;
const SCAN_CHUNK = 200;
/** How long a search may keep other requests waiting at a time, in ms. */
const MAX_TURN_MS = 10;
/** What `update` changes, besides the statements. */
const CHANGEABLE = ['name', 'description', 'resources', 'properties', 'notBefore', 'expiresAt', 'locale', 'timeZone'];
/** Records changed at once by a bulk call. */
const BULK_CONCURRENCY = 16;

export interface ChangeOptions {
  readonly by: Actor;
  /** Change only this version; else `precondition_failed`. */
  readonly ifVersion?: number | undefined;
}

/** What a list begins with: the organisation (null: none), and its order. */
export interface ListQuery {
  readonly orgId: string | null;
  readonly ownerId?: string | undefined;
  /** Default `createdAt`. */
  readonly sort?: ApiKeyOrder | undefined;
  readonly descending?: boolean | undefined;
  /** 1 to 200; default 50. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before, for the same `sort` and direction. */
  readonly cursor?: string | undefined;
}

export interface KeyPage {
  readonly items: readonly ApiKey[];
  /** Null at the end. A page may be short, even empty, before it. */
  readonly nextCursor: string | null;
}

export interface RevokeResult {
  readonly id: string;
  readonly outcome: 'revoked' | 'not_found' | 'failed';
}

/** Makes, reads and changes API keys. Every change is compare-and-set: of two at once, none is lost. */
export class ApiKeys {
  readonly #store: ApiKeyStore;
  readonly #making: KeyMaking;

  constructor(store: ApiKeyStore, making: KeyMaking) {
    this.#store = store;
    this.#making = making;
  }

  get #now(): () => number {
    return this.#making.now;
  }

  get #lifetimes(): KeyLifetimes {
    return this.#making.lifetimes;
  }

  /** @throws AuthError `invalid_request` naming each field; `forbidden` when `by` would give more than it has. */
  async create(asked: NewKey, { by }: { readonly by: Actor }): Promise<IssuedKey> {
    actorName(by);
    const input = await settleOwner(asked, by, this.#making);
    const nowAt = this.#now();
    const askedAt = askedExpiry(input, nowAt);
    const latestAt = latestExpiry(by) ?? Number.POSITIVE_INFINITY;
    const expiresAt = askedAt === undefined ? Math.min(this.#lifetimes.defaultExpiry(nowAt), latestAt) : askedAt;
    const expungeAt = this.#lifetimes.expungeAt(expiresAt, null);
    const secret = generateSecret(this.#making.prefix);
    const record = buildKey(input, { kind: 'api-key', by, secret, expiresAt, expungeAt }, this.#making, nowAt);
    refuseFaults([...checkNewKey(input, record), ...this.#lifetimes.check(expiresAt, record.notBefore, nowAt)]);
    refuseFaults(checkSize(record));
    refuseExcess(by, record);
    refuseOutliving(by, record);
    refuseOpening(by, record);
    if (!(await this.#store.insert(record))) throw new AuthError('conflict', { reason: 'the id exists' });
    return { key: toApiKey(record, UNUSED, nowAt), secret: secret.secret, token: secret.token };
  }

  /** Null when there is no such key. */
  async get(id: string): Promise<ApiKey | null> {
    const record = await this.#store.get(id);
    return record === null ? null : await this.#view(record);
  }

  /** A page of the keys that meet `filter`. */
  list(query: ListQuery, filter: KeyFilter = {}): Promise<KeyPage> {
    return this.search(query, filterCriteria(filter));
  }

  /** A page of the keys that meet all `criteria`, on the fields of `SEARCHABLE_FIELDS`. */
  async search(query: ListQuery, criteria: readonly Criterion[]): Promise<KeyPage> {
    const { orgId, ownerId, sort: order = 'createdAt', descending = false, limit = 50 } = query;
    if (!Number.isInteger(limit) || limit < 1 || limit > LIMITS.page) {
      throw invalidRequest([{ path: 'limit', message: `must be a whole number from 1 to ${LIMITS.page}` }]);
    }
    refuseFaults([
      ...(orgId === null ? [] : checkIdentifier('orgId', orgId)),
      ...(ownerId === undefined ? [] : checkIdentifier('ownerId', ownerId)),
      ...checkCriteria(criteria, SEARCHABLE_FIELDS),
    ]);
    const meetsAll = compileCriteria(criteria);
    const isWanted = (key: ApiKey | ApiKeyRecord) => meetsAll({ ...key, state: keyState(key, this.#now()) });
    const asksUsage = criteria.some(({ field }) => field in UNUSED);
    const items: ApiKey[] = [];
    let after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, order, descending);
    for (let scanned = 0; scanned < MAX_SCAN; scanned += SCAN_CHUNK) {
      const chunk = criteria.length === 0 ? limit - items.length : SCAN_CHUNK;
      const page = await this.#store.page({ orgId, ownerId, order, descending, after, limit: chunk });
      const candidates = asksUsage ? page.entries : await filterGently(page.entries, ({ record }) => isWanted(record));
      const keys = await this.#views(candidates);
      for (const [index, entry] of candidates.entries()) {
        const key = keys[index] as ApiKey;
        if (!asksUsage || isWanted(key)) items.push(key);
        const isLast = page.next === null && entry === page.entries.at(-1);
        if (items.length === limit && !isLast) {
          return { items, nextCursor: encodeCursor(order, descending, entry.position) };
        }
      }
      if (page.next === null) return { items, nextCursor: null };
      after = page.next;
    }
    return { items, nextCursor: after === undefined ? null : encodeCursor(order, descending, after) };
  }

  /** Changes the fields that are given. @throws AuthError `not_found`, `conflict` for a revoked key, or as `create`. */
  update(id: string, fields: KeyChanges, options: ChangeOptions): Promise<ApiKey> {
    return this.#change(id, options, (record, nowAt) => {
      refuseRevoked(record);
      const expiresAt = askedExpiry(fields, nowAt);
      if (expiresAt !== undefined && record.kind === 'session-key') {
        throw invalidRequest([{ path: 'expiresAt', message: 'of a session key cannot be changed' }]);
      }
      const next = applyChanges(record, { ...fields, expiresAt });
      refuseFaults(checkKeyFields(next));
      refuseFaults(checkSize(next));
      if (expiresAt !== undefined || fields.notBefore !== undefined) {
        refuseFaults(this.#lifetimes.check(next.expiresAt, next.notBefore, nowAt));
      }
      refuseExcess(options.by, record);
      refuseExcess(options.by, next);
      if (expiresAt !== undefined) refuseOutliving(options.by, next);
      return { ...next, expungeAt: this.#expungeAt(next, null) };
    });
  }

  /**
   * A new secret for the same id. The old one is accepted for `graceMs` more (default 0: not at all); one from an earlier
   * rotation ends now. @throws AuthError `conflict` when the key is revoked or expired.
   */
  async rotate(id: string, options: ChangeOptions & { readonly graceMs?: number | undefined }): Promise<IssuedKey> {
    const { by, graceMs = 0 } = options;
    const { maxGraceMs } = this.#lifetimes;
    if (!Number.isSafeInteger(graceMs) || graceMs < 0 || graceMs > maxGraceMs) {
      throw invalidRequest([{ path: 'graceMs', message: `must be a whole number of ms from 0 to ${maxGraceMs}` }]);
    }
    const { secret, token } = generateSecret(this.#making.prefix, id);
    const key = await this.#change(id, options, (record, nowAt) => {
      refuseRevoked(record);
      if (record.expiresAt !== null && record.expiresAt <= nowAt) {
        throw new AuthError('conflict', { message: 'The key has expired. Make a new one.' });
      }
      refuseExcess(by, record);
      refuseOutliving(by, record);
      return {
        ...record,
        prefix: this.#making.prefix,
        lastFour: token.slice(-4),
        secretHash: this.#making.hasher.hash(secret),
        previousSecretHash: graceMs === 0 ? null : record.secretHash,
        previousSecretExpiresAt: graceMs === 0 ? null : nowAt + graceMs,
      };
    });
    return { key, secret, token };
  }

  /** Refuses the key until it is enabled again. */
  disable(id: string, options: ChangeOptions): Promise<ApiKey> {
    return this.#change(id, options, (record) => {
      refuseRevoked(record);
      return record.enabled ? { ...record, enabled: false } : record;
    });
  }

  enable(id: string, options: ChangeOptions): Promise<ApiKey> {
    return this.#change(id, options, (record) => {
      refuseRevoked(record);
      refuseExcess(options.by, record);
      return record.enabled ? record : { ...record, enabled: true };
    });
  }

  /** For good. The record stays readable for the retention time. A key already revoked stays as it is. */
  async revoke(id: string, options: ChangeOptions & { readonly reason?: string | undefined }): Promise<ApiKey> {
    const { by, reason = null } = options;
    if (reason !== null && !isText(reason, 0, LIMITS.reason)) {
      throw invalidRequest([{ path: 'reason', message: `must have at most ${LIMITS.reason} characters` }]);
    }
    return await this.#change(id, options, (record, nowAt) => {
      if (record.revokedAt !== null) return record;
      const expungeAt = this.#expungeAt(record, nowAt);
      return { ...record, revokedAt: nowAt, revokedBy: actorName(by), revokedReason: reason, expungeAt };
    });
  }

  /** Revokes each, whatever becomes of the others; the results are in the order of `ids`. */
  async revokeMany(
    ids: readonly string[],
    options: { readonly by: Actor; readonly reason?: string | undefined },
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
    return this.#store.expunge(this.#now(), limit);
  }

  /** Session keys, of which there are many, are removed soon after their end, revoked or not. */
  #expungeAt({ kind, expiresAt, expungeAt }: ApiKeyRecord, revokedAt: number | null): number | null {
    return kind === 'session-key' ? expungeAt : this.#lifetimes.expungeAt(expiresAt, revokedAt);
  }

  async #revokeOne(id: string, options: { by: Actor; reason?: string | undefined }): Promise<RevokeResult> {
    try {
      await this.revoke(id, options);
      return { id, outcome: 'revoked' };
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      return { id, outcome: error.code === 'not_found' ? 'not_found' : 'failed' };
    }
  }

  /** Reads, changes and writes back, again and again until nobody else was faster. */
  async #change(
    id: string,
    { by, ifVersion }: ChangeOptions,
    change: (record: ApiKeyRecord, nowAt: number) => ApiKeyRecord,
  ): Promise<ApiKey> {
    actorName(by);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (tries > 0) await delay(Math.random() * 4 * tries);
      const record = await this.#store.get(id);
      if (record === null || isGone(record, this.#now())) throw new AuthError('not_found');
      if (ifVersion !== undefined && ifVersion !== record.version) throw new AuthError('precondition_failed');
      const nowAt = this.#now();
      const changed = change(record, nowAt);
      if (changed === record) return await this.#view(record);
      const next = { ...changed, version: record.version + 1, updatedAt: nowAt };
      if (await this.#store.update(record, next)) return await this.#view(next);
    }
    throw new AuthError('conflict', { message: 'The record is being changed by many at once. Retry.' });
  }

  async #view(record: ApiKeyRecord): Promise<ApiKey> {
    const [usage] = await this.#store.usage([record.id]);
    return toApiKey(record, usage ?? UNUSED, this.#now());
  }

  async #views(entries: readonly PageEntry[]): Promise<ApiKey[]> {
    const nowAt = this.#now();
    const usage = entries.length === 0 ? [] : await this.#store.usage(entries.map(({ record }) => record.id));
    return entries.map(({ record }, index) => toApiKey(record, usage[index] ?? UNUSED, nowAt));
  }
}

/** A record past its retention time is about to be removed: it can no longer be changed. */
function isGone({ expungeAt }: ApiKeyRecord, nowAt: number): boolean {
  return expungeAt !== null && expungeAt <= nowAt;
}

function refuseRevoked(record: ApiKeyRecord): void {
  if (record.revokedAt !== null) throw new AuthError('conflict', { message: 'The key is revoked, for good.' });
}

/** Undefined when nothing is asked for. */
function askedExpiry({ expiresAt, lifetimeMs }: KeyChanges, nowAt: number): number | null | undefined {
  if (lifetimeMs === undefined) return expiresAt;
  if (expiresAt === undefined && Number.isSafeInteger(lifetimeMs) && lifetimeMs > 0) return nowAt + lifetimeMs;
  throw invalidRequest([{ path: 'lifetimeMs', message: 'must be a positive whole number of ms, without expiresAt' }]);
}

function applyChanges(record: ApiKeyRecord, { statements, lifetimeMs: _, ...fields }: KeyChanges): ApiKeyRecord {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  const unknown = given.filter(([path]) => !CHANGEABLE.includes(path));
  refuseFaults(unknown.map(([path]) => ({ path, message: 'cannot be changed' })));
  return {
    ...record,
    ...Object.fromEntries(given),
    statements: (statements && toStatements(statements)) ?? record.statements,
  };
}

/** As `filter`, but other requests get their turn: criteria may be many, and texts long. */
async function filterGently<Item>(items: readonly Item[], isWanted: (item: Item) => boolean): Promise<Item[]> {
  const wanted: Item[] = [];
  let turnEndsAt = performance.now() + MAX_TURN_MS;
  for (const item of items) {
    if (isWanted(item)) wanted.push(item);
    if (performance.now() < turnEndsAt) continue;
    await nextTurn();
    turnEndsAt = performance.now() + MAX_TURN_MS;
  }
  return wanted;
}

function encodeCursor(order: ApiKeyOrder, descending: boolean, position: string): string {
  return Buffer.from(JSON.stringify([order, descending, position])).toString('base64url');
}

/** `<sort>:<id>`, where a number sorts in every order but one. */
const POSITION = /^(?:\d{1,17}|Infinity):[0-9A-Za-z]+$/;
const NAME_POSITION = /:[0-9A-Za-z]+$/;

function decodeCursor(cursor: string, order: ApiKeyOrder, descending: boolean): string {
  try {
    const [of, direction, position] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[];
    const shape = order === 'name' ? NAME_POSITION : POSITION;
    if (of === order && direction === descending && typeof position === 'string' && shape.test(position)) {
      return position;
    }
  } catch {
    // the same answer as for a cursor of another list
  }
  throw invalidRequest([{ path: 'cursor', message: 'must be the nextCursor of a page of the same list' }]);
}
