const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';
/** Of the README's lines, but for tables. */
const WIDTH = 130;
const SECTION = /^<!-- bench:section (\S+) -->$/;

/**
 * The README with these sections between its marks, each in place of the one of that name; others stay as they are. What stands
 * before the first section stays too: it is written by hand. Sections come in the order of `compareNames`.
 *
 * @throws Error when the marks are not there.
 */
export function withSections(
  readme: string,
  sections: ReadonlyMap<string, string>,
  compareNames: (a: string, b: string) => number,
): string {
  const start = readme.indexOf(START);
  const end = readme.indexOf(END);
  if (start === -1 || end < start) throw new Error(`README.md has no ${START} with ${END} after it`);
  const { lead, kept } = read(readme.slice(start + START.length, end));
  const all = new Map([...kept, ...sections]);
  const names = [...all.keys()].sort(compareNames);
  const texts = names.map((name) => `<!-- bench:section ${name} -->\n${wrapped(all.get(name) ?? '')}`);
  return `${readme.slice(0, start)}${START}\n${[lead, ...texts].filter(Boolean).join('\n\n')}\n${readme.slice(end)}`;
}

function wrapped(text: string): string {
  const lines = text.trim().split('\n');
  return lines.map((line) => (line.startsWith('|') ? line : wrap(line))).join('\n');
}

function wrap(line: string): string {
  if (line.length <= WIDTH) return line;
  const space = line.lastIndexOf(' ', WIDTH);
  return space === -1 ? line : `${line.slice(0, space)}\n${wrap(line.slice(space + 1))}`;
}

function read(block: string): { readonly lead: string; readonly kept: ReadonlyMap<string, string> } {
  const lead: string[] = [];
  const kept = new Map<string, string[]>();
  let lines = lead;
  for (const line of block.split('\n')) {
    const name = SECTION.exec(line)?.[1];
    if (name === undefined) lines.push(line);
    else {
      lines = [];
      kept.set(name, lines);
    }
  }
  const texts = Array.from(kept, ([name, own]) => [name, own.join('\n').trim()] as const);
  return { lead: lead.join('\n').trim(), kept: new Map(texts) };
}
