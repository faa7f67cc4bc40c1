import { setImmediate as nextTurn } from 'node:timers/promises';

/** How long a request keeps others waiting at a time, in ms. */
const MAX_TURN_MS = 10;

/** As `Array.map`, others having their turn in between. */
export async function mapGently<Item, Made>(items: readonly Item[], make: (item: Item) => Made): Promise<Made[]> {
  const made: Made[] = [];
  let turnEndsAt = performance.now() + MAX_TURN_MS;
  for (const item of items) {
    made.push(make(item));
    if (performance.now() < turnEndsAt) continue;
    await nextTurn();
    turnEndsAt = performance.now() + MAX_TURN_MS;
  }
  return made;
}
