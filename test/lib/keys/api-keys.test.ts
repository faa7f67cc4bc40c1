import type { Core } from '../../../lib/core.js';
import type { ApiKeys } from '../../../lib/keys/api-keys.js';
import type { KeyLifetimeOptions } from '../../../lib/keys/key-lifetimes.js';
import { Principal } from '../../../lib/principal.js';
import { generateSecret } from '../../../lib/verification/secret.js';
import { Clock, DAY_MS, START_AT } from '../clock.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';

const by = { by: 'ada' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };
const TOO_MANY_RIGHTS = 'The request is not valid: ';

describe.each(STORE_KINDS)('API keys in $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let core: Core;
  let keys: ApiKeys;
  const cores: Core[] = [];

  async function start(options: KeyLifetimeOptions = {}): Promise<Core> {
    const made = newCore({ store: await database.connect(), keys: options, now: clock.now });
    cores.push(made);
    return made;
  }

  beforeAll(async () => {
    database = await open();
  });

  beforeEach(async () => {
    clock = new Clock();
    core = await start();
    keys = core.apiKeys;
  });

  afterEach(async () => {
    for (const each of cores.splice(0)) await each.close();
  });

  afterAll(() => database.stop());

  async function isLetIn(id: string, secret: string): Promise<boolean> {
    const verdict = await core.verifier.verify({ scheme: 'api-key', id, secret }, null);
    return verdict instanceof Principal;
  }

  describe('create', () => {
    it('answers with the key, its secret and its token; the key says all but the secret', async () => {
      const { key, secret, token } = await keys.create(NEW, by);
      expect(token).toBe(`lk_${key.id}_${secret}`);
      expect(key).toEqual({
        id: expect.stringMatching(/^[0-9A-Za-z]{22}$/),
        version: 1,
        kind: 'api-key',
        name: 'ci',
        description: '',
        ownerId: 'ada',
        ownerKind: 'user',
        orgId: 'acme',
        createdBy: 'ada',
        parentIds: [],
        statements: [],
        policyIds: [],
        ceiling: [],
        resources: null,
        properties: {},
        dialects: {},
        internalOnly: false,
        allowedAddresses: null,
        allowedOrigins: null,
        maxRequestsPerMinute: null,
        countedWith: null,
        defaultWorkspace: null,
        prefix: 'lk',
        lastFour: token.slice(-4),
        previousSecretExpiresAt: null,
        createdAt: START_AT,
        updatedAt: START_AT,
        notBefore: null,
        expiresAt: START_AT + 180 * DAY_MS,
        enabled: true,
        enabledAt: START_AT,
        disableUnusedAfterMs: null,
        revokedAt: null,
        revokedBy: null,
        revokedReason: null,
        locale: null,
        timeZone: null,
        lastUsedAt: null,
        lastUsedFrom: null,
        useCount: 0,
        failureCount: 0,
        lastFailedAt: null,
        state: 'active',
      });
      expect(await keys.get(key.id)).toEqual(key);
      expect(await isLetIn(key.id, secret)).toBe(true);
    });

    it('keeps every field that is given', async () => {
      const fields = {
        name: 'Größe 🔑',
        description: 'line one\nline two',
        statements: [{ actions: ['orders:read'], resources: ['orders/*'], workspace: 'w1', description: 'why' }],
        policyIds: ['auditor'],
        resources: ['orders/1'],
        properties: { region: 'eu', __proto__x: 'y' },
        allowedAddresses: ['192.0.2.0/24', '2001:db8::1'],
        allowedOrigins: ['https://app.example.com'],
        maxRequestsPerMinute: 60,
        disableUnusedAfterMs: 30 * DAY_MS,
        internalOnly: true,
        notBefore: START_AT + 5,
        expiresAt: START_AT + 10,
        locale: 'de-DE',
        timeZone: 'Europe/Berlin',
      };
      const { key } = await keys.create({ ...fields, ownerId: 'user:{1}', orgId: 'org:{2}' }, by);
      expect(await keys.get(key.id)).toMatchObject({
        ...fields,
        ownerId: 'user:{1}',
        orgId: 'org:{2}',
        state: 'pending',
      });
    });

    it('refuses wrong fields, each by its name and with its mend', async () => {
      const error = await refusalOf(
        keys.create({ name: '', ownerId: '', orgId: 'a\nb', expiresAt: START_AT, statements: [{ actions: [''] }] }, by),
      );
      expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
      expect(error.message).toBe(`${TOO_MANY_RIGHTS}name must have 1 to 256 printable characters`);
      expect(error.errors.map(({ path }) => path)).toEqual([
        'name',
        'statements.0.actions.0',
        'ownerId',
        'orgId',
        'expiresAt',
      ]);
    });

    it('makes no key without a name, which only callers without types can ask for', async () => {
      for (const asked of [{ ownerId: 'ada' }, { ...NEW, name: undefined }, { ...NEW, name: null }]) {
        const error = await refusalOf(keys.create(asked as never, by));
        expect(error.message).toBe(`${TOO_MANY_RIGHTS}name must have 1 to 256 printable characters`);
      }
    });

    it('lets no key live for ever, nor longer than the host allows', async () => {
      const never = await refusalOf(keys.create({ ...NEW, expiresAt: null }, by));
      expect(never.message).toBe(
        `${TOO_MANY_RIGHTS}expiresAt must be set: keys that never expire are not allowed here`,
      );
      const long = await refusalOf(keys.create({ ...NEW, lifetimeMs: 367 * DAY_MS }, by));
      expect(long.message).toBe(`${TOO_MANY_RIGHTS}expiresAt must not be after 2027-01-02T00:00:00.000Z`);
      const both = await refusalOf(keys.create({ ...NEW, lifetimeMs: 1, expiresAt: START_AT + 1 }, by));
      expect(both.message).toBe(
        `${TOO_MANY_RIGHTS}lifetimeMs must be a positive whole number of ms, without expiresAt`,
      );
      expect((await keys.create({ ...NEW, lifetimeMs: DAY_MS }, by)).key.expiresAt).toBe(START_AT + DAY_MS);
    });

    it('lets a key live for ever where the host allows that', async () => {
      const lenient = await start({ allowNever: true, maxLifetimeMs: null });
      const { key, secret } = await lenient.apiKeys.create({ ...NEW, expiresAt: null }, by);
      expect(key.expiresAt).toBeNull();
      clock.advance(10_000 * DAY_MS);
      expect(await isLetIn(key.id, secret)).toBe(true);
    });
  });

  describe('get', () => {
    it('is null for an id that nobody has', async () => {
      expect(await keys.get(generateSecret('lk').id)).toBeNull();
      expect(await keys.get('')).toBeNull();
    });
  });

  describe('update', () => {
    it('changes what is given and keeps the rest, its secret included', async () => {
      const { key, secret } = await keys.create({ ...NEW, description: 'old' }, by);
      clock.advance(5);
      const changed = await keys.update(key.id, { name: 'renamed', properties: { a: 'b' }, locale: undefined }, by);
      expect(changed).toEqual({
        ...key,
        name: 'renamed',
        properties: { a: 'b' },
        version: 2,
        updatedAt: START_AT + 5,
      });
      expect(await keys.get(key.id)).toEqual(changed);
      expect(await isLetIn(key.id, secret)).toBe(true);
    });

    it('changes nothing that decides who owns the key', async () => {
      const { key } = await keys.create(NEW, by);
      const decided = ['id', 'kind', 'ownerId', 'orgId', 'secretHash', 'revokedAt', 'version', 'createdAt', 'enabled'];
      for (const field of [...decided, 'enabledAt', 'parentIds', 'ceiling', 'internalOnly', 'expungeAt']) {
        const error = await refusalOf(keys.update(key.id, { [field]: 'x' }, by));
        expect(error).toMatchObject({
          code: 'invalid_request',
          errors: [{ path: field, message: 'cannot be changed' }],
        });
      }
      expect(await keys.get(key.id)).toEqual(key);
    });

    it('follows the rules of creation', async () => {
      const { key } = await keys.create(NEW, by);
      for (const fields of [{ name: '' }, { expiresAt: START_AT }, { expiresAt: null }, { lifetimeMs: 367 * DAY_MS }]) {
        expect(await refusalOf(keys.update(key.id, fields, by))).toMatchObject({ code: 'invalid_request' });
      }
      expect((await keys.update(key.id, { lifetimeMs: DAY_MS }, by)).expiresAt).toBe(START_AT + DAY_MS);
    });

    it('names a key that has expired, and gives it a new life only when asked', async () => {
      const { key, secret } = await keys.create({ ...NEW, lifetimeMs: 10 }, by);
      clock.advance(10);
      expect(await keys.update(key.id, { name: 'late' }, by)).toMatchObject({ name: 'late', state: 'expired' });
      expect(await isLetIn(key.id, secret)).toBe(false);
      expect(await keys.update(key.id, { lifetimeMs: 10 }, by)).toMatchObject({ state: 'active' });
      expect(await isLetIn(key.id, secret)).toBe(true);
    });
  });

  describe('every change', () => {
    type Change = (id: string, options: { by: string; ifVersion?: number }) => Promise<unknown>;
    const changes: readonly [string, Change][] = [
      ['update', (id, options) => keys.update(id, { name: 'x' }, options)],
      ['rotate', (id, options) => keys.rotate(id, options)],
      ['disable', (id, options) => keys.disable(id, options)],
      ['enable', (id, options) => keys.enable(id, options)],
      ['revoke', (id, options) => keys.revoke(id, options)],
    ];

    it.each(changes)('%s: is not_found for an id that nobody has', async (_, change) => {
      const error = await refusalOf(change(generateSecret('lk').id, by));
      expect(error).toMatchObject({ code: 'not_found', status: 404, message: 'There is no such thing here.' });
    });

    it.each(changes)('%s: changes only the version that the caller has seen', async (name, change) => {
      const { key } = await keys.create(NEW, by);
      if (name === 'enable') await keys.disable(key.id, by);
      const { version = 0 } = (await keys.get(key.id)) ?? {};
      for (const ifVersion of [0, version - 1, version + 1]) {
        const error = await refusalOf(change(key.id, { ...by, ifVersion }));
        expect(error).toMatchObject({ code: 'precondition_failed', status: 412 });
        expect(error.message).toBe('The record was changed meanwhile. Read it again and retry.');
      }
      await change(key.id, { ...by, ifVersion: version });
      expect(await keys.get(key.id)).toMatchObject({ version: version + 1 });
    });

    it.each(changes.slice(0, 4))('%s: is a conflict for a revoked key', async (_, change) => {
      const { key } = await keys.create(NEW, by);
      const revoked = await keys.revoke(key.id, by);
      const error = await refusalOf(change(key.id, by));
      expect(error).toMatchObject({ code: 'conflict', status: 409, message: 'The key is revoked, for good.' });
      expect(await keys.get(key.id)).toEqual(revoked);
    });
  });

  describe('rotate', () => {
    it('gives a new secret for the same id, and ends the old one', async () => {
      const { key, secret } = await keys.create(NEW, by);
      const rotated = await keys.rotate(key.id, by);
      expect(rotated.key).toMatchObject({ id: key.id, version: 2, lastFour: rotated.token.slice(-4) });
      expect(rotated.token).toBe(`lk_${key.id}_${rotated.secret}`);
      expect(await isLetIn(key.id, rotated.secret)).toBe(true);
      expect(await isLetIn(key.id, secret)).toBe(false);
    });

    it('lets the old secret live on for the grace', async () => {
      const { key, secret } = await keys.create(NEW, by);
      const rotated = await keys.rotate(key.id, { ...by, graceMs: 1_000 });
      expect(rotated.key.previousSecretExpiresAt).toBe(START_AT + 1_000);
      expect(await isLetIn(key.id, secret)).toBe(true);
      clock.advance(1_000);
      expect(await isLetIn(key.id, secret)).toBe(false);
      expect(await isLetIn(key.id, rotated.secret)).toBe(true);
    });

    it.each([-1, 0.5, Number.NaN, 30 * DAY_MS + 1])('refuses a grace of %d ms', async (graceMs) => {
      const { key } = await keys.create(NEW, by);
      const error = await refusalOf(keys.rotate(key.id, { ...by, graceMs }));
      expect(error.code).toBe('invalid_request');
      expect(error.errors).toEqual([{ path: 'graceMs', message: 'must be a whole number of ms from 0 to 2592000000' }]);
    });

    it('is a conflict for an expired key', async () => {
      const { key } = await keys.create({ ...NEW, lifetimeMs: 10 }, by);
      clock.advance(10);
      const error = await refusalOf(keys.rotate(key.id, by));
      expect(error).toMatchObject({ code: 'conflict', message: 'The key has expired. Make a new one.' });
    });
  });

  describe('disable and enable', () => {
    it('refuse the key for now, and let it in again', async () => {
      const { key, secret } = await keys.create(NEW, by);
      expect(await isLetIn(key.id, secret)).toBe(true);
      expect(await keys.disable(key.id, by)).toMatchObject({ enabled: false, state: 'disabled', version: 2 });
      expect(await isLetIn(key.id, secret)).toBe(false);
      expect(await keys.enable(key.id, by)).toMatchObject({ enabled: true, state: 'active', version: 3 });
      expect(await isLetIn(key.id, secret)).toBe(true);
    });

    it('done twice change nothing the second time', async () => {
      const { key } = await keys.create(NEW, by);
      expect(await keys.enable(key.id, by)).toMatchObject({ version: 1 });
      await keys.disable(key.id, by);
      expect(await keys.disable(key.id, by)).toMatchObject({ version: 2 });
    });
  });

  describe('revoke', () => {
    it('is for good, says who, when and why, and the first one counts', async () => {
      const { key, secret } = await keys.create(NEW, by);
      expect(await isLetIn(key.id, secret)).toBe(true);
      clock.advance(5);
      const revoked = await keys.revoke(key.id, { by: 'eve', reason: 'leaked' });
      expect(revoked).toMatchObject({
        state: 'revoked',
        revokedAt: START_AT + 5,
        revokedBy: 'eve',
        revokedReason: 'leaked',
      });
      expect(await isLetIn(key.id, secret)).toBe(false);
      clock.advance(5);
      expect(await keys.revoke(key.id, { by: 'bob', reason: 'again' })).toEqual(revoked);
    });

    it('refuses a reason that is too long', async () => {
      const { key } = await keys.create(NEW, by);
      const error = await refusalOf(keys.revoke(key.id, { ...by, reason: 'x'.repeat(501) }));
      expect(error.errors).toEqual([{ path: 'reason', message: 'must have at most 500 characters' }]);
    });

    it('of many goes on past the ones that are not there, in the order of the ids', async () => {
      const made = await Promise.all(Array.from({ length: 40 }, () => keys.create(NEW, by)));
      const missing = generateSecret('lk').id;
      const ids = made.map(({ key }) => key.id);
      const results = await keys.revokeMany([...ids.slice(0, 20), missing, ...ids.slice(20), ids[0] as string], by);
      expect(results).toEqual([
        ...ids.slice(0, 20).map((id) => ({ id, outcome: 'revoked' })),
        { id: missing, outcome: 'not_found' },
        ...ids.slice(20).map((id) => ({ id, outcome: 'revoked' })),
        { id: ids[0], outcome: 'revoked' },
      ]);
      for (const { key, secret } of made) expect(await isLetIn(key.id, secret)).toBe(false);
      expect(await keys.revokeMany([], by)).toEqual([]);
    });

    it('takes at most a thousand ids at once', async () => {
      const error = await refusalOf(keys.revokeMany(Array(1_001).fill('x'), by));
      expect(error.errors).toEqual([{ path: 'ids', message: 'must have at most 1000 entries' }]);
    });
  });

  describe('the secret', () => {
    it('is in the one return value that issues it, and in nothing else', async () => {
      const orgId = 'secrets';
      const first = await keys.create({ ...NEW, orgId }, by);
      const { id } = first.key;
      const second = await keys.rotate(id, { ...by, graceMs: 1_000 });
      const seen: unknown[] = [first.key, second.key];
      seen.push(await keys.get(id), await keys.list({ orgId }), await keys.update(id, { name: 'b' }, by));
      seen.push(await keys.search({ orgId }, [{ field: 'lastFour', test: 'equal', value: second.key.lastFour }]));
      seen.push(await keys.disable(id, by), await keys.enable(id, by));
      seen.push(await core.verifier.verify({ scheme: 'api-key', id, secret: second.secret }, null));
      seen.push(await keys.revoke(id, by), await keys.revokeMany([id], by));
      const refused = [
        await refusalOf(keys.rotate(id, by)),
        await refusalOf(keys.update(id, { name: '' }, by)),
        await refusalOf(keys.search({ orgId }, [{ field: 'secretHash', test: 'null', value: false }])),
      ];
      for (const { message, reason, stack, errors } of refused) seen.push({ message, reason, stack, errors });
      const text = JSON.stringify(seen.slice(0, -1));
      for (const { secret, token } of [first, second]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(token);
      }
      expect(text).not.toMatch(/secretHash|SecretHash|sha256|expungeAt/);
    });
  });
});
