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

type Order = Partial<GeneratorOrder> & Omit<Load, 'next' | 'isOver'>;

export interface PreparedLoad {
  /** Once. */
  run(): Promise<LoadResult>;
}

/** The Node that generates: this one. */
const HERE: NodeCommand = { path: process.execPath, args: [], version: process.version };
const WHO = 'a generator of load';

/** Loads from a process of its own, one after the other. It ends with the first that fails. */
export class GeneratorProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<GeneratorProcess> {
    const child = forkOn(HERE, new URL('./generator.js', import.meta.url));
    const generator = new GeneratorProcess(child);
    await generator.#heard();
    return generator;
  }

  /** Resolves once the requests are made. */
  async prepare(order: Order): Promise<PreparedLoad> {
    this.#child.send({ headers: [{}], path: '/orders', strangers: 0, ...order } satisfies GeneratorOrder);
    await this.#heard();
    return {
      run: () => {
        this.#child.send('start');
        return this.#heard<LoadResult>();
      },
    };
  }

  async run(order: Order): Promise<LoadResult> {
    return (await this.prepare(order)).run();
  }

  async stop(): Promise<void> {
    await endChild(this.#child);
  }

  async #heard<Message>(): Promise<Message> {
    try {
      return await firstMessage<Message>(this.#child, WHO);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }
}

/** A load from a process that ends with it. Resolves once its requests are made. */
export async function prepareLoad(order: Order): Promise<PreparedLoad> {
  const generator = await GeneratorProcess.start();
  const prepared = await generator.prepare(order);
  return {
    async run() {
      const result = await prepared.run();
      await generator.stop();
      return result;
    },
  };
}
