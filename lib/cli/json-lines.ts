import type { Readable } from 'node:stream';
import { utf8 } from './json-file.js';

const LINE_FEED = 10;

/** A line of a file, without its end. */
export interface Line {
  /** From 1. */
  readonly number: number;
  /** Null: it is longer than what is read, or no UTF-8. */
  readonly text: string | null;
  /** Bytes of the file up to its end. */
  readonly endsAt: number;
}

/** The lines of a stream that are not empty, one at a time; no more than `mostBytes` of a line is held. */
export async function* linesOf(stream: Readable, mostBytes: number): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let held = 0;
  let isTooLong = false;
  let number = 1;
  let endsAt = 0;
  const keep = (part: Buffer) => {
    isTooLong ||= held + part.length > mostBytes;
    parts = isTooLong ? [] : [...parts, part];
    held = isTooLong ? 0 : held + part.length;
  };
  const take = (): Line | null => {
    const text = isTooLong ? null : utf8(Buffer.concat(parts));
    const line = text?.trim() === '' ? null : { number, text, endsAt };
    [parts, held, isTooLong] = [[], 0, false];
    number += 1;
    return line;
  };
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    let from = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, from)) {
      keep(bytes.subarray(from, end));
      endsAt += end + 1 - from;
      from = end + 1;
      const line = take();
      if (line !== null) yield line;
    }
    keep(bytes.subarray(from));
    endsAt += bytes.length - from;
  }
  const last = take();
  if (last !== null) yield last;
}
