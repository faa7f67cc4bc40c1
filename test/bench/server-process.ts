import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import type { Answers, Contestant, Headers, Memory, Ready } from './contestant.js';
import type { NodeCommand } from './nodes.js';
import { CommandCounter, type CommandCounts } from './redis-commands.js';

/** A server that does not answer its runner by then has failed. */
const ANSWER_TIMEOUT_MS = 10_000;
/** As long for one that makes many keys before it listens. */
const READY_TIMEOUT_MS = 600_000;
const EXIT_TIMEOUT_MS = 5_000;
/**
 * What V8 does to a server that idles while others are measured, and not to one under traffic: it collects garbage, upon which
 * compiled code is thrown away, and makes the young generation small again, which else grows to 16 MB.
 */
const AS_IF_NEVER_IDLE = ['--no-memory-reducer', '--min-semi-space-size=16', '--max-semi-space-size=16'];
/** Accepted requests that are sent to prove that they are. */
const MAX_PROVEN = 8;

/** A contestant's server, in a process of its own, with its own redis-server where it needs one. */
export interface RunningServer {
  readonly contestant: Contestant;
  readonly redisVersion: string | null;
  readonly redisUrl: string | null;
  readonly port: number;
  readonly accepted: readonly Headers[];
  /** Microseconds of CPU time since it started, of all its threads. */
  cpuTime(): Promise<number>;
  /** After a collection of garbage. */
  memory(): Promise<Memory>;
  /** Redis commands since it started; none without Redis. */
  redisCommands(): Promise<CommandCounts>;
  stop(): Promise<void>;
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

/** Starts a server for as long as `work` takes. */
export async function withServer<Result>(
  contestant: Contestant,
  node: NodeCommand,
  work: (server: RunningServer) => Promise<Result>,
): Promise<Result> {
  const server = await startServer(contestant, node);
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

async function startWith(contestant: Contestant, node: NodeCommand, redis: RedisServer | null): Promise<RunningServer> {
  const steady = { ...node, args: [...AS_IF_NEVER_IDLE, ...node.args] };
  const child = forkOn(steady, new URL('./server.js', import.meta.url), [contestant.name, redis?.url ?? '']);
  const counter = redis === null ? null : new CommandCounter(redis.url);
  const ask = <Question extends keyof Answers>(question: Question) => askChild<Answers[Question]>(child, question);

  async function stop(): Promise<void> {
    counter?.close();
    await endChild(child);
    await redis?.stop();
  }

  try {
    const { port, accepted, refusals } = await firstMessage<Ready>(child, `the server of ${contestant.name}`);
    await prove(contestant, `http://127.0.0.1:${port}/orders`, { port, accepted, refusals });
    return {
      contestant,
      redisVersion: (await counter?.version()) ?? null,
      redisUrl: redis?.url ?? null,
      port,
      accepted,
      cpuTime: () => ask('cpu'),
      memory: () => ask('memory'),
      redisCommands: async () => (await counter?.read()) ?? {},
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A program of the bench, in a process of its own that it talks with. */
export function forkOn(node: NodeCommand, program: URL, args: readonly string[] = []): ChildProcess {
  return fork(fileURLToPath(program), [...args], {
    execPath: node.path,
    execArgv: [...node.args],
    env: { ...process.env, NODE_ENV: 'production' },
  });
}

/** @throws Error when it ends, or takes too long, before it says anything. */
export async function firstMessage<Message>(child: ChildProcess, who: string): Promise<Message> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, AbortSignal.timeout(READY_TIMEOUT_MS)]);
  try {
    const exit = once(child, 'exit', { signal }).then(() => {
      throw new Error(`${who} ended before it answered`);
    });
    const [message] = (await Promise.race([once(child, 'message', { signal }), exit])) as [Message];
    return message;
  } finally {
    over.abort();
  }
}

export async function askChild<Answer>(child: ChildProcess, question: string): Promise<Answer> {
  const reply = once(child, 'message', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
  child.send(question);
  const [answer] = (await reply) as [Answer];
  return answer;
}

/** Ends its channel, upon which it exits by itself, and writes its profile. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  if (child.connected) child.disconnect();
  const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

async function prove(contestant: Contestant, url: string, { accepted, refusals }: Ready): Promise<void> {
  const expect = async (what: string, sent: Headers, status: number) => {
    const answer = await fetch(url, { headers: { ...sent, connection: 'close' } });
    await answer.arrayBuffer();
    if (answer.status !== status) {
      throw new Error(`${contestant.name} answers ${what} with ${answer.status} in place of ${status}`);
    }
  };
  const some = accepted.slice(0, MAX_PROVEN);
  for (const headers of some) await expect('a request that will be measured', headers, 200);
  for (const refusal of refusals) await expect(refusal.what, refusal.headers, refusal.status);
}
