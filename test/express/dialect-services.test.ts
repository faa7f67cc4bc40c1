import { randomBytes } from 'node:crypto';
import type { IssuedKey, Latchkey, LatchkeyEvent, LatchkeyOptions, NewKey } from '../../lib/index.js';
import { createLatchkey, FULL_ACCESS, MemoryStore, type Principal, Refusal } from '../../lib/index.js';
import { generateSecret } from '../../lib/verification/secret.js';
import { Clock, START_AT } from '../lib/clock.js';
import { refusalOf } from '../lib/refusals.js';
import { type DialectApp, startDialectApp } from '../support/dialect-app.js';
import { People } from '../support/people.js';
import { inProduction } from '../support/production.js';
import { SECRET } from '../support/session-app.js';
import { SESSION_STORES, type SessionDatabase } from '../support/session-stores.js';

const HOUR_MS = 3_600_000;
const READ = [{ actions: ['orders:read'] }];

describe.each(SESSION_STORES)('what dialects are built from, on $name', ({ start }) => {
  let clock: Clock;
  let database: SessionDatabase;
  let people: People;
  let latchkey: Latchkey;
  let app: DialectApp;
  let refused: Extract<LatchkeyEvent, { type: 'request.refused' }>[];

  beforeEach(async () => {
    clock = new Clock();
    people = new People().set('ada', { statements: [FULL_ACCESS] }).set('bob', { statements: READ });
    database = await start(clock);
    await open();
  });
  afterEach(async () => {
    await app.close();
    await latchkey.close();
    await database.stop();
  });

  async function open(options: LatchkeyOptions = {}): Promise<void> {
    latchkey = createLatchkey({ store: await database.open(), users: people, now: clock.now, ...options });
    app = await startDialectApp(latchkey, (host) => host.use('/inside', latchkey.internal()));
    refused = [];
    latchkey.on('request.refused', (event) => void refused.push(event));
  }

  async function reopen(options: LatchkeyOptions): Promise<void> {
    await app.close();
    await latchkey.close();
    await database.stop();
    database = await start(clock);
    await open(options);
  }

  const keyOf = (fields: Partial<NewKey> = {}) =>
    latchkey.apiKeys.create({ name: 'a key', ownerId: 'ada', statements: READ, ...fields }, { by: 'test' });
  const pairOf = ({ key, secret }: IssuedKey) => ({ id: key.id, secret });
  const verify = (pair: { id: string; secret: string }, headers?: Record<string, string>) =>
    app.within((req) => latchkey.dialects.verifyKey(req, pair), headers);
  const recall = (id: string, stamp?: string, headers?: Record<string, string>) =>
    app.within((req) => latchkey.dialects.principalOfKey(req, id, stamp), headers);
  const outcome = (verdict: Principal | Refusal) => (verdict instanceof Refusal ? verdict.reason : verdict.id);

  describe('a pair that a dialect has read', () => {
    it('lets in as the same pair in our own forms does', async () => {
      const made = await keyOf();
      const principal = await verify(pairOf(made));
      expect(principal).toMatchObject({
        id: 'ada',
        credential: { kind: 'api-key', id: made.key.id, scheme: 'api-key' },
      });
      const { body } = await app.call('/me', {
        authorization: `ApiKey ${Buffer.from(`${made.key.id}:${made.secret}`).toString('base64')}`,
      });
      expect(JSON.parse(body)).toEqual(JSON.parse(JSON.stringify(principal)));
    });

    it('is refused, and told of, for the reasons of any other credential', async () => {
      const made = await keyOf();
      const other = await keyOf();
      const about = { type: 'request.refused', scheme: 'api-key', address: '127.0.0.1', path: '/job' };
      expect(outcome(await verify({ id: made.key.id, secret: other.secret }))).toBe('malformed'); // the checksum is another's
      expect(refused.splice(0)).toMatchObject([{ ...about, reason: 'malformed', ownerId: null }]);
      const rotated = await latchkey.apiKeys.rotate(made.key.id, { by: 'test' });
      expect(outcome(await verify(pairOf(made)))).toBe('wrong_secret');
      expect(refused.splice(0)).toMatchObject([
        { ...about, reason: 'wrong_secret', orgId: 'acme', ownerId: 'ada', credentialId: made.key.id },
      ]);
      await latchkey.apiKeys.revoke(made.key.id, { by: 'test' });
      expect(outcome(await verify(pairOf(rotated)))).toBe('revoked');
      people.set('ada', { isEnabled: false });
      await latchkey.userChanged('ada');
      expect(outcome(await verify(pairOf(other)))).toBe('owner_disabled');
      expect(refused).toMatchObject([{ reason: 'revoked' }, { reason: 'owner_disabled' }]);
    });

    it('in the form of another product is verified, and its id told only where there is such a key', async () => {
      const drawn = { id: 'VuaCfGcBCdbkQm-e5aOx', secret: 'ui2lp2axTNmsyakw9tv_nw' };
      await latchkey.apiKeys.create({ name: 'a', ownerId: 'ada', statements: READ }, { by: 'test', draw: () => drawn });
      expect(outcome(await verify(drawn))).toBe('ada');
      expect(outcome(await verify({ ...drawn, secret: 'x'.repeat(22) }))).toBe('wrong_secret');
      expect(outcome(await verify({ id: drawn.secret, secret: drawn.id }))).toBe('unknown_id'); // the wrong way round
      expect(refused).toMatchObject([
        { reason: 'wrong_secret', credentialId: drawn.id, ownerId: 'ada' },
        { reason: 'unknown_id', credentialId: null, ownerId: null },
      ]);
      expect(JSON.stringify(refused)).not.toContain(drawn.secret);
    });

    it('is held to the restrictions and the limit of its key', async () => {
      const bound = await keyOf({ allowedOrigins: ['https://shop.example'] });
      expect(outcome(await verify(pairOf(bound)))).toBe('origin_not_allowed');
      expect(outcome(await verify(pairOf(bound), { origin: 'https://shop.example' }))).toBe('ada');
      const far = await keyOf({ allowedAddresses: ['192.0.2.0/24'] });
      expect(outcome(await verify(pairOf(far)))).toBe('address_not_allowed');
      const inside = await keyOf({ internalOnly: true });
      expect(outcome(await verify(pairOf(inside)))).toBe('unknown_id');
      const limited = await keyOf({ maxRequestsPerMinute: 2 });
      expect(outcome(await verify(pairOf(limited)))).toBe('ada');
      expect(outcome(await recall(limited.key.id))).toBe('ada');
      refused = [];
      expect(await refusalOf(verify(pairOf(limited)))).toMatchObject({ code: 'rate_limited', status: 429 });
      expect(await refusalOf(recall(limited.key.id))).toMatchObject({ code: 'rate_limited' });
      const about = { reason: 'rate_limited', credentialId: limited.key.id, ownerId: 'ada' };
      expect(refused).toMatchObject([about, about]);
    });

    it('is slowed down by address when it is guessed', async () => {
      await reopen({ lockout: { secretLimit: 2 } });
      const guess = generateSecret('lk');
      for (let n = 0; n < 2; n++) expect(outcome(await verify(guess))).toBe('unknown_id');
      const refusal = await refusalOf(verify(guess));
      expect(refusal).toMatchObject({ code: 'too_many_attempts', headers: { 'Retry-After': '900' } });
      expect(refused.at(-1)).toMatchObject({ reason: 'too_many_attempts', credentialId: guess.id });
      const swapped = { id: 'VuaCfGcBCdbkQm-e5aOx', secret: 'y'.repeat(22) };
      await refusalOf(verify(swapped));
      expect(refused.at(-1)).toMatchObject({ reason: 'too_many_attempts', credentialId: null });
    });
  });

  describe('a key whose secret was verified before', () => {
    it('is the same principal, and counts as used', async () => {
      const made = await keyOf();
      expect(await recall(made.key.id)).toEqual(await verify(pairOf(made)));
      await app.close();
      await latchkey.close(); // writes the usage
      await open();
      expect(await latchkey.apiKeys.get(made.key.id)).toMatchObject({ useCount: 2, lastUsedAt: START_AT });
    });

    it('is refused as its secret would be', async () => {
      const made = await keyOf({ expiresAt: clock.nowAt + HOUR_MS });
      const far = await keyOf({ allowedAddresses: ['192.0.2.0/24'] });
      const inside = await keyOf({ internalOnly: true });
      expect(outcome(await recall(far.key.id))).toBe('address_not_allowed');
      expect(outcome(await recall(inside.key.id))).toBe('unknown_id');
      expect(outcome(await recall('nosuchkeynosuchkeynosu'))).toBe('unknown_id');
      await latchkey.apiKeys.disable(made.key.id, { by: 'test' });
      expect(outcome(await recall(made.key.id))).toBe('disabled');
      await latchkey.apiKeys.enable(made.key.id, { by: 'test' });
      expect(outcome(await recall(made.key.id))).toBe('ada');
      people.set('ada', { isEnabled: false });
      await latchkey.userChanged('ada');
      expect(outcome(await recall(made.key.id))).toBe('owner_disabled');
      people.set('ada', { isEnabled: true });
      await latchkey.userChanged('ada');
      clock.advance(HOUR_MS);
      expect(outcome(await recall(made.key.id))).toBe('expired');
      const last = await keyOf();
      await latchkey.apiKeys.revoke(last.key.id, { by: 'test' });
      expect(outcome(await recall(last.key.id))).toBe('revoked');
      expect(refused.map(({ reason }) => reason)).toEqual(
        'address_not_allowed unknown_id unknown_id disabled owner_disabled expired revoked'.split(' '),
      );
    });

    it('ends with that secret where its stamp is kept', async () => {
      const made = await keyOf();
      const { id } = made.key;
      const stamp = (await latchkey.dialects.stampOf(pairOf(made))) as string;
      expect(outcome(await recall(id, stamp))).toBe('ada');
      const graceful = await latchkey.apiKeys.rotate(id, { by: 'test', graceMs: HOUR_MS });
      expect(await latchkey.dialects.stampOf(pairOf(made))).toBe(stamp);
      const next = (await latchkey.dialects.stampOf(pairOf(graceful))) as string;
      expect([outcome(await recall(id, stamp)), outcome(await recall(id, next))]).toEqual(['ada', 'ada']);
      clock.advance(HOUR_MS);
      expect([outcome(await recall(id, stamp)), outcome(await recall(id, next))]).toEqual(['wrong_secret', 'ada']);
      expect(await latchkey.dialects.stampOf(pairOf(made))).toBeNull();
      await latchkey.apiKeys.rotate(id, { by: 'test' });
      expect([outcome(await recall(id, next)), outcome(await recall(id))]).toEqual(['wrong_secret', 'ada']);
      expect(await latchkey.dialects.stampOf({ id: 'nosuchkeynosuchkeynosu', secret: made.secret })).toBeNull();
    });
  });

  describe('a user', () => {
    it('who has proven who they are is a principal with the rights that they have now', async () => {
      const bob = (await latchkey.dialects.findUser('bob')) ?? fail('there is a bob');
      const principal = await latchkey.dialects.principalOfUser(bob);
      const credential = { kind: 'password', id: 'bob', name: 'bob', scheme: 'basic', expiresAt: null };
      expect(principal).toMatchObject({ id: 'bob', orgId: 'acme', credential, policyIds: [] });
      expect([principal?.can('orders:read'), principal?.can('orders:write')]).toEqual([true, false]);
      people.set('bob', { statements: [{ actions: ['orders:*'] }] });
      await latchkey.userChanged('bob');
      expect((await latchkey.dialects.principalOfUser(bob))?.can('orders:write')).toBe(true);
    });

    it('makes keys as from a session: without an end, and within their own rights', async () => {
      await reopen({ keys: { allowNever: true }, keyRules: { endWithParent: true } });
      const bob = await latchkey.dialects.principalOfUser((await latchkey.dialects.findUser('bob')) ?? fail('no bob'));
      const by = bob ?? fail('bob is enabled');
      const mine = await latchkey.apiKeys.create(
        { name: 'mine', ownerId: 'bob', statements: READ, expiresAt: null },
        { by },
      );
      expect(mine.key).toMatchObject({ expiresAt: null, parentIds: [], createdBy: 'bob' });
      const rotated = await latchkey.apiKeys.rotate(mine.key.id, { by });
      expect(outcome(await verify(pairOf(rotated)))).toBe('bob');
      const greedy = { name: 'more', ownerId: 'bob', statements: [{ actions: ['orders:write'] }] };
      expect(await refusalOf(latchkey.apiKeys.create(greedy, { by }))).toMatchObject({ code: 'forbidden' });
    });

    it('who is disabled, or deleted, is none', async () => {
      const bob = (await latchkey.dialects.findUser('bob')) ?? fail('there is a bob');
      expect(await latchkey.dialects.principalOfUser({ ...bob, isEnabled: false })).toBeNull();
      people.delete('bob');
      expect(await latchkey.dialects.principalOfUser(bob)).toBeNull();
    });

    it('is found as the directory has it, with what they may do', async () => {
      const { dialects } = latchkey;
      people.set('eve', { isEnabled: false, statements: [FULL_ACCESS] });
      expect(await dialects.findUserByName('BOB')).toMatchObject({ id: 'bob', orgId: 'acme' });
      expect(await dialects.findUserByName('bob', 'umbrella')).toBeNull();
      expect(await dialects.findUser('nobody')).toBeNull();
      const [bob, eve] = [await dialects.findUser('bob'), await dialects.findUser('eve')];
      expect(await dialects.statementsOf(bob ?? fail('no bob'))).toMatchObject(READ);
      expect(await dialects.statementsOf(eve ?? fail('no eve'))).toEqual([]);
    });

    it('is neither there nor not there while the directory does not answer', async () => {
      await reopen({ usersTimeoutMs: 200 });
      const { dialects } = latchkey;
      const zoe = { id: 'zoe', orgId: null, userName: 'zoe', isEnabled: true };
      for (const method of ['findById', 'findByUserName', 'statements'] as const) {
        people.faults[method] = () => new Promise<never>(() => {});
      }
      for (const asked of [
        dialects.findUser('zoe'),
        dialects.findUserByName('zoe'),
        dialects.statementsOf(zoe),
        dialects.principalOfUser(zoe),
      ]) {
        expect(await refusalOf(asked)).toMatchObject({ code: 'store_unavailable', status: 503 });
      }
    });
  });

  describe('what a dialect keeps', () => {
    it('is apart from what others keep', async () => {
      const [trend, plexus] = [latchkey.dialects.state('trend'), latchkey.dialects.state('plexus')];
      await trend.keep('a', 'one', HOUR_MS);
      await plexus.keep('a', 'two', HOUR_MS);
      await latchkey.dialects.state('trend').keep('b}c', 'three', HOUR_MS);
      expect([await trend.slide('a', HOUR_MS), await plexus.slide('a', HOUR_MS)]).toEqual(['one', 'two']);
      expect([await trend.take('a'), await trend.take('a'), await trend.slide('a', HOUR_MS)]).toEqual([
        'one',
        null,
        null,
      ]);
      expect([await plexus.take('a'), await trend.take('b}c')]).toEqual(['two', 'three']);
      expect([(await trend.hit('x', HOUR_MS)).count, (await trend.hit('x', HOUR_MS)).count]).toEqual([1, 2]);
      expect((await plexus.hit('x', HOUR_MS)).count).toBe(1);
      const rule = { limit: 1, windowMs: HOUR_MS, waitMs: HOUR_MS, maxWaitMs: HOUR_MS };
      expect((await trend.attempt('x', rule)).waitMs).toBe(0);
      expect((await trend.attempt('x', rule)).waitMs).toBeGreaterThan(0);
      expect(await trend.attempts('x')).toMatchObject({ count: 1, lastAt: START_AT });
      expect(await plexus.attempts('x')).toMatchObject({ count: 0 });
      await trend.clearAttempts('x');
      expect((await trend.attempt('x', rule)).waitMs).toBe(0);
    });

    it('has a bounded size and life', async () => {
      for (const name of ['', 'Trend', 'a-b', 'a'.repeat(33)]) {
        expect(() => latchkey.dialects.state(name)).toThrow('the name of a dialect must be 1 to 32 lower-case letters');
      }
      const state = latchkey.dialects.state('trend');
      await expect(state.take('')).rejects.toThrow(TypeError);
      await expect(state.take('a'.repeat(257))).rejects.toThrow(TypeError);
      await expect(state.keep('a', 'v'.repeat(65_537), 1_000)).rejects.toThrow(TypeError);
      await expect(state.keep('a', 'v', 0)).rejects.toThrow(TypeError);
      await expect(state.slide('a', -1)).rejects.toThrow(TypeError);
    });

    it('can be numbers and documents, which last', async () => {
      const { numbers, documents } = latchkey.dialects;
      expect(await numbers.of('api-key', ['x', 'y', 'x'])).toEqual([1, 2, 1]);
      expect(await numbers.find('api-key', 2)).toBe('y');
      const times = { version: 1, createdAt: START_AT, updatedAt: START_AT };
      const account = { kind: 'account', id: 'one', orgId: 'acme', ...times, data: { name: 'ci' } };
      const options = { by: 'setup', address: null };
      expect(await documents.insert(account, options)).toBe(true);
      expect(await documents.insert({ ...account, data: {} }, options)).toBe(false);
      expect(await documents.get('account', 'one')).toEqual(account);
      const next = { ...account, version: 2, data: { name: 'cd' } };
      expect(await documents.update(account, next, options)).toBe(true);
      expect(await documents.update(account, { ...next, data: {} }, options)).toBe(false);
      expect([await documents.remove(next, options), await documents.remove(next, options)]).toEqual([true, false]);
      const { items } = await latchkey.audit.list({ orgId: 'acme' });
      const document = { actorId: 'setup', documentKind: 'account', documentId: 'one' };
      expect(items.filter(({ type }) => type.startsWith('document.'))).toMatchObject([
        { type: 'document.deleted', ...document, before: { name: 'cd' }, after: {} },
        { type: 'document.changed', ...document, before: { name: 'ci' }, after: { name: 'cd' } },
        { type: 'document.created', ...document, before: {}, after: { name: 'ci' } },
      ]);
    });
  });
});

