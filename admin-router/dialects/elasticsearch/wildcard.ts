import { compileWildcards } from '../../../lib/index.js';

const WILDCARDS = { run: '*', one: '?' };

/**
 * Whether `pattern` covers `text`: `*` stands for any run of characters. A `*` in `text` is covered by a `*` only. Goes back
 * to the last star only: at most pattern length times text length steps.
 */
export function covers(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  if (!text.startsWith(pattern.slice(0, star))) return false;
  return star === pattern.length - 1 || compileWildcard(pattern.replace(/[\\?]/g, '\\$&'))(text);
}

/** The same for a pattern of a query, in which `?` stands for any one character and `\` takes its meaning from what follows. */
export function compileWildcard(pattern: string): (text: string) => boolean {
  return compileWildcards(pattern, WILDCARDS);
}
