/** White space, then a mark, a text as far as it is right, or a literal. */
const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a text of JSON cannot hold them
  /[\t\n\r ]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)("?)|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-]))/y;
const SPACE = /[\t\n\r ]*/y;

/** What may come next: a value, the name of a member, the colon after it, what follows a value, or nothing. */
type Wanted = 'value' | 'value or ]' | 'name' | 'name or }' | ':' | ', or end' | 'nothing';

/** Where a text stops being JSON: the position of the first character that cannot stand there; its length where it ends early. */
export function jsonFaultAt(text: string): number {
  const open: string[] = [];
  let wanted: Wanted = 'value';
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const [token = '', mark, opened, quote, literal] = TOKEN.exec(text) ?? [];
    if (opened !== undefined && quote === '') return at + token.length;
    const next: Wanted | null =
      token === '' ? null : step(wanted, mark, opened !== undefined, literal !== undefined, open);
    if (next === null) {
      SPACE.lastIndex = at;
      return at + (SPACE.exec(text)?.[0].length ?? 0);
    }
    wanted = next;
    at += token.length;
  }
}

/** Null: this token cannot stand here. */
function step(
  wanted: Wanted,
  mark: string | undefined,
  isText: boolean,
  isLiteral: boolean,
  open: string[],
): Wanted | null {
  const after = (): Wanted => (open.length === 0 ? 'nothing' : ', or end');
  const wantsValue = wanted === 'value' || wanted === 'value or ]';
  const wantsName = wanted === 'name' || wanted === 'name or }';
  if (isText && wantsName) return ':';
  if ((isText || isLiteral) && wantsValue) return after();
  switch (mark) {
    case '{':
    case '[':
      if (!wantsValue) return null;
      open.push(mark);
      return mark === '{' ? 'name or }' : 'value or ]';
    case '}':
    case ']': {
      const isEmpty = wanted === (mark === '}' ? 'name or }' : 'value or ]');
      const isRight = open.at(-1) === (mark === '}' ? '{' : '[') && (isEmpty || wanted === ', or end');
      if (!isRight) return null;
      open.pop();
      return after();
    }
    case ':':
      return wanted === ':' ? 'value' : null;
    case ',':
      if (wanted !== ', or end') return null;
      return open.at(-1) === '{' ? 'name' : 'value';
    default:
      return null;
  }
}
