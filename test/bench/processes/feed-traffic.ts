import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createLatchkey } from 'latchkey';
import { RedisStore } from 'latchkey/redis';
import { commandsText } from '../comparison/report.js';
import type { Headers } from '../contestant.js';
import { type Figure, fact } from '../figure.js';
import { Asker } from '../load/ask.js';
import { CommandCounter, perRequest } from '../redis-commands.js';
import { startByteRelay } from './byte-relay.js';
import type { RunningCluster } from './cluster-process.js';
import { revoke } from './revocations.js';

/** Time in which a feed that has nothing to tell says what it always says. */
const IDLE_MS = 5_000;
/** The last change is told by then. */
const LAST_MS = 200;

/** What a process that does nothing else hears of each change, and what each change asks of Redis. */
export async function feedTraffic(cluster: RunningCluster, keys: readonly Headers[]): Promise<readonly Figure[]> {
  const relay = await startByteRelay(cluster.redis.port);
  const client = new Redis(relay.port, '127.0.0.1');
  const latchkey = createLatchkey({ store: new RedisStore(client) });
  const counter = new CommandCounter(cluster.redis.url);
  const asker = new Asker(cluster.ownPorts[0] ?? 0);
  try {
    await latchkey.ready();
    const idleFrom = relay.bytesFromTarget;
    await sleep(IDLE_MS);
    const idlePerMs = (relay.bytesFromTarget - idleFrom) / IDLE_MS;

    const before = await counter.read();
    const from = relay.bytesFromTarget;
    const startedAt = performance.now();
    for (const key of keys) await revoke(asker, key, cluster.admin);
    await sleep(LAST_MS);
    const tookMs = performance.now() - startedAt;
    const bytes = (relay.bytesFromTarget - from - idlePerMs * tookMs) / keys.length;
    const commands = perRequest(before, await counter.read(), keys.length);
    return [
      fact('feed: bytes to each process, when nothing changes', `${(idlePerMs * 1_000).toFixed(0)} a second`),
      fact('feed: bytes to each process, for each change', bytes.toFixed(0)),
      fact('Redis commands for each revocation, of the process that makes it', commandsText(commands)),
    ];
  } finally {
    asker.close();
    counter.close();
    await latchkey.close();
    client.disconnect();
    await relay.stop();
  }
}
