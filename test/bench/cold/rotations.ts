import { setTimeout as sleep } from 'node:timers/promises';
import type { Headers } from '../contestant.js';
import { latchkeyRotated } from '../contestants/latchkey.js';
import { atMost, count, type Figure, fact, ms } from '../figure.js';
import { Asker } from '../load/ask.js';
import { demandStatuses, generateLoad, type Load } from '../load/generate-load.js';
import { requestBytes } from '../load/http-request.js';
import type { NodeCommand } from '../nodes.js';
import { type RunningServer, withServer } from '../server-process.js';

const CONNECTIONS = 32;
const WARM_UP_SECONDS = 1.5;
const ALONE_SECONDS = 3;
/** The traffic is half of what the server can answer. */
const OF_CAPACITY = 0.5;
const MOST_SECONDS = 60;
/** The traffic runs so long before the rotations, in ms. */
const BEFORE_MS = 200;
/** The traffic's own secrets are rotated too: they go on for that long. */
const GRACE_SECONDS = 600;
/** A person would call a longer wait a stall. */
const MOST_P99_MS = 250;

/** A thousand owners give their keys new secrets, all at once, while the same keys are in use. */
export function rotations(node: NodeCommand): Promise<readonly Figure[]> {
  return withServer(latchkeyRotated, node, async (server) => {
    const traffic = trafficTo(server);
    const { requestsPerSecond } = await generateLoad({ ...traffic, seconds: WARM_UP_SECONDS });
    const paced: Omit<Load, 'seconds'> = { ...traffic, perSecond: requestsPerSecond * OF_CAPACITY };
    const alone = await generateLoad({ ...paced, seconds: ALONE_SECONDS });

    let isOver = false;
    const running = generateLoad({ ...paced, seconds: MOST_SECONDS, isOver: () => isOver });
    await sleep(BEFORE_MS);
    const startedAt = performance.now();
    const statuses = await Promise.all(server.accepted.map((headers) => rotate(server.port, headers))).finally(() => {
      isOver = true;
    });
    const tookMs = performance.now() - startedAt;
    const during = await running;
    demandStatuses('traffic beside rotations', during, [200]);
    const done = statuses.filter((status) => status === 200).length;
    if (done < statuses.length) throw new Error(`only ${done} of ${statuses.length} rotations were done`);
    const what = 'p99 of traffic of half the capacity';
    return [
      fact(`${count(done)} owners rotate their keys at once, over as many connections: all done after`, ms(tookMs)),
      fact(`${what}, alone`, ms(alone.p99Ms)),
      atMost(`${what}, until they are done`, during.p99Ms, MOST_P99_MS, ms),
      fact('the longest of it', ms(during.maxMs)),
    ];
  });
}

function trafficTo(server: RunningServer): Omit<Load, 'seconds'> {
  const requests = server.accepted.slice(0, CONNECTIONS).map((headers) => requestBytes({ headers }));
  const next = (connection: number) => requests[connection] as Buffer;
  return { port: server.port, connections: CONNECTIONS, next };
}

async function rotate(port: number, headers: Headers): Promise<number> {
  const id = headers['X-API-Key']?.split('_')[1];
  const path = `/auth/api-keys/${id}/rotate`;
  const asker = new Asker(port);
  try {
    return await asker.ask(requestBytes({ method: 'POST', path, headers, body: { graceSeconds: GRACE_SECONDS } }));
  } finally {
    asker.close();
  }
}
