import { readFileSync } from 'node:fs';
import {
  type Command,
  CommandFailure,
  type CommandGroup,
  type Entry,
  EXIT,
  type Surroundings,
  UsageError,
} from './command.js';
import { printable } from './printable.js';

const COMMANDS: Readonly<Record<string, Entry>> = {
  keys: {
    summary: 'create, list, show, rotate, disable, enable, revoke and import API keys',
    load: async () => (await import('./keys.js')).keys,
  },
  policies: {
    summary: 'list, show, create, change and delete policies',
    load: async () => (await import('./policies.js')).policies,
  },
  sessions: {
    summary: 'list and end the login sessions of users',
    load: async () => (await import('./sessions.js')).sessions,
  },
  audit: {
    summary: 'the audit trail: its end, and what comes',
    load: async () => (await import('./audit.js')).audit,
  },
  hash: {
    summary: 'the SHA-256 of a key, for keys import',
    load: async () => (await import('./hash.js')).hash,
  },
  doctor: {
    summary: 'is this Redis fit for Latchkey? Each finding with its mend',
    load: async () => (await import('./doctor.js')).doctor,
  },
};

/** Runs the command that `args` name. Never rejects: resolves with the exit code. */
export async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { print, complain } = surroundings;
  const path: string[] = [];
  try {
    if (args[0] === '--version') {
      print(version());
      return EXIT.ok;
    }
    const { named, rest } = await find(args, path);
    if (asksHelp(named, rest)) {
      print('run' in named ? named.help : helpOf(named, path));
      return EXIT.ok;
    }
    if (!('run' in named)) {
      if (rest.length > 0) throw new UsageError('there is no such command');
      complain(`latchkey: a command is missing\n\n${helpOf(named, path)}`);
      return EXIT.usage;
    }
    return await named.run(rest, surroundings);
  } catch (error) {
    if (error instanceof UsageError) {
      complain(printable(`latchkey: ${error.message}\nSee latchkey ${[...path, '--help'].join(' ')}`));
      return EXIT.usage;
    }
    complain(printable(`latchkey: ${error instanceof Error ? error.message : String(error)}`));
    return error instanceof CommandFailure ? error.exitCode : EXIT.failed;
  }
}

/** Follows the names at the beginning of `args`, as far as they are known; `path` gets them. */
async function find(args: readonly string[], path: string[]) {
  let named: Command | CommandGroup = { summary: '', commands: COMMANDS };
  let rest = args;
  while (!('run' in named)) {
    const [name = '', ...others] = rest;
    const entry: Entry | undefined = Object.hasOwn(named.commands, name) ? named.commands[name] : undefined;
    if (entry === undefined) break;
    path.push(name);
    named = await entry.load();
    rest = others;
  }
  return { named, rest };
}

/** After `--` stands no option. */
function asksHelp(named: Command | CommandGroup, rest: readonly string[]): boolean {
  if (!('run' in named)) return rest[0] === '--help' || rest[0] === 'help';
  const end = rest.indexOf('--');
  return (end === -1 ? rest : rest.slice(0, end)).includes('--help');
}

function helpOf({ summary, commands }: CommandGroup, path: readonly string[]): string {
  const name = ['latchkey', ...path].join(' ');
  const lines = Object.entries(commands).map(([each, entry]) => `  ${each.padEnd(10)} ${entry.summary}`);
  const more = path.length === 0 ? '; latchkey --version the version' : '';
  return [
    summary === '' ? `${name} COMMAND [options]` : `${name} COMMAND [options]: ${summary}`,
    '',
    ...lines,
    '',
    `  ${name} COMMAND --help tells the options and exit codes${more}.`,
  ].join('\n');
}

function version(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
