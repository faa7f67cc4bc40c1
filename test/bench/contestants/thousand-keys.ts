/** What every contestant with API keys has stored, each of another owner. */
export const KEYS = 1_000;
/** No common divisor with the number of keys: each step leads far away, and back only after all of them. */
const STEP = 389;

/** The same items in an order in which the first few come from all over: look-ups that scan find some early and some late. */
export function scattered<Item>(items: readonly Item[]): Item[] {
  return items.map((_, index) => items[(index * STEP) % items.length] as Item);
}

/** What `make` resolves to for 0 up to `KEYS`, a few under way at a time. */
export async function thousand<Item>(make: (index: number) => Promise<Item>, count = KEYS): Promise<Item[]> {
  const items: Item[] = [];
  while (items.length < count) {
    const indexes = Array.from({ length: Math.min(AT_ONCE, count - items.length) }, (_, i) => items.length + i);
    items.push(...(await Promise.all(indexes.map(make))));
  }
  return items;
}

const AT_ONCE = 50;
