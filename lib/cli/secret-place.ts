import { type FileHandle, open, unlink } from 'node:fs/promises';
import type { IssuedKey } from '../index.js';
import { CommandFailure, EXIT, type Surroundings, UsageError } from './command.js';
import { keyFacts } from './key-columns.js';
import type { Output } from './output.js';
import { printableLine } from './printable.js';

export const SECRET_OPTIONS = { 'secret-file': { type: 'string' } } as const;

export const SECRET_HELP = `  --secret-file PATH    the token goes to this file and nowhere else: a new one, that only you can read

  The secret is told once. Without --secret-file it is shown on a terminal; where the output is none, or is --json,
  nothing is done without that option. Where Redis fails in the midst of it (exit code 3), the secret may be new all the
  same, and nobody knows it: look with latchkey keys list, then rotate or revoke the key.`;

/**
 * Makes a secret and tells it, as JSON or for people, where it may be told: settled before `make` is called.
 * @throws UsageError where it may not be told; CommandFailure when it is lost; what `make` throws.
 */
export async function tellSecret(
  values: SecretValues,
  surroundings: Surroundings,
  output: Output,
  make: () => Promise<IssuedKey>,
): Promise<void> {
  const place = await secretPlace(values, surroundings);
  const issued = await make().catch(async (error: unknown) => {
    await place.abandon();
    throw error;
  });
  const told = await place.tell(issued);
  output.record(issued.key, keyFacts(issued.key));
  for (const line of told) output.say(line);
}

/** @throws UsageError where a secret may not be told. */
export function demandPlace({ json, 'secret-file': path }: SecretValues, { columns }: Surroundings): void {
  if (path !== undefined) return;
  if (json === true) throw new UsageError('with --json the secret goes to a file only: --secret-file PATH');
  if (columns !== null) return;
  throw new UsageError('the output is no terminal, and a secret goes to no pipe or log: --secret-file PATH');
}

interface SecretValues {
  readonly json?: boolean | undefined;
  readonly 'secret-file'?: string | undefined;
}

/** Where the secret goes that is about to be made. */
interface SecretPlace {
  /** Puts it there; resolves with what to tell the user. @throws CommandFailure when it is lost. */
  tell(issued: IssuedKey): Promise<string[]>;
  /** When there is none after all. */
  abandon(): Promise<void>;
}

async function secretPlace(values: SecretValues, surroundings: Surroundings): Promise<SecretPlace> {
  demandPlace(values, surroundings);
  if (values['secret-file'] !== undefined) return await fileAt(values['secret-file']);
  return {
    tell: async ({ token }) => ['', 'The token, shown this once:', '', `  ${printableLine(token)}`, ''],
    abandon: async () => {},
  };
}

/** A file that was not there before; nobody else can read it from its first moment on. */
async function fileAt(path: string): Promise<SecretPlace> {
  const file = await create(path);
  return {
    async tell({ key, token }) {
      try {
        await file.writeFile(`${token}\n`);
        await file.sync();
      } catch (error) {
        const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
        const mend = 'nobody knows its secret now: rotate or revoke it';
        throw new CommandFailure(
          EXIT.failed,
          `--secret-file could not be written (${why}). The key is ${key.id}; ${mend}.`,
        );
      } finally {
        await file.close();
      }
      return ['', 'The token is in the file.'];
    },
    async abandon() {
      await file.close();
      await unlink(path).catch(() => {}); // it is empty
    },
  };
}

async function create(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new UsageError('--secret-file is there already: it is not overwritten');
    throw new UsageError(`--secret-file cannot be made: ${code ?? 'not a path'}`);
  }
}
