/**
 * Whether `value` is a text of `min` to `max` characters without lone surrogates: those are valid in JavaScript and in
 * JSON, but not in UTF-8, and not every parser reads them back.
 */
export function isText(value: unknown, min: number, max: number): value is string {
  return typeof value === 'string' && value.length >= min && value.length <= max && value.isWellFormed();
}

/**
 * The text by itself: one that was cut out of another, such as an id out of a header, keeps all of that in memory, the secret
 * included. By way of JSON, which changes no text: by way of UTF-8, half a surrogate would become another one.
 */
export function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text));
}
