import type { Redis, RedisOptions } from 'ioredis';
import { isReply, within } from '../within.js';
import { LaneWatch } from './lane-watch.js';
import { Lane } from './redis-lane.js';
import type { FeedSource, RedisServers, ServerOptions } from './redis-servers.js';

/** The longest that a silent server may take to answer a PING, in ms. */
const PING_TIMEOUT_MS = 250;

/** One server, which nothing replaces: it is asked for a sign of life only while commands wait for one. */
export class StandaloneServer implements RedisServers {
  readonly isOne = true;
  readonly #client: Redis;
  readonly #lane: Lane;
  readonly #watch: LaneWatch;
  readonly #sources: ReadonlyMap<string, FeedSource>;
  readonly #renew = () => {
    this.#pinging = null; // what was asked on the connection before may never be answered
    this.#lane.doubt();
  };
  #pinging: Promise<unknown> | null = null;

  constructor(client: Redis, { maxPending }: Pick<ServerOptions, 'maxPending'>) {
    this.#client = client;
    this.#watch = new LaneWatch(
      () => (client.status === 'ready' ? [this.#lane] : []),
      () => this.#ping(),
      null,
    );
    this.#lane = new Lane({
      name: '',
      maxPending,
      trustMs: Infinity,
      verify: () =>
        within(PING_TIMEOUT_MS, this.#ping()).then(
          () => null,
          () => 'Redis does not answer',
        ),
      troubled: () => this.#watch.hurry(),
    });
    client.on('ready', this.#renew);
    const open = (options: RedisOptions) => client.duplicate(options) as Redis;
    this.#sources = new Map([['', { isNeeded: true, open, standing: () => 'right' as const }]]);
  }

  laneOf(): Lane {
    return this.#lane;
  }

  connections(): Iterable<Redis> {
    return [this.#client];
  }

  feedSources(): ReadonlyMap<string, FeedSource> {
    return this.#sources;
  }

  onChange(): void {}

  close(): void {
    this.#client.off('ready', this.#renew);
    this.#watch.close();
  }

  /** One at a time: a frozen server would collect them. */
  #ping(): Promise<unknown> {
    this.#pinging ??= this.#client
      .ping()
      .catch((error: unknown) => {
        if (!isReply(error)) throw error;
      })
      .finally(() => {
        this.#pinging = null;
      });
    return this.#pinging;
  }
}
