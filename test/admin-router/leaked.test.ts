import type { EventOf, IssuedKey } from '../../lib/index.js';
import { generateSecret } from '../../lib/verification/secret.js';
import { Clock, DAY_MS, START_AT } from '../lib/clock.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';

const LIMIT = 5;

describe.each(STORE_KINDS)('POST /leaked on $name', ({ open }) => {
  let database: Database;
  const apps: AdminApp[] = [];
  let clock: Clock;
  let app: AdminApp;
  let events: EventOf<'key.leaked'>[];

  beforeAll(async () => {
    database = await open();
  });
  afterAll(async () => {
    for (const each of apps) await each.close();
    await database.stop();
  });
  beforeEach(async () => {
    clock = new Clock();
    app = await startAdminApp({ store: await database.connect(), now: clock.now, lockout: { secretLimit: LIMIT } });
    apps.push(app);
    events = [];
    app.latchkey.on('key.leaked', (event) => void events.push(event));
  });

  /** What an anonymous scanner is answered. */
  async function report(token: string, fields: object = {}): Promise<unknown> {
    const { status, body } = await app.call('POST', '/leaked', null, { token, ...fields });
    return status === 200 ? body : status;
  }
  const use = async (token: string) => (await app.call('GET', '/whoami', token)).status;
  const read = ({ key }: IssuedKey) => app.latchkey.apiKeys.get(key.id);
  const rotate = ({ key }: IssuedKey, graceMs: number) => app.latchkey.apiKeys.rotate(key.id, { by: 'test', graceMs });

  it('revokes the key whose token was found, whoever reports it', async () => {
    const issued = await app.key({ ownerId: 'alice', orgId: 'acme' });
    expect(await use(issued.token)).toBe(200);
    expect(await report(issued.token, { source: 'https://github.com/acme/shop/blob/main/.env' })).toEqual({
      revoked: true,
    });
    expect(await use(issued.token)).toBe(401);
    expect(await read(issued)).toMatchObject({
      state: 'revoked',
      revokedAt: START_AT,
      revokedBy: 'latchkey',
      revokedReason: 'its secret was found',
    });
  });

  it('tells of it, and has it in the trail, without the secret', async () => {
    const orgId = 'told';
    const issued = await app.key({ ownerId: 'alice', orgId });
    const source = 'a gist';
    await report(issued.token, { source });
    const told = {
      type: 'key.leaked',
      keyId: issued.key.id,
      ownerId: 'alice',
      orgId,
      secret: 'current',
      source,
      actorId: 'latchkey',
      credentialId: null,
      address: '127.0.0.1',
    };
    expect(events).toEqual([expect.objectContaining(told)]);
    const auditor = (await app.key({ orgId, actions: ['audit:read'] })).token;
    const { body, text } = await app.call('GET', '/audit?type=key.leaked', auditor);
    expect(body.items).toMatchObject([{ ...told, after: { revokedReason: 'its secret was found' } }]);
    expect(text).not.toContain(issued.secret);
    expect(JSON.stringify(events)).not.toContain(issued.secret);
  });

  it('answers a second report as the first, and tells of it once', async () => {
    const issued = await app.key();
    for (let n = 0; n < 3; n++) expect(await report(issued.token)).toEqual({ revoked: true });
    expect(events).toHaveLength(1);
    expect((await read(issued))?.version).toBe(2);
  });

  it('revokes one that is disabled, pending, expired, or accepted only elsewhere', async () => {
    const disabled = await app.key();
    await app.latchkey.apiKeys.disable(disabled.key.id, { by: 'test' });
    const pending = await app.key({ notBefore: START_AT + DAY_MS });
    const expired = await app.key({ lifetimeMs: 1 });
    const elsewhere = await app.key({ allowedAddresses: ['192.0.2.1'], allowedOrigins: ['https://app.example.com'] });
    const internal = await app.key({ internalOnly: true });
    const session = await app.latchkey.sessionKeys.mint({ userId: 'alice' }, { by: 'test' });
    clock.advance(1);
    for (const issued of [disabled, pending, expired, elsewhere, internal, session]) {
      expect(await report(issued.token)).toEqual({ revoked: true });
      expect(await read(issued)).toMatchObject({ state: 'revoked' });
    }
  });

  it('ends the secret of before a rotation alone, while it is in its grace', async () => {
    const issued = await app.key();
    const rotated = await rotate(issued, 60_000);
    expect(await report(issued.token)).toEqual({ revoked: true });
    expect([await use(issued.token), await use(rotated.token)]).toEqual([401, 200]);
    expect(events).toMatchObject([{ secret: 'previous', source: null }]);
    expect(await read(issued)).toMatchObject({ state: 'active', previousSecretExpiresAt: null });
    expect(await report(issued.token)).toEqual({ revoked: false });
    expect(await report(rotated.token)).toEqual({ revoked: true });
    expect(await use(rotated.token)).toBe(401);
    expect(events.map(({ secret }) => secret)).toEqual(['previous', 'current']);
  });

  it('does nothing for a secret that is worth nothing any more', async () => {
    const issued = await app.key();
    await rotate(issued, 60_000);
    clock.advance(60_000);
    expect(await report(issued.token)).toEqual({ revoked: false });
    await rotate(issued, 0);
    expect(await report(issued.token)).toEqual({ revoked: false });
    expect(await read(issued)).toMatchObject({ state: 'active', version: 3 });
    expect(events).toEqual([]);
  });

  it.each<[string, (issued: IssuedKey) => string]>([
    ['of nothing', () => generateSecret('lk').token],
    ['with another secret', ({ key }) => generateSecret('lk', key.id).token],
    ['with a letter changed', ({ token }) => token.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a'))],
    ['cut off', ({ token }) => token.slice(0, -1)],
    ['with another prefix', ({ token }) => token.replace(/^lk/, 'ak')],
    ['with white space', ({ token }) => ` ${token}`],
    ['with more behind it', ({ token }) => `${token}"`],
    ['without its first part', ({ key, secret }) => `${key.id}:${secret}`],
    ['of the id alone', ({ key }) => key.id],
    ['in base64', ({ key, secret }) => Buffer.from(`${key.id}:${secret}`).toString('base64')],
  ])('does nothing for a token %s', async (_what, write) => {
    const issued = await app.key();
    expect(await report(write(issued))).toEqual({ revoked: false });
    expect(await read(issued)).toMatchObject({ state: 'active', version: 1 });
    expect(events).toEqual([]);
  });

  it('is not for guessing: an address that sends wrong ones must wait; right ones are taken all the same', async () => {
    const issued = await app.key();
    for (let n = 0; n < LIMIT; n++)
      expect(await report(generateSecret('lk', issued.key.id).token)).toEqual({ revoked: false });
    for (const wrong of [generateSecret('lk', issued.key.id), generateSecret('lk')]) {
      const answer = await app.call('POST', '/leaked', null, { token: wrong.token });
      expect([answer.status, answer.body.code]).toEqual([429, 'too_many_attempts']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await report(issued.token)).toEqual({ revoked: true });
  });

  it('what has not the form of a token costs nothing, and counts for nothing', async () => {
    for (let n = 0; n < 3 * LIMIT; n++) expect(await report(`lk_${n}`)).toEqual({ revoked: false });
    expect(await report(generateSecret('lk').token)).toEqual({ revoked: false });
  });

  it('needs no credential, and looks at none', async () => {
    const issued = await app.key();
    const { status, body } = await app.call('POST', '/leaked', 'lk_not_a_token', { token: issued.token });
    expect([status, body]).toEqual([200, { revoked: true }]);
  });

  it.each<[object, string]>([
    [{}, 'token'],
    [{ token: '' }, 'token'],
    [{ token: null }, 'token'],
    [{ token: ['lk'] }, 'token'],
    [{ token: 'x'.repeat(301) }, 'token'],
    [{ token: 'x', source: 'y'.repeat(501) }, 'source'],
    [{ token: 'x', source: 5 }, 'source'],
    [{ token: 'x', id: 'y' }, 'id'],
  ])('names the field of %j', async (body, path) => {
    const answer = await app.call('POST', '/leaked', null, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', errors: [{ path }] } });
  });
});
