import type { SingleBar } from 'cli-progress';

export interface ImportCounts {
  /** Lines read, but for empty ones. */
  readonly lines: number;
  readonly imported: number;
  readonly exists: number;
  readonly refused: number;
}

/** Shows how far an import is. */
export interface Progress {
  /** @param readBytes of the file. */
  show(readBytes: number, counts: ImportCounts): void;
  /** The terminal is free for other lines afterwards. */
  end(): void;
}

const NONE: Progress = { show: () => {}, end: () => {} };
const COUNTS = '{imported} imported, {exists} there already, {refused} refused, {rate}/s';

/** On a terminal a bar, else nothing. @param totalBytes null: nobody knows, as of a pipe. */
export async function progressOn(terminal: NodeJS.WritableStream | null, totalBytes: number | null): Promise<Progress> {
  if (terminal === null) return NONE;
  const { default: cliProgress } = await import('cli-progress');
  const format = totalBytes === null ? COUNTS : `{bar} {percentage}% | ${COUNTS} | {eta_formatted} left`;
  const bar: SingleBar = new cliProgress.SingleBar({
    format,
    stream: terminal as NodeJS.WriteStream,
    barsize: 20,
    fps: 5,
    hideCursor: true,
    etaBuffer: 50,
    barCompleteChar: '#',
    barIncompleteChar: '-',
  });
  const startedAt = performance.now();
  bar.start(Math.max(1, totalBytes ?? 1), 0, { imported: 0, exists: 0, refused: 0, rate: 0 });
  return {
    show(readBytes, { imported, exists, refused }) {
      const rate = Math.round(((imported + exists) * 1_000) / Math.max(1, performance.now() - startedAt));
      bar.update(totalBytes === null ? 0 : Math.min(readBytes, totalBytes), { imported, exists, refused, rate });
    },
    end: () => bar.stop(),
  };
}
