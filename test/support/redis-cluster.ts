import { Redis } from 'ioredis';
import { until } from '../conformance/store-suite.js';
import { type RedisServer, startRedis } from './redis-process.js';

const SLOTS = 16_384;
const MASTERS = 3;
/** Meeting takes a second or two; a machine may be busy. */
const READY_TIMEOUT_MS = 20_000;
/** What a node that lives takes to tell of itself; frozen ones are passed over. */
const ANSWER_TIMEOUT_MS = 2_000;

const SETTINGS = [
  ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', '--cluster-require-full-coverage', 'no'],
  // However old the data of a replica, it may take over: the tests freeze for as long as they like.
  ...['--cluster-replica-validity-factor', '0', '--repl-diskless-sync-delay', '0'],
  // CLUSTER SLOTS names a replica only after it was sent something.
  ...['--repl-ping-replica-period', '1'],
];

/** A Redis Cluster of three masters, each with a replica, on loopback: processes that end with the one that started them. */
export interface RedisCluster {
  readonly nodes: readonly RedisServer[];
  /** For the constructor of `Cluster` of ioredis. */
  readonly startupNodes: readonly { readonly host: string; readonly port: number }[];
  /** The masters that serve slots now, by the view of a node that lives. */
  masters(): Promise<RedisServer[]>;
  /** Who serves a key. */
  masterOf(key: string): Promise<RedisServer>;
  /** The first replica of a master; undefined when it has none that lives. */
  replicaOf(master: RedisServer): Promise<RedisServer | undefined>;
  /** Polls until every slot is served by a master other than `server`, by the view of every other node. */
  untilReplaced(server: RedisServer): Promise<void>;
  /** Has the replica of a master take over without loss (CLUSTER FAILOVER); resolves once all nodes know. */
  failover(master: RedisServer): Promise<void>;
  /** Adds a node, which is a master without slots at first. `untilWhole` is in vain from then on. */
  addNode(): Promise<RedisServer>;
  /** Takes a node out of the cluster and ends it. */
  removeNode(node: RedisServer): Promise<void>;
  /** Moves a slot with its keys. */
  moveSlot(slot: number, from: RedisServer, to: RedisServer): Promise<void>;
  /** Runs a command on one node. */
  ask(server: RedisServer, command: string, ...args: string[]): Promise<unknown>;
  /** Empties all masters. */
  flushAll(): Promise<void>;
  /** Polls until every node lives, says that all slots are served, and every master has its replica in step. */
  untilWhole(): Promise<void>;
  /** Has frozen nodes go on and starts those that were killed; resolves as `untilWhole`. */
  mend(): Promise<void>;
  /** Ends all processes, frozen or not. */
  stop(): Promise<void>;
}

/** Starts a cluster and resolves once it is whole. `args` are further ones for each redis-server. */
export async function startRedisCluster(args: readonly string[] = []): Promise<RedisCluster> {
  const nodes: RedisServer[] = [];
  const admins = new Map<RedisServer, Redis>();
  const start = async () => {
    const node = await startRedis({ args: [...SETTINGS, ...args] });
    nodes.push(node);
    admins.set(node, adminOf(node));
    return node;
  };
  const stop = async () => {
    for (const admin of admins.values()) if (admin.status !== 'end') admin.disconnect();
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    await Promise.all(Array.from({ length: 2 * MASTERS }, start));
    const cluster = makeCluster(nodes, admins, start, stop);
    await join(nodes, cluster);
    return cluster;
  } catch (error) {
    await stop();
    throw error;
  }
}

function adminOf({ port }: RedisServer): Redis {
  const admin = new Redis(port, '127.0.0.1', {
    commandTimeout: ANSWER_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    retryStrategy: () => 50,
    disconnectTimeout: 100,
  });
  admin.on('error', () => {}); // nodes are killed
  return admin;
}

async function join(nodes: readonly RedisServer[], { ask, untilWhole }: RedisCluster): Promise<void> {
  const [first, ...others] = nodes as [RedisServer, ...RedisServer[]];
  await Promise.all(nodes.map((node, n) => ask(node, 'CLUSTER', 'SET-CONFIG-EPOCH', String(n + 1))));
  await Promise.all(
    nodes.slice(0, MASTERS).map((node, n) => {
      const [start, end] = [Math.floor((n * SLOTS) / MASTERS), Math.floor(((n + 1) * SLOTS) / MASTERS)];
      return ask(
        node,
        'CLUSTER',
        'ADDSLOTS',
        ...Array.from({ length: end - start }, (_, slot) => String(start + slot)),
      );
    }),
  );
  for (const { port } of others) await ask(first, 'CLUSTER', 'MEET', '127.0.0.1', String(port));
  await until(
    'all nodes know each other',
    async () => (await Promise.all(nodes.map((node) => knownTo(ask, node)))).every((count) => count === nodes.length),
    READY_TIMEOUT_MS,
  );
  for (const [n, node] of nodes.slice(MASTERS).entries()) {
    const id = String(await ask(nodes[n] as RedisServer, 'CLUSTER', 'MYID'));
    await ask(node, 'CLUSTER', 'REPLICATE', id);
  }
  await untilWhole();
}

async function knownTo(ask: RedisCluster['ask'], node: RedisServer): Promise<number> {
  const info = String(await ask(node, 'CLUSTER', 'NODES'));
  return info.split('\n').filter((line) => line !== '' && !line.includes('handshake')).length;
}

