import type { Readable } from 'node:stream';
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** What the process ends with. */
export const EXIT = {
  /** All is well, as far as it is told. */
  ok: 0,
  /** Something is to be mended, or a part of it was not done. */
  warning: 1,
  /** It was not called right, or a package is missing: nothing was done. */
  usage: 2,
  /** The database cannot be reached, does not answer, or lets nobody in. */
  unreachable: 3,
  /** Anything else; the text says what. */
  failed: 4,
  /** There is no such key, policy or session. */
  notFound: 5,
  /** It is in a state that does not allow this, such as revoked or in use; or it was changed meanwhile. */
  conflict: 6,
  /** A value breaks a rule of Latchkey's: each is named. Nothing was done. */
  refused: 7,
} as const;

/** Of every command that works on the records, for its help. */
export const EXIT_HELP = `Exit codes: ${EXIT.ok} done; ${EXIT.usage} not called right, nothing was done; ${EXIT.unreachable} Redis cannot be reached, does not answer, or lets
nobody in; ${EXIT.notFound} there is no such thing; ${EXIT.conflict} its state does not allow this, or it was changed meanwhile; ${EXIT.refused} a value
breaks a rule, nothing was done; ${EXIT.failed} anything else.`;

/** What the input can be told where somebody types. */
export interface Input extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(isRaw: boolean): unknown;
}

/** Where a command reads from and writes to, and what it is told besides its arguments. */
export interface Surroundings {
  /** Writes a line to the standard output. */
  readonly print: (line: string) => void;
  /** Writes a line to the standard error. */
  readonly complain: (line: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly input: Input;
  /** Of the terminal that shows the output; null: the output goes elsewhere. */
  readonly columns: number | null;
  /** The terminal that shows the standard error; null: that goes elsewhere. */
  readonly progressTo: NodeJS.WritableStream | null;
  /** Aborted when the user ends the command, or nobody reads its output any more. */
  readonly signal: AbortSignal;
}

export interface Command {
  /** What `--help` prints. */
  readonly help: string;
  /** Resolves with the exit code. @throws UsageError when the arguments are wrong; CommandFailure. */
  run(args: readonly string[], surroundings: Surroundings): Promise<number>;
}

/** A command by its name, with what it needs loaded for it alone. */
export interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command | CommandGroup>;
}

/** Commands on one kind of thing: `latchkey keys create`. */
export interface CommandGroup {
  readonly summary: string;
  readonly commands: Readonly<Record<string, Entry>>;
}

/** The command was not called right. The message names what is wrong and holds no value that was given: it may be a password. */
export class UsageError extends Error {}

/** The command ends with this exit code. The message holds no secret. */
export class CommandFailure extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

export type Options = NonNullable<ParseArgsConfig['options']>;
export type Values<Wanted extends Options> = ReturnType<typeof parseArgs<{ options: Wanted }>>['values'];

/** The values of the options. @throws UsageError for what is none of them, and for further arguments. */
export function optionsOf<const Wanted extends Options>(args: readonly string[], options: Wanted): Values<Wanted> {
  const { values, rest } = parse(args, options);
  if (rest.length === 0) return values;
  throw new UsageError('only options are taken, each with two dashes');
}

/** The same, with what stands beside the options: `what` names it. @throws UsageError unless there are 1 to `most`. */
export function argumentsOf<const Wanted extends Options>(
  args: readonly string[],
  options: Wanted,
  what: string,
  most = 1,
): { readonly values: Values<Wanted>; readonly rest: readonly [string, ...string[]] } {
  const { values, rest } = parse(args, options);
  const [first, ...others] = rest;
  if (first === undefined || first === '') throw new UsageError(`${what} is missing`);
  if (rest.length > most)
    throw new UsageError(most === 1 ? `too much is given: only ${what} is taken` : `at most ${most} are taken`);
  return { values, rest: [first, ...others] };
}

/** Ids of sessions (43 characters), and some of keys, may begin with a dash; options are shorter. */
const DASHED_ID = /^-(?:\w[\w-]{18,62}|[\w-]{42})$/;
/** Before such an id, so that it is not taken for an option. No argument of a process holds it. */
const MARK = '\0';

function parse<const Wanted extends Options>(args: readonly string[], options: Wanted) {
  const marked = args.map((arg) => (DASHED_ID.test(arg) ? MARK + arg : arg));
  try {
    const { values, positionals } = parseArgs({ args: marked, options, allowPositionals: true, strict: true });
    return { values: unmarked(values), rest: unmarked(positionals) };
  } catch (error) {
    throw new UsageError(faultOf(error as NodeJS.ErrnoException));
  }
}

function unmarked<Value extends object>(marked: Value): Value {
  return JSON.parse(JSON.stringify(marked), (_name, value) =>
    typeof value === 'string' && value.startsWith(`${MARK}-`) ? value.slice(MARK.length) : value,
  );
}

function faultOf({ code, message }: NodeJS.ErrnoException): string {
  if (code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') return message.replaceAll('\n', ' '); // names an option that there is
  const name = /^Unknown option '(-{1,2}[a-z-]{1,30})'/.exec(message)?.[1];
  return name === undefined ? 'there is no such option' : `there is no option ${name}`;
}
