/** What stands for any run of characters, and for any one; `\` takes its meaning from what follows. */
export interface Wildcards {
  readonly run: string;
  readonly one: string;
  /** What each character, of pattern and text, is compared as. Default: as it is. */
  readonly fold?: (character: string) => string;
}

const ANY_RUN = Symbol('run');
const ANY_ONE = Symbol('one');

/** Whether a text is as `pattern` says, from its first to its last character. Costs at most pattern length times text length steps. */
export function compileWildcards(pattern: string, { run, one, fold = keep }: Wildcards): (text: string) => boolean {
  const wanted = [...pattern.matchAll(/\\?./gsu)].map(([token]) => {
    if (token === run) return ANY_RUN;
    if (token === one) return ANY_ONE;
    return fold(token.length > 1 && token.startsWith('\\') ? token.slice(1) : token);
  });
  return (text) => matches(wanted, Array.from(text, fold));
}

function keep(character: string): string {
  return character;
}

/** Goes back only to the last run. */
function matches(wanted: readonly (string | symbol)[], text: readonly string[]): boolean {
  let at = 0;
  let next = 0;
  let lastRun = -1;
  let resumeAt = 0;
  while (at < text.length) {
    if (wanted[next] === ANY_RUN) {
      lastRun = next++;
      resumeAt = at;
    } else if (next < wanted.length && (wanted[next] === ANY_ONE || wanted[next] === text[at])) {
      next++;
      at++;
    } else if (lastRun >= 0) {
      next = lastRun + 1;
      at = ++resumeAt;
    } else {
      return false;
    }
  }
  while (wanted[next] === ANY_RUN) next++;
  return next === wanted.length;
}
