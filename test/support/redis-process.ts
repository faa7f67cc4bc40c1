import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureRedisServer, redisMajorVersion } from './programs.js';

/** Ports, and the cluster bus ports 10 000 above them, that no kernel hands out to outgoing connections. */
const LOWEST_PORT = 11_000;
const PORT_COUNT = 10_000;

/** Tries to listen: other servers of the same run draw from the same ports. */
const PORT_TRIES = 20;

/** A server that is not ready by then never will be: it takes about 20 ms. */
const READY_TIMEOUT_MS = 10_000;

/** A real server process, ended with the process that started it, however that one ends. */
export interface RedisServer {
  /** The loopback port; the same after `restart()`. */
  readonly port: number;
  /** Such as `redis://127.0.0.1:11042`. */
  readonly url: string;
  /** Of the running process, or of the last one that ran. */
  readonly pid: number;
  /** Frozen counts as running. */
  readonly isRunning: boolean;
  /** Freezes the process (SIGSTOP): connections stay open, nothing answers. */
  pause(): void;
  /** Lets a frozen process go on (SIGCONT). */
  resume(): void;
  /** Ends the process as a crash would (SIGKILL); resolves once it is gone. The folder stays for `restart()`. */
  kill(): Promise<void>;
  /** Kills the process if it runs, and starts a new one with the same port, folder and arguments. */
  restart(): Promise<void>;
  /** Ends the process, frozen or not, and removes its folder. Does nothing the second time. */
  stop(): Promise<void>;
}

export interface StartRedisOptions {
  /** More arguments for redis-server, such as `['--appendonly', 'yes']`; they win over the defaults. */
  readonly args?: readonly string[];
  /** A fixed loopback port. Default: a free one. */
  readonly port?: number;
}

/** Starts a redis-server on loopback without persistence, and resolves once it accepts connections. */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const binary = ensureRedisServer();
  const debug = redisMajorVersion(binary) >= 7 ? ['--enable-debug-command', 'local'] : [];
  const settings = ['--bind', '127.0.0.1', '--save', '', ...debug, ...(options.args ?? [])];
  return await startProcess({
    binary,
    args: (port, folder) => ['--port', String(port), '--dir', folder, ...settings],
    ready: /ready to accept connections/i,
    port: options.port,
  });
}

export interface ProcessPlan {
  readonly binary: string;
  /** The arguments; may write what they name into the folder, which is empty at first. */
  readonly args: (port: number, folder: string) => readonly string[];
  /** What the process logs once it accepts connections. */
  readonly ready: RegExp;
  /** A fixed loopback port. Default: a free one. */
  readonly port?: number | undefined;
}

/** Starts the process on loopback in a folder of its own, and resolves once it accepts connections. */
export async function startProcess(plan: ProcessPlan): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-redis-'));
  const launch = (port: number) => launchProcess(plan, port, folder);

  let port = plan.port ?? randomPort();
  let child: ChildProcess;
  for (let triesLeft = PORT_TRIES; ; ) {
    try {
      child = await launch(port);
      break;
    } catch (error) {
      triesLeft -= 1;
      const mayRetry = error instanceof PortTakenError && plan.port === undefined && triesLeft > 0;
      if (!mayRetry) {
        rmSync(folder, { recursive: true, force: true });
        throw error;
      }
      port = randomPort();
    }
  }

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return child.pid ?? 0;
    },
    get isRunning() {
      return isRunning(child);
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: () => end(child, 'SIGKILL'),
    async restart() {
      await end(child, 'SIGKILL');
      child = await launch(port);
    },
    async stop() {
      child.kill('SIGCONT');
      await end(child, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

class PortTakenError extends Error {}

function randomPort(): number {
  return LOWEST_PORT + Math.floor(Math.random() * PORT_COUNT);
}

/** The listening itself is the test of the port: nobody can take it between a look and the use. */
async function launchProcess(plan: ProcessPlan, port: number, folder: string): Promise<ChildProcess> {
  const child = spawn(plan.binary, plan.args(port, folder), { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child, 'spawn');
  endWithThisProcess(child, folder);
  try {
    await untilReady(child, plan.ready);
  } catch (error) {
    await end(child, 'SIGKILL');
    throw error;
  }
  // A forgotten server must not keep a test worker or a script from ending.
  child.unref();
  (child.stdout as Socket).unref();
  return child;
}

function untilReady(child: ChildProcess, ready: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(() => reject(new Error(`redis-server is not ready:\n${log}`)), READY_TIMEOUT_MS);
    const onData = (chunk: Buffer) => {
      log += chunk;
      if (!ready.test(log)) return;
      clearTimeout(timer);
      child.stdout?.off('data', onData).resume();
      resolve();
    };
    child.stdout?.on('data', onData);
    child.once('close', () => {
      clearTimeout(timer);
      const portTaken = /address already in use/i.test(log);
      reject(portTaken ? new PortTakenError(log) : new Error(`redis-server ended before it was ready:\n${log}`));
    });
  });
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(child)) return;
  child.ref();
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/**
 * Starts a shell that waits for the end of its input, which comes when this process ends, be it by SIGKILL; then it
 * kills the server and removes its folder. An 'exit' hook would miss a killed worker, and Jest hides the real `process`.
 */
function endWithThisProcess(child: ChildProcess, folder: string): void {
  const script = 'read -r line; kill -9 "$1"; rm -rf "$2"';
  const watcher = spawn('sh', ['-c', script, 'sh', String(child.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.unref();
  (watcher.stdin as Socket).unref();
  child.once('exit', () => watcher.kill());
}
