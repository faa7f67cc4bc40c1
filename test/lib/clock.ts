/** 2026-01-01T00:00:00Z. */
export const START_AT = 1_767_225_600_000;
export const DAY_MS = 86_400_000;

/** A clock that goes only when told to. */
export class Clock {
  nowAt = START_AT;
  readonly now = (): number => this.nowAt;

  advance(ms: number): void {
    this.nowAt += ms;
  }
}
