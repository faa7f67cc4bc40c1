import { hash } from 'node:crypto';
import { runInNewContext } from 'node:vm';

/** Bytes of an existing key that is read from a header; what is longer is refused unread. */
export const MAX_EXISTING_KEY = 256;
/** What is shorter may be guessed from what can be seen of it. */
export const MIN_EXISTING_KEY = 16;
/** The longest that a pattern may take over all of `PROBES`, in ms: one that is no trap takes less than one. */
const MAX_PROBING_MS = 1_000;
/** Groups of a pattern that are tried by themselves. */
const MAX_GROUPS = 50;
const PROBES = ['a', 'A', '0', 'f0', 'aA0', '-', '_', '.', '=', 'a-', 'a_', ' '];
const HTTP_TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,32}$/;

export interface ImportedKeyOptions {
  /**
   * What an existing key looks like, from its first to its last character (so it need not be anchored; the flags g, m and y count
   * for nothing). What does not match costs no look-up.
   */
  readonly pattern: RegExp;
  /**
   * A scheme of `Authorization` that existing keys come in, e.g. `Bearer`; the tokens that they are rotated into are taken there,
   * too, and both count as the form `api-key`. Default: none, only the headers of `http.headers`.
   */
  readonly authorizationScheme?: string;
}

/** Lower-case hexadecimal SHA-256 of the UTF-8 bytes: what `apiKeys.import` takes as `sha256`. */
export function hashExistingKey(key: string): string {
  return hash('sha256', key, 'hex');
}

/** How the keys look that an app had before: what is read as one, and nothing else. */
export class ImportedKeyForm {
  /** In lower case; null: none. */
  readonly authorizationScheme: string | null;
  /** As the host wrote it. */
  readonly schemeName: string | null;
  readonly #pattern: RegExp;

  /** @throws TypeError for an option that cannot be used, such as a pattern that can take very long. */
  constructor({ pattern, authorizationScheme }: ImportedKeyOptions) {
    if (!(pattern instanceof RegExp)) {
      throw new TypeError('http.importedKeys.pattern must be a RegExp that the whole of an existing key matches');
    }
    const isScheme = authorizationScheme === undefined || HTTP_TOKEN.test(authorizationScheme);
    if (!isScheme || ['apikey', 'basic'].includes(authorizationScheme?.toLowerCase() ?? '')) {
      throw new TypeError(
        'http.importedKeys.authorizationScheme must be a scheme other than ApiKey and Basic, e.g. "Bearer"',
      );
    }
    this.schemeName = authorizationScheme ?? null;
    this.authorizationScheme = authorizationScheme?.toLowerCase() ?? null;
    this.#pattern = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gmy]/g, ''));
    refuseSlow(this.#pattern, pattern.source);
  }

  /** Whether `text` is read as an existing key. */
  matches(text: string): boolean {
    return text.length <= MAX_EXISTING_KEY && Buffer.byteLength(text) <= MAX_EXISTING_KEY && this.#pattern.test(text);
  }
}

/** Strangers choose what is matched: a pattern that tries every way to split it up would stop the process. */
function refuseSlow(pattern: RegExp, source: string): void {
  const start = /^\^?((?:[\w-]|\\[_.-])*)/.exec(source)?.[1]?.replaceAll('\\', '') ?? '';
  const texts = ['', start].flatMap((before) =>
    PROBES.map((part) => `${before}${part.repeat(MAX_EXISTING_KEY)}`.slice(0, MAX_EXISTING_KEY - 1)),
  );
  const probes = texts.map((text) => `${text}\u0000`);
  const patterns = [pattern, ...endsOf(pattern, source)];
  try {
    runInNewContext(
      'for (const pattern of patterns) for (const probe of probes) pattern.test(probe)',
      { patterns, probes },
      { timeout: MAX_PROBING_MS },
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    throw new TypeError(
      'http.importedKeys.pattern takes too long on texts that do not match: repeat no group that holds a repetition',
    );
  }
}

/** What is left of a pattern from each of its groups on: a trap may stand behind what no probe matches, and strangers know. */
function endsOf({ flags }: RegExp, source: string): RegExp[] {
  const starts = [...source.matchAll(/\(/g)].map(({ index }) => index).filter((at) => at > 0);
  return starts.slice(0, MAX_GROUPS).flatMap((at) => {
    try {
      return new RegExp(`^(?:${source.slice(at)})$`, flags);
    } catch {
      return []; // within a group
    }
  });
}
