import { AppChild } from './app-child.js';
import type { AppPlan } from './app-plan.js';
import { DURABLE_TIMEOUT_MS, HEARTBEAT_MS, STORE_TIMEOUT_MS } from './app-plan.js';
import { Client } from './client.js';
import { startClusterTopology } from './cluster-topology.js';
import { Disks } from './disks.js';
import type { Fault, Scene } from './faults/fault.js';
import { lookAtTheEnd } from './final.js';
import type { AppName, Bounds, History, Strike } from './history.js';
import { planOf } from './plan.js';
import { Proxies } from './proxies.js';
import type { Random } from './random.js';
import { Recorder } from './recorder.js';
import { startSentinelTopology } from './sentinel-topology.js';
import { addresses, portsOf, type Topology, type TopologyName } from './topology.js';

const CLIENTS = 8;
/** The longest pause of a client between two things that it does. */
const PAUSE_MS = 60;
/** Undisturbed, before the first fault and between two. */
const FIRST_MS = 1_000;
const BETWEEN_MS = 250;
/** What the operations of a fault may take until both apps write again. */
const RECOVER_TIMEOUT_MS = 30_000;
const SERVER_ARGS = ['--appendonly', 'yes', '--auto-aof-rewrite-min-size', '16mb', '--repl-backlog-size', '16mb'];

export interface CampaignOptions {
  readonly topology: TopologyName;
  readonly failovers: number;
  /** What the names of the faults contain. */
  readonly only: string;
  readonly random: Random;
  /** What a loaded machine may add to every bound, in ms. */
  readonly slackMs: number;
  readonly note: (text: string) => void;
}

export interface CampaignResult {
  readonly topology: TopologyName;
  readonly history: History;
  readonly strikes: readonly Strike[];
  /** Faults that could not be made to happen here, and why. */
  readonly left: readonly string[];
}

/** One topology, two apps, some clients, and all the faults of a plan. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { note, random } = options;
  const topology = await start(options.topology);
  let disks: Disks | null = null;
  const apps: Partial<Record<AppName, AppChild>> = {};
  let proxies: Proxies | null = null;
  try {
    disks = await Disks.under(topology); // restarts the servers
    await topology.mend();
    proxies = await Proxies.to(portsOf(topology));
    apps.a = new AppChild(planOfApp(topology, addresses(topology.entryPorts), {}));
    apps.b = new AppChild(planOfApp(topology, proxies.addressesOf(topology.entryPorts), proxies.natMap));
    await Promise.all([apps.a.start(), apps.b.start()]);
    const recorder = new Recorder();
    const scene: Scene = { topology, apps: { a: apps.a, b: apps.b }, proxies, disks, recorder, random };
    const clients = await makeClients(scene);
    const plan = planOf(topology.name, { ...options, hasDisk: disks !== null }, random.fork());
    const strikes = await strikeAll(scene, plan, clients, note);
    await lookAtTheEnd(scene, clients);
    const { operations, credentials, outages, lists, stored } = recorder;
    const history = { bounds: boundsWith(options.slackMs), operations, credentials, outages, lists, stored };
    return {
      topology: topology.name,
      history,
      strikes,
      left: disks === null ? ['disk full: no tmpfs can be mounted here'] : [],
    };
  } finally {
    await Promise.all([apps.a?.kill(), apps.b?.kill()]);
    await proxies?.stop();
    disks?.unmount();
    await topology.stop();
  }
}

function start(name: TopologyName): Promise<Topology> {
  return name === 'sentinel' ? startSentinelTopology(SERVER_ARGS) : startClusterTopology(SERVER_ARGS);
}

function planOfApp({ name, replicas }: Topology, entries: AppPlan['addresses'], natMap: AppPlan['natMap']): AppPlan {
  return { kind: name, addresses: entries, natMap, port: 0, replicas };
}

/**
 * One command that is not answered ends a request; those before it were. What must last has bounds of its own, once for what
 * goes before a record and once for the record.
 */
export function boundsWith(slackMs: number): Bounds {
  return {
    useMs: STORE_TIMEOUT_MS + slackMs,
    changeMs: STORE_TIMEOUT_MS + 2 * DURABLE_TIMEOUT_MS + slackMs,
    spreadMs: 2 * HEARTBEAT_MS + STORE_TIMEOUT_MS,
    expirySlackMs: 1_500,
  };
}

async function makeClients({ apps, recorder, random }: Scene): Promise<Client[]> {
  const urlOf = (app: AppName) => apps[app].url;
  const clients: Client[] = [];
  for (let n = 0; n < CLIENTS; n++) {
    const ownerId = `u${n}`;
    const { token } = await apps.a.makeKey('root');
    const client = new Client({ ownerId, urlOf, adminToken: token, recorder, random: random.fork() });
    await client.prepare();
    clients.push(client);
  }
  return clients;
}

async function strikeAll(
  scene: Scene,
  plan: readonly Fault[],
  clients: readonly Client[],
  note: (text: string) => void,
): Promise<Strike[]> {
  const { recorder, random } = scene;
  const strikes: Strike[] = [];
  let isOver = false;
  const pauses = random.fork();
  const acting = clients.map(async (client) => {
    while (!isOver) {
      await client.act();
      await pause(pauses.within(0, PAUSE_MS));
    }
  });
  const failed = Promise.all(acting).then(() => {}); // a client that fails is a fault of the harness
  const striking = (async () => {
    await pause(FIRST_MS);
    for (const fault of plan) {
      const strike = await strikeOnce(scene, fault);
      strikes.push(strike);
      const seconds = ((strike.wholeAt - strike.at) / 1_000).toFixed(1);
      note(`${strikes.length} of ${plan.length}: ${fault.name} (${strike.target}), whole after ${seconds} s`);
      await pause(BETWEEN_MS);
    }
  })();
  try {
    await Promise.race([striking, failed.then(() => striking)]);
  } finally {
    isOver = true;
  }
  await failed;
  recorder.fault = strikes.length - 1;
  return strikes;
}

async function strikeOnce(scene: Scene, fault: Fault): Promise<Strike> {
  const { topology, recorder } = scene;
  const before = await topology.masters();
  const at = recorder.now;
  recorder.fault++;
  const { target, heal } = await fault.strike(scene);
  await heal();
  await topology.mend();
  const healedAt = recorder.now;
  await untilWritten(scene, healedAt);
  const after = await topology.masters();
  const failovers = after.filter((master) => !before.includes(master)).length;
  return { fault: fault.name, topology: topology.name, target, at, healedAt, wholeAt: recorder.now, failovers };
}

/** Each app has acknowledged a change that was asked for since: the clients make some all the time. */
async function untilWritten({ apps, recorder }: Scene, since: number): Promise<void> {
  const deadline = recorder.now + RECOVER_TIMEOUT_MS;
  for (const app of ['a', 'b'] as const) {
    while (!hasWritten(recorder, app, since)) {
      if (recorder.now > deadline) throw new Error(`app ${app} (${apps[app].pid}) does not write again`);
      await pause(20);
    }
  }
}

const CHANGES: ReadonlySet<string> = new Set(['create', 'rotate', 'revoke', 'policy']);

function hasWritten({ operations }: Recorder, app: AppName, since: number): boolean {
  for (let n = operations.length - 1; n >= 0; n--) {
    const operation = operations[n];
    if (operation === undefined || operation.endAt < since) return false;
    if (operation.app === app && operation.at >= since && operation.status < 300 && CHANGES.has(operation.kind)) {
      if (operation.status >= 200) return true;
    }
  }
  return false;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
