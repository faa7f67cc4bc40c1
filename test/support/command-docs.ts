/** What Redis itself tells of a command. */
export interface CommandDocs {
  readonly since: string;
  /** Each option, or sign in its place, and since which version there is it. */
  readonly options: ReadonlyMap<string, string>;
  /** What has been added, and in which version. */
  readonly history: readonly (readonly [version: string, what: string])[];
}

/** Reads what COMMAND DOCS answers as flat lists. By name, of subcommands both words. */
export function readCommandDocs(answer: unknown): Map<string, CommandDocs> {
  const docs = new Map<string, CommandDocs>();
  const add = (name: string, told: unknown) => {
    const { since, arguments: args, history, subcommands } = fieldsOf(told);
    const options = new Map<string, string>();
    readOptions(args, String(since), options);
    docs.set(name, { since: String(since), options, history: (history ?? []) as [string, string][] });
    for (const [sub, toldOfSub] of pairsOf(subcommands)) add(sub, toldOfSub);
  };
  for (const [name, told] of pairsOf(answer)) add(name, told);
  return docs;
}

function readOptions(args: unknown, since: string, options: Map<string, string>): void {
  for (const each of listOf(args)) {
    const { token, since: own, arguments: inner } = fieldsOf(each);
    const from = own === undefined ? since : String(own);
    if (typeof token === 'string' && token !== '') options.set(token.toUpperCase(), from);
    readOptions(inner, from, options);
  }
}

function fieldsOf(flat: unknown): Record<string, unknown> {
  return Object.fromEntries(pairsOf(flat));
}

function pairsOf(flat: unknown): [string, unknown][] {
  const list = listOf(flat);
  return list.flatMap((name, at) => (at % 2 === 0 ? [[String(name), list[at + 1]] as [string, unknown]] : []));
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
