import { printableLine } from './printable.js';

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string;
  /** May be cut, down to so many columns, where the terminal is narrow. Default: it is always shown whole. */
  readonly least?: number;
  /** Left out where the terminal is too narrow for all, the last of such first. */
  readonly isExtra?: true;
  /** How a value is coloured. */
  readonly colour?: (row: Row) => Colour | null;
}

export type Colour = 'red' | 'green' | 'yellow' | 'grey';

/** Where a table is shown. */
export interface TableSettings {
  /** Null: no terminal, nothing is cut. */
  readonly columns: number | null;
  readonly isColoured: boolean;
}

const GAP = '  ';
const CODES: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, grey: 90 };
/** Between two characters that a terminal shows as one. */
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** What takes two columns: East Asian and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;

/** The lines of a table that fits: a title above each column, no more space than its values take. */
export class Table<Row> {
  #columns: readonly Column<Row>[];
  readonly #settings: TableSettings;
  /** Settled with the first rows: the next ones have the same. */
  #widths: readonly number[] | null = null;

  constructor(columns: readonly Column<Row>[], settings: TableSettings) {
    this.#columns = columns;
    this.#settings = settings;
  }

  /** The lines of further rows, with the titles above the first ones. */
  lines(rows: readonly Row[]): string[] {
    const isFirst = this.#widths === null;
    this.#widths ??= this.#fit(rows);
    const titles = this.#columns.map(({ title }) => title);
    const head = isFirst ? [this.#line(titles, [])] : [];
    const lineOf = (row: Row) => {
      const colours = this.#columns.map(({ colour }) => colour?.(row) ?? null);
      return this.#line(this.#cells(row), colours);
    };
    return [...head, ...rows.map(lineOf)];
  }

  #cells(row: Row): string[] {
    return this.#columns.map(({ of }) => printableLine(of(row)));
  }

  /** Leaves out extras, then takes from the widest of those that may be cut, until all fit or none has more to give. */
  #fit(rows: readonly Row[]): number[] {
    const most = this.#settings.columns ?? Number.POSITIVE_INFINITY;
    const cells = rows.map((row) => this.#cells(row));
    const natural = new Map(
      this.#columns.map((column, at) => {
        const texts = [column.title, ...cells.map((row) => row[at] ?? '')];
        return [column, Math.max(...texts.map(widthOf))] as const;
      }),
    );
    const widthsOf = (columns: readonly Column<Row>[]) => columns.map((column) => natural.get(column) ?? 0);
    const leastOf = (column: Column<Row>, width: number) => Math.min(width, column.least ?? width);
    const least = () => total(this.#columns.map((column) => leastOf(column, natural.get(column) ?? 0)));
    while (least() > most && this.#columns.some(({ isExtra }) => isExtra)) {
      const last = this.#columns.findLast(({ isExtra }) => isExtra);
      this.#columns = this.#columns.filter((column) => column !== last);
    }
    const widths = widthsOf(this.#columns);
    for (let excess = total(widths) - most; excess > 0; excess--) {
      const spare = this.#columns.map((column, at) => {
        const width = widths[at] ?? 0;
        return leastOf(column, width) < width ? width : 0;
      });
      const widest = Math.max(...spare);
      if (widest === 0) break;
      widths[spare.indexOf(widest)] = widest - 1;
    }
    return widths;
  }

  #line(cells: readonly string[], colours: readonly (Colour | null)[]): string {
    const widths = this.#widths ?? [];
    const shown = cells.map((cell, at) => {
      const width = widths[at] ?? 0;
      const text = this.#settings.columns === null ? cell : cut(cell, width);
      const padding = at === cells.length - 1 ? '' : ' '.repeat(Math.max(0, width - widthOf(text)));
      return coloured(text, this.#settings.isColoured ? (colours[at] ?? null) : null) + padding;
    });
    return shown.join(GAP).trimEnd();
  }
}

/** With the gaps in between. */
function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
}

/** Name and value, one below the other. */
export function factLines(facts: readonly (readonly [name: string, value: string])[]): string[] {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${name.padEnd(width)}${GAP}${printableLine(value)}`.trimEnd());
}

/** The columns that a terminal takes for `text`, which holds no control characters. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += WIDE.test(segment) ? 2 : /^\p{M}/u.test(segment) ? 0 : 1;
  return width;
}

/** `text` in at most `width` columns, with `…` in place of what is cut off. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  let used = 1;
  for (const { segment } of graphemes.segment(text)) {
    used += widthOf(segment);
    if (used > width) break;
    kept += segment;
  }
  return `${kept}…`;
}

function coloured(text: string, colour: Colour | null): string {
  return colour === null ? text : `\u001b[${CODES[colour]}m${text}\u001b[0m`;
}
