import { type ParseArgsConfig, parseArgs } from 'node:util';

/** What the process ends with. */
export const EXIT = {
  /** All is well, as far as it is told. */
  ok: 0,
  /** Something is to be mended. */
  warning: 1,
  /** It was not called right, or a package is missing: nothing was done. */
  usage: 2,
  /** The database cannot be reached, or lets nobody in. */
  unreachable: 3,
  /** Anything else; the text says what. */
  failed: 4,
} as const;

/** Where a command writes to, and what it is told besides its arguments. */
export interface Surroundings {
  /** Writes a line to the standard output. */
  readonly print: (line: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Command {
  /** What `--help` prints. */
  readonly help: string;
  /** Resolves with the exit code. @throws UsageError when the arguments are wrong. */
  run(args: readonly string[], surroundings: Surroundings): Promise<number>;
}

/** The command was not called right. The message names what is wrong and holds no value that was given: it may be a password. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;

/** The values of the options. @throws UsageError for what is none of them, and for further arguments. */
export function optionsOf<const Wanted extends Options>(
  args: readonly string[],
  options: Wanted,
): ReturnType<typeof parseArgs<{ options: Wanted }>>['values'] {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    if (positionals.length === 0) return values;
  } catch (error) {
    throw new UsageError(faultOf(error as NodeJS.ErrnoException));
  }
  throw new UsageError('only options are taken, each with two dashes');
}

function faultOf({ code, message }: NodeJS.ErrnoException): string {
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return message.split('\n')[0] ?? message; // names an option that there is
  const name = /^Unknown option '(-{1,2}[a-z-]{1,30})'/.exec(message)?.[1];
  return name === undefined ? 'there is no such option' : `there is no option ${name}`;
}
