import { commandsText } from '../comparison/report.js';
import { atMost, count, type Figure, fact } from '../figure.js';
import { demandStatuses } from '../load/generate-load.js';
import { prepareLoad } from '../load/generator-process.js';
import { perRequest } from '../redis-commands.js';
import type { RunningServer } from '../server-process.js';

/** Fewer than the 10,000 unknown ids that are remembered, so that each is still known to be unknown when it comes again. */
const DISTINCT = 5_000;
const TIMES_EACH = 3;
/** `cache.unknownAgeMs`: for so long an unknown id is not looked up again. */
const NEGATIVE_LIFE_SECONDS = 5;
/** By then the heap is as large as it gets: three times what is remembered. */
const FIRST_FLOOD = 30_000;
const SECOND_FLOOD = 100_000;
const MOST_GROWTH_MB = 4;
const FLOOD_SECONDS = 120;
const MB = 1_048_576;

/** What a flood of well-formed keys that nobody has made takes of Redis. Wants a server that has not seen any for a while. */
export async function unknownIdLookups(server: RunningServer, connections: number): Promise<readonly Figure[]> {
  const flood = await prepareLoad({
    port: server.port,
    connections,
    seconds: FLOOD_SECONDS,
    requests: DISTINCT * TIMES_EACH,
    strangers: DISTINCT,
  });
  const before = await server.redisCommands();
  const startedAt = performance.now();
  const result = await flood.run();
  const seconds = (performance.now() - startedAt) / 1_000;
  demandStatuses('unknown ids', result, [401, 429]);
  const perId = perRequest(before, await server.redisCommands(), DISTINCT);
  const lookups = Number((perId.GET ?? 0).toFixed(2)); // a read or two are of something else
  if (lookups < 0.5)
    throw new Error(`a flood of ${DISTINCT} unknown ids was looked up ${lookups} times each: it is none`);
  const what = `Redis reads per distinct unknown id, each sent ${TIMES_EACH} times`;
  const isInLife = seconds < NEGATIVE_LIFE_SECONDS;
  return [
    isInLife
      ? atMost(what, lookups, 1)
      : fact(`${what}, in ${seconds.toFixed(1)} s: longer than their negative life`, lookups.toFixed(2)),
    fact('all Redis commands per distinct id', commandsText(perId)),
  ];
}

/** Whether the heap stops growing. */
export async function unknownIdMemory(server: RunningServer, connections: number): Promise<readonly Figure[]> {
  const flood = async (strangers: number) => {
    const load = { port: server.port, connections, seconds: FLOOD_SECONDS, requests: strangers, strangers };
    demandStatuses('unknown ids', await (await prepareLoad(load)).run(), [401, 429]);
    return (await server.memory()).heapBytes / MB;
  };
  const before = (await server.memory()).heapBytes / MB;
  const first = await flood(FIRST_FLOOD);
  const second = await flood(SECOND_FLOOD);
  const megabytes = (value: number) => `${value.toFixed(1)} MB`;
  return [
    fact(`heap taken by ${count(FIRST_FLOOD)} distinct unknown ids`, megabytes(first - before)),
    atMost(`heap taken by ${count(SECOND_FLOOD)} more`, second - first, MOST_GROWTH_MB, megabytes),
  ];
}
