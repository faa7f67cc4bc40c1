import { BOTH, type Fault, hold, nameOf, nothing, pause } from './fault.js';

/** Less than sentinels and nodes wait before they give a replica up: such a one is promoted all the same. */
const FROZEN_MS = 400;

export const killedMaster: Fault = {
  name: 'SIGKILL of a master',
  on: BOTH,
  isFailover: true,
  async strike({ topology, random }) {
    const master = random.pick(await topology.masters());
    await master.kill();
    await topology.untilReplaced(master);
    return { target: nameOf(master), heal: nothing };
  },
};

/** Thawed when it has been replaced: for a while there are two who believe to be master. */
export const frozenMaster: Fault = {
  name: 'SIGSTOP of a master, thawed when replaced',
  on: BOTH,
  isFailover: true,
  async strike(scene) {
    const { topology, random } = scene;
    const master = random.pick(await topology.masters());
    master.pause();
    await topology.untilReplaced(master);
    await hold(scene, 0, 500);
    master.resume();
    await hold(scene, 0, 1_000);
    return { target: nameOf(master), heal: nothing };
  },
};

export const sentinelFailover: Fault = {
  name: 'SENTINEL FAILOVER',
  on: ['sentinel'],
  isFailover: true,
  async strike({ topology, random }) {
    const master = random.pick(await topology.masters());
    await topology.failover(master);
    return { target: nameOf(master), heal: nothing };
  },
};

export const clusterFailover: Fault = { ...sentinelFailover, name: 'CLUSTER FAILOVER', on: ['cluster'] };

/** What was written meanwhile no replica has: were it acknowledged, it would be lost. */
export const staleReplica: Fault = {
  name: 'replicas frozen, master killed, replica promoted',
  on: BOTH,
  isFailover: true,
  async strike({ topology, random }) {
    const master = random.pick(await topology.masters());
    const replicas = await topology.replicasOf(master);
    for (const replica of replicas) replica.pause();
    await topology.ask(master, 'CLIENT', 'KILL', 'TYPE', 'replica'); // nothing is under way to them any more
    await pause(FROZEN_MS);
    await master.kill();
    for (const replica of replicas) replica.resume();
    await topology.untilReplaced(master);
    return { target: nameOf(master), heal: nothing };
  },
};

/** Back before anybody misses it: what it knows it has from its file. */
export const restartedMaster: Fault = {
  name: 'SIGKILL and restart of a master, from AOF',
  on: BOTH,
  isFailover: false,
  async strike({ topology, random }) {
    const master = random.pick(await topology.masters());
    await master.restart();
    return { target: nameOf(master), heal: nothing };
  },
};
