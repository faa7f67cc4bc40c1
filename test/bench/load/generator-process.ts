import type { ChildProcess } from 'node:child_process';
import type { Headers } from '../contestant.js';
import type { NodeCommand } from '../nodes.js';
import { endChild, firstMessage, forkOn } from '../server-process.js';
import type { Load, LoadResult } from './generate-load.js';

/** What a generator is told; its requests follow each other whatever the connection. */
export interface GeneratorOrder extends Omit<Load, 'next' | 'isOver'> {
  readonly headers: readonly Headers[];
  /** Default: that of the guarded route. */
  readonly path: string;
  /** In place of `headers`: so many different keys, well-formed and unknown. */
  readonly strangers: number;
}

export interface PreparedLoad {
  /** Once. */
  run(): Promise<LoadResult>;
}

/** The Node that generates: this one. */
const HERE: NodeCommand = { path: process.execPath, args: [], version: process.version };
const WHO = 'a generator of load';

/** A load from a process of its own, so that two can run at once. Resolves once its requests are made. */
export async function prepareLoad(
  order: Partial<GeneratorOrder> & Omit<Load, 'next' | 'isOver'>,
): Promise<PreparedLoad> {
  const child = forkOn(HERE, new URL('./generator.js', import.meta.url));
  await orEnd(child, async () => {
    await firstMessage(child, WHO);
    child.send({ headers: [{}], path: '/orders', strangers: 0, ...order } satisfies GeneratorOrder);
    await firstMessage(child, WHO);
  });
  return {
    async run() {
      child.send('start');
      const result = await orEnd(child, () => firstMessage<LoadResult>(child, WHO));
      await endChild(child);
      return result;
    },
  };
}

async function orEnd<Result>(child: ChildProcess, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    await endChild(child);
    throw error;
  }
}
