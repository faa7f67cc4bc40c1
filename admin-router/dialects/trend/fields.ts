import { AuthError } from '../../../lib/index.js';
import { invalid } from './answers.js';

/** The members of an object that came in, of which nothing is known yet. A member that is null counts as not given. */
export type Members = Readonly<Record<string, unknown>>;

/** Null, and nothing at all, stand for an empty object. @throws AuthError `invalid_request`. */
export function membersOf(body: unknown): Members {
  if (body === null || body === undefined) return {};
  if (typeof body === 'object' && !Array.isArray(body)) return body as Members;
  throw new AuthError('invalid_request', { message: 'The request body must be a JSON object.' });
}

export function given(members: Members, name: string): unknown {
  return Object.hasOwn(members, name) && members[name] !== null ? members[name] : undefined;
}

/** Each of these answers undefined where the member is not given. @throws AuthError `invalid_request` naming the member. */
export function textIn(members: Members, name: string, most = 1_000): string | undefined {
  const value = given(members, name);
  if (value === undefined || (typeof value === 'string' && value.length <= most)) return value;
  throw invalid(name);
}

/** Whole numbers, also written as text. */
export function integerIn(members: Members, name: string): number | undefined {
  const value = given(members, name);
  if (value === undefined) return undefined;
  const number = typeof value === 'string' && /^-?[0-9]{1,16}$/.test(value) ? Number(value) : value;
  if (Number.isSafeInteger(number)) return number as number;
  throw invalid(name);
}

export function booleanIn(members: Members, name: string): boolean | undefined {
  const value = given(members, name);
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(name);
}

export function choiceIn<Choice extends string>(
  members: Members,
  name: string,
  choices: readonly Choice[],
): Choice | undefined {
  const value = given(members, name);
  if (value === undefined || choices.includes(value as Choice)) return value as Choice | undefined;
  throw invalid(name);
}

/** An object within the object. */
export function membersIn(members: Members, name: string): Members | undefined {
  const value = given(members, name);
  if (value === undefined || (typeof value === 'object' && !Array.isArray(value))) return value as Members | undefined;
  throw invalid(name);
}

/** @throws AuthError `invalid_request` where there is no value. */
export function needed<Value>(value: Value | undefined, name: string): Value {
  if (value === undefined) throw invalid(name);
  return value;
}
