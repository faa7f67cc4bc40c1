import { atLeast, atMost, type Figure } from '../figure.js';
import type { Row } from './summary.js';

/** To bare Express: the least ratio, and the most CPU added, in us. */
const TARGETS: Readonly<Record<string, { readonly ratio: number; readonly addedCpuUs?: number }>> = {
  latchkey: { ratio: 0.95, addedCpuUs: 5 },
  'latchkey-permission': { ratio: 0.95, addedCpuUs: 5 },
  'latchkey-passport': { ratio: 0.92, addedCpuUs: 8 },
  'latchkey-passport-permission': { ratio: 0.92, addedCpuUs: 8 },
  'latchkey-session-token': { ratio: 0.82 },
  'latchkey-session-cookie': { ratio: 0.78 },
};
/** To better-auth on Redis: the least of its rate, and the most of the CPU that it adds. */
const PEER = 'better-auth-redis';
const LEAST_OF_PEER = 3.4;
const MOST_CPU_OF_PEER = 1 / 40;

const micros = (value: number) => `${value.toFixed(1)} µs`;

/** How far the rows that were measured are from what they should reach. */
export function targetFigures(rows: readonly Row[]): readonly Figure[] {
  const own = rows.flatMap(({ name, ratio, addedCpuUs }) => {
    const target = TARGETS[name];
    if (target === undefined) return [];
    const rate = atLeast(`${name}: ratio`, ratio.median, target.ratio);
    if (target.addedCpuUs === undefined) return [rate];
    return [rate, atMost(`${name}: CPU added`, addedCpuUs.median, target.addedCpuUs, micros)];
  });
  const latchkey = rows.find(({ name }) => name === 'latchkey');
  const peer = rows.find(({ name }) => name === PEER);
  if (latchkey === undefined || peer === undefined) return own;
  const most = peer.addedCpuUs.median * MOST_CPU_OF_PEER;
  return [
    ...own,
    atLeast(`latchkey: rate to that of ${PEER}`, latchkey.ratio.median / peer.ratio.median, LEAST_OF_PEER),
    atMost(`latchkey: CPU added, to a fortieth of ${PEER}'s`, latchkey.addedCpuUs.median, most, micros),
  ];
}