describe('what dialects are built from', () => {
  it('is there without users, of whom it then knows none', async () => {
    const latchkey = createLatchkey();
    const { dialects } = latchkey;
    const zoe = { id: 'zoe', orgId: null, userName: 'zoe', isEnabled: true };
    expect(dialects.sessions).toBeNull();
    expect([dialects.prefix, dialects.now() > START_AT]).toEqual(['lk', true]);
    expect(await Promise.all([dialects.findUser('zoe'), dialects.findUserByName('zoe')])).toEqual([null, null]);
    expect([await dialects.principalOfUser(zoe), await dialects.statementsOf(zoe)]).toEqual([null, []]);
    await latchkey.close();
    const withUsers = createLatchkey({ users: new People() });
    expect(withUsers.dialects.sessions).toBeNull();
    await withUsers.close();
  });

  it('accepts credentials over TLS only in production', async () => {
    const warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const store = new MemoryStore();
    const latchkey = inProduction(() =>
      createLatchkey({
        store,
        users: new People().set('ada'),
        session: { secret: SECRET },
        production: { accept: ['no-persistence'] },
      }),
    );
    const app = await startDialectApp(latchkey);
    const { dialects } = latchkey;
    const sessions = dialects.sessions ?? fail('there are sessions');
    const made = await latchkey.apiKeys.create({ name: 'a', ownerId: 'ada', statements: [] }, { by: 'test' });
    const who = {
      user: { id: 'ada', orgId: 'acme', userName: 'ada', isEnabled: true },
      failed: { count: 0, lastAt: null },
    };
    const sessionId = randomBytes(16).toString('hex');
    const options = { sessionId, requestId: null, idleMs: 60_000, absoluteMs: 60_000 };
    const asked: Parameters<DialectApp['within']>[0][] = [
      (req) => dialects.verifyKey(req, { id: made.key.id, secret: made.secret }),
      (req) => dialects.principalOfKey(req, made.key.id),
      (req) => sessions.open(req, who, options),
      (req) => sessions.verify(req, sessionId, { idleMs: 60_000 }),
      async (req) => dialects.demandTls(req),
    ];
    const accepted = await app.within(async (req) => {
      for (const ask of asked) await ask(req);
      return dialects.addressOf(req);
    });
    expect(accepted).toBe('127.0.0.1'); // this host itself
    for (const ask of asked) {
      const refusal = await refusalOf(app.within(ask, { 'x-forwarded-for': '192.0.2.1' }));
      expect([refusal.code, refusal.status]).toEqual(['tls_required', 403]);
    }
    await app.close();
    await latchkey.close();
    warnings.mockRestore();
  });
});

function fail(what: string): never {
  throw new Error(what);
}
