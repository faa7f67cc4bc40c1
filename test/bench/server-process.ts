import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import type { Contestant, Headers, Ready } from './contestant.js';
import { CommandCounter, type CommandCounts } from './redis-commands.js';

/** A server that does not start, or does not answer its runner, by then has failed. */
const ANSWER_TIMEOUT_MS = 10_000;
const EXIT_TIMEOUT_MS = 5_000;

/** A contestant's server, in a process of its own, with its own redis-server where it needs one. */
export interface RunningServer {
  readonly contestant: Contestant;
  readonly nodeVersion: string;
  readonly redisVersion: string | null;
  readonly url: string;
  readonly accepted: readonly Headers[];
  /** Microseconds of CPU time since it started, of all its threads. */
  cpuTime(): Promise<number>;
  /** Redis commands since it started; none without Redis. */
  redisCommands(): Promise<CommandCounts>;
  stop(): Promise<void>;
}

/** The Node that runs a server, and its own arguments. */
export interface NodeCommand {
  readonly path: string;
  readonly args: readonly string[];
}

/** Resolves once the server listens and has proven that it lets in and refuses what it should. */
export async function startServer(contestant: Contestant, node: NodeCommand): Promise<RunningServer> {
  const redis = contestant.usesRedis ? await startRedis() : null;
  try {
    return await startWith(contestant, node, redis);
  } catch (error) {
    await redis?.stop();
    throw error;
  }
}

async function startWith(contestant: Contestant, node: NodeCommand, redis: RedisServer | null): Promise<RunningServer> {
  const child = fork(fileURLToPath(new URL('./server.js', import.meta.url)), [contestant.name, redis?.url ?? ''], {
    execPath: node.path,
    execArgv: [...node.args],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const counter = redis === null ? null : new CommandCounter(redis.url);

  async function stop(): Promise<void> {
    counter?.close();
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      if (child.connected) child.disconnect(); // it exits by itself, and writes its profile
      const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_TIMEOUT_MS);
      await exited;
      clearTimeout(timer);
    }
    await redis?.stop();
  }

  try {
    const answer = once(child, 'message', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    const exit = once(child, 'exit').then(() => {
      throw new Error(`the server of ${contestant.name} ended before it listened`);
    });
    const [ready] = (await Promise.race([answer, exit])) as [Ready];
    const url = `http://127.0.0.1:${ready.port}/orders`;
    await prove(contestant, url, ready);
    return {
      contestant,
      nodeVersion: ready.nodeVersion,
      redisVersion: (await counter?.version()) ?? null,
      url,
      accepted: ready.accepted,
      async cpuTime() {
        const reply = once(child, 'message', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
        child.send('cpu');
        const [microseconds] = (await reply) as [number];
        return microseconds;
      },
      redisCommands: async () => (await counter?.read()) ?? {},
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function prove(contestant: Contestant, url: string, { accepted, refusals }: Ready): Promise<void> {
  const expect = async (what: string, sent: Headers, status: number) => {
    const answer = await fetch(url, { headers: { ...sent, connection: 'close' } });
    await answer.arrayBuffer();
    if (answer.status !== status) {
      throw new Error(`${contestant.name} answers ${what} with ${answer.status} in place of ${status}`);
    }
  };
  for (const headers of accepted) await expect('a request that will be measured', headers, 200);
  for (const refusal of refusals) await expect(refusal.what, refusal.headers, refusal.status);
}
