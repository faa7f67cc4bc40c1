import type { Core, CoreOptions } from '../../../lib/core.js';
import { AuthError, storeUnavailable } from '../../../lib/errors.js';
import type { ApiKeys } from '../../../lib/keys/api-keys.js';
import { Principal } from '../../../lib/principal.js';
import type { CredentialScheme } from '../../../lib/verification/secret.js';
import { generateSecret, SecretHasher } from '../../../lib/verification/secret.js';
import type { Verdict } from '../../../lib/verification/verifier.js';
import { TestDirectory } from '../../support/test-directory.js';
import { Clock, START_AT } from '../clock.js';
import { CountingStore } from '../counting-store.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';

const by = { by: 'setup' };
const ADDRESS = '192.0.2.1';
const HOUR_MS = 3_600_000;

class World {
  readonly clock = new Clock();
  readonly store: CountingStore;
  readonly core: Core;
  readonly keys: ApiKeys;

  constructor(peppers: string[] = [], store = new CountingStore(), options: CoreOptions = {}) {
    this.store = store;
    const usage = { flushIntervalMs: 3_600_000 };
    this.core = newCore({ store, peppers, usage, now: this.clock.now, ...options });
    this.keys = this.core.apiKeys;
  }

  verify(id: string, secret: string, scheme: CredentialScheme = 'api-key-header'): Verdict | Promise<Verdict> {
    return this.core.verifier.verify({ scheme, id, secret }, ADDRESS);
  }

  /** The private reason; `ok` for a principal. */
  async reason(id: string, secret: string): Promise<string> {
    const verdict = await this.verify(id, secret);
    return verdict instanceof Principal ? 'ok' : verdict.reason;
  }

  close(): Promise<void> {
    return this.core.close();
  }
}

let world: World;

beforeEach(() => {
  world = new World();
});

afterEach(() => world.close());

describe('the verifier lets in', () => {
  it('a key with its secret, as a principal that says who and with what', async () => {
    const { key, secret } = await world.keys.create(
      {
        name: 'ci',
        ownerId: 'ada',
        orgId: 'acme',
        statements: [{ actions: ['orders:read'] }],
        properties: { region: 'eu' },
        locale: 'de',
        timeZone: 'Europe/Berlin',
      },
      by,
    );
    const principal = (await world.verify(key.id, secret, 'basic')) as Principal;
    expect(principal).toBeInstanceOf(Principal);
    expect(JSON.parse(JSON.stringify(principal))).toEqual({
      id: 'ada',
      ownerKind: 'user',
      orgId: 'acme',
      credential: { kind: 'api-key', id: key.id, name: 'ci', scheme: 'basic', expiresAt: key.expiresAt },
      statements: [{ actions: ['orders:read'], resources: ['*'], workspace: '*', description: '' }],
      policyIds: [],
      resources: null,
      properties: { region: 'eu' },
      locale: 'de',
      timeZone: 'Europe/Berlin',
    });
    expect(principal.can('orders:read', 'orders/1')).toBe(true);
    expect(principal.can('orders:write', 'orders/1')).toBe(false);
  });

  it('with one principal for all requests of a key and scheme, frozen through and through', async () => {
    const { key, secret } = await world.keys.create(
      { name: 'ci', ownerId: 'ada', statements: [{ actions: ['a'] }], resources: ['r/*'], properties: { a: 'b' } },
      by,
    );
    const first = (await world.verify(key.id, secret)) as Principal;
    expect(world.verify(key.id, secret)).toBe(first);
    expect(world.verify(key.id, secret, 'basic')).not.toBe(first);
    expect(world.verify(key.id, secret, 'basic')).toBe(world.verify(key.id, secret, 'basic'));
    expect(thawedParts(first)).toEqual([]);
    expect(() => Object.assign(first, { id: 'eve' })).toThrow(TypeError);
    expect(() => (first.statements as unknown[]).push({})).toThrow(TypeError);
    expect(() => Object.assign(first.properties, { a: 'c' })).toThrow(TypeError);
  });

  it('and holds no secret and no hash in what it gives away', async () => {
    const { key, secret } = await world.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    const text = JSON.stringify(await world.verify(key.id, secret));
    expect(text).not.toContain(secret);
    expect(text).not.toMatch(/hash/i);
  });
});

function thawedParts(value: unknown, path = 'principal'): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = Object.isFrozen(value) ? [] : [path];
  return own.concat(...Object.entries(value).map(([name, part]) => thawedParts(part, `${path}.${name}`)));
}

