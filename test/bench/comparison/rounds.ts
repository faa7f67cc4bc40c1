import type { Contestant, Memory } from '../contestant.js';
import { type LoadOptions, type Measure, type Measurement, withMeasure } from '../load/measure.js';
import type { NodeCommand } from '../nodes.js';
import { note } from '../note.js';
import { type CommandCounts, perRequest } from '../redis-commands.js';
import { type RunningServer, startServer } from '../server-process.js';
import { median } from '../statistics.js';

/** Time for the compiler to settle before anything counts. */
export const WARM_UP_SECONDS = 3;
/** Two processes of the same code differ, by where things lie in memory and what was compiled when: so each is started twice. */
export const STARTS = 2;

/** So many contestants are measured between two visits to the baseline: the machine's speed changes within seconds. */
const BETWEEN_BASELINES = 3;

/** What a contestant was measured at once in a round. */
export interface Visit {
  readonly name: string;
  readonly own: Measurement;
  /** Of the baseline before and after it, in the middle. */
  readonly baseline: Pick<Measurement, 'requestsPerSecond' | 'cpuUsPerRequest'>;
}

/** Everything between a start of all servers and their end. */
export interface Start {
  /** In the order of time. */
  readonly visits: readonly Visit[];
  /** Redis commands per request, by the contestant's name, over everything that was sent. */
  readonly commandRates: Readonly<Record<string, CommandCounts>>;
  /** At the end, by the contestant's name. */
  readonly memory: Readonly<Record<string, Memory>>;
}

export interface Comparison {
  readonly node: NodeCommand;
  readonly redisVersion: string | null;
  readonly contestants: readonly Contestant[];
  readonly starts: readonly Start[];
}

export interface ComparisonOptions extends LoadOptions {
  /** The first is the baseline. */
  readonly contestants: readonly Contestant[];
  /** In all starts together. */
  readonly rounds: number;
}

/** Every round visits all contestants, one after the other, and the baseline in between. */
export function compare(node: NodeCommand, options: ComparisonOptions): Promise<Comparison> {
  return withMeasure((measure) => compareBy(measure, node, options));
}

async function compareBy(measure: Measure, node: NodeCommand, options: ComparisonOptions): Promise<Comparison> {
  const { contestants, rounds } = options;
  const starts: Start[] = [];
  let redisVersion: string | null = null;
  const most = Math.min(STARTS, rounds);
  for (let index = 0; index < most; index++) {
    const servers: RunningServer[] = [];
    try {
      const share = Math.ceil((rounds - index) / most);
      note(`Node ${node.version}: start ${index + 1} of ${most}, ${share} rounds`);
      starts.push(await runStart(measure, servers, node, { ...options, rounds: share }));
      redisVersion = servers.find((server) => server.redisVersion !== null)?.redisVersion ?? null;
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  }
  return { node, redisVersion, contestants, starts };
}

async function runStart(
  measure: Measure,
  servers: RunningServer[],
  node: NodeCommand,
  { contestants, rounds, ...load }: ComparisonOptions,
): Promise<Start> {
  const atStart: Record<string, CommandCounts> = {};
  const warmUps: Measurement[] = [];
  for (const contestant of contestants) {
    note(`  ${contestant.name}`);
    const server = await startServer(contestant, node);
    servers.push(server);
    atStart[contestant.name] = await server.redisCommands();
    warmUps.push(await measure(server, { ...load, seconds: WARM_UP_SECONDS }));
  }
  const [baseline, ...others] = servers;
  const measured = (server: RunningServer) => measure(server, load);
  const visits: Visit[] = [];
  for (let index = 0; index < rounds; index++) {
    visits.push(...(await runRound(measured, baseline as RunningServer, rotate(others, index))));
  }

  const commandRates: Record<string, CommandCounts> = {};
  const memory: Record<string, Memory> = {};
  for (const [index, server] of servers.entries()) {
    const { name } = server.contestant;
    const own = visits.filter((visit) => visit.name === name);
    // Over the whole run, warm-up included: what is written in batches comes between the visits.
    const sent = own.reduce((sum, visit) => sum + visit.own.sent, warmUps[index]?.sent ?? 0);
    commandRates[name] = perRequest(atStart[name] ?? {}, await server.redisCommands(), sent);
    memory[name] = await server.memory();
  }
  return { visits, commandRates, memory };
}

/** The baseline, some others, the baseline, and so on; it is also the last. */
async function runRound(
  measured: (server: RunningServer) => Promise<Measurement>,
  baseline: RunningServer,
  others: readonly RunningServer[],
): Promise<Visit[]> {
  const visitBaseline = async (): Promise<Visit> => {
    const own = await measured(baseline);
    return { name: baseline.contestant.name, own, baseline: own };
  };
  let before = await visitBaseline();
  const visits = [before];
  for (let first = 0; first < others.length; first += BETWEEN_BASELINES) {
    const group: [name: string, own: Measurement][] = [];
    for (const server of others.slice(first, first + BETWEEN_BASELINES)) {
      group.push([server.contestant.name, await measured(server)]);
    }
    const after = await visitBaseline();
    const between = middle(before.own, after.own);
    visits.push(...group.map(([name, own]) => ({ name, own, baseline: between })), after);
    before = after;
  }
  return visits;
}

function middle(one: Measurement, other: Measurement): Visit['baseline'] {
  return {
    requestsPerSecond: (one.requestsPerSecond + other.requestsPerSecond) / 2,
    cpuUsPerRequest: (one.cpuUsPerRequest + other.cpuUsPerRequest) / 2,
  };
}

/** So many visits has a round of so many contestants, the baseline among them. */
export function visitsPerRound(contestants: number): number {
  return contestants + Math.ceil((contestants - 1) / BETWEEN_BASELINES);
}

/** Each round begins one further on, so that no contestant always follows the same slow moment. */
function rotate<T>(items: readonly T[], by: number): readonly T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

/** Of what all starts have of a contestant, the median. */
export function acrossStarts(starts: readonly Start[], pick: (start: Start) => number | undefined): number {
  return median(starts.map((start) => pick(start) ?? Number.NaN));
}
