import type { RequestHandler } from 'express';
import { Redis } from 'ioredis';
import type { IssuedKey, Latchkey, LatchkeyOptions, ProductionOptions } from 'latchkey';
import { createLatchkey, MemoryStore } from 'latchkey';
import { RedisStore } from 'latchkey/redis';
import { Passport } from 'passport';
import type { Contestant, Headers, Refusal } from '../contestant.js';

const BY = 'bench';
const NO_CACHE: LatchkeyOptions = { cache: { maxEntries: 0 } };
/**
 * Concurrent reads of one key are joined, so without a cache each connection needs a key of its own. Expected of it: one GET
 * per request, and usage once per key and flush: in visits shorter than a flush that is about 8 commands for each connection.
 */
const COLD_KEYS = 256;

interface Variation {
  readonly options?: LatchkeyOptions;
  /** How a key is sent. */
  readonly headers?: (issued: IssuedKey) => Headers;
  /** The right that the route asks for. */
  readonly needs?: string | null;
  /** So many different keys are sent. */
  readonly keys?: number;
}

/** A contestant on Redis; `guards` is the part in which they differ. */
function onRedis(
  name: string,
  title: string,
  guards: (latchkey: Latchkey) => readonly RequestHandler[],
  { options = {}, headers = rawHeader, needs = null, keys = 1 }: Variation = {},
): Contestant {
  return {
    name,
    title,
    usesRedis: true,
    async prepare(redisUrl) {
      const production: ProductionOptions = { accept: ['no-persistence'] };
      const latchkey = createLatchkey({ ...options, production, store: new RedisStore(new Redis(redisUrl)) });
      const elsewhere = createLatchkey({ production, store: new MemoryStore() });
      const before = await issue(latchkey, 'orders:*');
      const current = await latchkey.apiKeys.rotate(before.key.id, { by: BY });
      const accepted = [headers(current)];
      while (accepted.length < keys) accepted.push(headers(await issue(latchkey, 'orders:*')));
      const refusals: Refusal[] = [
        { what: 'a wrong secret, its checksum right', headers: headers(before), status: 401 },
        { what: 'an unknown id', headers: headers(await issue(elsewhere, 'orders:*')), status: 401 },
        { what: 'no credential', headers: {}, status: 401 },
      ];
      if (needs !== null) {
        const other = await issue(latchkey, 'invoices:*');
        refusals.push({ what: `a key without ${needs}`, headers: headers(other), status: 403 });
      }
      return { guards: guards(latchkey), accepted, refusals };
    },
  };
}

function issue(latchkey: Latchkey, action: string): Promise<IssuedKey> {
  const statements = [{ actions: [action] }];
  return latchkey.apiKeys.create({ name: 'Orders', ownerId: 'u1', orgId: 'acme', statements }, { by: BY });
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

export const latchkeyContestants: readonly Contestant[] = [
  onRedis('latchkey-passport', 'Latchkey: `passport.authenticate`', (latchkey) => [viaPassport(latchkey, true)]),
  onRedis(
    'latchkey-passport-slow',
    "Latchkey: `passport.authenticate`, Passport's own way (`fast: false`)",
    (latchkey) => [viaPassport(latchkey, false)],
  ),
  onRedis('latchkey', 'Latchkey: `latchkey.authenticate`', (latchkey) => [latchkey.authenticate('api-key-header')]),
  onRedis(
    'latchkey-permission',
    'Latchkey: the same and `requirePermission`',
    (latchkey) => [latchkey.authenticate('api-key-header'), latchkey.requirePermission('orders:read')],
    { needs: 'orders:read' },
  ),
  onRedis(
    'latchkey-authorization',
    'Latchkey: the same by `Authorization: ApiKey`',
    (latchkey) => [latchkey.authenticate('api-key')],
    { headers: authorizationHeader },
  ),
  onRedis(
    'latchkey-cold',
    'Latchkey: `latchkey.authenticate`, cache off',
    (latchkey) => [latchkey.authenticate('api-key-header')],
    { options: NO_CACHE, keys: COLD_KEYS },
  ),
];
