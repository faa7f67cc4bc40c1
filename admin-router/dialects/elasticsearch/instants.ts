import { shorten } from './body.js';
import { illegalArgument } from './errors.js';

/** What a text of a date spans, in epoch ms: a day that is written without a time begins and ends. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** What is later, or earlier, is no date: ms. */
const MAX_INSTANT = 8.64e15;
const MATH = /^now((?:[+-]\d{1,9}[smhd]){0,5})$/;
const ISO =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d{2}:?\d{2})?)?)?)?$/;

/** Numbers and texts of numbers (epoch ms), ISO 8601, and `now` with additions. @throws DialectError */
export function parseInstant(given: unknown, field: string, nowAt: number): Span {
  const text = typeof given === 'object' ? '' : String(given);
  const span = typeof given === 'number' ? at(given) : parseText(text, nowAt);
  if (span !== null && Math.abs(span.from) <= MAX_INSTANT && Math.abs(span.to) <= MAX_INSTANT) return span;
  throw illegalArgument(
    `failed to parse date field [${shorten(text)}] of [${field}] with format [strict_date_optional_time||epoch_millis]`,
  );
}

function at(ms: number): Span {
  return { from: ms, to: ms };
}

function parseText(text: string, nowAt: number): Span | null {
  if (/^-?\d{5,15}$/.test(text)) return at(Number(text));
  return MATH.test(text) ? moved(text, nowAt) : parseIso(text);
}

function moved(text: string, nowAt: number): Span {
  let ms = nowAt;
  for (const [, sign, count, unit = ''] of text.matchAll(/([+-])(\d+)([smhd])/g)) {
    ms += (sign === '-' ? -1 : 1) * Number(count) * (UNIT_MS[unit] ?? 0);
  }
  return at(ms);
}

function parseIso(text: string): Span | null {
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = ISO.exec(text) ?? [];
  if (year === undefined) return null;
  const ms = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const [m, d, h, min, s] = [month ?? '01', day ?? '01', hour ?? '00', minute ?? '00', second ?? '00'];
  const offset = zone === 'Z' ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const from = Date.parse(`${year}-${m}-${d}T${h}:${min}:${s}.${String(ms).padStart(3, '0')}${offset}`);
  if (Number.isNaN(from)) return null;
  if (new Date(Date.UTC(Number(year), Number(m) - 1, Number(d))).getUTCDate() !== Number(d)) return null;
  return { from, to: endOf(from, { year, month, day, hour, minute, second, fraction }) };
}

/** The last ms of what was left open. */
function endOf(from: number, parts: Readonly<Record<string, string | undefined>>): number {
  if (parts.fraction !== '') return from;
  if (parts.second !== undefined) return from + 999;
  if (parts.minute !== undefined) return from + 59_999;
  if (parts.hour !== undefined) return from + 3_599_999;
  if (parts.day !== undefined) return from + 86_399_999;
  const next = new Date(from);
  if (parts.month !== undefined) next.setUTCMonth(next.getUTCMonth() + 1);
  else next.setUTCFullYear(next.getUTCFullYear() + 1);
  return next.getTime() - 1;
}

/** `2021-08-18T01:29:14.811Z` */
export function toDateTime(at: number): string {
  return new Date(at).toISOString();
}
