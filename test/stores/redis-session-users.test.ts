import { Redis } from 'ioredis';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const LIFE_MS = 600_000;
const SLACK_MS = 60_000;
const BY_ID = 'latchkey:org-users:{oacme}:id';
const BY_END = 'latchkey:org-users:{oacme}:end';

type Command = (...args: unknown[]) => Promise<unknown>;

describe('the users who have sessions, in Redis', () => {
  let server: RedisServer;
  let admin: Redis;
  let closing: (() => unknown)[] = [];

  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
  });
  beforeEach(() => admin.flushall());
  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  /** A process of its own; `interrupt` has something happen right before the next `command` that it sends. */
  function open() {
    const client = new Redis(server.url);
    const store = new RedisStore(client, { ...PATIENT, heartbeatMs: 60_000 });
    closing.push(async () => {
      await store.close();
      client.disconnect();
    });
    const { sessions } = store.state;
    const begin = (id: string, userId: string, fields = {}) => {
      const createdAt = Date.now();
      const who = { login: '{}', data: '{}', userId, orgId: 'acme' };
      return sessions.insert(id, { ...who, createdAt, expiresAt: createdAt + LIFE_MS, ...fields }, LIFE_MS);
    };
    const names = async () =>
      (await sessions.users('acme', undefined, 100, Date.now())).users.map(({ userId }) => userId);
    const interrupt = (command: string, action: () => Promise<unknown>): void => {
      const commands = client as unknown as Record<string, Command>;
      const send = (commands[command] as Command).bind(client);
      commands[command] = async (...args) => {
        commands[command] = send;
        await action();
        return await send(...args);
      };
    };
    return { sessions, begin, names, interrupt };
  }

  it('are entered before the session, which no crash can hide', async () => {
    const { begin, names, interrupt } = open();
    interrupt('set', () => Promise.reject(new Error('cut off')));
    await expect(begin('s', 'ada')).rejects.toThrow();
    expect(await admin.zrange(BY_ID, '0', '-1')).toEqual(['ada']);
    expect(await names()).toEqual([]);
    expect(await admin.keys('*org-users*')).toEqual([]); // found empty, and gone
  });

  it('are two entries for each, however often they log in; and nothing is written when sessions are used', async () => {
    const { sessions, begin } = open();
    for (let n = 0; n < 5; n++) await begin(`s${n}`, 'ada');
    await begin('t', 'bob');
    expect([await admin.zcard(BY_ID), await admin.zcard(BY_END)]).toEqual([2, 2]);
    await admin.config('RESETSTAT');
    await sessions.read('s1', LIFE_MS);
    await sessions.save('s1', 1, '{"a":1}', LIFE_MS);
    expect(await admin.info('commandstats')).not.toMatch(/cmdstat_z/);
  });

  it('stay for as long as the longest session, and end with it', async () => {
    const { begin } = open();
    const createdAt = Date.now();
    await begin('long', 'ada', { createdAt, expiresAt: createdAt + 5 * LIFE_MS });
    await begin('short', 'ada', { createdAt, expiresAt: createdAt + LIFE_MS });
    await begin('other', 'bob', { createdAt, expiresAt: createdAt + LIFE_MS });
    expect(await admin.zscore(BY_END, 'ada')).toBe(String(createdAt + 5 * LIFE_MS));
    for (const key of [BY_ID, BY_END]) {
      const ttlMs = await admin.pttl(key);
      expect(ttlMs).toBeLessThanOrEqual(5 * LIFE_MS);
      expect(ttlMs).toBeGreaterThan(5 * LIFE_MS - SLACK_MS);
    }
  });

  it('do not heap up where nobody ever reads them: each login drops two hundred whose end has come', async () => {
    const { begin } = open();
    const [nowAt, past] = [Date.now(), Date.now() - 2 * LIFE_MS];
    for (let n = 0; n < 250; n++) await begin(`s${n}`, `old-${n}`, { createdAt: past, expiresAt: nowAt - LIFE_MS });
    expect(await admin.zcard(BY_ID)).toBe(250);
    for (const left of [51, 2]) {
      await begin(`new ${left}`, `new ${left}`);
      expect([await admin.zcard(BY_ID), await admin.zcard(BY_END)]).toEqual([left, left]);
    }
  });

  it('come on a shorter page where some have sessions without number', async () => {
    const { begin, sessions } = open();
    for (const userId of ['a', 'b', 'c', 'd']) await begin(`of-${userId}`, userId);
    for (const userId of ['b', 'c']) {
      const many = Array.from({ length: 3_000 }, (_, n) => [Date.now() + LIFE_MS, `${userId}${n}`]).flat();
      await admin.zadd(`latchkey:user-sess:{${userId}}`, ...many);
    }
    const pages: unknown[] = [];
    for (let after: string | undefined; pages.length < 9; ) {
      const { users, next } = await sessions.users('acme', after, 100, Date.now());
      pages.push([users.map(({ userId, sessions: some }) => `${userId}${some.length}`).join(), next]);
      if (next === null) break;
      after = next;
    }
    expect(pages).toEqual([
      ['a1,b1', 'b'],
      ['c1,d1', null],
    ]);
  });

  it.each([
    ['before its session is there', 'set'],
    ['after its session is there', 'latchkeyLeave'],
  ])('are found all the same, where one is taken for gone %s', async (_when, command) => {
    const [login, reader] = [open(), open()];
    await login.begin('before', 'ada');
    await login.sessions.end('before', 'ada');
    if (command === 'set') login.interrupt('set', reader.names);
    else reader.interrupt('latchkeyLeave', () => login.begin('s', 'ada'));
    if (command === 'set') await login.begin('s', 'ada');
    else await reader.names();
    expect(await reader.names()).toEqual(['ada']);
    expect((await reader.sessions.list('ada')).map(({ id }) => id)).toEqual(['s']);
    for (const key of await admin.keys('*')) expect(await admin.pttl(key)).toBeGreaterThan(0);
  });

  it('keep the session of one who logs in while a list drops it: it can still be found and ended', async () => {
    const [login, reader] = [open(), open()];
    let listing: Promise<unknown> = Promise.resolve();
    const goOn = deferred();
    // The reader has seen that the session is not there, and takes it out of the list once the login is done.
    login.interrupt('set', async () => {
      const hasSeen = deferred();
      reader.interrupt('zrem', () => {
        hasSeen.resolve();
        return goOn.promise;
      });
      listing = reader.sessions.list('ada');
      await hasSeen.promise;
    });
    await login.begin('s', 'ada');
    goOn.resolve();
    await listing;
    expect((await login.sessions.list('ada')).map(({ id }) => id)).toEqual(['s']);
    expect(await reader.names()).toEqual(['ada']);
    expect(await admin.pttl('latchkey:user-sess:{ada}')).toBeGreaterThan(0);
  });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
