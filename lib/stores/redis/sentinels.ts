import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Redis, RedisOptions } from 'ioredis';
import { isReply, within } from '../within.js';

/** The longest that one sentinel may take to connect and answer, in ms. */
const ASK_TIMEOUT_MS = 250;
/** A sentinel that is down is tried again this often, in ms, to hear of failovers from it. */
const RECONNECT_MS = 1_000;
/** Sentinels asked and listened to at most. */
const MAX_SENTINELS = 10;

/** Told before the replica is promoted and when all is over. What is written in between would be lost. */
const FAILOVER_CHANNELS = ['+failover-state-send-slaveof-noone', '+switch-master'];

/** What the sentinels say of the master. */
export interface MasterView {
  /** Where it is, as the client would connect to it: `address:port`, more than one for a name. */
  readonly addresses: readonly string[];
  /** Whether a replica is being promoted in its place. */
  readonly isBeingReplaced: boolean;
}

interface Answer {
  readonly host: string;
  readonly port: number;
  readonly epoch: number;
  readonly isFailingOver: boolean;
}

/**
 * The sentinels that a client names in its options, on connections of their own: asked where the master is, and listened
 * to for failovers. Of two answers that of the later epoch counts: a sentinel may not have heard of the last failover.
 * https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/
 */
export class Sentinels {
  readonly #client: Redis;
  readonly #addresses: readonly { readonly host?: string; readonly port?: number }[];
  readonly #name: string;
  readonly #listening: Redis[];
  #isClosed = false;

  /** `told` is called when a failover of the client's master begins, or has ended. */
  constructor(client: Redis, told: () => void) {
    const { sentinels, name } = client.options;
    this.#client = client;
    this.#addresses = ((sentinels ?? []) as readonly { host?: string; port?: number }[]).slice(0, MAX_SENTINELS);
    this.#name = name ?? '';
    this.#listening = this.#addresses.map((address) => this.#listen(address, told));
  }

  /** Null where none answers in time. Never rejects. */
  async master(): Promise<MasterView | null> {
    const asked = await Promise.all(this.#addresses.map((address) => this.#ask(address).catch(() => null)));
    const answers = asked.filter((answer) => answer !== null);
    const [latest] = answers.toSorted((a, b) => b.epoch - a.epoch);
    if (latest === undefined) return null;
    const isSame = ({ host, port }: Answer) => host === latest.host && port === latest.port;
    return {
      addresses: await addressesOf(latest.host, latest.port),
      isBeingReplaced: answers.some((answer) => answer.isFailingOver && isSame(answer)),
    };
  }

  close(): void {
    if (this.#isClosed) return; // ioredis answers a second disconnect with a timer of two seconds
    this.#isClosed = true;
    for (const connection of this.#listening) connection.disconnect();
  }

  async #ask(address: { readonly host?: string; readonly port?: number }): Promise<Answer> {
    const connection = this.#connect(address, { retryStrategy: () => null });
    try {
      const [where, facts] = await within(
        ASK_TIMEOUT_MS,
        Promise.all([
          connection.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.#name) as Promise<[string, string]>,
          connection.call('SENTINEL', 'MASTER', this.#name).catch(noFacts) as Promise<string[]>,
        ]),
      );
      const fact = (name: string) => facts[facts.indexOf(name) + 1] ?? '';
      const [host, port] = where;
      const isPromoted = fact('ip') !== host || fact('port') !== port; // then the new one is named already
      return {
        ...this.#translated(host, Number(port)),
        epoch: Number(fact('config-epoch')),
        isFailingOver: fact('flags').includes('failover_in_progress') && !isPromoted,
      };
    } finally {
      connection.disconnect();
    }
  }

  #listen(address: { readonly host?: string; readonly port?: number }, told: () => void): Redis {
    const connection = this.#connect(address, { retryStrategy: () => RECONNECT_MS });
    connection.on('message', (_channel: string, message: string) => {
      if (message.split(' ').includes(this.#name)) told();
    });
    connection.on('ready', () => void connection.subscribe(...FAILOVER_CHANNELS).catch(() => {})); // 'close' tells
    return connection;
  }

  /** As ioredis itself connects to a sentinel, but bounded. */
  #connect({ host, port }: { readonly host?: string; readonly port?: number }, options: RedisOptions): Redis {
    const own = this.#client.options;
    const override: RedisOptions = {
      host: host ?? '127.0.0.1',
      port: port ?? 26_379,
      username: own.sentinelUsername ?? '',
      password: own.sentinelPassword ?? '',
      db: 0,
      keyPrefix: '',
      connectionName: '',
      protocol: 2,
      replyMapping: 'legacy',
      enableReadyCheck: false,
      enableOfflineQueue: true,
      autoResubscribe: false,
      lazyConnect: false,
      connectTimeout: ASK_TIMEOUT_MS,
      disconnectTimeout: ASK_TIMEOUT_MS,
      maxRetriesPerRequest: null,
      ...options,
    };
    const unlike = { sentinels: undefined, commandTimeout: undefined, tls: own.sentinelTLS, readOnly: false };
    const connection = this.#client.duplicate({ ...override, ...(unlike as RedisOptions) }) as Redis;
    connection.on('error', () => {}); // one that is down is passed over
    return connection;
  }

  /** Through the client's `natMap`, as it would connect. */
  #translated(host: string, port: number): { host: string; port: number } {
    const { natMap } = this.#client.options;
    const key = `${host}:${port}`;
    const mapped = typeof natMap === 'function' ? natMap(key) : natMap?.[key];
    return mapped ?? { host, port };
  }
}

/** A user who may not ask for more takes the address alone. */
function noFacts(error: unknown): string[] {
  if (isReply(error)) return [];
  throw error;
}

/** `address:port` of where a connection has ended up; null while it is not connected. */
export function addressOf({ stream }: Redis): string | null {
  const { remoteAddress, remotePort } = (stream ?? {}) as { remoteAddress?: string; remotePort?: number };
  return remoteAddress === undefined ? null : `${canonical(remoteAddress)}:${remotePort}`;
}

async function addressesOf(host: string, port: number): Promise<string[]> {
  if (isIP(host) !== 0) return [`${canonical(host)}:${port}`];
  const found = await within(ASK_TIMEOUT_MS, lookup(host, { all: true })).catch(() => []);
  return found.map(({ address }) => `${canonical(address)}:${port}`);
}

/** One of the ways to write an address. */
function canonical(ip: string): string {
  const plain = ip.replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(plain) === 6 ? new URL(`http://[${plain}]`).hostname.slice(1, -1) : plain;
}
