import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyCheckout } from '../support/checkout.js';

/** The slowest start is that on a frozen Redis, which gives up after about 5 s. */
const START_TIMEOUT_MS = 15_000;
/** An app that has not ended by then never will. */
const STOP_TIMEOUT_MS = 20_000;
const READY = 'Ready. Ctrl-C stops.\n';

/** The example app, built in a folder of its own as its users build it. */
export interface BuiltApp {
  /** Starts it on a free port, with no environment but the given one; resolves when it says that it is ready. */
  start(environment?: Readonly<Record<string, string>>): Promise<RunningApp>;
  /** Starts it where it must fail: resolves with what it wrote and its exit code. */
  startInVain(environment: Readonly<Record<string, string>>): Promise<{ output: string; exitCode: number | null }>;
  /** Ends what still runs, and removes the folder. */
  remove(): void;
}

export interface RunningApp {
  readonly url: string;
  /** All that it wrote until it was ready. */
  readonly startText: string;
  /** All that it has written since. */
  laterText(): string;
  /** Resolves once `text` was written. */
  untilWritten(text: string): Promise<void>;
  /** Sends a signal and resolves when the process is gone. `exitCode` null: it had to be killed. */
  stop(signal: NodeJS.Signals): Promise<{ exitCode: number | null; tookMs: number }>;
}

/** What it says to people: all that is no line of its log. */
export function spokenIn(output: string): string {
  return output.replace(LOG_LINE, '');
}

/** The entries of its log, in order. */
export function logIn(output: string): readonly { readonly level: number; readonly msg: string }[] {
  return (output.match(LOG_LINE) ?? []).map((line) => JSON.parse(line));
}

const LOG_LINE = /^\{.*\}\n/gm;

export function buildExampleApp(): BuiltApp {
  const checkout = copyCheckout();
  try {
    checkout.run('npm', ['run', 'build']);
    checkout.run('node_modules/.bin/tsc', ['-p', 'example-app']);
  } catch (error) {
    checkout.remove();
    throw error;
  }

  const children: ChildProcess[] = [];
  const launch = (environment: Readonly<Record<string, string>>): ChildProcess => {
    const child = spawn(process.execPath, ['example-app/dist/server.js'], {
      cwd: checkout.folder,
      env: { PORT: '0', ...environment }, // above all no NODE_ENV
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    return child;
  };

  return {
    start: (environment = {}) => follow(launch(environment)),
    async startInVain(environment) {
      const child = launch(environment);
      const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
      const [exitCode] = (await once(child, 'close')) as [number | null];
      clearTimeout(timer);
      return { output, exitCode };
    },
    remove() {
      for (const child of children) child.kill('SIGKILL'); // those that a failed test has left
      checkout.remove();
    },
  };
}

async function follow(child: ChildProcess): Promise<RunningApp> {
  const closed = once(child, 'close') as Promise<[number | null]>;
  let output = '';
  let told = (): void => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      told();
    });
  }
  const untilWritten = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const giveUp = (what: string) => reject(new Error(`${what} before "${text.trim()}" was written:\n${output}`));
      const timer = setTimeout(() => giveUp(`${START_TIMEOUT_MS} ms passed`), START_TIMEOUT_MS);
      told = () => {
        if (!output.includes(text)) return;
        clearTimeout(timer);
        resolve();
      };
      told();
      closed.then(() => {
        clearTimeout(timer);
        giveUp('the app ended');
      });
    });

  try {
    await untilWritten(READY);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const startText = output.slice(0, output.indexOf(READY) + READY.length);
  return {
    url: /http:\/\/127\.0\.0\.1:\d+/.exec(startText)?.[0] ?? '',
    startText,
    laterText: () => output.slice(startText.length),
    untilWritten,
    async stop(signal) {
      const startedAt = performance.now();
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      child.kill(signal);
      const [exitCode] = await closed;
      clearTimeout(timer);
      return { exitCode, tookMs: performance.now() - startedAt };
    },
  };
}
