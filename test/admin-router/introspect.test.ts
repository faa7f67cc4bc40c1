import { until } from '../conformance/store-suite.js';
import { Clock, DAY_MS } from '../lib/clock.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';
import { People } from '../support/people.js';

const INACTIVE = '{"active":false}';
const EXISTING = 'sk_live_0123456789abcdefghij';

describe.each(STORE_KINDS)('POST /introspect on $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let people: People;
  let app: AdminApp;
  let gateway: string;

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    clock = new Clock();
    people = new People().set('alice', { statements: [{ actions: ['*'] }] });
    for (const id of ['gate', 'carol']) people.set(id, { statements: [{ actions: ['*'] }] });
    people.set('rival', { orgId: 'rivals', statements: [{ actions: ['*'] }] });
    app = await startAdminApp({
      store: await database.connect(),
      now: clock.now,
      users: people,
      usage: { flushIntervalMs: 10 },
      lockout: { secretLimit: 20 },
    });
    gateway = (await app.key({ ownerId: 'gate', orgId: 'acme', actions: ['keys:introspect'] })).token;
  });
  afterEach(() => app.close());
  afterAll(() => database.stop());

  const make = (fields: object = {}) => app.key({ ownerId: 'alice', orgId: 'acme', lifetimeMs: DAY_MS, ...fields });
  const ask = (token: string, more: object = {}, as = gateway) =>
    app.call('POST', '/introspect', as, { token, ...more });
  const activeIs = async (token: string, more: object = {}) => (await ask(token, more)).body.active;

  it('tells whose key a token, or id and secret, is, by the names of RFC 7662', async () => {
    const { key, token, secret } = await make();
    const expected = {
      active: true,
      sub: 'alice',
      client_id: key.id,
      token_type: 'api-key',
      iat: clock.nowAt / 1_000,
      exp: (clock.nowAt + DAY_MS) / 1_000,
      owner_kind: 'user',
      org_id: 'acme',
    };
    const answer = await ask(token);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(answer.body).toEqual(expected);
    expect(answer.text).not.toContain(secret);
    expect((await ask(token, { token_type_hint: 'access_token' })).body).toEqual(expected);
    const drawn = await app.latchkey.apiKeys.create(
      { name: 'drawn', ownerId: 'alice', orgId: 'acme' },
      { by: 'test', draw: () => ({ id: 'order-bot_1', secret: 'x7'.repeat(20) }) },
    );
    expect((await ask(drawn.token)).body).toMatchObject({ active: true, client_id: 'order-bot_1' });
  });

  it('takes a form, as RFC 7662 has it', async () => {
    const { key, token } = await make();
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const post = (body: string) => app.call('POST', '/introspect', gateway, body, form);
    expect((await post(`token=${token}&token_type_hint=access_token`)).body).toMatchObject({ client_id: key.id });
    expect((await post('token=nothing')).text).toBe(INACTIVE);
    for (const [body, path] of [
      ['', 'token'],
      [`token=${token}&token=${token}`, 'token'],
      [`token=${token}&more=1`, 'more'],
    ] as const) {
      const { status, body: problem } = await post(body);
      expect([body, status, problem.errors?.map((error) => error.path)]).toEqual([body, 400, [path]]);
    }
    const many = Array.from({ length: 30 }, (_, index) => `f${index}=1`).join('&');
    expect((await post(many)).status).toBe(413);
    const others = await app.call('POST', '/can', gateway, 'action=x', form);
    expect(others.status).toBe(415);
  });

  it('answers anything else the same: not active, and no more', async () => {
    const { key, token, secret } = await make();
    const other = await make();
    const foreign = await app.key({ ownerId: 'rival', orgId: 'rivals' });
    const internal = await make({ internalOnly: true });
    const [revoked, disabled, pending] = [await make(), await make(), await make({ notBefore: clock.nowAt + 1 })];
    await app.latchkey.apiKeys.revoke(revoked.key.id, { by: 'test' });
    await app.latchkey.apiKeys.disable(disabled.key.id, { by: 'test' });
    const wrong = [
      'nothing',
      ':',
      token.slice(0, -1),
      `${token}x`,
      token.replace(key.id, other.key.id),
      `${key.id}:${secret}`,
      `${'A'.repeat(22)}:${secret}`,
      ...[foreign, internal, revoked, disabled, pending].map((each) => each.token),
    ];
    for (const each of wrong.filter((text) => text !== `${key.id}:${secret}`)) {
      const { status, text } = await ask(each);
      expect([each, status, text]).toEqual([each, 200, INACTIVE]);
    }
    clock.advance(DAY_MS);
    expect((await ask(token)).text).toBe(INACTIVE); // expired
  });

  it('heeds at once that the key has a new secret, and that the owner is disabled', async () => {
    const { key, token } = await make();
    expect(await activeIs(token)).toBe(true);
    const rotated = await app.latchkey.apiKeys.rotate(key.id, { by: 'test', graceMs: 60_000 });
    expect([await activeIs(token), await activeIs(rotated.token)]).toEqual([true, true]);
    clock.advance(60_000);
    expect([await activeIs(token), await activeIs(rotated.token)]).toEqual([false, true]);
    people.set('alice', { isEnabled: false });
    await app.latchkey.userChanged('alice');
    expect(await activeIs(rotated.token)).toBe(false);
  });

  it('of a key that is tied to addresses or origins wants to know from where the token came', async () => {
    const { token } = await make({ allowedAddresses: ['192.0.2.0/24'] });
    const answers = [await activeIs(token), await activeIs(token, { address: '198.51.100.1' })];
    expect([...answers, await activeIs(token, { address: '192.0.2.7' })]).toEqual([false, false, true]);
    const tied = await make({ allowedOrigins: ['https://shop.example'] });
    expect(await activeIs(tied.token)).toBe(false);
    expect(await activeIs(tied.token, { origin: 'https://evil.example' })).toBe(false);
    expect(await activeIs(tied.token, { origin: 'https://shop.example' })).toBe(true);
  });

  it('counts as no use; a wrong secret counts as a failure', async () => {
    const { key, secret } = await make();
    const right = await make();
    expect(await activeIs(right.token)).toBe(true);
    await app.latchkey.apiKeys.rotate(key.id, { by: 'test' }); // the secret before is wrong now, and well-formed
    await ask(`lk_${key.id}_${secret}`);
    await until('the failure is written', async () => (await app.latchkey.apiKeys.get(key.id))?.failureCount === 1);
    for (const id of [key.id, right.key.id]) {
      expect(await app.latchkey.apiKeys.get(id)).toMatchObject({ useCount: 0, lastUsedAt: null });
    }
  });

  it('is 429 after too many wrong ones, of keys that are there and of such that are not; right ones go on', async () => {
    const { key, token } = await make();
    await app.latchkey.apiKeys.rotate(key.id, { by: 'test' });
    const gone = await make();
    await app.latchkey.apiKeys.revoke(gone.key.id, { by: 'test' });
    const fine = await make();
    for (let guess = 0; guess < 20; guess++) expect((await ask(token)).text).toBe(INACTIVE);
    const { status, body, headers } = await ask(token);
    expect([status, body.code, headers.get('retry-after')]).toEqual([429, 'too_many_attempts', '900']);
    expect(await activeIs(fine.token)).toBe(true);
    expect((await ask('nothing')).text).toBe(INACTIVE); // which costs no look-up, and tells nothing
    clock.advance(900_000);
    expect((await ask(token)).text).toBe(INACTIVE);
  });

  it('wants the right keys:introspect', async () => {
    const { token } = await make();
    const manager = (await app.key({ ownerId: 'carol', orgId: 'acme', actions: ['keys:manage', 'keys:read'] })).token;
    expect((await ask(token, {}, manager)).status).toBe(403);
    expect((await app.call('POST', '/introspect', null, { token })).status).toBe(401);
    const rival = (await app.key({ ownerId: 'rival', orgId: 'rivals', actions: ['*'] })).token;
    expect((await ask(token, {}, rival)).text).toBe(INACTIVE);
  });

  it.each<[object, string]>([
    [{}, 'token'],
    [{ token: '' }, 'token'],
    [{ token: 't'.repeat(1_001) }, 'token'],
    [{ token: ['t'] }, 'token'],
    [{ token: 't', address: 'here' }, 'address'],
    [{ token: 't', scope: 'all' }, 'scope'],
  ])('refuses %j, naming %s', async (body, path) => {
    const { status, body: problem, text } = await app.call('POST', '/introspect', gateway, body);
    expect([status, problem.errors.map((error) => error.path)]).toEqual([400, [path]]);
    expect(text).not.toContain('ttt');
  });

  it('tells of keys that were imported', async () => {
    const importing = await startAdminApp({
      store: await database.connect(),
      now: clock.now,
      http: { importedKeys: { pattern: /sk_live_[a-z0-9]{20}/ } },
    });
    const as = (await importing.key({ ownerId: 'gate', orgId: 'acme', actions: ['keys:introspect'] })).token;
    const asked = () => importing.call('POST', '/introspect', as, { token: EXISTING });
    expect((await asked()).text).toBe(INACTIVE);
    const input = { name: 'old', ownerId: 'alice', orgId: 'acme', secret: EXISTING };
    const taken = await importing.latchkey.apiKeys.import(input, { by: 'test' });
    expect(taken.outcome).toBe('imported');
    expect((await asked()).body).toMatchObject({ active: true, sub: 'alice' });
    expect(await activeIs(EXISTING)).toBe(false); // an instance that does not know such keys takes none
    await importing.close();
  });
});
