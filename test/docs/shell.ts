import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Block, ROOT } from './markdown.js';
import { run } from './sample-project.js';

const LINE_TIMEOUT_MS = 60_000;

interface Line {
  readonly command: string;
  /** What its comment says: an HTTP status, or `exit N`. */
  readonly status: number | null;
  readonly exitCode: number;
}

/** The lines of a block, those put together that end with a backslash. */
export function linesOf({ code }: Block): Line[] {
  const whole = code.replaceAll(/\\\n\s*/g, '').split('\n');
  return whole.flatMap((text) => {
    const [, command = '', comment = ''] = /^(.*?)(?:\s+#\s*(.*))?$/.exec(text) ?? [];
    if (command.trim() === '' || command.startsWith('#')) return [];
    const status = /^(\d{3})\b/.exec(comment)?.[1];
    const exitCode = /^exit (\d)\b/.exec(comment)?.[1];
    return [{ command, status: status === undefined ? null : Number(status), exitCode: Number(exitCode ?? 0) }];
  });
}

/** Where lines are run. */
export interface Shell {
  /** What they find in the environment, and what answers have told them, such as REQUEST_ID. */
  readonly environment: Record<string, string>;
  /** In place of port 3000. */
  readonly port: number | null;
}

/**
 * Runs the lines of a block in an empty folder; answers what went wrong, an empty list when all is as the comments say. What an
 * answer holds as `requestId`, later lines have as `$REQUEST_ID`.
 */
export async function runShell(block: Block, { environment, port }: Shell): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-shell-'));
  const faults: string[] = [];
  try {
    writeFileSync(join(folder, '.curlrc'), 'silent\nwrite-out = "\\nstatus %{http_code}\\n"\n');
    const env = { ...environment, CURL_HOME: folder, HOME: folder };
    for (const { command, status, exitCode } of linesOf(block)) {
      const told = isKnown(command);
      if (told !== null) {
        faults.push(...told.map((fault) => `${block.place}: ${command}: ${fault}`));
        continue;
      }
      const here = port === null ? command : command.replaceAll('localhost:3000', `127.0.0.1:${port}`);
      const ran = await run('sh', ['-c', here], folder, env, LINE_TIMEOUT_MS);
      const answered = Number(/^status (\d{3})$/m.exec(ran.output)?.[1] ?? Number.NaN);
      const isRight = command.startsWith('curl') ? answered === (status ?? 200) : ran.exitCode === exitCode;
      if (!isRight) faults.push(`${block.place}: ${command}: exit ${ran.exitCode}\n${ran.output}`);
      Object.assign(env, variablesIn(ran.output));
    }
    return faults;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `{"requestId":"x"}` is REQUEST_ID=x. */
function variablesIn(output: string): Record<string, string> {
  const fields = [...output.matchAll(/"([a-z][A-Za-z]*)": ?"([^"]*)"/g)];
  return Object.fromEntries(
    fields.map(([, name = '', value = '']) => [name.replaceAll(/[A-Z]/g, '_$&').toUpperCase(), value]),
  );
}

/**
 * What can only be looked at: npm, which would install or test the whole. Answers what it names that there is not; null for a
 * line that is to be run.
 */
function isKnown(command: string): string[] | null {
  const parts = command.split('&&').map((part) => part.trim());
  if (!parts.every((part) => part.startsWith('npm '))) return null;
  return parts.flatMap((part) => {
    const [, verb = '', ...rest] = part.split(/\s+/);
    if (verb === 'ci') return existsSync(join(ROOT, 'package-lock.json')) ? [] : ['there is no package-lock.json'];
    if (verb === 'install')
      return rest.filter((name) => !packages().has(name)).map((name) => `${name} is no package of ours`);
    const script = verb === 'run' ? rest[0] : verb;
    return Object.hasOwn(manifest().scripts, script ?? '') ? [] : [`there is no script ${script}`];
  });
}

function manifest(): { name: string; scripts: object; dependencies: object; peerDependencies: object } {
  return JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
}

function packages(): Set<string> {
  const { name, dependencies, peerDependencies } = manifest();
  return new Set([name, ...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
}
