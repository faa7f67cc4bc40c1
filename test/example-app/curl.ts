import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

/** A line that the app printed for people to paste: `curl -si …  # 200`. */
export interface CurlLine {
  /** As printed, the comment included. */
  readonly text: string;
  /** What the comment says. */
  readonly expected: number;
}

export interface CurlAnswer {
  readonly line: CurlLine;
  readonly status: number;
  /** Headers and body. */
  readonly text: string;
}

/** @throws Error of one line when there is no curl. */
export function ensureCurl(): void {
  if (spawnSync('curl', ['--version']).status === 0) return;
  throw new Error('curl was not found: install it (apt-get install curl, brew install curl).');
}

export function curlLinesOf(text: string): CurlLine[] {
  return [...text.matchAll(/^curl .* # (\d{3})$/gm)].map(([line, status]) => ({
    text: line,
    expected: Number(status),
  }));
}

/** Pastes the lines into a shell, one after the other. */
export async function paste(lines: readonly CurlLine[]): Promise<CurlAnswer[]> {
  const answers: CurlAnswer[] = [];
  for (const line of lines) {
    const { stdout } = await promisify(execFile)('sh', ['-c', line.text], { timeout: 10_000 });
    answers.push({ line, status: Number(/^HTTP\/1\.1 (\d{3})/.exec(stdout)?.[1]), text: stdout });
  }
  return answers;
}

/** Every form in which the secrets in `text` could be told: a printed token, pair or header, or an answer's fields. */
export function secretsIn(text: string): string[] {
  const tokens = text.match(/\blk_[A-Za-z0-9]{22}_[A-Za-z0-9]{49}\b/g) ?? [];
  return [...new Set(tokens)].flatMap((token) => {
    const [, id, secret = ''] = token.split('_');
    return [secret, Buffer.from(`${id}:${secret}`).toString('base64')];
  });
}
