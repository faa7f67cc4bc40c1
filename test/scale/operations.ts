import type { ApiKey } from '../../lib/keys/key-view.js';
import { Principal } from '../../lib/principal.js';
import type { Session } from '../../lib/sessions/login-record.js';
import { publicSessionId } from '../../lib/sessions/session-id.js';
import { BY } from './key-loader.js';
import { LIST_OPERATIONS } from './list-operations.js';
import { type Operation, operation } from './operation.js';
import { askedKey, ownerCount, ownerName } from './people.js';
import type { Population } from './population.js';
import { beginSession } from './session-loader.js';

/** What was made by a call, to be ended by another. */
interface Made {
  readonly keyIds: string[];
  readonly sessions: { readonly id: string; readonly userId: string }[];
}

const made = new WeakMap<Population, Made>();

function madeIn(population: Population): Made {
  const found = made.get(population) ?? { keyIds: [], sessions: [] };
  made.set(population, found);
  return found;
}

function pick<Item>(items: readonly Item[], n: number): Item {
  const item = items[n % items.length];
  if (item === undefined) throw new Error('there is nothing to make a call with');
  return item;
}

/** Prime: one after the other, calls meet users far apart. */
const STRIDE = 7_919;

function anyUser({ keys }: Population, n: number): string {
  return ownerName((n * STRIDE) % ownerCount(keys));
}

function usersOf({ core }: Population): NonNullable<Population['core']['users']> {
  if (core.users === null) throw new Error('sessions need the option users');
  return core.users;
}

function verify(population: Population, n: number): unknown {
  const { id, secret } = pick(population.known, n);
  return population.core.verifier.verify({ scheme: 'api-key', id, secret }, null);
}

/** In this order in every visit: the second verification finds what the first has cached. */
export const OPERATIONS: readonly Operation[] = [
  operation('create a key', (population, n) => ({
    run: async () => {
      const asked = { ...askedKey(population.keys + n), ownerId: anyUser(population, n) };
      const { key } = await population.core.apiKeys.create(asked, { by: BY });
      madeIn(population).keyIds.push(key.id);
      return key;
    },
    isRight: ({ state }: ApiKey) => state === 'active',
  })),
  operation('verify a key, not in the cache', (population, n) => ({
    run: () => verify(population, n),
    isRight: (answer, isAtOnce) => answer instanceof Principal && !isAtOnce,
  })),
  operation('verify a key, in the cache', (population, n) => ({
    run: () => verify(population, n),
    isRight: (answer, isAtOnce) => answer instanceof Principal && isAtOnce,
  })),
  ...LIST_OPERATIONS,
  operation('revoke a key', (population, n) => ({
    run: () => population.core.apiKeys.revoke(pick(madeIn(population).keyIds, n), { by: BY }),
    isRight: ({ state }: ApiKey) => state === 'revoked',
  })),
  operation('begin a session', (population, n) => ({
    run: async () => {
      const userId = anyUser(population, n);
      const { sessionId } = await beginSession(usersOf(population).sessions, userId);
      madeIn(population).sessions.push({ id: publicSessionId(sessionId), userId });
    },
    isRight: () => true,
  })),
  operation('verify a session', (population, n) => {
    const { sessionId, requestId } = pick(population.begun, n);
    return {
      run: () => usersOf(population).sessionVerifier.verifyCookie(sessionId, null, requestId),
      isRight: (answer) => answer instanceof Principal,
    };
  }),
  operation("list a user's sessions", (population, n) => ({
    run: () => usersOf(population).sessions.list(pick(population.begun, n).login.userId),
    isRight: (found: readonly Session[]) => found.length >= 1,
  })),
  operation('end a session', (population, n) => {
    const { id, userId } = pick(madeIn(population).sessions, n);
    return {
      run: () => usersOf(population).sessions.end(id, userId),
      isRight: (isEnded) => isEnded === true,
    };
  }),
];
