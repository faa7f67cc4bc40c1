import { spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runIn } from '../support/checkout.js';
import { PATIENT } from '../support/patience.js';
import { FRAMES, type Frame } from './frames.js';
import { type Block, ROOT } from './markdown.js';

const TSC = join(ROOT, 'node_modules', '.bin', 'tsc');
const STRICT = {
  target: 'es2023',
  module: 'nodenext',
  types: ['node'],
  strict: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
};

/** What `latchkey/redis` is for samples: the same store, but patient with a busy machine. */
const PATIENT_STORE = `export * from './dist/lib/stores/redis/redis-store.js';
import { RedisStore as Store } from './dist/lib/stores/redis/redis-store.js';
export class RedisStore extends Store {
  constructor(client, options) {
    super(client, { ...${JSON.stringify(PATIENT)}, ...options });
  }
}
`;

/** Runs the built command as `npx` does, once the package is installed. */
const NPX = `#!/bin/sh
name=$1; shift
if [ "$name" = latchkey ]; then exec node "$PROJECT/dist/lib/cli/latchkey.js" "$@"; fi
exec "$PROJECT/node_modules/.bin/$name" "$@"
`;

/** A package of its own, called latchkey, with what is in the tree now; samples import it by its name. */
export interface SampleProject {
  readonly folder: string;
  /** Holds `npx`. */
  readonly programs: string;
  /** What tsc says of the samples; empty when they are right. */
  readonly complaints: string;
  /** The program that was made of a block. */
  programOf(block: Block): string;
  remove(): void;
}

/** Builds the library and compiles the blocks, all in one go for each language. */
export function buildSamples(blocks: readonly Block[]): SampleProject {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-samples-'));
  const programs = join(folder, 'programs');
  try {
    layOut(folder, programs);
    for (const block of blocks) writeFileSync(join(folder, 'samples', fileOf(block)), programText(block));
    const inJs = compile(folder, 'js', { allowJs: true, checkJs: true, strictNullChecks: false });
    const inTs = compile(folder, 'ts', {});
    return {
      folder,
      programs,
      complaints: `${inJs}${inTs}`,
      programOf: (block) => join(folder, 'run', fileOf(block).replace(/\.ts$/, '.js')),
      remove: () => rmSync(folder, { recursive: true, force: true }),
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

export function frameOf({ place, sample }: Block): Frame {
  const frame = sample === null ? { before: '', after: '' } : FRAMES[sample];
  if (frame === undefined) throw new Error(`${place}: there is no frame ${sample}; there are: ${Object.keys(FRAMES)}`);
  return frame;
}

export interface Run {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs a program to its end. It is killed after `withinMs`. */
export function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: object,
  withinMs: number,
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...env } as NodeJS.ProcessEnv,
      timeout: withinMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, output }));
  });
}

function layOut(folder: string, programs: string): void {
  for (const name of ['samples', 'programs']) mkdirSync(join(folder, name));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  const { version, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  exports['./redis'].default = './patient-redis.js';
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'latchkey', version, type: 'module', exports }));
  writeFileSync(join(folder, 'patient-redis.js'), PATIENT_STORE);
  writeFileSync(join(programs, 'npx'), NPX);
  chmodSync(join(programs, 'npx'), 0o755);
  cpSync(join(__dirname, 'sample-world.ts'), join(folder, 'samples', 'sample-world.ts'));
  runIn(ROOT, TSC, ['-p', '.', '--noCheck', '--outDir', join(folder, 'dist')]);
}

function compile(folder: string, language: 'js' | 'ts', options: object): string {
  const config = join(folder, `tsconfig.${language}.json`);
  const compilerOptions = { ...STRICT, ...options, rootDir: 'samples', outDir: 'run' };
  const include = [...new Set([`samples/*.${language}`, 'samples/sample-world.ts'])];
  writeFileSync(config, JSON.stringify({ compilerOptions, include }));
  try {
    return runIn(folder, TSC, ['-p', config]);
  } catch (error) {
    return (error as Error).message;
  }
}

function fileOf({ place, language }: Block): string {
  return `${place.replaceAll(/[^a-zA-Z0-9]+/g, '-')}.${language}`;
}

/** Only what the sample does not import itself is imported by its frame. */
function programText(block: Block): string {
  const { before, after } = frameOf(block);
  const own = new Set(block.code.split('\n').filter((line) => line.startsWith('import ')));
  const needed = before.split('\n').filter((line) => !own.has(line));
  return `${needed.join('\n')}\n${block.code}\n${after ?? ''}`;
}
