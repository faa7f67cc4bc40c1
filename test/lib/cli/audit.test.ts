import { Redis } from 'ioredis';
import { createLatchkey, type Latchkey } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { linesOf, runnerOn } from './run-command.js';

let redis: RedisServer;
let client: Redis;
let latchkey: Latchkey;
let store: RedisStore;

const latch = runnerOn(() => redis.url);
const make = async (orgId: string, name = 'k') => {
  const { key } = await latchkey.apiKeys.create({ name, ownerId: 'ann', orgId, statements: [] }, { by: 'setup' });
  return key.id;
};

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
  store = new RedisStore(client, PATIENT);
  latchkey = createLatchkey({ store, audit: { flushIntervalMs: 50 } });
});

afterAll(async () => {
  await latchkey.close();
  client.disconnect();
  await redis.stop();
});

describe('latchkey audit tail', () => {
  it('tells the last entries, the newest at the end, as the admin API has them', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n++) ids.push(await make('last'));
    const args = ['audit', 'tail', '--org', 'last'];
    const two = linesOf(await latch([...args, '-n', '2', '--json']));
    expect(two).toMatchObject(
      ids.slice(1).map((keyId) => ({ type: 'key.created', keyId, actorId: 'setup', outcome: 'success' })),
    );
    expect(two[0]?.at).toMatch(/^\d{4}-\d\d-\d\dT/);
    const table = (await latch(args)).out;
    expect(table).toMatch(/^AT +WHAT +BY +ON/);
    expect(table).toMatch(new RegExp(`key\\.created +setup +${ids[2]}\n$`));
    expect((await latch(['audit', 'tail', '--org', 'nobody', '--json'])).out).toBe('');
  });

  it('reads back over many pages, and finds what is asked for', async () => {
    const ids = await Promise.all(Array.from({ length: 230 }, () => make('many')));
    await latchkey.apiKeys.disable(ids[3] ?? '', { by: 'ops' });
    const args = ['audit', 'tail', '--org', 'many', '--json'];
    const all = linesOf(await latch([...args, '--last', '1000']));
    expect(
      all
        .map(({ keyId }) => keyId)
        .slice(0, 230)
        .sort(),
    ).toEqual(ids.toSorted());
    for (const filter of [
      ['--actor', 'ops'],
      ['--type', 'key.disabled,key.revoked'],
      ['--credential', ids[3] ?? '', '--type', 'key.disabled'],
      ['--key', ids[3] ?? '', '--last', '1'],
    ]) {
      expect(linesOf(await latch([...args, ...filter]))).toMatchObject([{ type: 'key.disabled', keyId: ids[3] }]);
    }
    expect(linesOf(await latch([...args, '--outcome', 'refused']))).toEqual([]);
    expect(linesOf(await latch([...args, '--to', '2020-01-01']))).toEqual([]);
    expect(await latch([...args, '--actor', 'x'.repeat(200)])).toMatchObject({ code: 7, out: '' });
  });

  it('shows hostile names so that they steer no terminal', async () => {
    await latchkey.apiKeys.create(
      { name: 'k', ownerId: 'ann', orgId: 'hostile', statements: [] },
      { by: 'ops\u001b[2J\u202e' },
    );
    const { out } = await latch(['audit', 'tail', '--org', 'hostile'], { columns: 200 });
    expect(out).toContain('ops\\u{1b}[2J\\u{202e}');
    expect((await latch(['audit', 'tail', '--org', 'hostile', '--json'])).out).not.toMatch(/\u202e/);
  });

  it('follows what comes, each entry once and in order, until it is ended', async () => {
    const before = await make('follow');
    const stop = new AbortController();
    const shown: string[] = [];
    const started = deferred();
    const done = deferred();
    const wanted = 300;
    const running = latch(['audit', 'tail', '--org', 'follow', '-f', '-n', '1', '--interval-ms', '200', '--json'], {
      signal: stop.signal,
      onLine(line) {
        shown.push(JSON.parse(line).keyId);
        started.resolve();
        if (shown.length === wanted + 1) done.resolve();
      },
    });
    await started.promise;
    const made: string[] = [];
    for (let n = 0; n < wanted; n++) made.push(await make('follow'));
    await done.promise;
    stop.abort();
    expect(await running).toMatchObject({ code: 0, errors: '' });
    expect(shown).toEqual([before, ...made]);
  });

  it('follows both parts of the trail, and only what is asked for', async () => {
    const stop = new AbortController();
    const shown: string[] = [];
    const done = deferred();
    const args = ['audit', 'tail', '--follow', '--last', '0', '--interval-ms', '200', '--json', '--type'];
    const started = deferred();
    const running = latch([...args, 'key.revoked,session.ended'], {
      signal: stop.signal,
      environment: { REDIS_URL: redis.url },
      onLine(line) {
        shown.push(JSON.parse(line).type);
        if (shown.length === 1) started.resolve();
        if (new Set(shown).size === 2) done.resolve();
      },
    });
    const revoking = setInterval(() => {
      // A new one each time: it is not known when following has begun.
      void latchkey.apiKeys
        .create({ name: 'k', ownerId: 'ann', statements: [] }, { by: 'setup' })
        .then((made) => latchkey.apiKeys.revoke(made.key.id, { by: 'setup' }));
    }, 300);
    await started.promise;
    clearInterval(revoking);
    const event = { type: 'session.ended', at: Date.now(), address: null, orgId: null, actorId: 'ann' };
    const entry = JSON.stringify({ ...event, credentialId: null, sessionId: 's', userId: 'ann' });
    const bounds = { nowAt: Date.now(), maxAgeMs: 3_600_000, maxEntries: 100 };
    await store.records.audit.append(null, 'activity', [entry], bounds);
    await done.promise;
    stop.abort();
    expect((await running).code).toBe(0);
    expect(new Set(shown)).toEqual(new Set(['key.revoked', 'session.ended']));
  });

  it('lasts through an outage of Redis, and tells of it', async () => {
    const stop = new AbortController();
    const first = deferred();
    const again = deferred();
    await make('outage', 'before');
    const lines: string[] = [];
    const running = latch(['audit', 'tail', '--org', 'outage', '--follow', '--interval-ms', '200', '--json'], {
      signal: stop.signal,
      onLine(line) {
        lines.push(JSON.parse(line).after.name);
        if (lines.length === 1) first.resolve();
        else again.resolve();
      },
    });
    await first.promise;
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    for (let tries = 0; tries < 50; tries++) {
      const isMade = await make('outage', 'after').catch(() => null);
      if (isMade !== null) break;
    }
    await again.promise;
    stop.abort();
    expect((await running).code).toBe(0);
    expect(lines).toEqual(['before', 'after']);
  });
});
