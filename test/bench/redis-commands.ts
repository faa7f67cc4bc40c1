import { Redis } from 'ioredis';

/** Calls by command, in upper case. */
export type CommandCounts = Readonly<Record<string, number>>;

/** The bench's own questions, setting up a connection, and the heartbeat of Latchkey's change feed. */
export const NOT_COUNTED: readonly string[] = [
  'AUTH',
  'CLIENT',
  'COMMAND',
  'CONFIG',
  'HELLO',
  'INFO',
  'PING',
  'SELECT',
  'SUBSCRIBE',
];

/** Reads from `INFO commandstats` which commands a redis-server has run, those inside scripts included. */
export class CommandCounter {
  readonly #redis: Redis;

  constructor(url: string) {
    this.#redis = new Redis(url);
  }

  async version(): Promise<string> {
    return /redis_version:(\S+)/.exec(await this.#redis.info('server'))?.[1] ?? 'unknown';
  }

  async read(): Promise<CommandCounts> {
    const info = await this.#redis.info('commandstats');
    const counts: Record<string, number> = {};
    for (const [, name = '', calls] of info.matchAll(/^cmdstat_([^:|]+)[^:]*:calls=(\d+)/gm)) {
      const command = name.toUpperCase();
      if (!NOT_COUNTED.includes(command)) counts[command] = (counts[command] ?? 0) + Number(calls);
    }
    return counts;
  }

  close(): void {
    this.#redis.disconnect();
  }
}

/** What was run between two readings, for each of `requests`. */
export function perRequest(before: CommandCounts, after: CommandCounts, requests: number): CommandCounts {
  const rates = Object.entries(after).map(([name, calls]) => [name, (calls - (before[name] ?? 0)) / requests] as const);
  return Object.fromEntries(rates.filter(([, rate]) => rate > 0));
}
