import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Far longer than all the lines take. */
const SHELL_TIMEOUT_MS = 20_000;
const END_OF_ANSWER = '--- the answer ends here ---';

export interface CurlAnswer {
  /** As printed, what it expects included. */
  readonly line: string;
  readonly expected: number;
  readonly status: number;
  /** Headers and body. */
  readonly text: string;
}

/** @throws Error of one line when there is no curl. */
export function ensureCurl(): void {
  if (isInstalled('curl')) return;
  throw new Error('curl was not found: install it (apt-get install curl, brew install curl).');
}

export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

/** The lines that the app printed for people to paste, headings, assignments and all. */
export function linesToPaste(startText: string): string[] {
  const part = /^Lines to paste .*$([\s\S]*)^The page/m.exec(startText)?.[1] ?? '';
  return part.split('\n').filter((line) => line !== '');
}

/** What a line says it expects: `curl -si …; : expects 200`. */
function expectedOf(line: string): number | null {
  const status = /; : expects (\d{3})$/.exec(line)?.[1];
  return status === undefined ? null : Number(status);
}

/**
 * Pastes the lines into one shell, in an empty folder; returns what those answered that expect something.
 * @throws Error when the shell, or a program that it ran, complained.
 */
export async function paste(lines: readonly string[], shell = 'sh'): Promise<CurlAnswer[]> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-paste-'));
  const script = lines.map((line) => (expectedOf(line) === null ? line : `${line}\necho; echo '${END_OF_ANSWER}'`));
  try {
    const child = spawn(shell, ['-s'], { cwd: folder, timeout: SHELL_TIMEOUT_MS, killSignal: 'SIGKILL' });
    let output = '';
    let complaints = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaints += chunk));
    child.stdin.end(`${script.join('\n')}\n`);
    await once(child, 'close');
    if (complaints !== '') throw new Error(`${shell} complained:\n${complaints}`);
    const texts = output.split(`${END_OF_ANSWER}\n`);
    return lines
      .filter((line) => expectedOf(line) !== null)
      .map((line, index) => {
        const text = texts[index] ?? '';
        const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);
        return { line, expected: expectedOf(line) ?? 0, status, text };
      });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every form in which the secrets of the keys in `text` could be told: a printed token, pair or header. */
export function keySecretsIn(text: string): string[] {
  const tokens = text.match(/\blk_[A-Za-z0-9]{22}_[A-Za-z0-9]{49}\b/g) ?? [];
  return [...new Set(tokens)].flatMap((token) => {
    const [, id, secret = ''] = token.split('_');
    return [secret, Buffer.from(`${id}:${secret}`).toString('base64')];
  });
}

/** Passwords that were made up, login tokens, request ids, and session ids: in a cookie, or as a session token. */
export function loginSecretsIn(text: string): string[] {
  const forms = [
    /^\w+_PASSWORD=(\S+)$/gm,
    /"loginToken":"([^"]+)"/g,
    /"requestId":"([^"]+)"/g,
    /(?:\b|%3A)([A-Za-z0-9]{43}\.[a-z0-9]+\.[a-z0-9]+)\b/g,
  ];
  return [...new Set(forms.flatMap((form) => [...text.matchAll(form)].map(([, secret = '']) => secret)))];
}
