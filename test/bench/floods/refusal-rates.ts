import type { Headers } from '../contestant.js';
import { atLeast, count, type Figure, fact } from '../figure.js';
import type { LoadOptions, Measure, Measurement, OtherRequests } from '../load/measure.js';
import type { RunningServer } from '../server-process.js';
import { median, spread } from '../statistics.js';
import { garbage, mistyped, wrongSecrets } from './bad-keys.js';

/** A refusal must not cost more than Express's own answer to a path that does not exist. */
const LEAST_OF_404 = 1;
const WARM_UP_SECONDS = 1.5;

interface Kind {
  readonly title: string;
  readonly requests: OtherRequests;
  /** To Express's 404; null: only told. */
  readonly least: number | null;
}

/** One kind in one round, and Express's 404 in the same. */
interface Pair {
  readonly own: Measurement;
  readonly of404: Measurement;
}

/** Rates of refusals by Latchkey, and of its good answers, to Express's 404 of the same round. */
export async function refusalRates(
  measure: Measure,
  express: RunningServer,
  latchkey: RunningServer,
  { rounds, ...load }: LoadOptions & { readonly rounds: number },
): Promise<readonly Figure[]> {
  const notFound: OtherRequests = { path: '/nothing', headers: express.accepted, statuses: [404] };
  const kinds = kindsFor(latchkey.accepted.slice(0, load.connections));
  const warmUp = { ...load, seconds: WARM_UP_SECONDS };
  await measure(express, warmUp, notFound);
  for (const { requests } of kinds) await measure(latchkey, warmUp, requests);

  const measured = new Map(kinds.map((kind) => [kind, [] as Pair[]]));
  for (let round = 0; round < rounds; round++) {
    const of404 = await measure(express, load, notFound);
    for (const [kind, pairs] of measured) pairs.push({ own: await measure(latchkey, load, kind.requests), of404 });
  }
  const [first = []] = measured.values();
  const rate = median(first.map(({ of404 }) => of404.requestsPerSecond));
  const cpu = median(first.map(({ of404 }) => of404.cpuUsPerRequest));
  return [
    fact("bare Express's 404", `${count(rate)} requests/s, ${cpu.toFixed(0)} µs of CPU`),
    ...Array.from(measured, ([kind, pairs]) => figureOf(kind, pairs)),
  ];
}

function kindsFor(good: readonly Headers[]): readonly Kind[] {
  const at = (headers: readonly Headers[], ...statuses: number[]) => ({ path: '/orders', headers, statuses });
  return [
    { title: 'text that is no key', requests: at(garbage(good.length), 401), least: LEAST_OF_404 },
    { title: 'keys with a wrong checksum', requests: at(mistyped(good.length), 401), least: LEAST_OF_404 },
    { title: 'wrong secrets of known ids', requests: at(wrongSecrets(good), 401, 429), least: null },
    { title: 'good keys', requests: at(good, 200), least: null },
  ];
}

function figureOf({ title, least }: Kind, pairs: readonly Pair[]): Figure {
  const ratio = spread(pairs.map(({ own, of404 }) => own.requestsPerSecond / of404.requestsPerSecond));
  const cpu = median(pairs.map(({ own }) => own.cpuUsPerRequest));
  const what = `${title}: rate to that of bare Express's 404`;
  const quartiles = `${ratio.lower.toFixed(2)} to ${ratio.upper.toFixed(2)}`;
  const measured = `${ratio.median.toFixed(2)} (${quartiles}), ${cpu.toFixed(0)} µs of CPU`;
  return least === null ? fact(what, measured) : { ...atLeast(what, ratio.median, least), measured };
}
