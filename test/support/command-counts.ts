import type { Redis } from 'ioredis';

/** Calls by command, in lower case, since CONFIG RESETSTAT; those within scripts, too. */
export async function commandStatistics(admin: Redis): Promise<Record<string, number>> {
  const info = await admin.info('commandstats');
  return Object.fromEntries(
    [...info.matchAll(/cmdstat_(\S+):calls=(\d+)/g)].map(([, name = '', calls]) => [name, Number(calls)]),
  );
}

/** The same during `action`, without those that ask for them, and the PING by which the change feed begins. */
export async function commandCounts(admin: Redis, action: () => Promise<unknown>): Promise<Record<string, number>> {
  await admin.config('RESETSTAT');
  await action();
  const { 'config|resetstat': _reset, info: _info, ping: _ping, ...commands } = await commandStatistics(admin);
  return commands;
}
