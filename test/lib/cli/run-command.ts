import { Readable } from 'node:stream';
import type { Input, Surroundings } from '../../../lib/cli/command.js';
import { runCommand } from '../../../lib/cli/commands.js';

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** What comes on the standard input. Default: nothing. */
  readonly input?: string | Input;
  /** Of the terminal; null, the default: the output is none. */
  readonly columns?: number | null;
  readonly signal?: AbortSignal;
  /** Told of each line of the output. */
  readonly onLine?: (line: string) => void;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

/** Runs a command in this process, as `npx latchkey` does in one of its own. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { environment = {}, input = '', columns = null, signal = new AbortController().signal, onLine } = options;
  const out: string[] = [];
  const errors: string[] = [];
  const surroundings: Surroundings = {
    print: (line) => {
      out.push(`${line}\n`);
      onLine?.(line);
    },
    complain: (line) => void errors.push(`${line}\n`),
    environment,
    input: typeof input === 'string' ? Readable.from(input === '' ? [] : [Buffer.from(input)]) : input,
    columns,
    progressTo: null,
    signal,
  };
  const code = await runCommand(args, surroundings);
  return { code, out: out.join(''), errors: errors.join('') };
}

/** The same on a server, with its output as JSON where `--json` is among `args`. */
export function runnerOn(url: () => string): (args: readonly string[], options?: RunOptions) => Promise<Ran> {
  // A machine that does much besides must not fail the tests of other things than time-outs.
  return (args, options = {}) =>
    run([...args, '--timeout-ms', '20000'], { ...options, environment: { REDIS_URL: url(), ...options.environment } });
}

/** The one document of `--json`. */
export function documentOf({ code, out, errors }: Ran): Record<string, unknown> {
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  return JSON.parse(out) as Record<string, unknown>;
}

/** The lines of JSON Lines. */
export function linesOf({ out }: Pick<Ran, 'out'>): Record<string, unknown>[] {
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
