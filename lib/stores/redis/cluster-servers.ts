import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { isReply, within } from '../within.js';
import { type ClusterNodeView, isStillMaster, parseClusterNodes } from './cluster-view.js';
import { hashSlot } from './hash-slot.js';
import { LaneWatch } from './lane-watch.js';
import { Lane, nameOf } from './redis-lane.js';
import type { FeedSource, RedisServers, ServerOptions } from './redis-servers.js';

/** When the client has learned of nodes, or of who serves what. */
const NODE_EVENTS = ['+node', '-node', 'refresh'];

/** How a node sees the cluster, where it may be asked. */
type View = ClusterNodeView[] | 'refused';

/** The longest that a node may take to tell its view of the cluster, in ms. */
const VIEW_TIMEOUT_MS = 250;
/** How often the client is made to learn who serves what, in ms, where nothing else makes it. */
const REFRESH_MS = 5_000;

/**
 * The nodes of a Redis Cluster, as its client knows them. Each master has a lane of its own, so that one that is frozen or
 * gone takes nothing from the others. The client learns of a failover only from a node that answers: so while a master is
 * silent it is made to ask the others, and a master that was silent, or is new, is verified by their views before it is
 * asked or believed.
 */
export class ClusterServers implements RedisServers {
  readonly isOne = false;
  readonly #client: Cluster;
  readonly #options: ServerOptions;
  readonly #prefix: string;
  readonly #watch: LaneWatch;
  readonly #refreshing: NodeJS.Timeout;
  /** For slots of which the client knows no server: it asks any, which tells. */
  readonly #unknown: Lane;
  /** Of the masters, by `host:port`. */
  readonly #lanes = new Map<string, Lane>();
  readonly #views = new WeakMap<Redis, Promise<View | undefined>>();
  /** All, by `host:port`; one that has broken is missing until the client learns of it again. */
  #nodes: ReadonlyMap<string, Redis> = new Map();
  readonly #follow = () => this.#followNodes();
  readonly #doubt = () => this.#doubtAll();
  #sources: ReadonlyMap<string, FeedSource> = new Map();
  #changed = () => {};

  constructor(client: Cluster, options: ServerOptions) {
    this.#client = client;
    this.#options = options;
    this.#prefix = client.options.keyPrefix ?? '';
    this.#unknown = new Lane({ ...options, name: '', trustMs: Infinity, verify: async () => null, troubled: () => {} });
    this.#watch = new LaneWatch(
      () => (client.status === 'ready' ? this.#lanes.values() : []),
      (lane) => this.#beat(lane),
      Math.ceil(options.heartbeatMs / 2),
    );
    this.#refreshing = setInterval(() => this.#refresh(), REFRESH_MS).unref();
    for (const event of NODE_EVENTS) client.on(event, this.#follow);
    client.on('ready', this.#doubt);
    this.#followNodes();
  }

  laneOf(key: string): Lane {
    const name = this.#client.slots[hashSlot(this.#prefix + key)]?.[0];
    return name === undefined ? this.#unknown : (this.#lanes.get(name) ?? this.#addLane(name));
  }

  *connections(): Iterable<Redis> {
    for (const name of this.#lanes.keys()) {
      const node = this.#nodes.get(name);
      if (node !== undefined) yield node;
    }
  }

  feedSources(): ReadonlyMap<string, FeedSource> {
    return this.#sources;
  }

  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  close(): void {
    this.#watch.close();
    clearInterval(this.#refreshing);
    for (const event of NODE_EVENTS) this.#client.off(event, this.#follow);
    this.#client.off('ready', this.#doubt);
  }

  #addLane(name: string): Lane {
    const { maxPending, heartbeatMs } = this.#options;
    const lane = new Lane({
      name,
      maxPending,
      trustMs: heartbeatMs,
      verify: () => this.#verify(name),
      troubled: () => this.#watch.hurry(),
    });
    this.#lanes.set(name, lane);
    return lane;
  }

  /** Takes over what the client knows now of nodes and slots. */
  #followNodes(): void {
    const before = this.#nodes;
    this.#nodes = new Map(this.#client.nodes('all').map((node) => [`${node.options.host}:${node.options.port}`, node]));
    const masters = new Set<string>();
    const names = new Set(this.#nodes.keys());
    for (const [master, ...replicas] of new Set(this.#client.slots.filter((nodes) => nodes !== undefined))) {
      if (master !== undefined) masters.add(master);
      for (const name of replicas) names.add(name);
    }
    for (const name of this.#lanes.keys()) if (!masters.has(name)) this.#lanes.delete(name);
    for (const name of masters) {
      const lane = this.#lanes.get(name);
      if (lane === undefined) this.#addLane(name);
      else if (before.get(name) !== this.#nodes.get(name) && lane.refusal === null) lane.doubt();
    }
    this.#sources = new Map([...names, ...masters].map((name) => [name, this.#sourceOf(name, masters.has(name))]));
    this.#changed();
  }

  #sourceOf(name: string, isNeeded: boolean): FeedSource {
    const colon = name.lastIndexOf(':');
    const address = { host: name.slice(0, colon), port: Number(name.slice(colon + 1)) };
    const open = (options: RedisOptions) => {
      const [any] = this.#nodes.values();
      const node = this.#nodes.get(name) ?? any;
      return node === undefined ? null : (node.duplicate({ ...options, ...address, readOnly: false }) as Redis);
    };
    return { isNeeded, open, standing: () => 'right' };
  }

  #doubtAll(): void {
    this.#followNodes();
    for (const lane of this.#lanes.values()) lane.doubt();
  }

  async #beat({ name }: Lane): Promise<void> {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error('it is not connected');
    await node.ping();
  }

  async #verify(name: string): Promise<string | null> {
    const fault = await this.#faultOf(name);
    if (fault !== null) this.#refresh();
    return fault;
  }

  /** The others are asked only after it has answered: what they knew while it was frozen is worth nothing. */
  async #faultOf(name: string): Promise<string | null> {
    const node = this.#nodes.get(name);
    const own = node && (await this.#viewOf(node));
    if (own === undefined) return `${nameOf(name)} does not answer`;
    if (own === 'refused') return null; // whoever may not ask has to believe
    const others = await this.#viewsBesides(name);
    const answered = others.filter((view) => view !== undefined && view !== 'refused');
    if (others.length > 0 && answered.length === 0) return 'no other node of the cluster answers';
    return isStillMaster(own, answered) ? null : `${nameOf(name)} was replaced by another server`;
  }

  /** Of the other masters; of the replicas where there is no other. */
  #viewsBesides(name: string): Promise<(View | undefined)[]> {
    const names = [...this.#nodes.keys()].filter((each) => each !== name);
    const masters = names.filter((each) => this.#lanes.has(each));
    const asked = masters.length > 0 ? masters : names;
    return Promise.all(asked.map((each) => this.#viewOf(this.#nodes.get(each) as Redis)));
  }

  /** Undefined where there is no answer in time. Asked at most once at a time: a frozen node would collect them. */
  #viewOf(node: Redis): Promise<View | undefined> {
    let asked = this.#views.get(node);
    if (asked === undefined) {
      asked = node
        .cluster('NODES')
        .then(
          (text) => parseClusterNodes(String(text)),
          (error: unknown) => (isReply(error) ? 'refused' : undefined),
        )
        .finally(() => this.#views.delete(node));
      this.#views.set(node, asked);
    }
    return within(VIEW_TIMEOUT_MS, asked).catch(() => undefined);
  }

  #refresh(): void {
    if (this.#client.status === 'ready') this.#client.refreshSlotsCache();
  }
}
