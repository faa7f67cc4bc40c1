import { Redis } from 'ioredis';
import type { Latchkey, LatchkeyOptions } from '../../lib/latchkey.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { Clock } from '../lib/clock.js';
import { CountingStore } from '../lib/counting-store.js';
import { PATIENT } from '../support/patience.js';
import { startRedis } from '../support/redis-server.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import { ADA, by, HTTP, openApp, RAW, raw } from './imported-keys-app.js';
import type { RunningApp } from './raw-request.js';
import { send } from './raw-request.js';

describe('a flood of existing keys', () => {
  const { express } = EXPRESS_VERSIONS[0] as (typeof EXPRESS_VERSIONS)[number];
  const clock = new Clock();

  async function withApp(options: LatchkeyOptions, use: (app: RunningApp, latchkey: Latchkey) => Promise<void>) {
    const latchkey = createLatchkey({ now: clock.now, ...options });
    const app = await openApp(latchkey, express);
    try {
      await use(app, latchkey);
    } finally {
      await app.close();
      await latchkey.close();
    }
  }

  it('costs no look-up where they do not look like one, or none are expected', async () => {
    const store = new CountingStore();
    await withApp({ store }, async (app) => {
      for (let n = 0; n < 20; n++) expect((await send(app, '/0/all', [raw(`${RAW}${n}`)])).status).toBe(401);
    });
    const other = new CountingStore();
    await withApp({ store: other, http: HTTP }, async (app) => {
      for (let n = 0; n < 20; n++) expect((await send(app, '/0/all', [raw(`${n}${RAW}`)])).status).toBe(401);
    });
    expect([...store.drain(), ...other.drain()].filter((verb) => verb === 'get')).toEqual([]);
  });

  it('that are unknown costs one look-up for each id that one can have, and is slowed down', async () => {
    const store = new CountingStore();
    const peppers = ['a'.repeat(32), 'b'.repeat(32)];
    await withApp({ store, http: HTTP, peppers, lockout: { secretLimit: 5 } }, async (app, latchkey) => {
      await latchkey.apiKeys.import({ ...ADA, secret: RAW }, by);
      expect((await send(app, '/0/all', [raw(RAW)])).status).toBe(200);
      store.drain();
      const answers = [];
      for (let n = 0; n < 8; n++) answers.push((await send(app, '/0/all', [raw(`${RAW}-unknown`)])).status);
      expect(answers).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
      expect(store.drain()).toEqual(['get', 'get', 'get']);
      expect((await send(app, '/0/all', [raw(RAW)])).status).toBe(200);
      expect(store.drain()).toEqual([]);
    });
  });

  it('when the store is down is 503', async () => {
    const store = new CountingStore();
    await withApp({ store, http: HTTP }, async (app, latchkey) => {
      store.failure = new Error('down');
      const { AuthError } = await import('../../lib/errors.js');
      store.failure = new AuthError('store_unavailable');
      expect((await send(app, '/0/all', [raw(RAW)])).status).toBe(503);
      const results = await latchkey.apiKeys.import([{ ...ADA, secret: RAW }], by);
      expect(results).toMatchObject([{ outcome: 'refused', error: { code: 'store_unavailable', status: 503 } }]);
    });
  });
});

describe('on Redis, a cached existing key', () => {
  it('is verified without a promise, and without a command', async () => {
    const server = await startRedis();
    const client = new Redis(server.url);
    const clock = new Clock();
    const peppers = ['a'.repeat(32), 'b'.repeat(32)];
    const before = createLatchkey({
      store: new RedisStore(client, PATIENT),
      peppers: peppers.slice(1),
      now: clock.now,
    });
    const latchkey = createLatchkey({ store: new RedisStore(client, PATIENT), peppers, http: HTTP, now: clock.now });
    try {
      await before.apiKeys.import({ ...ADA, secret: RAW }, by); // so its id is that of the previous pepper
      const guard = latchkey.authenticate('api-key-header');
      const request = () => ({ headers: { 'x-api-key': RAW }, rawHeaders: ['X-API-Key', RAW], socket: {} }) as never;
      while (!(await latchkey.health()).feedIsLive) await new Promise((go) => setTimeout(go, 25)); // nothing is cached before
      expect(await new Promise((done) => guard(request(), {} as never, done))).toBeUndefined();
      const sent = async () => Number(/total_commands_processed:(\d+)/.exec(await client.info('stats'))?.[1]);
      const first = await sent();
      let isThrough = 0;
      for (let n = 0; n < 100; n++)
        guard(request(), {} as never, (error?: unknown) => {
          if (error === undefined) isThrough++;
        });
      expect(isThrough).toBe(100);
      expect((await sent()) - first).toBeLessThan(10); // the feed's heartbeat
    } finally {
      await latchkey.close();
      await before.close();
      client.disconnect();
      await server.stop();
    }
  });
});
