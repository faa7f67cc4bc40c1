import { UsageError } from './command.js';

/** What `LATCHKEY_PEPPERS` holds. One that is not the app's would make keys that nobody can use. @throws UsageError, without any of it. */
export function peppersOf(text: string | undefined): string[] {
  if (text === undefined) return [];
  if (text === '') throw new UsageError('LATCHKEY_PEPPERS is empty: unset it where the app has no peppers');
  const peppers = text.split(',');
  if (peppers.length > 2) {
    throw new UsageError(
      'LATCHKEY_PEPPERS holds more than two peppers: the current one and the previous one are taken',
    );
  }
  if (peppers.includes('')) throw new UsageError('LATCHKEY_PEPPERS has a comma, and no pepper on one side of it');
  if (peppers.some((pepper) => pepper !== pepper.trim())) {
    throw new UsageError('LATCHKEY_PEPPERS has white space around a pepper, such as a line end: take it away');
  }
  return peppers;
}
