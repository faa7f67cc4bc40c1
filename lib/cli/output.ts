import type { Surroundings } from './command.js';
import { jsonView } from './json-view.js';
import { printableJson } from './printable.js';
import { type Column, factLines, Table, type TableSettings } from './table.js';

/** Prints records: for people as tables and facts, for programs (`--json`) as the admin API answers them. */
export class Output {
  readonly isJson: boolean;
  readonly #print: (line: string) => void;
  readonly #settings: TableSettings;

  constructor({ print, columns, environment }: Surroundings, isJson: boolean | undefined) {
    this.isJson = isJson === true;
    this.#print = print;
    const isPlain = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
    this.#settings = { columns, isColoured: columns !== null && !isPlain };
  }

  /** For people only. */
  say(line: string): void {
    if (!this.isJson) this.#print(line);
  }

  /** One document. */
  document(value: object): void {
    this.#print(printableJson(value, 2));
  }

  /** A line of JSON, in the midst of others. */
  line(value: object): void {
    this.#print(printableJson(value));
  }

  /** One record: as a document, or its facts. */
  record(record: object, facts: readonly (readonly [string, string])[]): void {
    if (this.isJson) this.document(jsonView(record));
    else for (const line of factLines(facts)) this.#print(line);
  }

  /** A page of records: as a document `{ items, nextCursor }`, or a table. */
  page<Row extends object>(rows: readonly Row[], nextCursor: string | null, columns: readonly Column<Row>[]): void {
    if (this.isJson) {
      this.document({ items: rows.map(jsonView), nextCursor });
      return;
    }
    for (const line of new Table(columns, this.#settings).lines(rows)) this.#print(line);
    if (rows.length === 0) this.#print('None.');
    if (nextCursor !== null) this.#print('\nThere is more: --limit N, --all, or --cursor with nextCursor of --json.');
  }

  /** Prints records as they come: each as a line of JSON, or of a table. */
  stream<Row extends object>(columns: readonly Column<Row>[]): (rows: readonly Row[]) => void {
    const table = new Table(columns, this.#settings);
    return (rows) => {
      const lines = this.isJson ? rows.map((row) => printableJson(jsonView(row))) : table.lines(rows);
      for (const line of lines) this.#print(line);
    };
  }
}

/** An instant for people, in UTC. */
export function minute(at: number | null): string {
  return at === null ? 'never' : new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

/** Statements for people: one text for each. */
export function statementTexts(
  statements: readonly {
    readonly actions: readonly string[];
    readonly resources: readonly string[];
    readonly workspace: string;
  }[],
): string[] {
  return statements.map(({ actions, resources, workspace }) => {
    const where = workspace === '*' ? '' : ` in workspace ${workspace}`;
    return `${actions.join(', ')} on ${resources.join(', ')}${where}`;
  });
}
