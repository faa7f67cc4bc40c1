/**
 * Control characters, those that turn the direction of writing or cannot be seen, lone halves of characters, and line ends other
 * than the one that programs write: what names hold must not steer a terminal, or look like something else.
 */
const UNSAFE = /[^\P{C}\n\p{Co}\p{Cn}]|[\u2028\u2029]/gu;

/** `text` as it may be shown to people: what is not safe is written as `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, escaped);
}

/** The same for one line: line ends too. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n');
}

/** JSON that is safe to be shown, and means the same: JSON itself leaves DEL, C1 and bidirectional controls as they are. */
export function printableJson(value: unknown, indent?: number): string {
  // Characters of a program's own making, line ends among them, stand outside of strings: those have none.
  return JSON.stringify(value, null, indent).replace(UNSAFE, (character) =>
    Array.from({ length: character.length }, (_, at) => unitOf(character, at)).join(''),
  );
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

function unitOf(character: string, at: number): string {
  return `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
}
