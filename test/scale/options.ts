import { parseArgs } from 'node:util';

export interface ScaleOptions {
  /** Numbers of keys, ascending; each gets a redis-server of its own. */
  readonly sizes: readonly number[];
  /** With the most keys; with fewer keys in proportion. */
  readonly sessions: number;
  /** Visits of every size, in which every operation is called `calls` times. */
  readonly rounds: number;
  readonly calls: number;
  /** Where the measurements go, as JSON. */
  readonly json: string | null;
}

export const USAGE = `npm run scale -- [options]
  --keys N,...    numbers of keys to compare; default 1000,100000,1000000
  --sessions N    beside the most keys; default 100000
  --rounds N      each visits every size; default 25
  --calls N       of every operation in each visit, one after the other; default 20
  --json file     write every measurement`;

/** Visits before those that count, for the compiler to settle. */
export const WARM_UP_ROUNDS = 2;
const FEWEST_KEYS = 1_000;
const MOST_KEYS = 10_000_000;
const FEWEST_SESSIONS = 1_000;

/** @throws TypeError for what it cannot read. */
export function readOptions(args: string[]): ScaleOptions {
  const { values } = parseArgs({
    args,
    options: {
      keys: { type: 'string', default: '1000,100000,1000000' },
      sessions: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '25' },
      calls: { type: 'string', default: '20' },
      json: { type: 'string' },
    },
  });
  const sizes = values.keys.split(',').map((text) => whole('keys', text, FEWEST_KEYS, MOST_KEYS));
  const rounds = whole('rounds', values.rounds, 1, 1_000);
  const calls = whole('calls', values.calls, 1, 1_000);
  if ((rounds + WARM_UP_ROUNDS) * calls > FEWEST_KEYS) {
    const most = `${WARM_UP_ROUNDS} more than --rounds, times --calls, must be at most ${FEWEST_KEYS}`;
    throw new TypeError(`${most}: each call verifies another key, for the first time`);
  }
  return {
    sizes: sizes.toSorted((a, b) => a - b),
    sessions: whole('sessions', values.sessions, FEWEST_SESSIONS, MOST_KEYS),
    rounds,
    calls,
    json: values.json ?? null,
  };
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new TypeError(`--${name} takes whole numbers from ${least} to ${most}`);
}
