import type { ChangeFeed } from './store.js';

/** How often to ask whether the change feed is back, in ms. */
const ASK_EVERY_MS = 100;
/** So often after a failover: the host's client may come over later than the feed. */
const LOOKS = 2;
const LOOK_AGAIN_MS = 10_000;
/** Between two looks, in ms, of which the store has cut short the first, or that reads have given cause for. */
const RETRY_AFTER_MS = 5_000;

/** Has what is remembered looked at when the database may have gone back behind it: once the change feed was lost and is back. */
export class AfterFailover {
  readonly #feed: ChangeFeed;
  readonly #look: () => Promise<boolean>;
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | null = null;
  /** Monotonic ms of the look that the timer is for, and of the last one. */
  #lookAt = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looksDue = 0;
  #isLooking = false;
  #isClosed = false;

  /** `look` resolves with false when the store has cut it short; it never rejects. */
  constructor(feed: ChangeFeed, look: () => Promise<boolean>) {
    this.#feed = feed;
    this.#look = look;
    this.#unsubscribe = feed.subscribe({ changed: () => {}, lost: () => this.#suspect() });
  }

  /** Something was read that should not be there. */
  doubt(): void {
    if (performance.now() - this.#lookedAt > RETRY_AFTER_MS) this.#suspect();
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #suspect(): void {
    this.#looksDue = LOOKS;
    this.#lookIn(ASK_EVERY_MS);
  }

  /** Or earlier, where that is due. */
  #lookIn(ms: number): void {
    const at = performance.now() + ms;
    if (this.#isClosed || (this.#timer !== null && this.#lookAt <= at)) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#lookAt = at;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#lookNow();
    }, ms).unref();
  }

  async #lookNow(): Promise<void> {
    if (this.#isLooking || !this.#feed.isLive) {
      this.#lookIn(ASK_EVERY_MS);
      return;
    }
    this.#isLooking = true;
    this.#lookedAt = performance.now();
    this.#looksDue--;
    const isDone = await this.#look();
    this.#isLooking = false;
    if (!isDone) this.#looksDue = Math.max(1, this.#looksDue);
    if (this.#looksDue > 0) this.#lookIn(isDone ? LOOK_AGAIN_MS : RETRY_AFTER_MS);
  }
}

/** Runs `look` for each, so many at once. False when one of them rejected, which ends its share of them. */
export async function lookAtEach<Item>(
  items: Iterable<Item>,
  concurrency: number,
  look: (item: Item) => Promise<void>,
): Promise<boolean> {
  const left = items[Symbol.iterator]();
  const work = async () => {
    for (let next = left.next(); !next.done; next = left.next()) await look(next.value);
  };
  const looks = await Promise.allSettled(Array.from({ length: concurrency }, work));
  return looks.every(({ status }) => status === 'fulfilled');
}
