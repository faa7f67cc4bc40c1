/**
 * Whether `pattern` covers `text`: `*` stands for any run of characters. A `*` in `text` is covered by a `*` only. Goes back
 * to the last star only: at most pattern length times text length steps.
 */
export function covers(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  if (!text.startsWith(pattern.slice(0, star))) return false;
  return (
    star === pattern.length - 1 ||
    matches(
      Array.from(pattern, (c) => (c === '*' ? RUN : c)),
      text,
    )
  );
}

/** The same for a pattern of a query, in which `?` stands for any one character and `\` takes its meaning from what follows. */
export function compileWildcard(pattern: string): (text: string) => boolean {
  const wanted = [...pattern.matchAll(/\\?./gsu)].map(([token]) => {
    if (token === '*') return RUN;
    if (token === '?') return ONE;
    return token.length > 1 && token.startsWith('\\') ? token.slice(1) : token;
  });
  return (text) => matches(wanted, text);
}

const RUN = Symbol('*');
const ONE = Symbol('?');

function matches(wanted: readonly (string | symbol)[], text: string): boolean {
  const given = Array.from(text);
  let at = 0;
  let next = 0;
  let lastRun = -1;
  let resumeAt = 0;
  while (at < given.length) {
    if (wanted[next] === RUN) {
      lastRun = next++;
      resumeAt = at;
    } else if (next < wanted.length && (wanted[next] === ONE || wanted[next] === given[at])) {
      next++;
      at++;
    } else if (lastRun >= 0) {
      next = lastRun + 1;
      at = ++resumeAt;
    } else {
      return false;
    }
  }
  while (wanted[next] === RUN) next++;
  return next === wanted.length;
}