/** What CLUSTER SLOTS answers: first slot, last slot, master, replicas; of each the address and the port. */
type SlotRange = [first: number, last: number, master: SlotNode, ...replicas: SlotNode[]];
type SlotNode = [host: string, port: number, ...unknown[]];

function makeCluster(
  nodes: RedisServer[],
  admins: ReadonlyMap<RedisServer, Redis>,
  start: () => Promise<RedisServer>,
  stop: () => Promise<void>,
): RedisCluster {
  const byPort = (port: number | undefined) => nodes.find((node) => node.port === port);
  const ask = (server: RedisServer, command: string, ...args: string[]) =>
    (admins.get(server) as Redis).call(command, ...args);

  const viewOf = async (server: RedisServer) => (await ask(server, 'CLUSTER', 'SLOTS')) as SlotRange[];
  /** Of the first node that answers: frozen and killed ones do not. */
  const view = () => Promise.any(nodes.map(viewOf));

  async function isWhole(server: RedisServer): Promise<boolean> {
    try {
      const info = String(await ask(server, 'CLUSTER', 'INFO'));
      const role = (await ask(server, 'ROLE')) as [string, ...unknown[]];
      const ranges = await viewOf(server);
      const served = ranges.reduce((sum, [start, end]) => sum + end - start + 1, 0);
      const inStep = role[0] === 'master' || role[3] === 'connected';
      return inStep && /cluster_state:ok/.test(info) && served === SLOTS && ranges.every((range) => range.length === 4);
    } catch {
      return false;
    }
  }

  async function untilNamedByNone(master: RedisServer, asked: readonly RedisServer[]): Promise<void> {
    const isReplaced = async (node: RedisServer) => {
      const ranges = await viewOf(node).catch(() => []);
      return ranges.length > 0 && ranges.every(([, , [, port]]) => port !== master.port);
    };
    const isDone = async () => (await Promise.all(asked.map(isReplaced))).every(Boolean);
    await until('the master is replaced', isDone, READY_TIMEOUT_MS);
  }

  const cluster: RedisCluster = {
    nodes,
    startupNodes: nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
    ask,
    stop,
    async masters() {
      const ports = new Set((await view()).map(([, , [, port]]) => port));
      return nodes.filter(({ port }) => ports.has(port));
    },
    async masterOf(key) {
      const slot = Number(await Promise.any(nodes.map((node) => ask(node, 'CLUSTER', 'KEYSLOT', key))));
      const range = (await view()).find(([start, end]) => start <= slot && slot <= end);
      return byPort(range?.[2][1]) as RedisServer;
    },
    async replicaOf({ port }) {
      const range = (await view()).find(([, , master]) => master[1] === port);
      return byPort(range?.[3]?.[1]);
    },
    async untilReplaced(server) {
      await untilNamedByNone(
        server,
        nodes.filter((node) => node !== server),
      );
    },
    async failover(master) {
      const replica = (await cluster.replicaOf(master)) as RedisServer;
      await ask(replica, 'CLUSTER', 'FAILOVER');
      await untilNamedByNone(master, nodes);
    },
    async addNode() {
      const [first] = nodes as [RedisServer];
      const node = await start();
      await ask(node, 'CLUSTER', 'MEET', '127.0.0.1', String(first.port));
      const isKnown = async (to: RedisServer) => (await knownTo(ask, to)) === nodes.length;
      await until('all know it', async () => (await Promise.all(nodes.map(isKnown))).every(Boolean), READY_TIMEOUT_MS);
      const state = async () => String(await ask(node, 'CLUSTER', 'INFO'));
      await until('it is ready', async () => /cluster_state:ok/.test(await state()), READY_TIMEOUT_MS);
      return node;
    },
    async removeNode(node) {
      const id = String(await ask(node, 'CLUSTER', 'MYID'));
      nodes.splice(nodes.indexOf(node), 1);
      await node.stop();
      await Promise.all(nodes.map((other) => ask(other, 'CLUSTER', 'FORGET', id)));
    },
    async moveSlot(slot, from, to) {
      const [fromId, toId] = [String(await ask(from, 'CLUSTER', 'MYID')), String(await ask(to, 'CLUSTER', 'MYID'))];
      await ask(to, 'CLUSTER', 'SETSLOT', String(slot), 'IMPORTING', fromId);
      await ask(from, 'CLUSTER', 'SETSLOT', String(slot), 'MIGRATING', toId);
      const keys = (await ask(from, 'CLUSTER', 'GETKEYSINSLOT', String(slot), '1000')) as string[];
      for (const key of keys) await ask(from, 'MIGRATE', '127.0.0.1', String(to.port), key, '0', '1000');
      for (const node of [to, from]) await ask(node, 'CLUSTER', 'SETSLOT', String(slot), 'NODE', toId);
    },
    async flushAll() {
      await Promise.all((await cluster.masters()).map((master) => ask(master, 'FLUSHALL')));
    },
    async mend() {
      for (const node of nodes) {
        if (node.isRunning) node.resume();
        else await node.restart();
      }
      await cluster.untilWhole();
    },
    untilWhole: () =>
      until(
        'the cluster is whole',
        async () => (await Promise.all(nodes.map(isWhole))).every(Boolean),
        READY_TIMEOUT_MS,
      ),
  };
  return cluster;
}
