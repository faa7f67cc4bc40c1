import { until } from '../../../conformance/store-suite.js';
import type { RedisServer } from '../../../support/redis-server.js';
import type { AppName } from '../history.js';
import type { Topology } from '../topology.js';
import { BOTH, type Fault, hold, nameOf, nothing, pause, type Scene } from './fault.js';

const REWRITE_TIMEOUT_MS = 20_000;

async function anyReplica({ topology, random }: Scene): Promise<RedisServer> {
  return random.pick(await topology.replicasOf(random.pick(await topology.masters())));
}

export const killedReplica: Fault = {
  name: 'SIGKILL of a replica',
  on: BOTH,
  isFailover: false,
  async strike(scene) {
    const replica = await anyReplica(scene);
    await replica.kill();
    await hold(scene, 500, 1_500);
    return { target: nameOf(replica), heal: nothing };
  },
};

export const frozenReplica: Fault = {
  name: 'SIGSTOP of a replica',
  on: BOTH,
  isFailover: false,
  async strike(scene) {
    const replica = await anyReplica(scene);
    replica.pause();
    await hold(scene, 1_000, 2_500);
    return { target: nameOf(replica), heal: nothing };
  },
};

export const killedSentinel: Fault = {
  name: 'SIGKILL of a sentinel',
  on: ['sentinel'],
  isFailover: false,
  async strike(scene) {
    const sentinel = scene.random.pick(scene.topology.sentinels);
    await sentinel.kill();
    await hold(scene, 500, 1_500);
    return { target: nameOf(sentinel), heal: nothing };
  },
};

export const frozenSentinel: Fault = {
  name: 'SIGSTOP of a sentinel',
  on: ['sentinel'],
  isFailover: false,
  async strike(scene) {
    const sentinel = scene.random.pick(scene.topology.sentinels);
    sentinel.pause();
    await hold(scene, 1_000, 2_000);
    return { target: nameOf(sentinel), heal: nothing };
  },
};

export const cutOff: Fault = {
  name: 'connections of one app cut',
  on: BOTH,
  isFailover: false,
  async strike(scene) {
    scene.proxies.cut();
    await hold(scene, 200, 2_000);
    return { target: 'app b', heal: async () => scene.proxies.mend() };
  },
};

/** Nobody is told: revocations made by the other app do not arrive. */
export const silentNetwork: Fault = {
  name: 'network of one app silent',
  on: BOTH,
  isFailover: false,
  async strike(scene) {
    scene.proxies.freeze();
    await hold(scene, 500, 2_500);
    return { target: 'app b', heal: async () => scene.proxies.mend() };
  },
};

export const feedCut: Fault = {
  name: 'connections of the change feed killed',
  on: BOTH,
  isFailover: false,
  async strike({ topology }) {
    for (let times = 0; times < 3; times++) {
      for (const server of topology.servers) await killFeeds(topology, server);
      await pause(200);
    }
    return { target: 'all servers', heal: nothing };
  },
};

/** Not those of the sentinels. */
async function killFeeds({ ask }: Topology, server: RedisServer): Promise<void> {
  const clients = String(await ask(server, 'CLIENT', 'LIST', 'TYPE', 'pubsub')).split('\n');
  for (const client of clients.filter((line) => line !== '' && !/ name=sentinel-/.test(line))) {
    const id = /^id=(\d+)/.exec(client)?.[1] ?? '';
    await ask(server, 'CLIENT', 'KILL', 'ID', id);
  }
}

/** Tracking connections are told that everything has changed, although the keys of the store lie in another database. */
export const flushedBeside: Fault = {
  name: "FLUSHDB of another database on the feed's server",
  on: ['sentinel'],
  isFailover: false,
  async strike({ topology }) {
    const [master] = await topology.masters();
    const script = "redis.call('SELECT', 5); redis.call('SET', 'x', '1'); return redis.call('FLUSHDB')";
    for (let times = 0; times < 5; times++) {
      await topology.ask(master as RedisServer, 'EVAL', script, '0');
      await pause(100);
    }
    return { target: nameOf(master as RedisServer), heal: nothing };
  },
};

/**
 * Healed as an operator must: Redis 7.0.15 may leave a file behind that it would refuse to load (it cuts what was half written
 * at an offset of an earlier file, once it has been a replica), so it is made to write it anew.
 */
export const fullDisk: Fault = {
  name: 'disk of a master full (AOF)',
  on: BOTH,
  isFailover: false,
  async strike(scene) {
    const { topology, random, disks } = scene;
    const master = random.pick(await topology.masters());
    disks?.fill(master);
    await hold(scene, 1_500, 2_500); // it is written to once a second
    const heal = async () => {
      disks?.free(master);
      await topology.ask(master, 'BGREWRITEAOF');
      const isDone = async () =>
        /aof_rewrite_in_progress:0/.test(String(await topology.ask(master, 'INFO', 'persistence')));
      await until('the append-only file is written anew', isDone, REWRITE_TIMEOUT_MS);
    };
    return { target: nameOf(master), heal };
  },
};

export const fullMemory: Fault = {
  name: 'maxmemory of a master reached (noeviction)',
  on: BOTH,
  isFailover: false,
  async strike(scene) {
    const { topology, random } = scene;
    const master = random.pick(await topology.masters());
    await topology.ask(master, 'CONFIG', 'SET', 'maxmemory', '1mb');
    await hold(scene, 1_000, 2_000);
    const heal = async () => void (await topology.ask(master, 'CONFIG', 'SET', 'maxmemory', '0'));
    return { target: nameOf(master), heal };
  },
};

/** In whatever it is doing; it forgets what it remembers. */
export const killedApp: Fault = {
  name: 'SIGKILL of an app',
  on: BOTH,
  isFailover: false,
  async strike({ apps, random, recorder }) {
    const name = random.pick<AppName>(['a', 'b']);
    const isBack = recorder.outage(name);
    await apps[name].kill();
    await apps[name].start();
    isBack();
    return { target: `app ${name}`, heal: nothing };
  },
};
