import { setTimeout as delay } from 'node:timers/promises';
import { AuthError, notDurable, storeUnavailable } from '../../errors.js';
import { within } from '../within.js';
import { PendingWrite } from './pending-write.js';
import type { ScriptedRedis } from './redis-scripts.js';

/**
 * How long a WAIT lasts at most, in ms: what is asked for meanwhile is written after it, and so in force on the master. Each
 * that brings too little is followed by one of twice the length, up to half the time of a write: under load a WAIT hears
 * only of replicas that answer within twice its length.
 */
const FIRST_WAIT_MS = 250;
/** Writes sent at once: the server does nothing else meanwhile. */
const MAX_BATCH = 1_000;
/** Before a connection is opened anew that could not be opened, in ms. */
const REOPEN_AFTER_MS = 50;
/** A connection that was not used for so long is closed, in ms: networks drop idle ones without a word. */
const IDLE_MS = 10_000;

export interface DurableConnectionOptions {
  /** A client to the master, not yet connected, that sends each command once at most. Throws where there is none. */
  readonly open: () => ScriptedRedis;
  /** Rejects when the client that wrote to the server of `key` is not, or no longer, with the master that is believed. */
  readonly verify: (client: ScriptedRedis, key: string) => Promise<void>;
  readonly replicas: number;
  /** The longest that one write may take from when it is asked for, in ms. */
  readonly timeoutMs: number;
  /** Writes under way beyond which further ones are refused at once. */
  readonly maxPending: number;
  /** What the keys that are written begin with. */
  readonly keyPrefix: string;
  /** What the client puts before all of them. */
  readonly clientPrefix: string;
}

/**
 * Writes to one master on a connection of its own, each acknowledged once enough replicas have it. WAIT speaks for the
 * connection that it is sent on, which it blocks: so writes and WAIT go together, and all that is asked for while one WAIT
 * lasts shares the next. Opened when it is needed, dropped when it fails or falls short: the next one finds the master of
 * that time.
 */
export class DurableConnection {
  readonly #options: DurableConnectionOptions;
  readonly #queue = new Set<PendingWrite>();
  /** Sent, and not yet confirmed. */
  readonly #sent = new Set<PendingWrite>();
  #client: ScriptedRedis | null = null;
  #isRunning = false;
  #isClosed = false;
  #waitMs = FIRST_WAIT_MS;
  /** Monotonic ms since when no WAIT has brought enough; null: the last one did. */
  #shortSince: number | null = null;
  #acknowledged = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: DurableConnectionOptions) {
    this.#options = options;
  }

  /**
   * Sends what `write` sends at once, on keys of the slot of `key`. Answers it when enough replicas have
   * it, and where there was nothing to write, what the master had before. Settles within `timeoutMs`.
   * @throws AuthError `store_unavailable`, nothing being written; `not_durable` when it was sent and is not confirmed.
   */
  send<Answer>(key: string, write: (client: ScriptedRedis) => Promise<Answer>): Promise<Answer> {
    const { maxPending, timeoutMs } = this.#options;
    if (this.#isClosed) return Promise.reject(storeUnavailable('the store is closed'));
    if (this.#queue.size + this.#sent.size >= maxPending) {
      return Promise.reject(storeUnavailable('too many writes are waiting for replicas'));
    }
    return new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => pending.fail(this.#overdue(pending)), timeoutMs);
      const pending = new PendingWrite(key, write, resolve as (answer: unknown) => void, reject, () => {
        clearTimeout(timer);
        this.#queue.delete(pending);
        this.#sent.delete(pending);
      });
      this.#queue.add(pending);
      if (!this.#isRunning) void this.#run();
    });
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    for (const pending of this.#queue) pending.fail(storeUnavailable('the store is closed'));
    this.#lose('the store was closed');
  }

  /** Ends when nothing is left to be sent or confirmed. Never rejects. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    clearTimeout(this.#idle);
    while (this.#queue.size > 0 || this.#sent.size > 0) {
      try {
        await this.#round(await this.#ready());
      } catch (error) {
        this.#lose(reasonOf(error));
        if (this.#queue.size > 0) await delay(REOPEN_AFTER_MS);
      }
    }
    this.#isRunning = false;
    if (!this.#isClosed) this.#idle = setTimeout(() => this.#drop(), IDLE_MS).unref();
  }

  async #ready(): Promise<ScriptedRedis> {
    if (this.#client?.status === 'ready') return this.#client;
    this.#drop();
    const client = this.#options.open();
    client.on('error', () => {}); // told by what was asked of it
    this.#client = client;
    await within(this.#options.timeoutMs, client.connect());
    const [first] = this.#queue; // what goes before a record went where the host's client is: not to another master
    if (first !== undefined) await within(this.#options.timeoutMs, this.#options.verify(client, first.key));
    return client;
  }

  /** Sends what waits, then one WAIT. Rejects when the connection is of no more use. */
  async #round(client: ScriptedRedis): Promise<void> {
    const { replicas, timeoutMs, keyPrefix, clientPrefix } = this.#options;
    const waitMs = Math.ceil(Math.min(this.#waitMs, timeoutMs / 2));
    const batch = [...this.#queue].slice(0, MAX_BATCH);
    for (const pending of batch) {
      this.#queue.delete(pending);
      this.#sent.add(pending);
      pending.sendOn(client);
    }
    const last = batch.at(-1);
    const marked = last === undefined ? null : client.latchkeyMark(`${keyPrefix}wait:${tagOf(last.key, clientPrefix)}`);
    const [acknowledged] = await within(waitMs + timeoutMs, Promise.all([client.wait(replicas, waitMs), marked]));
    this.#acknowledged = Number(acknowledged); // a client may be set to answer numbers as text
    if (this.#acknowledged >= replicas) {
      await this.#confirm(client);
      return;
    }
    const nowMs = performance.now();
    this.#waitMs *= 2;
    this.#shortSince ??= nowMs;
    if (this.#sent.size === 0 || nowMs - this.#shortSince > 2 * timeoutMs) throw new Error(this.#shortfall);
  }

  /** Replicas that have left a master for another one, or stay with one that was replaced, confirm nothing. */
  async #confirm(client: ScriptedRedis): Promise<void> {
    const confirmed = [...this.#sent];
    const [first] = confirmed;
    if (first !== undefined) await within(this.#options.timeoutMs, this.#options.verify(client, first.key));
    this.#waitMs = FIRST_WAIT_MS;
    this.#shortSince = null;
    this.#acknowledged = 0;
    for (const pending of confirmed) pending.confirm();
  }

  #overdue(pending: PendingWrite) {
    return this.#sent.has(pending) ? notDurable(this.#shortfall) : storeUnavailable('Redis takes no durable writes');
  }

  get #shortfall(): string {
    return `${this.#acknowledged} of ${this.#options.replicas} replicas have confirmed`;
  }

  /** What was sent on the connection can no longer be confirmed. */
  #lose(reason: string): void {
    this.#drop();
    this.#waitMs = FIRST_WAIT_MS;
    this.#shortSince = null;
    for (const pending of this.#sent) pending.fail(notDurable(reason));
  }

  #drop(): void {
    if (this.#client !== null && this.#client.status !== 'end') this.#client.disconnect();
    this.#client = null;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AuthError) return error.reason;
  return error instanceof Error ? error.message : String(error);
}

/** Of a key without one its whole name, as the server knows it: that lies in the same slot. */
function tagOf(key: string, clientPrefix: string): string {
  const open = key.indexOf('{');
  return open === -1 ? `{${clientPrefix}${key}}` : key.slice(open, key.indexOf('}') + 1);
}
