/** Tells the person who waits what is going on; not part of the result. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