describe('the verifier refuses, with the exact reason in the order of the design,', () => {
  it('what is malformed, without asking the store', async () => {
    const { key, secret } = await world.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    world.store.drain();
    const last = secret.endsWith('0') ? '1' : '0';
    const malformed = [
      ['', ''],
      [key.id, ''],
      ['', secret],
      [key.id, secret.slice(0, -1)],
      [key.id, `${secret}0`],
      [key.id, secret.slice(0, -1) + last],
      [`${key.id}0`, secret],
      [key.id.slice(1), secret],
      [key.id.toLowerCase(), secret.toLowerCase()],
      ['{x}:key:*'.padEnd(22), generateSecret('lk', '{x}:key:*'.padEnd(22)).secret],
      [key.id, generateSecret('acme', key.id).secret],
      ['user', 'password'],
    ] as const;
    for (const [id, badSecret] of malformed) {
      const verdict = world.verify(id, badSecret);
      expect(verdict).not.toBeInstanceOf(Promise);
      expect(verdict).toMatchObject({ reason: 'malformed' });
    }
    expect(world.store.drain()).toEqual([]);
  });

  it('an id that nobody has', async () => {
    const { id, secret } = generateSecret('lk');
    expect(await world.reason(id, secret)).toBe('unknown_id');
  });

  it('a wrong secret, before anything that the record says', async () => {
    const { key } = await world.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    const wrong = generateSecret('lk', key.id).secret;
    expect(await world.reason(key.id, wrong)).toBe('wrong_secret');
    await world.keys.disable(key.id, by);
    expect(await world.reason(key.id, wrong)).toBe('wrong_secret');
    await world.keys.revoke(key.id, by);
    expect(await world.reason(key.id, wrong)).toBe('wrong_secret');
  });

  it('revoked before disabled, disabled before not yet valid, not yet valid before expired', async () => {
    const { key, secret } = await world.keys.create(
      { name: 'ci', ownerId: 'ada', notBefore: START_AT + 10, expiresAt: START_AT + 20 },
      by,
    );
    expect(await world.reason(key.id, secret)).toBe('not_yet_valid');
    world.clock.advance(20);
    expect(await world.reason(key.id, secret)).toBe('expired');
    await world.keys.disable(key.id, by);
    expect(await world.reason(key.id, secret)).toBe('disabled');
    await world.keys.revoke(key.id, by);
    expect(await world.reason(key.id, secret)).toBe('revoked');
  });

  it('not yet valid before expired, where a record is both', async () => {
    const { key, secret } = await world.keys.create({ name: 'ci', ownerId: 'ada', notBefore: START_AT + 10 }, by);
    const record = await world.store.records.apiKeys.get(key.id);
    if (record === null) throw new Error('the record is gone');
    await world.store.records.apiKeys.update(record, { ...record, version: 2, expiresAt: START_AT });
    expect(await world.reason(key.id, secret)).toBe('not_yet_valid');
  });

  it('expired before unused, unused before address, address before origin, origin before parents, parents before owner', async () => {
    const users = new TestDirectory();
    const strict = new World([], new CountingStore(), { users, usage: {}, keyRules: { endWithParent: true } });
    const { clock, keys, core } = strict;
    const statements = [{ actions: ['*'] }];
    const parent = await keys.create({ name: 'parent', ownerId: 'pia', statements }, by);
    const maker = (await strict.verify(parent.key.id, parent.secret)) as Principal;
    const bounds = { allowedAddresses: ['198.51.100.0/24'], allowedOrigins: ['https://app.example.com'] };
    const fields = { name: 'ci', ownerId: 'ada', disableUnusedAfterMs: HOUR_MS, expiresAt: START_AT + 2 * HOUR_MS };
    const { key, secret } = await keys.create({ ...fields, ...bounds }, { by: maker });
    users.disable('ada');
    await core.userChanged('ada');
    await keys.disable(parent.key.id, by);
    const from = async (address: string, origin?: string) => {
      const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, address, false, origin);
      return verdict instanceof Principal ? 'ok' : verdict.reason;
    };
    clock.advance(2 * HOUR_MS);
    expect(await from(ADDRESS)).toBe('expired');
    await keys.update(key.id, { lifetimeMs: HOUR_MS }, by);
    expect(await from(ADDRESS)).toBe('unused');
    await keys.update(key.id, { disableUnusedAfterMs: null }, by);
    expect(await from(ADDRESS)).toBe('address_not_allowed');
    expect(await from('198.51.100.7')).toBe('origin_not_allowed');
    expect(await from('198.51.100.7', 'https://app.example.com')).toBe('parent_ended');
    await keys.enable(parent.key.id, by);
    expect(await from('198.51.100.7', 'https://app.example.com')).toBe('owner_disabled');
    users.enable('ada');
    await core.userChanged('ada');
    expect(await from('198.51.100.7', 'https://app.example.com')).toBe('ok');
    await strict.close();
  });

  it('with one object for each reason, which tells nothing else', async () => {
    const unknown = generateSecret('lk');
    const verdict = await world.verify(unknown.id, unknown.secret);
    const other = generateSecret('lk');
    expect(await world.verify(other.id, other.secret)).toBe(verdict);
    expect(Object.isFrozen(verdict)).toBe(true);
    expect(JSON.stringify(verdict)).toBe('{"reason":"unknown_id"}');
  });
});

