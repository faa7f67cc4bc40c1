import { storeUnavailable } from '../../errors.js';

/** Verified anew this often where doubts arise meanwhile. */
const MAX_VERIFICATIONS = 3;

export interface LaneOptions {
  /** Which server, such as `10.0.0.7:6379`; empty where there is only one. */
  readonly name: string;
  /** Commands without an answer beyond which further ones are refused at once. */
  readonly maxPending: number;
  /** Silence, in ms, after which the server may have been replaced and must be verified; Infinity: it cannot be. */
  readonly trustMs: number;
  /** Whether the server is the one to believe; resolves with null, or with the reason why not. Never rejects. */
  readonly verify: () => Promise<string | null>;
  /** Called when the server falls silent or out of trust. */
  readonly troubled: () => void;
}

/**
 * What one server is asked, and whether it may be asked and believed. A server that leaves a command unanswered for its
 * whole time is silent: further commands are refused at once, so that they neither wait nor pile up. One that was silent
 * for `trustMs`, or is connected to anew, may meanwhile have been replaced by another: it is verified before the next
 * command, and before an answer that came late is believed.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #isReplaceable: boolean;
  #pending = 0;
  /** Monotonic ms of the last sign of life while it was trusted; -Infinity: verify it. */
  #heardAt = Number.NEGATIVE_INFINITY;
  #silence: string | null = null;
  #doubts = 0;
  #verifying: Promise<void> | null = null;

  /** One that can be replaced is verified before its first command. */
  constructor(options: LaneOptions) {
    this.#options = options;
    this.#isReplaceable = options.trustMs !== Number.POSITIVE_INFINITY;
  }

  get name(): string {
    return this.#options.name;
  }

  /** Why no command is to be sent now; null: nothing is known against it. */
  get refusal(): string | null {
    if (this.#pending >= this.#options.maxPending) return 'too many commands are waiting for Redis';
    return this.#silence;
  }

  /** Whether it is silent, or to be verified before its next command. */
  get isTroubled(): boolean {
    return this.#silence !== null || this.isDoubtful;
  }

  get isDoubtful(): boolean {
    return this.#isReplaceable && performance.now() - this.#heardAt > this.#options.trustMs;
  }

  /** Counts a command; whoever calls it calls `end` once the command has settled, however late. */
  begin(): void {
    this.#pending++;
  }

  end(): void {
    this.#pending--;
  }

  /** The server has answered something. False: so late that it must be verified first. */
  heard(): boolean {
    if (this.isDoubtful) return false;
    this.#heardAt = performance.now();
    this.#silence = null;
    return true;
  }

  /** A command sent at `sentAt`, in monotonic ms, was not answered in its time. */
  timedOut(sentAt: number): void {
    if (this.#heardAt >= sentAt) return;
    this.#silence ??= `${nameOf(this.name)} does not answer`;
    this.#options.troubled();
  }

  /** It may have been replaced: verified before it is asked or believed again. */
  doubt(): void {
    this.#doubts++;
    this.#heardAt = Number.NEGATIVE_INFINITY;
    this.#silence = null;
    this.#options.troubled();
  }

  /** Verifies the server, once for all who ask. Rejects with AuthError `store_unavailable`, then and until it is verified. */
  verify(): Promise<void> {
    this.#verifying ??= this.#verify().finally(() => {
      this.#verifying = null;
    });
    return this.#verifying;
  }

  async #verify(): Promise<void> {
    for (let left = MAX_VERIFICATIONS; left > 0; left--) {
      const [startedAt, doubts] = [performance.now(), this.#doubts];
      const fault = await this.#options.verify();
      this.#silence = fault;
      if (fault !== null) throw storeUnavailable(fault);
      if (doubts !== this.#doubts) continue;
      this.#heardAt = startedAt;
      return;
    }
    throw storeUnavailable(`${nameOf(this.name)} is being replaced`);
  }
}

/** How messages call a server. */
export function nameOf(name: string): string {
  return name === '' ? 'Redis' : `Redis at ${name}`;
}
