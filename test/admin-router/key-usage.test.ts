import { generateSecret } from '../../lib/verification/secret.js';
import { until } from '../conformance/store-suite.js';
import { Clock, DAY_MS } from '../lib/clock.js';
import { type Database, STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';

describe.each(STORE_KINDS)('the usage of a key by day, on $name', ({ open }) => {
  let clock: Clock;
  let database: Database;
  let app: AdminApp;

  beforeEach(async () => {
    clock = new Clock(); // 2026-01-01
    database = await open();
    app = await startAdminApp({
      store: await database.connect(),
      now: clock.now,
      usage: { flushIntervalMs: 10 },
      cache: { maxAgeMs: 900_000 },
    });
  });
  afterEach(async () => {
    await app.close();
    await database.stop();
  });

  /** Requests with a key, and with its id and a wrong secret; resolves when they are counted. */
  async function request(key: { id: string; token: string }, uses: number, failures: number): Promise<void> {
    const counts = async () => {
      const { useCount = 0, failureCount = 0 } = (await app.latchkey.apiKeys.get(key.id)) ?? {};
      return { useCount, failureCount };
    };
    const before = await counts();
    const wrong = {
      authorization: `ApiKey ${Buffer.from(`${key.id}:${generateSecret('lk', key.id).secret}`).toString('base64')}`,
    };
    for (let n = 0; n < uses; n++) expect((await app.call('GET', '/whoami', key.token)).status).toBe(200);
    for (let n = 0; n < failures; n++) {
      expect((await app.call('GET', '/whoami', null, undefined, wrong)).status).toBe(401);
    }
    await until('they are counted', async () => {
      const { useCount, failureCount } = await counts();
      return useCount === before.useCount + uses && failureCount === before.failureCount + failures;
    });
  }

  it('is told day by day in UTC, the oldest first, with the days that have any', async () => {
    const { key, token } = await app.key({ ownerId: 'alice', orgId: 'acme' });
    const reader = (await app.key({ ownerId: 'carol', orgId: 'acme', actions: ['keys:read'] })).token;
    const days = async () => (await app.call('GET', `/api-keys/${key.id}/usage`, reader)).body;
    const target = { id: key.id, token };
    expect(await days()).toEqual({ days: [] });
    await request(target, 2, 0);
    clock.advance(DAY_MS - 1);
    await request(target, 1, 3);
    clock.advance(1);
    await request(target, 1, 0);
    clock.advance(3 * DAY_MS);
    await request(target, 0, 1);
    expect(await days()).toEqual({
      days: [
        { day: '2026-01-01', uses: 3, failures: 3 },
        { day: '2026-01-02', uses: 1, failures: 0 },
        { day: '2026-01-05', uses: 0, failures: 1 },
      ],
    });

    clock.advance(26 * DAY_MS); // 2026-01-31
    await request(target, 4, 0);
    const late = (await app.key({ ownerId: 'carol', orgId: 'acme', actions: ['keys:read'] })).token;
    const { body } = await app.call('GET', `/api-keys/${key.id}/usage`, late);
    expect((body.days as { day: string }[]).map(({ day }) => day)).toEqual(['2026-01-02', '2026-01-05', '2026-01-31']);
  });

  it('is not told of a key that may not be seen, which looks like one that is not there', async () => {
    const { key, token } = await app.key({ ownerId: 'zoe', orgId: 'acme', actions: ['keys:manage-own'] });
    const { key: foreign } = await app.key({ ownerId: 'alice', orgId: 'other' });
    const owner = (await app.key({ ownerId: 'alice', orgId: 'acme', actions: ['keys:manage-own'] })).token;
    const answers = [];
    for (const id of [key.id, foreign.id, 'A'.repeat(22), 'no-id']) {
      const { status, text } = await app.call('GET', `/api-keys/${id}/usage`, owner);
      answers.push(`${status} ${text}`);
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('404 ');
    expect((await app.call('GET', `/api-keys/${key.id}/usage`, token)).status).toBe(200);
    expect((await app.call('GET', `/api-keys/${key.id}/usage?from=2026-01-01`, token)).body.errors).toEqual([
      { path: 'from', message: expect.any(String) },
    ]);
  });
});
