import type { DialectAnswer } from '../dialect.js';
import { shorten } from './body.js';
import { illegalArgument } from './errors.js';
import { covers } from './wildcard.js';

/** What every call takes besides its own parameters. */
const COMMON = ['pretty', 'human', 'error_trace', 'filter_path', 'format'];
/** Paths of one `filter_path`, the names in all of them, and how deep it looks. */
const MAX_PATHS = 50;
const MAX_PARTS = 200;
const MAX_DEPTH = 50;

/** @throws DialectError for a parameter that the call does not take, and too long a filter. */
export function refuseUnknown(path: string, query: URLSearchParams, taken: readonly string[]): void {
  const unknown = [...new Set(query.keys())].filter((name) => !taken.includes(name) && !COMMON.includes(name));
  if (readPaths(query) === null) {
    throw illegalArgument(`[filter_path] has at most [${MAX_PATHS}] paths and [${MAX_PARTS}] names in all`);
  }
  if (unknown.length === 0) return;
  const list = unknown.slice(0, 10).map((name) => `[${shorten(name)}]`);
  const word = unknown.length === 1 ? 'parameter' : 'parameters';
  throw illegalArgument(`request [${path}] contains unrecognized ${word}: ${list.join(', ')}`);
}

/** A parameter that is there without a value is true. @throws DialectError for another value than `true` and `false`. */
export function booleanOf(query: URLSearchParams, name: string): boolean {
  const value = query.get(name) ?? 'false';
  if (value === '' || value === 'true') return true;
  if (value === 'false') return false;
  throw illegalArgument(`Failed to parse value [${shorten(value)}] as only [true] or [false] are allowed.`);
}

/** Null when it is not there, or empty. */
export function textOf(query: URLSearchParams, name: string): string | null {
  const value = query.get(name);
  return value === null || value.trim() === '' ? null : value;
}

/** The answer as the common parameters want it. */
export function present(answer: DialectAnswer, query: URLSearchParams): DialectAnswer {
  if (answer.body === undefined) return answer;
  const paths = readPaths(query) ?? [];
  const body = paths.length === 0 ? answer.body : (new PathFilter().apply(answer.body, paths) ?? {});
  const pretty = query.get('pretty');
  if (pretty !== '' && pretty !== 'true') return { ...answer, body };
  const { body: _, ...rest } = answer;
  return { ...rest, text: { type: 'application/json; charset=utf-8', value: `${JSON.stringify(body, null, 2)}\n` } };
}

type Path = readonly string[];

/** Null where there are too many. */
function readPaths(query: URLSearchParams): Path[] | null {
  const texts = (query.get('filter_path') ?? '').split(',').filter((path) => path !== '');
  const paths = texts.map((path) =>
    path.split('.').filter((part, index, all) => part !== '**' || all[index - 1] !== '**'),
  );
  return paths.length > MAX_PATHS || paths.flat().length > MAX_PARTS ? null : paths;
}

/** `*` stands for a part of a name, `**` for any number of names. Of a path there are never more ends than it has names. */
class PathFilter {
  readonly #rests = new Map<Path, Path>();

  /** What of `value` one of the paths leads to. */
  apply(value: unknown, paths: readonly Path[], depth = 0): unknown {
    if (paths.some((path) => path.length === 0 || (path.length === 1 && path[0] === '**'))) return value;
    if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return undefined;
    if (Array.isArray(value)) {
      const kept = value.map((each: unknown) => this.apply(each, paths, depth + 1));
      const left = kept.filter((each) => each !== undefined);
      return left.length === 0 ? undefined : left;
    }
    const kept = Object.entries(value).flatMap(([name, member]) => {
      const below = this.#below(paths, name);
      const left = below.length === 0 ? undefined : this.apply(member, below, depth + 1);
      return left === undefined ? [] : [[name, left] as const];
    });
    return kept.length === 0 ? undefined : Object.fromEntries(kept);
  }

  /** What is left of the paths behind a member. */
  #below(paths: readonly Path[], name: string): readonly Path[] {
    const below = new Set<Path>();
    for (const path of paths) {
      const isAny = path[0] === '**';
      if (isAny) below.add(path);
      const next = isAny ? this.#restOf(path) : path;
      if (next[0] !== undefined && covers(next[0], name)) below.add(this.#restOf(next));
    }
    return [...below];
  }

  #restOf(path: Path): Path {
    const rest = this.#rests.get(path) ?? path.slice(1);
    this.#rests.set(path, rest);
    return rest;
  }
}