describe('at the boundary', () => {
  it('a key is valid from notBefore on, and expired from expiresAt on', async () => {
    const { key, secret } = await world.keys.create(
      { name: 'ci', ownerId: 'ada', notBefore: START_AT + 10, expiresAt: START_AT + 20 },
      by,
    );
    const seen: string[] = [];
    for (const at of [9, 10, 19, 20]) {
      world.clock.nowAt = START_AT + at;
      seen.push(await world.reason(key.id, secret));
    }
    expect(seen).toEqual(['not_yet_valid', 'ok', 'ok', 'expired']);
  });

  it('the secret before a rotation is accepted until the grace ends, the new one at once', async () => {
    const { key, secret } = await world.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    const rotated = await world.keys.rotate(key.id, { ...by, graceMs: 10 });
    expect(await world.reason(key.id, rotated.secret)).toBe('ok');
    expect(await world.reason(key.id, secret)).toBe('ok');
    world.clock.advance(9);
    expect(await world.reason(key.id, secret)).toBe('ok');
    world.clock.advance(1);
    expect(await world.reason(key.id, secret)).toBe('wrong_secret');
    expect(await world.reason(key.id, rotated.secret)).toBe('ok');
  });

  it('without grace the old secret ends with the rotation, and two rotations leave only one old secret', async () => {
    const { key, secret } = await world.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    expect(await world.reason(key.id, secret)).toBe('ok');
    const second = await world.keys.rotate(key.id, by);
    expect(await world.reason(key.id, secret)).toBe('wrong_secret');
    const third = await world.keys.rotate(key.id, { ...by, graceMs: 1_000 });
    const fourth = await world.keys.rotate(key.id, { ...by, graceMs: 1_000 });
    expect(await world.reason(key.id, second.secret)).toBe('wrong_secret');
    expect(await world.reason(key.id, third.secret)).toBe('ok');
    expect(await world.reason(key.id, fourth.secret)).toBe('ok');
  });

  it('a key changed after it was cached is judged by the change', async () => {
    const { key, secret } = await world.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    expect(await world.reason(key.id, secret)).toBe('ok');
    await world.keys.disable(key.id, by);
    expect(await world.reason(key.id, secret)).toBe('disabled');
    await world.keys.enable(key.id, by);
    expect(await world.reason(key.id, secret)).toBe('ok');
    await world.keys.revoke(key.id, by);
    expect(await world.reason(key.id, secret)).toBe('revoked');
  });
});

