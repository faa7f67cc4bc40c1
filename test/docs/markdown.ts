import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const ROOT = join(__dirname, '..', '..');
const NOT_OURS = new Set(['node_modules', 'dist', 'coverage', 'artefacts']);

/** A fenced block of a document. */
export interface Block {
  /** Such as `README.md:12`. */
  readonly place: string;
  readonly document: string;
  readonly language: string;
  readonly code: string;
  /** What the comment before it says: `<!-- sample: NAME -->`, `<!-- not run: WHY -->`. Null without one. */
  readonly sample: string | null;
  readonly notRun: string | null;
}

/** Every document of the repository, as a path from its root. */
export function documents(folder: string = ROOT): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name) || entry.name.startsWith('.')) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return documents(path);
    return entry.name.endsWith('.md') ? [relative(ROOT, path)] : [];
  });
}

export function textOf(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8');
}

/** The fenced blocks of a document, in order. @throws Error for a fence that is not closed. */
export function blocksOf(document: string, text = textOf(document)): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const language = /^```(.*)$/.exec(lines[at] ?? '')?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf('```', at + 1);
    const place = `${document}:${at + 1}`;
    if (end < 0) throw new Error(`${place}: this fence is not closed`);
    const before = lines.slice(0, at).findLast((line) => line.trim() !== '') ?? '';
    const [, kind, said = ''] = /^<!-- (sample|not run): (.+) -->$/.exec(before) ?? [];
    blocks.push({
      place,
      document,
      language,
      code: `${lines.slice(at + 1, end).join('\n')}\n`,
      sample: kind === 'sample' ? said : null,
      notRun: kind === 'not run' ? said : null,
    });
    at = end;
  }
  return blocks;
}

/** The rows of the table after the comment `<!-- MARKER -->`, without its head: cells as they are written. */
export function tableAfter(document: string, marker: string): string[][] {
  const [, after = ''] = textOf(document).split(`<!-- ${marker} -->\n`);
  const lines = after.trimStart().split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  const rows = lines.slice(2, end < 0 ? undefined : end);
  if (rows.length === 0) throw new Error(`${document} has no table after <!-- ${marker} -->`);
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  );
}

/** What stands between back quotes. */
export function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}
