import type { AuditTrail } from '../audit/audit.js';
import { changeRecord } from '../change-record.js';
import { AuthError } from '../errors.js';
import type { ChangeEvent } from '../events.js';
import { Permissions } from '../permissions/permissions.js';
import type { PolicyReader } from '../policies/policy-reader.js';
import { Rights } from '../principal.js';
import type { ApiKeyRecord } from '../records.js';
import { UNUSED } from '../records.js';
import type { ApiKeyStore } from '../stores/store.js';
import type { Draw } from '../verification/foreign-pair.js';
import { isImportedHash } from '../verification/secret.js';
import type { KeyMaking } from './key-builder.js';
import { difference, isGone } from './key-changes.js';
import type { Actor } from './key-rights.js';
import { actorName, doer } from './key-rights.js';
import type { ApiKey } from './key-view.js';
import { toApiKey } from './key-view.js';

export interface MakeOptions {
  /** Who asks. A principal is held to its own rights. */
  readonly by: Actor;
  /** The client's, for the audit trail. */
  readonly address?: string | null | undefined;
}

/** For what gets a secret. */
export interface SecretOptions {
  /** Draws id and secret in the form of another product. Default: Latchkey's own form. From code only. */
  readonly draw?: Draw | undefined;
}

export interface ChangeOptions extends MakeOptions {
  /** Change only this version; else `precondition_failed`. */
  readonly ifVersion?: number | undefined;
}

type KeyEvent = Extract<ChangeEvent, { readonly keyId: string }>;
type LeakEvent = Extract<KeyEvent, { readonly type: 'key.leaked' }>;

/** What a change is told as. */
export type KeyEventKind = Exclude<KeyEvent['type'], 'key.leaked'> | Pick<LeakEvent, 'type' | 'secret' | 'source'>;

/** One change of a key: its record after it, or the same record when there is nothing to change. */
export type KeyChange = (record: ApiKeyRecord, nowAt: number) => ApiKeyRecord | Promise<ApiKeyRecord>;

/** Writes keys: compare-and-set, so that of two changes at once none is lost, and never without the audit trail. */
export class KeyWriter {
  readonly #store: ApiKeyStore;
  readonly #making: KeyMaking;
  readonly #policies: PolicyReader;
  readonly #trail: AuditTrail;

  constructor(store: ApiKeyStore, making: KeyMaking, policies: PolicyReader, trail: AuditTrail) {
    this.#store = store;
    this.#making = making;
    this.#policies = policies;
    this.#trail = trail;
  }

  /** @throws AuthError `conflict` when the id exists; `not_durable` when the key may have been kept, or not. */
  async insert(record: ApiKeyRecord, options: MakeOptions): Promise<ApiKey> {
    const { lifetimes, notices } = this.#making;
    // Before the record is written: a key that nobody looks at would expire without notice.
    const dueAt = notices.nextAt(lifetimes.aged(record), null, record.updatedAt);
    if (dueAt !== null) await this.#store.watch(record.id, dueAt);
    const event = toEvent('key.created', null, record, options, record.updatedAt);
    if (!(await this.#trail.write(event, () => this.#store.insert(record)))) {
      throw new AuthError('conflict', { reason: 'the id exists' });
    }
    return toApiKey(lifetimes.aged(record), UNUSED, record.updatedAt);
  }

  /**
   * Reads, changes and writes back, again and again until nobody else was faster. What is acknowledged lasts as the store has
   * it last, also where there was nothing to change: an earlier change may have been made and not acknowledged.
   * @throws AuthError `not_found`, `precondition_failed`, or what `change` throws; `not_durable` when it may have been made.
   */
  async change(kind: KeyEventKind, id: string, options: ChangeOptions, change: KeyChange): Promise<ApiKey> {
    const { by, ifVersion } = options;
    actorName(by);
    let isWritten = false;
    const changed = await changeRecord({
      now: this.#making.now,
      ifVersion,
      read: async (nowAt) => {
        const record = await this.#store.get(id);
        return record === null || isGone(record, nowAt) ? null : record;
      },
      change,
      write: async (record, next, nowAt) => {
        // Now, and not when it is due: the change may not come about. The next sweep finds out.
        if (isTimed(this.#making.lifetimes.aged(next))) await this.#store.watch(id, nowAt);
        const event = toEvent(kind, record, next, options, nowAt);
        isWritten = await this.#trail.write(event, () => this.#store.update(record, next));
        return isWritten;
      },
    });
    if (!isWritten) await this.#store.confirm?.(id);
    return await this.view(changed);
  }

  /** What a record allows, but for what its owner may do at the moment. */
  async rightsOf({ statements, policyIds, orgId, ceiling, resources }: ApiKeyRecord): Promise<Rights> {
    const policies = await this.#policies.resolve(policyIds, orgId);
    const anyOf = [statements, ...policies.map((policy) => policy.statements)];
    return new Rights(new Permissions({ anyOf }, ...ceiling), resources);
  }

  async view(record: ApiKeyRecord): Promise<ApiKey> {
    const { lifetimes, now } = this.#making;
    const [usage] = await this.#store.usage([record.id]);
    return toApiKey(lifetimes.aged(record), usage ?? UNUSED, now());
  }
}

/** Whether something may have to be told of the key, or done to it, when its time comes. */
function isTimed({ kind, revokedAt, expiresAt, disableUnusedAfterMs }: ApiKeyRecord): boolean {
  return kind === 'api-key' && revokedAt === null && (expiresAt !== null || disableUnusedAfterMs !== null);
}

function toEvent(
  kind: KeyEventKind,
  record: ApiKeyRecord | null,
  next: ApiKeyRecord,
  { by, address = null }: MakeOptions,
  at: number,
): ChangeEvent {
  const facts = { at, address, orgId: next.orgId, ...doer(by), keyId: next.id, ownerId: next.ownerId };
  const differing = difference(record === null ? {} : told(record), told(next));
  return typeof kind === 'string' ? { type: kind, ...facts, ...differing } : { ...kind, ...facts, ...differing };
}

/** Of a key that was imported, that it was; until it is rotated. */
function told(record: ApiKeyRecord): object {
  return isImportedHash(record.secretHash) ? { ...record, imported: true } : record;
}
