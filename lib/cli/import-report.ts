import type { Surroundings } from './command.js';
import { onTheWire } from './faults.js';
import type { ImportOutcome, LineFault } from './key-importing.js';
import type { Output } from './output.js';
import { printableLine } from './printable.js';

/** Faults that are told to people, one by one; further ones are counted. */
const MAX_TOLD = 100;

/** Tells what is wrong with lines: programs of each at once, people of the first ones, beside no progress bar. */
export class Faults {
  readonly #output: Output;
  readonly #surroundings: Surroundings;
  readonly #kept: string[] = [];
  #count = 0;

  constructor(output: Output, surroundings: Surroundings) {
    this.#output = output;
    this.#surroundings = surroundings;
  }

  add({ line, errors }: LineFault): void {
    const named = errors.map(onTheWire);
    if (this.#output.isJson) {
      this.#output.line({ line, errors: named });
      return;
    }
    this.#count += 1;
    if (this.#count > MAX_TOLD) return;
    const text = `line ${line}: ${named.map(({ path, message }) => `${path} ${message}`.trim()).join('; ')}`;
    if (this.#surroundings.progressTo === null) this.#surroundings.complain(printableLine(text));
    else this.#kept.push(printableLine(text));
  }

  end(): void {
    for (const line of this.#kept) this.#surroundings.complain(line);
    if (this.#count > MAX_TOLD)
      this.#surroundings.complain(`... and ${this.#count - MAX_TOLD} lines more (--json tells all).`);
  }
}

/** For people. */
export function summaryOf(outcome: ImportOutcome, isDryRun: boolean, seconds: number): string[] {
  const { lines, imported, exists, refused, existing, end, nextLine } = outcome;
  const ended = Object.entries(existing).filter(([state]) => state !== 'active');
  const states = ended.map(([state, count]) => `${count} ${state}`).join(', ');
  const rate = seconds < 1 ? '' : ` (${Math.round(lines / seconds)}/s)`;
  return [
    `${lines} lines in ${seconds.toFixed(1)} s${rate}: ${imported} ${isDryRun ? 'can be imported' : 'imported'}, ${exists} there already${states === '' ? '' : ` (of which ${states})`}, ${refused} refused.`,
    ...(isDryRun ? ['Nothing was written. A key that is in the file twice counts twice here.'] : []),
    ...(end === 'complete'
      ? []
      : [`${WHY[end]} Run it again: what is in stays in. --from-line ${nextLine} goes on where it ended.`]),
  ];
}

const WHY = { interrupted: 'It was ended.', unreachable: 'Redis was away for too long.' } as const;
