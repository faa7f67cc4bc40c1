import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';

/** All of a server's data in a file, as `SAVE` writes it. */
export interface Snapshot {
  readonly bytes: number;
  readonly writeSeconds: number;
  /** What a server that starts with it takes before it answers. */
  readonly readSeconds: number;
}

/** For a server on this machine that takes DEBUG; it does nothing else meanwhile. */
export async function takeSnapshot(redis: Redis): Promise<Snapshot> {
  const writeSeconds = await secondsOf(() => redis.save());
  const [, folder = ''] = (await redis.config('GET', 'dir')) as string[];
  const [, file = ''] = (await redis.config('GET', 'dbfilename')) as string[];
  const bytes = statSync(join(folder, file)).size;
  const readSeconds = await secondsOf(() => redis.call('DEBUG', 'RELOAD', 'NOSAVE'));
  return { bytes, writeSeconds, readSeconds };
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1_000;
}
