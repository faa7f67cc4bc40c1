/**
 * Whether `value` is a text of `min` to `max` characters without lone surrogates: those are valid in JavaScript and in
 * JSON, but not in UTF-8, and not every parser reads them back.
 */
export function isText(value: unknown, min: number, max: number): value is string {
  return typeof value === 'string' && value.length >= min && value.length <= max && value.isWellFormed();
}
