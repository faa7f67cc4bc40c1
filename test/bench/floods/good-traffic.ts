import { setTimeout as sleep } from 'node:timers/promises';
import type { Headers } from '../contestant.js';
import { atLeast, type Figure, fact, ms } from '../figure.js';
import { demandStatuses, generateLoad, type LoadResult } from '../load/generate-load.js';
import { type PreparedLoad, prepareLoad } from '../load/generator-process.js';
import { requestBytes } from '../load/http-request.js';
import type { RunningServer } from '../server-process.js';
import { median, spread } from '../statistics.js';
import { mistyped, wrongSecrets } from './bad-keys.js';

/** What good traffic asks for, of what the server can do when it is alone. */
const LOAD = 0.5;
/** Where good traffic fills the server, the flood's requests for each good one of it alone: there is no time left for them. */
const SHARE = 0.2;
const LEAST_LEFT = 0.8;
const ROUNDS = 6;
const SECONDS = 1.5;
/** The flood begins so much before the good traffic, and ends so much after it, in s. */
const AROUND_SECONDS = 0.3;

interface Kind {
  readonly title: string;
  /** What is sent: these, or as many strangers as there are requests. */
  readonly headers: readonly Headers[] | null;
  /** Where it is sent, and answered so; default: to the guarded route. */
  readonly elsewhere?: { readonly path: string; readonly status: number };
  /** Good traffic fills the server, so the flood is bounded. Else it has `LOAD`, and the flood as many as are answered. */
  readonly isFull?: true;
}

/** Of one round. */
interface Beside {
  /** Good traffic that fills the server. */
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
  const checksum = { title: 'keys with a wrong checksum', headers: mistyped(connections) };
  const unknown = { title: 'unknown ids, all different', headers: null };
  const secret = { title: 'wrong secrets of known ids', headers: wrongSecrets(server.accepted.slice(0, connections)) };
  const elsewhere = { path: '/nothing', status: 404 };
  const control = { title: 'nothing that is ours, but 404s of Express', headers: [{}], elsewhere };
  const full = [checksum, unknown, control].map((kind) => ({ ...kind, isFull: true }) as const);
  return [checksum, unknown, secret, control, ...full];
}

async function beside(server: RunningServer, kind: Kind, connections: number): Promise<Beside> {
  const alone = await goodLoad(server, connections);
  const { requestsPerSecond } = alone;
  const prepared = await prepareFlood(server, kind, connections, requestsPerSecond);
  const asked = kind.isFull ? undefined : LOAD * requestsPerSecond;
  const later = sleep(AROUND_SECONDS * 1_000).then(() => goodLoad(server, connections, asked));
  const [flood, during] = await Promise.all([prepared.run(), later]);
  demandStatuses(kind.title, flood, kind.elsewhere === undefined ? [401, 429] : [kind.elsewhere.status]);
  return { alone, during, flood };
}

function figureOf({ title, elsewhere, isFull }: Kind, all: readonly Beside[]): Figure {
  const load = isFull ? 1 : LOAD;
  const left = spread(all.map(({ alone, during }) => during.requestsPerSecond / (load * alone.requestsPerSecond)));
  const share = median(all.map(({ alone, flood }) => flood.requestsPerSecond / alone.requestsPerSecond)).toFixed(2);
  const good = isFull ? 'fills the server' : `asks for ${LOAD} of what the server can do`;
  const bound = isFull ? '' : ', which is all that it is answered';
  const what = `what is left of good traffic that ${good}, beside a flood at ${share} of it${bound}: ${title}`;
  const p99 = ms(median(all.map(({ during }) => during.p99Ms)));
  const measured = `${left.median.toFixed(2)} (${left.lower.toFixed(2)} to ${left.upper.toFixed(2)}); p99 ${p99}`;
  const isTold = isFull || elsewhere !== undefined;
  return isTold ? fact(what, measured) : { ...atLeast(what, left.median, LEAST_LEFT), measured };
}

/** @param perSecond default: as many as are answered. */
async function goodLoad(server: RunningServer, connections: number, perSecond?: number): Promise<LoadResult> {
  const requests = server.accepted.slice(0, connections).map((headers) => requestBytes({ headers }));
  const next = (connection: number) => requests[connection % requests.length] as Buffer;
  const load = { port: server.port, connections, seconds: SECONDS, next };
  const result = await generateLoad(perSecond === undefined ? load : { ...load, perSecond });
  demandStatuses('good traffic', result, [200]);
  return result;
}

function prepareFlood(
  server: RunningServer,
  { headers, elsewhere, isFull }: Kind,
  connections: number,
  goodRate: number,
): Promise<PreparedLoad> {
  const seconds = SECONDS + 2 * AROUND_SECONDS;
  const perSecond = isFull ? SHARE * goodRate : undefined;
  return prepareLoad({
    port: server.port,
    connections,
    seconds,
    ...(perSecond !== undefined && { perSecond }),
    ...(elsewhere !== undefined && { path: elsewhere.path }),
    ...(headers === null ? { strangers: Math.ceil(seconds * (perSecond ?? 2 * goodRate)) } : { headers }),
  });
}

export const GOOD_TRAFFIC_SECONDS = ROUNDS * 7 * (2 * SECONDS + 2 * AROUND_SECONDS + 0.5);
