import { randomBytes } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Contestant, Refusal } from '../contestant.js';
import { importPeer } from '../peers.js';
import { scattered, thousand } from './thousand-keys.js';

/** What is used of better-auth, whose own types are not there unless its packages are. */
interface Auth {
  readonly api: {
    createApiKey(call: { body: object }): Promise<{ readonly key: string }>;
    verifyApiKey(call: { body: object }): Promise<{ readonly valid: boolean; readonly key: object | null }>;
  };
  readonly $context: Promise<{
    readonly internalAdapter: { createUser(user: object): Promise<{ readonly id: string }> };
  }>;
}
interface BetterAuth {
  betterAuth(options: object): Auth;
}
interface ApiKeyPlugin {
  apiKey(options: object): object;
}
interface MemoryAdapter {
  memoryAdapter(tables: Readonly<Record<string, object[]>>): object;
}
interface RedisStorage {
  redisStorage(options: { readonly client: object; readonly keyPrefix: string }): object;
}
interface PeerIoredis {
  readonly Redis: new (url: string) => object;
}

/** By default it lets ten requests a day through; so high that none is refused, and each is counted. */
const LIMITED = { enabled: true, timeWindow: 60_000, maxRequests: 1_000_000_000 };
const UNLIMITED = { enabled: false };

const PERMISSIONS = { orders: ['read'] };

/** As https://better-auth.com/docs/plugins/api-key has it: the key and its permissions by `auth.api.verifyApiKey`. */
function contestant(name: string, title: string, rateLimit: object, usesRedis: boolean): Contestant {
  return {
    name,
    title,
    usesRedis,
    usesPeers: true,
    async prepare(redisUrl) {
      const auth = await createAuth(redisUrl, rateLimit, usesRedis);
      const { internalAdapter } = await auth.$context;
      const issue = async (userName: string, permissions: object) => {
        const user = await internalAdapter.createUser({ name: userName, email: `${userName}@example.com` });
        const body = { name: 'Orders', userId: user.id, permissions };
        return { 'X-API-Key': (await auth.api.createApiKey({ body })).key };
      };
      const accepted = await thousand((index) => issue(`u${index}`, PERMISSIONS));
      const refusals: Refusal[] = [
        { what: 'an unknown key', headers: { 'X-API-Key': randomBytes(48).toString('base64url') }, status: 401 },
        { what: 'a key without orders:read', headers: await issue('other', { invoices: ['read'] }), status: 401 },
        { what: 'no key', headers: {}, status: 401 },
      ];
      return { guards: [guard(auth)], accepted: scattered(accepted), refusals };
    },
  };
}

async function createAuth(redisUrl: string, rateLimit: object, usesRedis: boolean): Promise<Auth> {
  const { betterAuth } = await importPeer<BetterAuth>('better-auth');
  const { memoryAdapter } = await importPeer<MemoryAdapter>('better-auth/adapters/memory');
  const { apiKey } = await importPeer<ApiKeyPlugin>('@better-auth/api-key');
  return betterAuth({
    secret: randomBytes(32).toString('base64'),
    baseURL: 'http://127.0.0.1:3000',
    telemetry: { enabled: false },
    logger: { disabled: true },
    database: memoryAdapter({ user: [], session: [], account: [], verification: [], apikey: [] }),
    ...(usesRedis && { secondaryStorage: await redisStorage(redisUrl) }),
    plugins: [apiKey({ rateLimit, ...(usesRedis && { storage: 'secondary-storage' }) })],
  });
}

async function redisStorage(url: string): Promise<object> {
  const { redisStorage: create } = await importPeer<RedisStorage>('@better-auth/redis-storage');
  const { Redis } = await importPeer<PeerIoredis>('ioredis');
  return create({ client: new Redis(url), keyPrefix: 'better-auth:' });
}

function guard(auth: Auth): RequestHandler {
  return async (req, res, next) => {
    const key = req.headers['x-api-key'];
    if (typeof key !== 'string') {
      res.status(401).json({ error: 'Unauthorized' });
      return;
    }
    const { valid, key: found } = await auth.api.verifyApiKey({ body: { key, permissions: PERMISSIONS } });
    if (!valid) {
      res.status(401).json({ error: 'Unauthorized' });
      return;
    }
    Object.assign(req, { apiKey: found });
    next();
  };
}

const ON_REDIS = 'better-auth api-key, secondary storage on Redis';

export const betterAuthContestants: readonly Contestant[] = [
  contestant('better-auth-memory', 'better-auth api-key, memory adapter', UNLIMITED, false),
  contestant('better-auth-redis', `${ON_REDIS}, its limiter off`, UNLIMITED, true),
  contestant('better-auth-redis-limited', `${ON_REDIS}, its limiter on`, LIMITED, true),
];
