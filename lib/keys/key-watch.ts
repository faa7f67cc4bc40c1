import { AuthError, passNotDurable } from '../errors.js';
import type { Events } from '../events.js';
import type { ApiKeyRecord, KeyUsage } from '../records.js';
import { keyState } from '../records.js';
import type { StateStore } from '../stores/state.js';
import type { ApiKeyStore } from '../stores/store.js';
import type { KeyLifetimes } from './key-lifetimes.js';
import type { KeyNotices } from './key-notices.js';
import type { KeyWriter } from './key-writer.js';

/** Keys that one sweep looks at, at most; the rest wait for the next. */
const MAX_SWEEP = 1_000;
/** How long it is remembered, after a key's end, that its notice was given, in ms. */
const REMEMBERED_MS = 86_400_000;
/** A key that could not be looked at is looked at again after this long, in ms. */
const LOOK_AGAIN_MS = 3_600_000;
/** So long other processes leave an unused key to the one that is about to disable it, in ms: less than between two sweeps. */
const DISABLING_MS = 30_000;

interface KeyWatchOptions {
  readonly lifetimes: KeyLifetimes;
  readonly notices: KeyNotices;
  readonly events: Events;
  /** Epoch ms. */
  readonly now: () => number;
}

/** Looks at keys whose time has come: tells once that they are about to expire, and disables those that nobody uses. */
export class KeyWatch {
  readonly #store: ApiKeyStore;
  readonly #state: StateStore;
  readonly #writer: KeyWriter;
  readonly #lifetimes: KeyLifetimes;
  readonly #notices: KeyNotices;
  readonly #events: Events;
  readonly #now: () => number;
  #hasWarned = false;

  constructor(
    store: ApiKeyStore,
    state: StateStore,
    writer: KeyWriter,
    { lifetimes, notices, events, now }: KeyWatchOptions,
  ) {
    this.#store = store;
    this.#state = state;
    this.#writer = writer;
    this.#lifetimes = lifetimes;
    this.#notices = notices;
    this.#events = events;
    this.#now = now;
  }

  /** All processes may sweep at once: each notice is given by one of them. Returns how many keys were looked at. */
  async sweep(): Promise<number> {
    const ids = await this.#store.watched(this.#now(), MAX_SWEEP);
    for (const id of ids) {
      try {
        await this.#look(id);
      } catch (error) {
        if (error instanceof AuthError && error.status === 503) throw error;
        await this.#store.watch(id, this.#now() + LOOK_AGAIN_MS); // one that cannot be read must not stop the others
        this.#warn(id, error);
      }
    }
    return ids.length;
  }

  #warn(id: string, error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const message = `The key ${id} could not be looked at, so nothing is told of its end: ${String(error)}`;
    process.emitWarning(message, { code: 'LATCHKEY_SWEEP' });
  }

  async #look(id: string): Promise<void> {
    const stored = await this.#store.get(id);
    const record = stored === null ? null : this.#lifetimes.aged(stored);
    const [usage] = record === null ? [] : await this.#store.usage([id]);
    const nowAt = this.#now();
    if (record === null || usage === undefined || keyState(record, nowAt) === 'revoked') {
      await this.#store.watch(id, null);
      return;
    }
    await this.#tellExpiring(record, nowAt);
    if (this.#isUnused(record, usage, nowAt)) return await this.#disable(record); // the next sweep looks at it again
    await this.#store.watch(id, this.#notices.nextAt(record, usage.lastUsedAt, nowAt));
  }

  async #tellExpiring(record: ApiKeyRecord, nowAt: number): Promise<void> {
    const { id, orgId, ownerId, name, expiresAt } = record;
    if (expiresAt === null) return;
    for (const thresholdMs of this.#notices.passed(record, nowAt)) {
      const notice = `expiring-${id}-${expiresAt}-${thresholdMs}`;
      if (!(await this.#state.claim(notice, expiresAt - nowAt + REMEMBERED_MS))) continue;
      const facts = { at: nowAt, address: null, orgId, keyId: id, ownerId, name, expiresAt, thresholdMs };
      this.#events.emit({ type: 'key.expiring', ...facts });
    }
  }

  async #disable({ id, version }: ApiKeyRecord): Promise<void> {
    if (!(await this.#state.claim(`unused-${id}-${version}`, DISABLING_MS))) return;
    const disabling = this.#writer.change('key.unused', id, { by: 'latchkey' }, async (record, nowAt) => {
      const [usage] = await this.#store.usage([id]);
      return usage !== undefined && this.#isUnused(record, usage, nowAt) ? { ...record, enabled: false } : record;
    });
    await disabling.catch(passNotDurable); // the other keys have their turn all the same
  }

  #isUnused(record: ApiKeyRecord, { lastUsedAt }: KeyUsage, nowAt: number): boolean {
    const at = this.#notices.unusedAt(record, lastUsedAt);
    return at !== null && at <= nowAt && keyState(record, nowAt) === 'active';
  }
}
