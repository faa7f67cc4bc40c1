import type { NewKey } from '../../lib/keys/key-builder.js';
import type { UserDirectory } from '../../lib/users.js';

/** Who has the keys, and what the keys are. */

/** All keys are in one organisation: its lists are as long as they can be. */
export const ORG = 'acme';
/** Of ten keys one is this owner's: a machine that makes its own. The other nine have an owner of their own. */
export const LARGE_OWNER = 'build-robot';
export const LARGE_OWNER_EVERY = 10;
export const KEYS_OF_OWNER = LARGE_OWNER_EVERY - 1;

const DAY_MS = 86_400_000;
/** The keys were made evenly over so many days before they are loaded; none is due to be looked at, or to expire, yet. */
const SPREAD_MS = 100 * DAY_MS;

export function ownerOf(index: number): string {
  return index % LARGE_OWNER_EVERY === 0 ? LARGE_OWNER : ownerName(Math.floor(index / LARGE_OWNER_EVERY));
}

export function ownerName(n: number): string {
  return `user-${n}`;
}

/** Without the large one. */
export function ownerCount(keys: number): number {
  return Math.floor(keys / LARGE_OWNER_EVERY);
}

/** In the order of the indexes. */
export function nameOf(index: number): string {
  return `Orders import ${String(index).padStart(8, '0')}`;
}

export function madeAt(index: number, keys: number, loadedAt: number): number {
  return loadedAt - SPREAD_MS + Math.floor((index * SPREAD_MS) / keys);
}

/** What somebody asks for, as an app would. */
export function askedKey(index: number): NewKey {
  return {
    name: nameOf(index),
    ownerId: ownerOf(index),
    orgId: ORG,
    statements: [{ actions: ['orders:read', 'orders:write'], resources: ['orders/*'] }],
  };
}

export const USERS: UserDirectory = {
  findById: async (id) => ({ id, orgId: ORG, userName: id, isEnabled: true }),
  findByUserName: async (userName) => ({ id: userName, orgId: ORG, userName, isEnabled: true }),
  verifyPassword: async () => false,
  statements: async () => [{ actions: ['orders:*'] }],
};

export const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
export const ADDRESS = '203.0.113.77';
