import { readFileSync } from 'node:fs';
import { type Command, EXIT, type Surroundings, UsageError } from './command.js';

interface Entry {
  readonly summary: string;
  /** What a command needs is loaded for it alone. */
  readonly load: () => Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  doctor: {
    summary: 'is this Redis fit for Latchkey? Each finding with its mend',
    load: async () => (await import('./doctor.js')).doctor,
  },
};

const HELP = `latchkey COMMAND [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  .join('\n')}

  latchkey COMMAND --help tells the options and exit codes; latchkey --version the version.`;

/** Runs the command that `args` name. Never rejects: resolves with the exit code. @param complain writes to the standard error. */
export async function runCommand(
  args: readonly string[],
  surroundings: Surroundings,
  complain: (line: string) => void,
): Promise<number> {
  const [name = '', ...rest] = args;
  const isKnown = Object.hasOwn(COMMANDS, name);
  try {
    if (name === '--version') {
      surroundings.print(version());
      return EXIT.ok;
    }
    if (name === '--help' || name === 'help' || (isKnown && rest.includes('--help'))) {
      surroundings.print(isKnown ? (await commandOf(name)).help : HELP);
      return EXIT.ok;
    }
    if (!isKnown) throw new UsageError(name === '' ? 'a command is missing' : 'there is no such command');
    return await (await commandOf(name)).run(rest, surroundings);
  } catch (error) {
    if (!(error instanceof UsageError)) {
      complain(`latchkey: ${error instanceof Error ? error.message : String(error)}`);
      return EXIT.failed;
    }
    complain(`latchkey: ${error.message}\nSee latchkey ${isKnown ? `${name} ` : ''}--help`);
    return EXIT.usage;
  }
}

async function commandOf(name: string): Promise<Command> {
  return await (COMMANDS[name] as Entry).load();
}

function version(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
