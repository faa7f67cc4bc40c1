import { addAbortSignal, type Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { FieldError, ImportResult, KeyImport, KeyState } from '../index.js';
import { MAX_LINE_BYTES, type ParsedLine, parseLine } from './import-line.js';
import type { ImportCounts } from './import-progress.js';
import { linesOf } from './json-lines.js';

/** Lines handed over at once. */
const BATCH = 500;
/** How long the store may be away before the import ends, and between two tries, in ms. */
const PATIENCE_MS = 60_000;
const TRY_AGAIN_MS = 500;

export interface LineFault {
  readonly line: number;
  readonly errors: readonly FieldError[];
}

/** Why an import ended. */
export type ImportEnd = 'complete' | 'interrupted' | 'unreachable';

export interface ImportOutcome extends ImportCounts {
  readonly end: ImportEnd;
  /** Every line before this one was dealt with. */
  readonly nextLine: number;
  /** Of those that were there already, how many are in which state. */
  readonly existing: Readonly<Partial<Record<KeyState, number>>>;
}

export interface Importing {
  readonly source: Readable;
  readonly defaults: Partial<KeyImport>;
  /** Lines before this one are passed over. */
  readonly fromLine: number;
  readonly signal: AbortSignal;
  readonly take: (entries: readonly KeyImport[]) => Promise<readonly ImportResult[]>;
  readonly tellFault: (fault: LineFault) => void;
  readonly tellProgress: (readBytes: number, counts: ImportCounts) => void;
  /** The store is away: told once, each time. */
  readonly tellAway: (reason: string) => void;
}

/**
 * Takes in a file of keys, a batch at a time: no more than that is held, however long the file. What is taken in is taken in at
 * once, so an import that ends in the middle, in whatever way, is made complete by the same one.
 */
export async function importLines(importing: Importing): Promise<ImportOutcome> {
  const { source, defaults, fromLine, signal } = importing;
  const counts = { lines: 0, imported: 0, exists: 0, refused: 0 };
  const existing: Partial<Record<KeyState, number>> = {};
  let nextLine = fromLine;
  let batch: ParsedLine[] = [];
  let readBytes = 0;
  const flush = async (): Promise<ImportEnd> => {
    const end = await takeBatch(batch, importing, counts, existing);
    if (end === 'complete') nextLine = (batch.at(-1)?.number ?? nextLine - 1) + 1;
    importing.tellProgress(readBytes, counts);
    batch = [];
    return end;
  };
  const outcome = (end: ImportEnd): ImportOutcome => ({ ...counts, existing, end, nextLine });
  try {
    for await (const line of linesOf(addAbortSignal(signal, source), MAX_LINE_BYTES)) {
      readBytes = line.endsAt;
      if (line.number < fromLine) continue;
      batch.push(parseLine(line, defaults));
      if (batch.length < BATCH) continue;
      const end = await flush();
      if (end !== 'complete') return outcome(end);
    }
  } catch (error) {
    if (signal.aborted) return outcome('interrupted'); // while it was waited for a line
    throw error;
  }
  return outcome(await flush());
}

/** Until each of the batch is settled: what a store that is away has not settled is tried again. */
async function takeBatch(
  batch: readonly ParsedLine[],
  { take, tellFault, tellAway, signal }: Importing,
  counts: { lines: number; imported: number; exists: number; refused: number },
  existing: Partial<Record<KeyState, number>>,
): Promise<ImportEnd> {
  let awaySince: number | null = null;
  const refuse = (line: number, errors: readonly FieldError[]) => {
    counts.refused += 1;
    tellFault({ line, errors });
  };
  let open = batch;
  for (;;) {
    if (signal.aborted) return 'interrupted';
    const taken = open.flatMap((line) => (line.entry === undefined ? [] : [line]));
    if (open === batch) for (const { number, errors } of open) if (errors !== undefined) refuse(number, errors);
    const results = taken.length === 0 ? [] : await take(taken.map(({ entry }) => entry));
    const unsettled: ParsedLine[] = [];
    let reason = '';
    for (const [at, line] of taken.entries()) {
      const result = results[at];
      if (result === undefined) throw new Error('apiKeys.import has answered too little');
      if (result.outcome === 'imported') counts.imported += 1;
      else if (result.outcome === 'exists') {
        counts.exists += 1;
        existing[result.state] = (existing[result.state] ?? 0) + 1;
      } else if (result.error.status === 503) {
        unsettled.push(line);
        reason = result.error.reason;
      } else {
        const { errors, message } = result.error;
        refuse(line.number, errors.length > 0 ? errors : [{ path: '', message }]);
      }
    }
    if (unsettled.length === 0) {
      counts.lines += batch.length;
      return 'complete';
    }
    if (awaySince === null) tellAway(reason);
    if (unsettled.length < taken.length) awaySince = null;
    awaySince ??= performance.now();
    if (performance.now() - awaySince > PATIENCE_MS) return 'unreachable';
    open = unsettled;
    await delay(TRY_AGAIN_MS, undefined, { signal }).catch(() => {}); // aborted: looked at above
  }
}
