import { createHash, randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { Passport } from 'passport';
import { HeaderAPIKeyStrategy } from 'passport-headerapikey';
import type { Contestant } from '../contestant.js';

type Verified = (error: Error | null, user?: object) => void;

/** The usual hand-made way: the record is a hash under the SHA-256 of the key; "last used" is written, not awaited. */
export const passportRedis: Contestant = {
  name: 'passport-redis',
  title: 'passport-headerapikey, HGETALL, SHA-256, HSET last used',
  usesRedis: true,
  async prepare(redisUrl) {
    const redis = new Redis(redisUrl);
    const key = randomBytes(32).toString('base64url');
    await redis.hset(recordKey(key), {
      id: 'k1',
      name: 'Orders',
      description: 'reads the orders',
      ownerId: 'u1',
      orgId: 'acme',
      scopes: 'orders:read',
      enabled: '1',
      createdAt: String(Date.now()),
      expiresAt: String(Date.now() + 86_400_000),
      lastUsedAt: '0',
    });

    async function verify(sent: string, verified: Verified): Promise<void> {
      try {
        const at = recordKey(sent);
        const record = await redis.hgetall(at);
        const isValid = record.enabled === '1' && Number(record.expiresAt) > Date.now();
        if (!isValid) return verified(null);
        redis.hset(at, 'lastUsedAt', Date.now()).catch(() => {});
        verified(null, record);
      } catch (error) {
        verified(error as Error);
      }
    }

    const passport = new Passport();
    passport.use(new HeaderAPIKeyStrategy({ header: 'X-API-Key', prefix: '' }, false, verify));
    return {
      guards: [passport.authenticate('headerapikey', { session: false })],
      accepted: [{ 'X-API-Key': key }],
      refusals: [{ what: 'a wrong key', headers: { 'X-API-Key': randomBytes(32).toString('base64url') }, status: 401 }],
    };
  },
};

function recordKey(key: string): string {
  return `apikey:${createHash('sha256').update(key).digest('hex')}`;
}
