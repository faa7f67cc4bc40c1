import { LIMITS } from '../limits.js';
import { isText } from '../text.js';
import { checkKind } from './kind.js';

/**
 * Integers for ids, from 1, ascending as they are first asked for; counted apart for each kind. A number once given belongs
 * to its id for good, and to no other one, whatever processes ask at once; some are never given. They last as records do:
 * also where what had the id was removed.
 *
 * A kind is 1 to 32 characters of `a-z` and `-`; another one throws a TypeError.
 */
export interface Numbers {
  /**
   * The numbers of `ids`, in their order; given now to those that have none. Where it rejects, some may have been given.
   * @throws TypeError for more than 1,000 ids, or one that is not a text of 1 to 128 characters without lone surrogates.
   */
  of(kind: string, ids: readonly string[]): Promise<number[]>;
  /** The id that has `number`; null when none has. */
  find(kind: string, number: number): Promise<string | null>;
}

/** @throws TypeError for what `Numbers.of` does not take. */
export function checkNumbered(kind: string, ids: readonly string[]): void {
  checkKind(kind);
  if (ids.length > LIMITS.bulk) throw new TypeError(`ids must be at most ${LIMITS.bulk} in one call`);
  if (!ids.every((id) => isText(id, 1, LIMITS.identifier))) {
    throw new TypeError(`ids must each be a text of 1 to ${LIMITS.identifier} characters without lone surrogates`);
  }
}

/** Whether `number` is one that an id can have. @throws TypeError for a kind that there cannot be. */
export function canBeGiven(kind: string, number: number): boolean {
  checkKind(kind);
  return Number.isSafeInteger(number) && number > 0;
}
