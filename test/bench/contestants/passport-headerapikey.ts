import { randomBytes } from 'node:crypto';
import type { RequestHandler } from 'express';
import { Redis } from 'ioredis';
import { Passport } from 'passport';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';
import type { Contestant, Refusal } from '../contestant.js';
import { sha256 } from './hand-written.js';
import { KEYS, scattered, thousand } from './thousand-keys.js';

type Verified = (error: Error | null, user?: object) => void;
type Verify = (sent: string, verified: Verified) => void;

/** As its README has it, users found in a Map by the SHA-256 of the key. */
export const passportMap: Contestant = {
  name: 'passport-map',
  title: 'passport-headerapikey, SHA-256, Map',
  async prepare() {
    const keys = Array.from({ length: KEYS }, newKey);
    const users = new Map(keys.map((key, index) => [sha256(key), Object.freeze({ id: `u${index}` })]));
    const verify: Verify = (sent, verified) => verified(null, users.get(sha256(sent)));
    return { guards: [guardWith(verify)], accepted: inTurn(keys), refusals: REFUSALS };
  },
};

/** The usual hand-made way: the record is a hash under the SHA-256 of the key; "last used" is written, not awaited. */
export const passportRedis: Contestant = {
  name: 'passport-redis',
  title: 'passport-headerapikey, HGETALL, SHA-256, HSET last used',
  usesRedis: true,
  async prepare(redisUrl) {
    const redis = new Redis(redisUrl);
    const keys = await thousand(async (index) => {
      const key = newKey();
      await redis.hset(recordKey(key), record(index));
      return key;
    });

    const verify: Verify = async (sent, verified) => {
      try {
        const at = recordKey(sent);
        const found = await redis.hgetall(at);
        const isValid = found.enabled === '1' && Number(found.expiresAt) > Date.now();
        if (!isValid) return verified(null);
        redis.hset(at, 'lastUsedAt', Date.now()).catch(() => {});
        verified(null, found);
      } catch (error) {
        verified(error as Error);
      }
    };
    return { guards: [guardWith(verify)], accepted: inTurn(keys), refusals: REFUSALS };
  },
};

const REFUSALS: readonly Refusal[] = [{ what: 'a wrong key', headers: { 'X-API-Key': newKey() }, status: 401 }];

function guardWith(verify: Verify): RequestHandler {
  const passport = new Passport();
  passport.use(new HeaderAPIKeyStrategy({ header: 'X-API-Key', prefix: '' }, false, verify));
  return passport.authenticate('headerapikey', { session: false }) as RequestHandler;
}

function inTurn(keys: readonly string[]) {
  return scattered(keys).map((key) => ({ 'X-API-Key': key }));
}

function newKey(): string {
  return randomBytes(32).toString('base64url');
}

function record(index: number) {
  return {
    id: `k${index}`,
    name: 'Orders',
    description: 'reads the orders',
    ownerId: `u${index}`,
    orgId: 'acme',
    scopes: 'orders:read',
    enabled: '1',
    createdAt: String(Date.now()),
    expiresAt: String(Date.now() + 86_400_000),
    lastUsedAt: '0',
  };
}

function recordKey(key: string): string {
  return `apikey:${sha256(key)}`;
}
