/**
 * Whether `pattern`, in which `*` stands for any run of characters, matches all of `text`. Where `text` is a pattern itself: whether
 * it contains all that `text` matches; then it may say no where it could say yes. As lib/permissions/glob.ts has it.
 */
export function matches(pattern: string, text: string): boolean {
  if (pattern === '*' || pattern === text) return true;
  const runs = pattern.split('*');
  const [first = ''] = runs;
  const last = runs.at(-1) ?? '';
  if (runs.length === 1 || text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let position = first.length;
  for (const run of runs.slice(1, -1)) {
    const found = text.indexOf(run, position);
    if (found < 0 || found + run.length > text.length - last.length) return false;
    position = found + run.length;
  }
  return true;
}

/** Two patterns whose lengths multiplied are more than this are not compared to the end: a table must not keep a browser busy. */
const MAX_STEPS = 4_000;

/** Whether there is a text that both patterns match. Of long patterns that begin and end alike it may say so where there is none. */
export function overlap(a: string, b: string): boolean {
  if (a === '*' || b === '*') return true;
  if (!isAlike(a, b, 'start') || !isAlike(a, b, 'end')) return false;
  if (a.length * b.length > MAX_STEPS) return true;
  // What can still be matched after each beginning of `b`, for one beginning of `a` after the other.
  let reachable = startOf(b);
  for (const character of a) {
    const next = new Array<boolean>(b.length + 1).fill(false);
    for (let at = 0; at <= b.length; at++) {
      const isStarB = at > 0 && b[at - 1] === '*';
      next[at] =
        character === '*'
          ? Boolean(reachable[at]) || (at > 0 && Boolean(next[at - 1]))
          : isStarB
            ? Boolean(next[at - 1]) || Boolean(reachable[at])
            : at > 0 && b[at - 1] === character && Boolean(reachable[at - 1]);
    }
    reachable = next;
  }
  return Boolean(reachable[b.length]);
}

/** Whether what stands before the first star, or after the last one, can be the same text. */
function isAlike(a: string, b: string, side: 'start' | 'end'): boolean {
  const [one = '', other = ''] = [a, b].map((pattern) => pattern.split('*').at(side === 'start' ? 0 : -1));
  return side === 'start' ? one.startsWith(other) || other.startsWith(one) : one.endsWith(other) || other.endsWith(one);
}

/** Nothing of `a` is read yet: only stars of `b` can stand for nothing. */
function startOf(b: string): boolean[] {
  const start = [true];
  for (let at = 1; at <= b.length; at++) start[at] = Boolean(start[at - 1]) && b[at - 1] === '*';
  return start;
}
