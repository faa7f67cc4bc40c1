import { setTimeout as sleep } from 'node:timers/promises';
import type { Headers } from '../contestant.js';
import { latchkeyRotated } from '../contestants/latchkey.js';
import { KEYS } from '../contestants/thousand-keys.js';
import { atLeast, atMost, count, type Figure, fact, ms } from '../figure.js';
import { Asker } from '../load/ask.js';
import { demandStatuses, generateLoad, type Load, type LoadResult } from '../load/generate-load.js';
import { requestBytes } from '../load/http-request.js';
import type { NodeCommand } from '../nodes.js';
import { type RunningServer, withServer } from '../server-process.js';
import { median } from '../statistics.js';

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
/** As good traffic beside a flood of refused keys. */
const LEAST_RATE = 0.8;
/** Each with a server of its own, whose keys have not been rotated. */
const TIMES = 3;

interface Rotated {
  readonly tookMs: number;
  /** The traffic before, and until all is done. */
  readonly alone: LoadResult;
  readonly during: LoadResult;
}

/** A thousand owners give their keys new secrets, all at once, while the same keys are in use. Medians. */
export async function rotations(node: NodeCommand): Promise<readonly Figure[]> {
  const times: Rotated[] = [];
  while (times.length < TIMES) times.push(await withServer(latchkeyRotated, node, rotateAll));
  const of = (value: (rotated: Rotated) => number) => median(times.map(value));
  const rate = of(({ alone, during }) => during.requestsPerSecond / alone.requestsPerSecond);
  const traffic = 'traffic of half the capacity';
  return [
    fact(
      `${count(KEYS)} owners rotate their keys at once, over as many connections: all done after`,
      ms(of((one) => one.tookMs)),
    ),
    atLeast(`rate of ${traffic}, until they are done, to its rate alone`, rate, LEAST_RATE),
    fact(`p99 of ${traffic}, alone`, ms(of(({ alone }) => alone.p99Ms))),
    atMost(
      `p99 of ${traffic}, until they are done`,
      of(({ during }) => during.p99Ms),
      MOST_P99_MS,
      ms,
    ),
    fact('the longest of it', ms(of(({ during }) => during.maxMs))),
  ];
}

async function rotateAll(server: RunningServer): Promise<Rotated> {
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
  return { tookMs, alone, during };
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
