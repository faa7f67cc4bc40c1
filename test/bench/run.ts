import { writeFileSync } from 'node:fs';
import { type Measurement, measure } from './load.js';
import { microTable } from './micro.js';
import { type BenchOptions, readOptions, USAGE } from './options.js';
import { type CommandCounts, perRequest } from './redis-commands.js';
import { circumstances, type Round, table } from './report.js';
import { type RunningServer, startServer } from './server-process.js';

/** Time for the compiler to settle before anything counts. */
const WARM_UP_SECONDS = 1.5;

async function main({ contestants, rounds, seconds, connections, node, json }: BenchOptions): Promise<void> {
  const servers: RunningServer[] = [];
  const commandsAtStart: Record<string, CommandCounts> = {};
  try {
    const warmUp: Record<string, Measurement> = {};
    for (const contestant of contestants) {
      note(`start and warm up ${contestant.name}`);
      const server = await startServer(contestant, node);
      servers.push(server);
      commandsAtStart[contestant.name] = await server.redisCommands();
      warmUp[contestant.name] = await measure(server, { connections, seconds: WARM_UP_SECONDS });
    }
    const measured: Round[] = [];
    for (let index = 0; index < rounds; index++) {
      note(`round ${index + 1} of ${rounds}`);
      measured.push(await runRound(rotate(servers, index), { connections, seconds }));
    }
    // Over the whole run, warm-up included: what is written in batches comes between the visits.
    const commandRates: Record<string, CommandCounts> = {};
    for (const server of servers) {
      const { name } = server.contestant;
      const requests = [warmUp, ...measured].reduce((sum, round) => sum + (round[name]?.requests ?? 0), 0);
      commandRates[name] = perRequest(commandsAtStart[name] ?? {}, await server.redisCommands(), requests);
    }
    const { nodeVersion = process.version } = servers[0] ?? {};
    const redisVersion = servers.find((server) => server.redisVersion !== null)?.redisVersion ?? null;
    const facts = circumstances({ nodeVersion, redisVersion, rounds, seconds, connections });
    process.stdout.write(`${table(contestants, measured, commandRates)}\n\n${facts}\n`);
    if (json !== null) writeFileSync(json, `${JSON.stringify({ facts, commandRates, rounds: measured }, null, 2)}\n`);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

async function runRound(servers: readonly RunningServer[], load: Parameters<typeof measure>[1]): Promise<Round> {
  const round: Record<string, Round[string]> = {};
  for (const server of servers) round[server.contestant.name] = await measure(server, load);
  return round;
}

/** Each round begins one further on, so that no contestant always follows the same slow moment. */
function rotate<T>(items: readonly T[], by: number): readonly T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

let options: BenchOptions;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  note(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(2);
}
const run = options.isMicro ? async () => console.log(microTable()) : main;
await run(options).catch((error: unknown) => {
  note(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
