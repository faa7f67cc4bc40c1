import { setTimeout as sleep } from 'node:timers/promises';
import { CACHED_KEYS, latchkeyCached } from '../contestants/latchkey.js';
import { atMost, count, type Figure, fact } from '../figure.js';
import { demandStatuses, generateLoad } from '../load/generate-load.js';
import { requestBytes } from '../load/http-request.js';
import type { NodeCommand } from '../nodes.js';
import { type RunningServer, withServer } from '../server-process.js';

const MOST_MB = 100;
const MB = 1_048_576;
const CONNECTIONS = 32;
const PASS_SECONDS = 60;
/** What was counted of the keys is written every 5 s, and takes memory until then: it is, when so long nothing was. */
const QUIET_MS = 6_000;
const MOST_LOOKS = 20;
/** Collecting the garbage of so many keys stops the process for so long that its feed counts as lost, and the cache is emptied. */
const FEED_BACK_MS = 5_000;

/** A busy process loses its feed on the way, too: then those that are missing are read again, so often at most. */
const MOST_PASSES = 4;
/** In the end so many are asked for once more, to see that they are cached still. */
const PROBED = 1_000;

/** What the cache takes when it holds 100,000 keys that were used over HTTP. */
export function cachedMemory(node: NodeCommand): Promise<readonly Figure[]> {
  return withServer(latchkeyCached, node, async (server) => {
    const before = await server.memory();
    await sleep(FEED_BACK_MS);
    const first = await use(server, CACHED_KEYS);
    for (let pass = 1; (await use(server, CACHED_KEYS)).reads > CACHED_KEYS / 100; pass++) {
      if (pass === MOST_PASSES) throw new Error(`${CACHED_KEYS} keys were not all cached after ${pass} passes`);
    }
    await untilUsageWritten(server);
    const { reads } = await use(server, PROBED);
    if (reads > PROBED / 100)
      throw new Error(`${reads} of ${PROBED} keys were no longer cached: the machine is too busy`);
    const after = await server.memory();
    const grown = after.heapBytes - before.heapBytes;
    const megabytes = (value: number) => `${value.toFixed(0)} MB`;
    return [
      atMost(`heap taken by ${count(CACHED_KEYS)} cached keys`, grown / MB, MOST_MB, megabytes),
      fact('a cached key', `${(grown / CACHED_KEYS).toFixed(0)} bytes`),
      fact('requests answered with 503 while all of them came for the first time', count(first.unavailable)),
      fact('RSS of that process', megabytes(after.rssBytes / MB)),
    ];
  });
}

/** Each of the first `keys` keys, once. */
async function use(
  server: RunningServer,
  keys: number,
): Promise<{ readonly reads: number; readonly unavailable: number }> {
  const { GET: before = 0 } = await server.redisCommands();
  let next = 0;
  const result = await generateLoad({
    port: server.port,
    connections: CONNECTIONS,
    seconds: PASS_SECONDS,
    requests: keys,
    next: () => requestBytes({ headers: server.accepted[next++] ?? {} }),
  });
  demandStatuses('cached keys', result, [200, 503]);
  const { GET: after = 0 } = await server.redisCommands();
  return { reads: after - before, unavailable: result.statuses[503] ?? 0 };
}

async function untilUsageWritten(server: RunningServer): Promise<void> {
  let before = -1;
  for (let look = 0; look < MOST_LOOKS; look++) {
    const { EVALSHA: written = 0 } = await server.redisCommands();
    if (written === before) return;
    before = written;
    await sleep(QUIET_MS);
  }
  throw new Error(`the usage of ${CACHED_KEYS} keys was not written within ${(MOST_LOOKS * QUIET_MS) / 1_000} s`);
}
