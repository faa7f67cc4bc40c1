import { setTimeout as sleep } from 'node:timers/promises';
import type { Headers } from '../contestant.js';
import { atLeast, type Figure, fact, ms } from '../figure.js';
import { demandStatuses, generateLoad, type LoadResult } from '../load/generate-load.js';
import { type PreparedLoad, prepareLoad } from '../load/generator-process.js';
import { requestBytes } from '../load/http-request.js';
import type { RunningServer } from '../server-process.js';
import { median, spread } from '../statistics.js';
import { mistyped, wrongSecrets } from './bad-keys.js';

/** Bad requests for each good one that the server answers when it is alone: it has no time left for them. */
const SHARE = 0.2;
const LEAST_LEFT = 0.8;
const ROUNDS = 10;
const SECONDS = 1.5;
/** The flood begins so much before the good traffic, and ends so much after it, in s. */
const AROUND_SECONDS = 0.3;

interface Kind {
  readonly title: string;
  /** What is sent: these, or as many strangers as there are requests. */
  readonly headers: readonly Headers[] | null;
  /** Requests for each good one; null: as many as are answered. */
  readonly share: number | null;
}

/** Of one round. */
interface Beside {
  readonly alone: LoadResult;
  readonly during: LoadResult;
  readonly flood: LoadResult;
}

/** The rate of good traffic while a flood runs, to its rate alone just before: from as many connections, of another process. */
export async function goodTraffic(server: RunningServer, connections: number): Promise<readonly Figure[]> {
  const measured = new Map(kindsFor(server, connections).map((kind) => [kind, [] as Beside[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [kind, besides] of measured) besides.push(await beside(server, kind, connections));
  }
  const p99 = median([...measured.values()].flat().map(({ alone }) => alone.p99Ms));
  return [fact('p99 of good traffic alone', ms(p99)), ...Array.from(measured, ([kind, all]) => figureOf(kind, all))];
}

function kindsFor(server: RunningServer, connections: number): readonly Kind[] {
  const known = server.accepted.slice(0, connections);
  return [
    { title: 'keys with a wrong checksum', headers: mistyped(connections), share: SHARE },
    { title: 'unknown ids, all different', headers: null, share: SHARE },
    { title: 'wrong secrets of known ids', headers: wrongSecrets(known), share: SHARE },
    { title: 'unknown ids, all different', headers: null, share: null },
  ];
}

async function beside(server: RunningServer, kind: Kind, connections: number): Promise<Beside> {
  const alone = await goodLoad(server, connections);
  const prepared = await prepareFlood(server, kind, connections, alone.requestsPerSecond);
  const later = sleep(AROUND_SECONDS * 1_000).then(() => goodLoad(server, connections));
  const [flood, during] = await Promise.all([prepared.run(), later]);
  demandStatuses(kind.title, flood, [401, 429]);
  return { alone, during, flood };
}

function figureOf({ title, share }: Kind, all: readonly Beside[]): Figure {
  const left = spread(all.map(({ alone, during }) => during.requestsPerSecond / alone.requestsPerSecond));
  const floodShare = median(all.map(({ alone, flood }) => flood.requestsPerSecond / alone.requestsPerSecond)).toFixed(
    2,
  );
  const how = share === null ? `with no bound (${floodShare} of it)` : `at ${floodShare} of it`;
  const what = `rate of good traffic that fills the server, to its rate alone, beside a flood ${how}: ${title}`;
  const p99 = ms(median(all.map(({ during }) => during.p99Ms)));
  const measured = `${left.median.toFixed(2)} (${left.lower.toFixed(2)} to ${left.upper.toFixed(2)}); p99 ${p99}`;
  return share === null ? fact(what, measured) : { ...atLeast(what, left.median, LEAST_LEFT), measured };
}

async function goodLoad(server: RunningServer, connections: number): Promise<LoadResult> {
  const requests = server.accepted.slice(0, connections).map((headers) => requestBytes({ headers }));
  const next = (connection: number) => requests[connection % requests.length] as Buffer;
  const result = await generateLoad({ port: server.port, connections, seconds: SECONDS, next });
  demandStatuses('good traffic', result, [200]);
  return result;
}

function prepareFlood(
  server: RunningServer,
  { headers, share }: Kind,
  connections: number,
  goodRate: number,
): Promise<PreparedLoad> {
  const seconds = SECONDS + 2 * AROUND_SECONDS;
  const perSecond = share === null ? undefined : share * goodRate;
  return prepareLoad({
    port: server.port,
    connections,
    seconds,
    ...(perSecond !== undefined && { perSecond }),
    ...(headers === null ? { strangers: Math.ceil(seconds * (perSecond ?? 2 * goodRate)) } : { headers }),
  });
}

export const GOOD_TRAFFIC_SECONDS = ROUNDS * 4 * (2 * SECONDS + 2 * AROUND_SECONDS + 0.5);
