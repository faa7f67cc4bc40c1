/** Where each value begins in the text, by its path: `0.actions.2`; the whole is at the empty path. */
export type Places = ReadonlyMap<string, number>;

export type JsonText =
  | { readonly isJson: true; readonly value: unknown; readonly places: Places }
  /** `at`: the first character that cannot stand there. */
  | { readonly isJson: false; readonly at: number; readonly message: string };

/** As `JSON.parse`, which does not tell in every browser where the text goes wrong, and never where a value stands. */
export function readJson(text: string): JsonText {
  const reader = new Reader(text);
  try {
    return { isJson: true, value: reader.readAll(), places: reader.places };
  } catch (error) {
    if (error instanceof JsonFault) return { isJson: false, at: error.at, message: error.message };
    throw error;
  }
}

/** The line of a position, from 1. */
export function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

/** The value at a path, else the nearest one around it. */
export function placeOf(places: Places, path: string): number {
  for (let inside = path; inside !== ''; inside = inside.slice(0, Math.max(0, inside.lastIndexOf('.')))) {
    const at = places.get(inside);
    if (at !== undefined) return at;
  }
  return places.get('') ?? 0;
}

const MAX_DEPTH = 20;
const SPACE = /[\t\n\r ]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: a text of JSON cannot hold them
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const LITERAL = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

class JsonFault extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

class Reader {
  readonly places = new Map<string, number>();
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): unknown {
    const value = this.#value('', 0);
    if (this.#next() !== '') throw new JsonFault(this.#at, 'nothing more may stand here');
    return value;
  }

  #value(path: string, depth: number): unknown {
    const next = this.#next();
    this.places.set(path, this.#at);
    if (depth > MAX_DEPTH) throw new JsonFault(this.#at, 'this is nested too deeply');
    if (next === '[') return this.#list(path, depth);
    if (next === '{') return this.#object(path, depth);
    const token = next === '"' ? this.#string() : this.#take(LITERAL);
    if (token === null) throw new JsonFault(this.#at, next === '' ? 'a value is missing' : 'no value begins like this');
    return JSON.parse(token);
  }

  #list(path: string, depth: number): unknown[] {
    const items: unknown[] = [];
    this.#at++;
    if (this.#skip(']')) return items;
    do items.push(this.#value(join(path, items.length), depth + 1));
    while (this.#skip(','));
    this.#demand(']', 'a comma or ] must stand here');
    return items;
  }

  #object(path: string, depth: number): Record<string, unknown> {
    const members = new Map<string, unknown>();
    this.#at++;
    if (this.#skip('}')) return {};
    do {
      if (this.#next() !== '"') throw new JsonFault(this.#at, 'a name in double quotes must stand here');
      const nameAt = this.#at;
      const name = JSON.parse(this.#string()) as string;
      if (members.has(name)) throw new JsonFault(nameAt, `"${name}" stands here for the second time`);
      this.#demand(':', 'a colon must stand here');
      members.set(name, this.#value(join(path, name), depth + 1));
    } while (this.#skip(','));
    this.#demand('}', 'a comma or } must stand here');
    return Object.fromEntries(members);
  }

  #string(): string {
    const token = this.#take(TEXT);
    if (token === null) throw new JsonFault(this.#at, 'this text is not closed, or holds what must be escaped');
    return token;
  }

  /** The next character that is no white space; empty at the end. */
  #next(): string {
    this.#take(SPACE);
    return this.#text.charAt(this.#at);
  }

  #skip(mark: string): boolean {
    const isThere = this.#next() === mark;
    if (isThere) this.#at++;
    return isThere;
  }

  #demand(mark: string, message: string): void {
    if (!this.#skip(mark)) throw new JsonFault(this.#at, message);
  }

  #take(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const [token = null] = pattern.exec(this.#text) ?? [];
    this.#at += token?.length ?? 0;
    return token;
  }
}

function join(path: string, part: string | number): string {
  return path === '' ? String(part) : `${path}.${part}`;
}
