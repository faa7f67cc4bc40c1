import type { Lane } from './redis-lane.js';

/** How often a server in trouble is verified, in ms: what a failover costs beyond its own time. */
const TROUBLED_MS = 100;

/**
 * Asks every server for a sign of life, one at a time, and verifies those in trouble more often until they are believed
 * again. Keeps no process alive.
 */
export class LaneWatch {
  readonly #lanes: () => Iterable<Lane>;
  readonly #beat: (lane: Lane) => Promise<unknown>;
  readonly #everyMs: number | null;
  readonly #beating = new Set<Lane>();
  #timer: NodeJS.Timeout | null = null;
  #isHurried = false;
  #isClosed = false;

  /**
   * `lanes` are those whose servers can be asked now; `beat` resolves when one has answered. Without `everyMs` nothing is
   * asked until there is trouble.
   */
  constructor(lanes: () => Iterable<Lane>, beat: (lane: Lane) => Promise<unknown>, everyMs: number | null) {
    this.#lanes = lanes;
    this.#beat = beat;
    this.#everyMs = everyMs;
    this.#schedule(everyMs);
  }

  /** A server is in trouble: it is verified at once. */
  hurry(): void {
    if (this.#isHurried || this.#isClosed) return;
    this.#isHurried = true;
    this.#schedule(0);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #schedule(delayMs: number | null): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (delayMs === null) return;
    this.#timer = setTimeout(() => this.#round(), delayMs).unref();
  }

  #round(): void {
    const lanes = [...this.#lanes()];
    this.#isHurried = lanes.some((lane) => lane.isTroubled);
    for (const lane of lanes) {
      if (lane.isTroubled)
        lane.verify().catch(() => {}); // it refuses commands by itself
      else void this.#ask(lane);
    }
    this.#schedule(this.#isHurried ? TROUBLED_MS : this.#everyMs);
  }

  async #ask(lane: Lane): Promise<void> {
    if (this.#beating.has(lane)) return;
    this.#beating.add(lane);
    try {
      await this.#beat(lane);
      lane.heard();
    } catch {
      // silence tells
    } finally {
      this.#beating.delete(lane);
    }
  }
}
