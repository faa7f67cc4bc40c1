interface Entry<Value> {
  readonly value: Value;
  readonly expiresAt: number;
}

/** Entries that end at an instant of the clock; what has ended is swept while others are written, never by a timer. */
export class ExpiringMap<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #now: () => number;
  #writesUntilSweep = 1_000;

  constructor(now: () => number) {
    this.#now = now;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAt > this.#now() ? entry.value : undefined;
  }

  /** How long the entry still lives, in ms; 0 when there is none. */
  ttlMs(key: string): number {
    return Math.max(0, (this.#entries.get(key)?.expiresAt ?? 0) - this.#now());
  }

  /** @throws TypeError for a life of 0 or less. */
  set(key: string, value: Value, ttlMs: number): void {
    checkLife(ttlMs);
    if (this.#writesUntilSweep-- <= 0) this.#sweep();
    this.#entries.set(key, { value, expiresAt: this.#now() + ttlMs });
  }

  delete(key: string): boolean {
    const wasThere = this.get(key) !== undefined;
    this.#entries.delete(key);
    return wasThere;
  }

  #sweep(): void {
    const nowAt = this.#now();
    for (const [key, { expiresAt }] of this.#entries) {
      if (expiresAt <= nowAt) this.#entries.delete(key);
    }
    this.#writesUntilSweep = Math.max(1_000, this.#entries.size);
  }
}

/** @throws TypeError for a life of 0 or less. */
export function checkLife(ttlMs: number): void {
  if (!(ttlMs > 0)) throw new TypeError('ttlMs must be more than 0');
}

/** As Redis takes it, never shorter. @throws TypeError for a life of 0 or less. */
export function wholeLife(ttlMs: number): number {
  checkLife(ttlMs);
  return Math.ceil(ttlMs);
}
