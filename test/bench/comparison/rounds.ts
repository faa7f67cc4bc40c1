import type { Contestant, Memory } from '../contestant.js';
import { type LoadOptions, type Measurement, measure } from '../load/measure.js';
import type { NodeCommand } from '../nodes.js';
import { note } from '../note.js';
import { type CommandCounts, perRequest } from '../redis-commands.js';
import { type RunningServer, startServer } from '../server-process.js';
import { median } from '../statistics.js';

/** Time for the compiler to settle before anything counts. */
export const WARM_UP_SECONDS = 1.5;
/** Two processes of the same code differ, by where things lie in memory and what was compiled when: so each is started twice. */
export const STARTS = 2;

/** One round: what was measured, by the contestant's name. */
export type Round = Readonly<Record<string, Measurement>>;

/** The rounds between a start of all servers and their end. */
export interface Start {
  readonly rounds: readonly Round[];
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
  readonly contestants: readonly Contestant[];
  /** Of each contestant, in all starts together. */
  readonly rounds: number;
}

/** Every round visits all contestants, one after the other. */
export async function compare(node: NodeCommand, options: ComparisonOptions): Promise<Comparison> {
  const { contestants, rounds } = options;
  const starts: Start[] = [];
  let redisVersion: string | null = null;
  const most = Math.min(STARTS, rounds);
  for (let index = 0; index < most; index++) {
    const servers: RunningServer[] = [];
    try {
      const share = Math.ceil((rounds - index) / most);
      note(`Node ${node.version}: start ${index + 1} of ${most}, ${share} rounds`);
      starts.push(await runStart(servers, node, { ...options, rounds: share }));
      redisVersion = servers.find((server) => server.redisVersion !== null)?.redisVersion ?? null;
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
    }
  }
  return { node, redisVersion, contestants, starts };
}

async function runStart(
  servers: RunningServer[],
  node: NodeCommand,
  { contestants, rounds, ...load }: ComparisonOptions,
): Promise<Start> {
  const atStart: Record<string, CommandCounts> = {};
  const warmUp: Record<string, Measurement> = {};
  for (const contestant of contestants) {
    note(`  ${contestant.name}`);
    const server = await startServer(contestant, node);
    servers.push(server);
    atStart[contestant.name] = await server.redisCommands();
    warmUp[contestant.name] = await measure(server, { ...load, seconds: WARM_UP_SECONDS });
  }
  const measured: Round[] = [];
  for (let index = 0; index < rounds; index++) measured.push(await runRound(rotate(servers, index), load));

  const commandRates: Record<string, CommandCounts> = {};
  const memory: Record<string, Memory> = {};
  for (const server of servers) {
    const { name } = server.contestant;
    // Over the whole run, warm-up included: what is written in batches comes between the visits.
    const requests = [warmUp, ...measured].reduce((sum, round) => sum + (round[name]?.requests ?? 0), 0);
    commandRates[name] = perRequest(atStart[name] ?? {}, await server.redisCommands(), requests);
    memory[name] = await server.memory();
  }
  return { rounds: measured, commandRates, memory };
}

async function runRound(servers: readonly RunningServer[], load: LoadOptions): Promise<Round> {
  const round: Record<string, Measurement> = {};
  for (const server of servers) round[server.contestant.name] = await measure(server, load);
  return round;
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
