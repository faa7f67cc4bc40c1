/**
 * Imported before suites that run on several stores, has them leave out the MemoryStore: what they are run on again for is
 * another Redis.
 */
const { each } = describe;

function isMemory(row: unknown): boolean {
  const name: unknown = Array.isArray(row) ? row[0] : (row as { name?: unknown } | null)?.name;
  return typeof name === 'string' && /memory/i.test(name);
}

describe.each = ((rows: readonly unknown[], ...rest: unknown[]) =>
  Reflect.apply(each, describe, [rows.filter((row) => !isMemory(row)), ...rest])) as typeof each;
