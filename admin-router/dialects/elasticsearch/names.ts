/**
 * How names of the product become actions and resources of statements. Both ways of writing are unambiguous, also with
 * wildcards: a name that is not covered by a pattern of the product is not covered by what becomes of that pattern.
 */

const MAX_ACTION = 128;
const MAX_RESOURCE = 512;

export type ActionKind = 'cluster' | 'index' | 'index-filtered' | 'application';

/**
 * `elasticsearch:<kind>:<name>`; letters, digits, `_`, `-` and `*` stay, everything else is written as its bytes: `.3a.` for a
 * colon, `.2f.` for a slash. `all` stands for `*`. Null for what no statement can hold: a star within, or too long.
 */
export function actionOf(kind: ActionKind, name: string): string | null {
  if (!name.isWellFormed()) return null;
  const word = name === 'all' && kind !== 'application' ? '*' : name.replace(/[^\w*-]/gu, escaped);
  const action = `elasticsearch:${kind}:${word}`;
  return /^(\*|[\w.-]+\*?|\*[\w.-]+)$/.test(word) && action.length <= MAX_ACTION ? action : null;
}

/** `<kind>/<name>`; `/`, `%`, `;`, white space and control characters are written as their bytes. Null when too long. */
export function resourceOf(
  kind: 'indices' | 'restricted-indices' | 'applications' | 'users',
  ...names: string[]
): string | null {
  if (!names.every((name) => name.isWellFormed())) return null;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what no resource can hold
  const words = names.map((name) => name.replace(/[\u0000-\u0020\u007f%;/]/g, (c) => `%${hexOf(c)};`));
  const resource = [kind, ...words].join('/');
  return resource.length <= MAX_RESOURCE ? resource : null;
}

/** The name in an action of `actionOf`; null for another one. */
export function nameOfAction(action: string): { readonly kind: ActionKind; readonly name: string } | null {
  const [, kind, rest] = /^elasticsearch:(cluster|index|index-filtered|application):(.+)$/.exec(action) ?? [];
  if (kind === undefined || rest === undefined) return null;
  const name = rest.replace(/(?:\.[0-9a-f]{2}\.)+/g, (run) => unescaped(run.replaceAll('.', '')));
  return { kind: kind as ActionKind, name: name === '*' && kind !== 'application' ? 'all' : name };
}

/** The names in a resource of `resourceOf`. */
export function namesOfResource(resource: string): string[] {
  return resource
    .split('/')
    .map((word) => word.replace(/(?:%[0-9a-f]{2};)+/g, (run) => unescaped(run.replace(/[%;]/g, ''))));
}

function escaped(character: string): string {
  return Array.from(Buffer.from(character), (byte) => `.${byte.toString(16).padStart(2, '0')}.`).join('');
}

function unescaped(hex: string): string {
  return Buffer.from(hex, 'hex').toString('utf8');
}

function hexOf(character: string): string {
  return Buffer.from(character).toString('hex');
}
