import { UsageError } from './command.js';
import { wholeNumber } from './option-values.js';
import type { Output } from './output.js';
import type { Column } from './table.js';

/** More at once is what `--all` is for: a document is held in memory. */
const MAX_LIMIT = 1_000;
const DEFAULT_LIMIT = 50;
const MAX_CURSOR = 2_000;

export const PAGE_OPTIONS = {
  limit: { type: 'string' },
  cursor: { type: 'string' },
  all: { type: 'boolean' },
} as const;

export const PAGE_HELP = `  --limit N             so many at most, up to ${MAX_LIMIT}; default ${DEFAULT_LIMIT}
  --cursor TEXT         go on where a document of --json ended: its nextCursor
  --all                 all of them; with --json each is a line of its own (JSON Lines), in place of one document`;

export interface Paging {
  /** Null: all of them. */
  readonly limit: number | null;
  readonly cursor: string | undefined;
  /** Records on one page of the library. */
  readonly pageSize: number;
}

interface PageOf<Row> {
  readonly items: readonly Row[];
  readonly nextCursor: string | null;
}

type ReadPage<Row> = (limit: number, cursor: string | undefined) => Promise<PageOf<Row>>;

/** @throws UsageError */
export function pagingOf(
  values: {
    readonly limit?: string | undefined;
    readonly cursor?: string | undefined;
    readonly all?: boolean | undefined;
  },
  pageSize: number,
): Paging {
  const { cursor, all = false } = values;
  const limit = wholeNumber('limit', values.limit, 1, MAX_LIMIT);
  if (all && limit !== null) throw new UsageError('--all and --limit exclude each other');
  if (cursor !== undefined && cursor.length > MAX_CURSOR) throw new UsageError('--cursor is none');
  return { limit: all ? null : (limit ?? DEFAULT_LIMIT), cursor, pageSize };
}

/** Reads pages until there are enough, or no more, and prints them: those of `--all` as they come. */
export async function showPages<Row extends object>(
  read: ReadPage<Row>,
  { limit, cursor, pageSize }: Paging,
  output: Output,
  columns: readonly Column<Row>[],
  signal: AbortSignal,
): Promise<void> {
  const show = limit === null ? output.stream(columns) : null;
  const kept: Row[] = [];
  let next: string | null | undefined = cursor;
  do {
    const most = Math.min(pageSize, limit === null ? pageSize : limit - kept.length);
    const page: PageOf<Row> = await read(most, next);
    next = page.nextCursor;
    if (show === null) kept.push(...page.items);
    else show(page.items);
  } while (next !== null && (limit === null || kept.length < limit) && !signal.aborted);
  if (show === null) output.page(kept, next, columns);
}