describe('the cost', () => {
  it('of a cached key is no promise and no call of the store, be it let in or refused', async () => {
    const { key, secret } = await world.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    await world.verify(key.id, secret);
    world.store.drain();
    expect(world.verify(key.id, secret)).toBeInstanceOf(Principal);
    expect(world.verify(key.id, generateSecret('lk', key.id).secret)).toMatchObject({ reason: 'wrong_secret' });
    world.clock.advance(59_999);
    expect(world.verify(key.id, secret)).toBeInstanceOf(Principal);
    expect(world.store.drain()).toEqual([]);
    world.clock.advance(1);
    expect(await world.verify(key.id, secret)).toBeInstanceOf(Principal);
    expect(world.store.drain()).toEqual(['get']);
  });

  it('of a key that is not cached is one read', async () => {
    const { key, secret } = await world.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    world.store.drain();
    await Promise.all(Array.from({ length: 20 }, () => world.verify(key.id, secret)));
    expect(world.store.drain()).toEqual(['get']);
  });

  it('of a key that ends when nobody uses it is one read of its usage more', async () => {
    const fields = { name: 'ci', ownerId: 'ada', disableUnusedAfterMs: HOUR_MS };
    const { key, secret } = await world.keys.create(fields, by);
    world.store.drain();
    await world.verify(key.id, secret);
    expect(world.store.drain().sort()).toEqual(['get', 'usage']);
    expect(world.verify(key.id, secret)).toBeInstanceOf(Principal);
    expect(world.store.drain()).toEqual([]);
  });

  it('of a cached key with policies, bounds and parents is no promise and no call either', async () => {
    const strict = new World([], new CountingStore(), { keyRules: { endWithParent: true } });
    const statements = [{ actions: ['*'] }];
    const parent = await strict.keys.create({ name: 'parent', ownerId: 'ada', statements }, by);
    const maker = (await strict.verify(parent.key.id, parent.secret)) as Principal;
    const own = await strict.core.policies.create({ name: 'own', statements: [{ actions: ['orders:*'] }] }, by);
    const bounds = { allowedAddresses: [ADDRESS], disableUnusedAfterMs: HOUR_MS, policyIds: [own.id, 'auditor'] };
    const { key, secret } = await strict.keys.create({ name: 'ci', ownerId: 'ada', ...bounds }, { by: maker });
    const first = await strict.verify(key.id, secret);
    strict.store.drain();
    const verdict = strict.verify(key.id, secret);
    expect(verdict).toBeInstanceOf(Principal);
    expect(verdict).toBe(first);
    expect((verdict as Principal).can('orders:write')).toBe(true);
    expect(strict.store.drain()).toEqual([]);
    await strict.close();
  });

  it('of an unknown id is the same one comparison as that of a wrong secret', async () => {
    const { key } = await world.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    const compared = jest.spyOn(SecretHasher.prototype, 'matches');
    const unknown = generateSecret('lk');
    expect(await world.reason(unknown.id, unknown.secret)).toBe('unknown_id');
    expect(compared).toHaveBeenCalledTimes(1);
    expect(await world.reason(key.id, generateSecret('lk', key.id).secret)).toBe('wrong_secret');
    expect(compared).toHaveBeenCalledTimes(2);
    compared.mockRestore();
  });
});

describe('usage', () => {
  it('is counted for uses and for refusals that name the key, and written in one call', async () => {
    const { key, secret } = await world.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    const wrong = generateSecret('lk', key.id).secret;
    await world.verify(key.id, secret);
    world.clock.advance(5);
    await world.verify(key.id, secret);
    world.clock.advance(5);
    await world.verify(key.id, wrong);
    await world.keys.disable(key.id, by);
    await world.verify(key.id, secret);
    await world.verify(key.id, 'malformed');
    world.store.drain();
    await world.close();
    expect(world.store.drain()).toEqual(['addUsage']);
    expect(await world.keys.get(key.id)).toMatchObject({
      useCount: 2,
      failureCount: 2,
      lastUsedAt: START_AT + 5,
      lastUsedFrom: ADDRESS,
    });
  });
});

describe('a store that does not answer, or a pepper that is missing, is neither a yes nor a no:', () => {
  it('the store', async () => {
    const { key, secret } = await world.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    world.store.failure = storeUnavailable('down');
    const error = await refusalOf(async () => world.verify(key.id, secret));
    expect(error).toMatchObject({ code: 'store_unavailable', status: 503, headers: { 'Retry-After': '1' } });
    expect(error.message).toBe('Credentials cannot be checked at the moment. Retry shortly.');
    world.store.failure = null;
    expect(await world.reason(key.id, secret)).toBe('ok');
  });

  it('an unknown pepper, cached or not; an unknown id is still unknown', async () => {
    const first = 'first pepper, of at least 32 bytes';
    const second = 'second pepper, of at least 32 bytes';
    const before = new World([first], world.store);
    const { key, secret } = await before.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    const after = new World([second], world.store);
    for (let tries = 0; tries < 2; tries++) {
      const error = await refusalOf(async () => after.verify(key.id, secret));
      expect(error).toBeInstanceOf(AuthError);
      expect(error).toMatchObject({ code: 'store_unavailable', status: 503 });
      expect(error.reason).toMatch(/^the pepper [0-9a-f]{8} is not configured$/);
      expect(`${error.message}${error.reason}${error.stack}`).not.toContain(secret);
    }
    const unknown = generateSecret('lk');
    expect(await after.reason(unknown.id, unknown.secret)).toBe('unknown_id');
    const both = new World([second, first], world.store);
    expect(await both.reason(key.id, secret)).toBe('ok');
    for (const each of [before, after, both]) await each.close();
  });

  it('a key made before there was a pepper goes on working', async () => {
    const { key, secret } = await world.keys.create({ name: 'ci', ownerId: 'ada' }, by);
    const peppered = new World(['a pepper, of at least 32 bytes ...'], world.store);
    expect(await peppered.reason(key.id, secret)).toBe('ok');
    expect(await peppered.reason(key.id, generateSecret('lk', key.id).secret)).toBe('wrong_secret');
    await peppered.close();
  });
});
