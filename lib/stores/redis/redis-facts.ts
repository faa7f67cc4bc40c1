import type { Redis } from 'ioredis';
import { type Probe, rightProbes } from './redis-rights.js';

/** What one node of Redis tells of itself. Null: refused, or left out. */
export interface RedisFacts {
  /** What INFO answers, by field. */
  readonly info: ReadonlyMap<string, string> | null;
  readonly appendfsync: string | null;
  /** When snapshots are made; empty: never. */
  readonly save: string | null;
  readonly minReplicasToWrite: number | null;
  /** The server's clock, in epoch ms. */
  readonly serverAt: number | null;
  /** When it was asked for that, and when the answer was there, by `performance.now()`. */
  readonly sentAt: number;
  readonly answeredAt: number;
  /** The commands that the user may not run, and `keys` where it may not use the keys. */
  readonly missingRights: readonly string[];
}

export interface RedisNames {
  /** The key that rights are tried on, with all prefixes; nobody ever writes it. */
  readonly probeKey: string;
  /** Where writes are published. */
  readonly channel: string;
  /** What is needed besides, as the store is set up. */
  readonly probes: readonly Probe[];
}

type Reply = readonly [error: Error | null, answer: unknown];

/** Asks one node, in one round trip; changes nothing there. Rejects where it does not answer, or answers none of it. */
export async function askRedis(redis: Redis, { probeKey, channel, probes: more }: RedisNames): Promise<RedisFacts> {
  const ownPrefix = redis.options.keyPrefix ?? '';
  const probes = [...more, ...rightProbes(probeKey.slice(ownPrefix.length), probeKey, channel)];
  const pipeline = redis.pipeline();
  // In lower case: ioredis 5 puts its prefix before the keys of no other.
  for (const [command, ...args] of QUESTIONS) pipeline.call(command.toLowerCase(), ...args);
  for (const [, command = '', ...args] of probes) pipeline.call(command.toLowerCase(), ...args);
  const sentAt = performance.now();
  const replies: readonly Reply[] = (await pipeline.exec()) ?? [];
  const answeredAt = performance.now();
  const [time, info, appendfsync, save, minReplicas] = replies.slice(0, QUESTIONS.length).map(toldOrRefused);
  const tried = replies.slice(QUESTIONS.length);
  const missing = probes.map(([right], at) => missingRight(right, tried[at]));
  return {
    info: typeof info === 'string' ? parseInfo(info) : null,
    appendfsync: setting(appendfsync),
    save: setting(save),
    minReplicasToWrite: setting(minReplicas) === null ? null : Number(setting(minReplicas)),
    serverAt: Array.isArray(time) ? Number(time[0]) * 1_000 + Number(time[1]) / 1_000 : null,
    sentAt,
    answeredAt,
    missingRights: [...new Set([...missing.flat(), ...textsOf(tried.at(-1)?.[1])])],
  };
}

const QUESTIONS: readonly (readonly [command: string, ...args: string[]])[] = [
  ['TIME'],
  ['INFO'],
  ['CONFIG', 'GET', 'appendfsync'],
  ['CONFIG', 'GET', 'save'],
  ['CONFIG', 'GET', 'min-replicas-to-write'],
];

/** By the user's rights, or because the command was renamed or taken away: some managed services do that. */
const REFUSED = /^(?:NOPERM|ERR unknown command)/;
const STUCK = /^(?:LOADING|BUSY|NOAUTH)\b/;
/** A right to the command, but not to the key. */
const KEYS_REFUSED = /^NOPERM (?!.*\brun the\b).*\bkey/;

/** Null where it is refused, in whatever words. Throws where there is no answer, or none but that Redis cannot answer now. */
function toldOrRefused([error, answer]: Reply): unknown {
  if (error === null) return answer;
  if (error.name === 'ReplyError' && !STUCK.test(error.message)) return null;
  throw error;
}

function missingRight(right: string, reply: Reply | undefined): string[] {
  const message = reply?.[0]?.message ?? '';
  if (!REFUSED.test(message)) return [];
  return [KEYS_REFUSED.test(message) ? 'keys' : right];
}

/** What CONFIG GET answers for one name: `[name, value]`, or by RESP3 an object. */
function setting(answer: unknown): string | null {
  if (Array.isArray(answer)) return typeof answer[1] === 'string' ? answer[1] : null;
  const [value] = typeof answer === 'object' && answer !== null ? Object.values(answer) : [];
  return typeof value === 'string' ? value : null;
}

function textsOf(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  const lines = text.split(/\r?\n/).filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}
