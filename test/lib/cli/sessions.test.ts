import { Redis } from 'ioredis';
import { createLatchkey, type Latchkey } from '../../../lib/index.js';
import { publicSessionId } from '../../../lib/sessions/session-id.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { documentOf, linesOf, runnerOn } from './run-command.js';

const DEVICE = 'Browser\u001b[31m/1.0';

let redis: RedisServer;
let client: Redis;
let latchkey: Latchkey;

const latch = runnerOn(() => redis.url);

function drawId(): string {
  return `s${Math.random().toString(36).slice(2)}`.padEnd(40, 'x');
}

/** One whose public id begins so. */
function drawIdOf(start: string): string {
  for (;;) {
    const id = drawId();
    if (publicSessionId(id).startsWith(start)) return id;
  }
}

/** A session as a login of the app makes it. */
async function begin(userId: string, orgId: string | null = null, sessionId = drawId()): Promise<string> {
  const user = { id: userId, orgId, userName: `${userId}@example.com`, isEnabled: true };
  const req = { headers: { 'user-agent': DEVICE }, socket: { remoteAddress: '10.0.0.1' }, get: () => DEVICE };
  const times = { idleMs: 60_000, absoluteMs: 3_600_000 };
  const who = { user, failed: { count: 0, lastAt: 0 } };
  const sessions = latchkey.dialects.sessions;
  const session = await sessions?.open(req as never, who as never, { sessionId, requestId: null, ...times });
  return String(session?.id);
}

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
  const users = {
    findByUserName: async () => null,
    findById: async (id: string) => ({ id, orgId: null, userName: id, isEnabled: true }),
    verifyPassword: async () => false,
    statements: async () => [],
  };
  latchkey = createLatchkey({
    store: new RedisStore(client, PATIENT),
    users,
    session: { secret: 'a secret of the app, of 32 characters or more' },
  });
});

afterAll(async () => {
  await latchkey.close();
  client.disconnect();
  await redis.stop();
});

describe('latchkey sessions', () => {
  it('lists those of a user, and the users that have some', async () => {
    const ids = [await begin('ann'), await begin('ann')];
    await begin('bob', 'acme');
    const { items } = documentOf(await latch(['sessions', 'list', '--user', 'ann', '--json']));
    expect((items as { id: string }[]).map(({ id }) => id).sort()).toEqual(ids.toSorted());
    expect(items).toMatchObject([{ userId: 'ann', userName: 'ann@example.com', idleSeconds: 60 }, {}]);
    const table = (await latch(['sessions', 'list', '--user', 'ann'])).out;
    expect(table).toContain('10.0.0.1  Browser\\u{1b}[31m/1.0\n');
    const users = linesOf(await latch(['sessions', 'list', '--all', '--json']));
    expect(users).toMatchObject([{ userId: 'ann', sessions: 2 }]);
    expect((await latch(['sessions', 'list', '--org', 'acme'])).out).toMatch(/^bob +bob@example.com +1 /m);
    expect((await latch(['sessions', 'list', '--user', 'bob', '--org', 'other'])).out).toMatch(/\nNone\.\n$/);
  });

  it('ends one, which the app no longer finds, and tells the audit trail who did', async () => {
    const id = await begin('cay');
    const wrongOrg = await latch(['sessions', 'end', id, '--org', 'acme']);
    expect([wrongOrg.code, wrongOrg.errors]).toEqual([5, 'latchkey: There is no such session in this organisation.\n']);
    expect(await latch(['sessions', 'end', id, '--by', 'ops'])).toEqual({
      code: 0,
      out: 'The session is over.\n',
      errors: '',
    });
    expect(await latchkey.sessions?.find(id)).toBeNull();
    expect((await latch(['sessions', 'end', id])).code).toBe(5);
    const { items } = await latchkey.audit.list({ orgId: null, types: ['session.ended'], credentialId: id });
    expect(items).toMatchObject([{ actorId: 'ops', userId: 'cay' }]);
  });

  it.each(['-', '--'])('takes an id for one that begins with %s, as one of 64 does with a dash', async (start) => {
    const [id = ''] = [await begin('eve', null, drawIdOf(start)), await begin('eve')];
    expect(id).toMatch(new RegExp(`^${start}`));
    expect((await latch(['sessions', 'end-all', '--user', 'eve', '--except', id])).code).toBe(0);
    expect((await latchkey.sessions?.list('eve'))?.map((session) => session.id)).toEqual([id]);
    expect(await latch(['sessions', 'end', id])).toMatchObject({ code: 0, errors: '' });
  });

  it('ends all of a user but one, and those of one organisation only', async () => {
    const [kept = ''] = [await begin('dan'), await begin('dan'), await begin('dan', 'acme')];
    expect((await latch(['sessions', 'end-all'])).errors).toContain('--user is missing');
    const ofOrg = await latch(['sessions', 'end-all', '--user', 'dan', '--org', 'acme', '--json']);
    expect(documentOf(ofOrg)).toEqual({ userId: 'dan', ended: 1 });
    const ran = await latch(['sessions', 'end-all', '--user', 'dan', '--except', kept]);
    expect([ran.code, ran.out]).toEqual([0, '1 session is over.\n']);
    expect((await latchkey.sessions?.list('dan'))?.map(({ id }) => id)).toEqual([kept]);
  });
});
