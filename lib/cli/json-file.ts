import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { type Input, UsageError } from './command.js';

/** More than any record, or list of statements, may hold. */
const MAX_BYTES = 1_048_576;

/** The object in a file of JSON; `-` is the standard input. @throws UsageError, which holds nothing of the content. */
export async function jsonObjectIn(option: string, path: string, input: Input): Promise<Record<string, unknown>> {
  const value = await jsonIn(option, path, input);
  if (isObject(value)) return value;
  throw new UsageError(`--${option} must name a file that holds one JSON object`);
}

/** The same, for any value. */
export async function jsonIn(option: string, path: string, input: Input): Promise<unknown> {
  const text = await textOf(streamOf(path, input, `--${option}`), `--${option}`, MAX_BYTES);
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`--${option} names a file that is no JSON`);
  }
}

/** A file, or the standard input for `-`; whether it can be read shows when it is. @throws UsageError naming `what`. */
export function streamOf(path: string, input: Input, what: string): Readable {
  if (path === '-') return input;
  try {
    return createReadStream(path);
  } catch (error) {
    throw unreadable(what, error);
  }
}

/** All of a stream. @throws UsageError naming `what` where it cannot be read, is more than `most` bytes, or no UTF-8. */
export async function textOf(stream: Readable, what: string, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > most) throw new UsageError(`${what} holds more than ${most} bytes`);
      chunks.push(bytes);
    }
  } catch (error) {
    throw error instanceof UsageError ? error : unreadable(what, error);
  }
  const text = utf8(Buffer.concat(chunks));
  if (text === null) throw new UsageError(`${what} holds what is no UTF-8`);
  return text;
}

/** Without the mark that some editors put at the beginning; null for what is no UTF-8, in which bytes would be lost. */
export function utf8(bytes: Buffer): string | null {
  return isUtf8(bytes) ? bytes.toString('utf8').replace(/^\uFEFF/, '') : null;
}

export function unreadable(what: string, error: unknown): UsageError {
  return new UsageError(`${what} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'not a path'}`);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
