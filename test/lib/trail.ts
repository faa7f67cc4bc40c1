import { AuditTrail } from '../../lib/audit/audit.js';
import type { AuditEntry } from '../../lib/audit/trail-entry.js';
import type { AuditQuery } from '../../lib/audit/trail-search.js';
import { storeUnavailable } from '../../lib/errors.js';
import type { ActivityEvent, ChangeEvent } from '../../lib/events.js';
import { Events } from '../../lib/events.js';
import type {
  AuditStore,
  Store,
  TrailBounds,
  TrailEntry,
  TrailPageRequest,
  TrailPart,
} from '../../lib/stores/store.js';
import { Clock } from './clock.js';

export type AuditVerb = keyof AuditStore;

/** The audit trails of a store, of which verbs can fail. */
export class FailingAudit implements AuditStore {
  readonly #inner: AuditStore;
  /** The verbs that fail from now on. */
  readonly failing = new Set<AuditVerb>();
  /** The verbs called. */
  readonly calls: AuditVerb[] = [];

  constructor(inner: AuditStore) {
    this.#inner = inner;
  }

  async append(orgId: string | null, part: TrailPart, values: readonly string[], bounds: TrailBounds) {
    this.#note('append');
    return await this.#inner.append(orgId, part, values, bounds);
  }

  async withdraw(orgId: string | null, part: TrailPart, id: string): Promise<void> {
    this.#note('withdraw');
    await this.#inner.withdraw(orgId, part, id);
  }

  async page(request: TrailPageRequest): Promise<TrailEntry[]> {
    this.#note('page');
    return await this.#inner.page(request);
  }

  #note(verb: AuditVerb): void {
    this.calls.push(verb);
    if (this.failing.has(verb)) throw storeUnavailable('the store of this test is down');
  }
}

/** A trail that is flushed when told to, with a clock that goes when told to. */
export class TestTrail {
  readonly clock = new Clock();
  readonly events = new Events();
  readonly store: FailingAudit;
  readonly trail: AuditTrail;

  constructor({ records }: Store, options = {}) {
    this.store = new FailingAudit(records.audit);
    this.trail = new AuditTrail(this.store, this.events, this.clock.now, { flushIntervalMs: 60_000, ...options });
  }

  change(fields: Partial<ChangeEvent> = {}): ChangeEvent {
    const who = { actorId: 'ada', credentialId: 'k1', address: '::1' };
    const what = { keyId: 'k2', ownerId: 'bob', before: { name: 'old' }, after: { name: 'new' } };
    return { type: 'key.changed', at: this.clock.nowAt, orgId: 'acme', ...who, ...what, ...fields } as ChangeEvent;
  }

  refusal(fields: object = {}): ActivityEvent {
    const what = {
      reason: 'wrong_secret',
      scheme: 'api-key',
      credentialId: 'k1',
      ownerId: null,
      method: 'GET',
      path: '/',
    } as const;
    return { type: 'request.refused', at: this.clock.nowAt, orgId: 'acme', address: '::1', ...what, ...fields };
  }

  login(fields: object = {}): ActivityEvent {
    return { type: 'login.succeeded', at: this.clock.nowAt, orgId: 'acme', address: '::1', userId: 'ada', ...fields };
  }

  /** Makes a change that succeeds. */
  made(fields: Partial<ChangeEvent> = {}): Promise<boolean> {
    return this.trail.write(this.change(fields), async () => true);
  }

  /** Tells of an event, and writes it. */
  async told(event: ActivityEvent): Promise<void> {
    this.events.emit(event);
    await this.trail.flush();
  }

  /** All that a query finds, page by page. */
  async all(query: Partial<AuditQuery> = {}): Promise<AuditEntry[]> {
    const found: AuditEntry[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.trail.list({ orgId: 'acme', limit: 200, ...query, cursor });
      found.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return found;
  }
}
