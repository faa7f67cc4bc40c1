import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pythonWithRequests } from './python.js';

const SCRIPT_TIMEOUT_MS = 25_000;

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** In an empty folder, with no environment but the given one and the PATH. */
export async function runScript(script: string, environment: Readonly<Record<string, string>>): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-seed-'));
  try {
    const child = spawn(script.endsWith('.py') ? pythonWithRequests() : 'sh', [join(__dirname, script)], {
      cwd: folder,
      env: { ...environment, PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: SCRIPT_TIMEOUT_MS,
    });
    const closed = once(child, 'close') as Promise<[number | null]>;
    const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    return { status, stdout, stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
