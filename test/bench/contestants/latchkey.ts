import type { RequestHandler } from 'express';
import { Redis } from 'ioredis';
import type { IssuedKey, Latchkey, LatchkeyOptions, ProductionOptions } from 'latchkey';
import { createLatchkey, MemoryStore } from 'latchkey';
import { adminRouter } from 'latchkey/admin-router';
import { RedisStore } from 'latchkey/redis';
import { Passport } from 'passport';
import type { Contestant, Headers, Refusal } from '../contestant.js';
import { KEYS, scattered, thousand } from './thousand-keys.js';

const BY = 'bench';
const NO_CACHE: LatchkeyOptions = { cache: { maxEntries: 0 } };
/** Keys that the part about memory has cached; the default bound is a tenth of it. */
export const CACHED_KEYS = 100_000;
/** Longer than it takes to use them all twice. */
const CACHED_FOR_MS = 3_600_000;

interface Variation {
  readonly options?: LatchkeyOptions;
  /** How a key is sent. */
  readonly headers?: (issued: IssuedKey) => Headers;
  /** The right that the route asks for. */
  readonly needs?: string | null;
  /** So many keys are stored. Default: as for everybody. */
  readonly keys?: number;
  /** What the keys may do. Default `orders:*`. */
  readonly actions?: readonly string[];
  /** The admin router is there too, at `/auth`. */
  readonly hasAdmin?: boolean;
  readonly isExtra?: boolean;
}

/** A contestant on Redis; `guards` is the part in which they differ. */
function onRedis(
  name: string,
  title: string,
  guards: (latchkey: Latchkey) => readonly RequestHandler[],
  variation: Variation = {},
): Contestant {
  const { options = {}, headers = rawHeader, needs = null, keys = KEYS, actions = ['orders:*'], isExtra } = variation;
  return {
    name,
    title,
    usesRedis: true,
    ...(isExtra && { isExtra }),
    async prepare(redisUrl) {
      const production: ProductionOptions = { accept: ['no-persistence'] };
      const latchkey = createLatchkey({ ...options, production, store: new RedisStore(new Redis(redisUrl)) });
      const elsewhere = createLatchkey({ production, store: new MemoryStore() });
      const before = await issue(latchkey, ['orders:*']);
      await latchkey.apiKeys.rotate(before.key.id, { by: BY });
      const accepted = await thousand(async (index) => headers(await issue(latchkey, actions, `u${index}`)), keys);
      const refusals: Refusal[] = [
        { what: 'a wrong secret, its checksum right', headers: headers(before), status: 401 },
        { what: 'an unknown id', headers: headers(await issue(elsewhere, ['orders:*'])), status: 401 },
        { what: 'no credential', headers: {}, status: 401 },
      ];
      if (needs !== null) {
        const other = await issue(latchkey, ['invoices:*']);
        refusals.push({ what: `a key without ${needs}`, headers: headers(other), status: 403 });
      }
      return {
        guards: guards(latchkey),
        accepted: scattered(accepted),
        refusals,
        onError: latchkey.errorHandler(),
        ...(variation.hasAdmin && { auth: adminRouter(latchkey) }),
      };
    },
  };
}

function issue(latchkey: Latchkey, actions: readonly string[], ownerId = 'someone'): Promise<IssuedKey> {
  return latchkey.apiKeys.create({ name: 'Orders', ownerId, orgId: 'acme', statements: [{ actions }] }, { by: BY });
}

function rawHeader({ token }: IssuedKey): Headers {
  return { 'X-API-Key': token };
}

function authorizationHeader({ key, secret }: IssuedKey): Headers {
  return { Authorization: `ApiKey ${Buffer.from(`${key.id}:${secret}`).toString('base64')}` };
}

function viaPassport(latchkey: Latchkey, fast: boolean): RequestHandler {
  const passport = new Passport();
  latchkey.use(passport, { fast });
  return passport.authenticate('api-key-header', { session: false }) as RequestHandler;
}

const byRawKey = (latchkey: Latchkey) => [latchkey.authenticate('api-key-header')];
const ORDERS_READ = { needs: 'orders:read' } as const;

export const latchkeyContestants: readonly Contestant[] = [
  onRedis('latchkey-passport', 'Latchkey: `passport.authenticate`', (latchkey) => [viaPassport(latchkey, true)]),
  onRedis(
    'latchkey-passport-permission',
    'Latchkey: the same and `requirePermission`',
    (latchkey) => [viaPassport(latchkey, true), latchkey.requirePermission('orders:read')],
    ORDERS_READ,
  ),
  onRedis(
    'latchkey-passport-slow',
    "Latchkey: `passport.authenticate`, Passport's own way (`fast: false`)",
    (latchkey) => [viaPassport(latchkey, false)],
    { isExtra: true },
  ),
  onRedis('latchkey', 'Latchkey: `latchkey.authenticate`', byRawKey),
  onRedis(
    'latchkey-permission',
    'Latchkey: the same and `requirePermission`',
    (latchkey) => [...byRawKey(latchkey), latchkey.requirePermission('orders:read')],
    ORDERS_READ,
  ),
  onRedis(
    'latchkey-authorization',
    'Latchkey: the same by `Authorization: ApiKey`',
    (latchkey) => [latchkey.authenticate('api-key'), latchkey.requirePermission('orders:read')],
    { headers: authorizationHeader, ...ORDERS_READ },
  ),
  onRedis('latchkey-cold', 'Latchkey: `latchkey.authenticate`, cache off', byRawKey, { options: NO_CACHE }),
];

export const latchkeyCached: Contestant = onRedis(
  'latchkey-cached',
  `Latchkey with ${CACHED_KEYS.toLocaleString('en-US')} keys in its cache`,
  byRawKey,
  { options: { cache: { maxEntries: 2 * CACHED_KEYS, maxAgeMs: CACHED_FOR_MS } }, keys: CACHED_KEYS },
);

export const latchkeyRotated: Contestant = onRedis(
  'latchkey-rotated',
  'Latchkey with keys that may rotate themselves',
  byRawKey,
  { actions: ['orders:*', 'keys:manage-own'], hasAdmin: true },
);

export const latchkeyInOtherParts: readonly Contestant[] = [latchkeyCached, latchkeyRotated];
