import type { Redis, RedisOptions } from 'ioredis';
import { isReply, within } from '../within.js';
import { LaneWatch } from './lane-watch.js';
import { Lane } from './redis-lane.js';
import type { FeedSource, RedisServers, ServerOptions } from './redis-servers.js';
import { addressOf, Sentinels } from './sentinels.js';

/** The longest that the server may take to tell its role, in ms. */
const ROLE_TIMEOUT_MS = 250;
/** How a connection besides the host's finds the master: the sentinels are listened to already, and may be frozen. */
const BOUNDED_SEARCH: RedisOptions = { failoverDetector: false, sentinelCommandTimeout: 500 };
/** A failover that takes longer than this, in ms, is not waited for: it may never come about. */
const HOLD_MS = 5_000;

/**
 * The master that sentinels name. A client of ioredis stays on one that froze and was replaced, and on one that was
 * replaced without a fault, for as long as ten seconds, in which both take writes and those of the old one are lost. So its
 * role and the sentinels' word are asked for on every new connection, after silence, and when a failover is told of;
 * where another server is named the client is made to connect anew. While a replica is being promoted nothing is sent.
 */
export class SentinelServer implements RedisServers {
  readonly isOne = true;
  readonly #client: Redis;
  readonly #lane: Lane;
  readonly #watch: LaneWatch;
  readonly #sentinels: Sentinels;
  readonly #sources: ReadonlyMap<string, FeedSource>;
  readonly #doubt = () => this.#lane.doubt();
  readonly #renew = () => {
    this.#role = null; // what was asked on the connection before may never be answered
    this.#lane.doubt();
  };
  #changed = () => {};
  /** Where the master was when it was last verified. */
  #address: string | null = null;
  #role: Promise<unknown[]> | null = null;
  #heldSince: number | null = null;

  constructor(client: Redis, { maxPending, heartbeatMs }: ServerOptions) {
    this.#client = client;
    this.#watch = new LaneWatch(
      () => (client.status === 'ready' ? [this.#lane] : []),
      () => this.#beat(),
      Math.ceil(heartbeatMs / 2),
    );
    this.#lane = new Lane({
      name: '',
      maxPending,
      trustMs: heartbeatMs,
      verify: () => this.#verify(),
      troubled: () => this.#watch.hurry(),
    });
    this.#sentinels = new Sentinels(client, this.#doubt);
    client.on('ready', this.#renew);
    const source: FeedSource = {
      isNeeded: true,
      open: (options) => client.duplicate({ ...options, ...BOUNDED_SEARCH }) as Redis,
      standing: (connection) => this.#standing(addressOf(connection)),
    };
    this.#sources = new Map([['', source]]);
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

  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  close(): void {
    this.#client.off('ready', this.#renew);
    this.#watch.close();
    this.#sentinels.close();
  }

  #standing(address: string | null): ReturnType<FeedSource['standing']> {
    if (address === null || this.#address === null) return 'unknown';
    return address === this.#address ? 'right' : 'wrong';
  }

  async #beat(): Promise<void> {
    if (!(await this.#isMaster())) this.#lane.doubt();
  }

  /** Asked at most once at a time: a frozen server would collect them. Where ROLE is refused the sentinels' word counts. */
  async #isMaster(): Promise<boolean> {
    this.#role ??= this.#client
      .role()
      .catch((error: unknown) => {
        if (isReply(error)) return ['master'];
        throw error;
      })
      .finally(() => {
        this.#role = null;
      });
    return (await this.#role)[0] === 'master';
  }

  /** The sentinels are asked only after it has answered: what they knew while it was frozen is worth nothing. */
  async #verify(): Promise<string | null> {
    const isMaster = await within(ROLE_TIMEOUT_MS, this.#isMaster()).catch(() => null);
    const named = await this.#sentinels.master();
    if (named === null) return 'no sentinel answers';
    const address = addressOf(this.#client);
    if (isMaster === false || address === null || !named.addresses.includes(address)) {
      this.#moved(null);
      this.#reconnect();
      return 'Redis is not the master that the sentinels name';
    }
    if (isMaster === null) return 'Redis does not answer';
    if (this.#isHeld(named.isBeingReplaced)) return 'Redis is being replaced by a replica';
    this.#moved(address);
    return null;
  }

  #isHeld(isBeingReplaced: boolean): boolean {
    if (!isBeingReplaced) this.#heldSince = null;
    else this.#heldSince ??= performance.now();
    return this.#heldSince !== null && performance.now() - this.#heldSince <= HOLD_MS;
  }

  #moved(address: string | null): void {
    if (address === this.#address) return;
    this.#address = address;
    this.#changed();
  }

  /** A frozen server does not answer the end of its connection: that is not waited for. */
  #reconnect(): void {
    if (this.#client.status !== 'ready') return;
    this.#client.disconnect(true);
    this.#client.stream?.destroy();
  }
}
