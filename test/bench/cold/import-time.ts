/** A child of the runner: says how long the import of `latchkey` has taken, in ms, in a process that has not seen it. */

const startedAt = performance.now();
await import('latchkey');
process.send?.(performance.now() - startedAt, () => process.disconnect());
