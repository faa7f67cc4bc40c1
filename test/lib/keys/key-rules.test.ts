import type { Core, CoreOptions } from '../../../lib/core.js';
import type { NewKey } from '../../../lib/index.js';
import type { KeyRuleOptions } from '../../../lib/keys/key-rules.js';
import { KeyRules } from '../../../lib/keys/key-rules.js';
import { Principal } from '../../../lib/principal.js';
import { Clock, DAY_MS } from '../clock.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';

const by = { by: 'setup' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };
const ALL = [{ actions: ['*'] }];

interface Issued {
  readonly key: { readonly id: string };
  readonly secret: string;
}

async function principalOf(core: Core, { key, secret }: Issued): Promise<Principal> {
  const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
  if (!(verdict instanceof Principal)) throw new Error(`not let in: ${verdict.reason}`);
  return verdict;
}

describe('KeyRules', () => {
  it.each<[KeyRuleOptions, string]>([
    [{ mutable: ['name', 'secretHash' as never] }, 'keyRules.mutable holds secretHash; it takes: name, description, '],
    [{ maxPerUser: 0 }, 'keyRules.maxPerUser must be a whole number from 1'],
    [{ maxPerUser: 1.5 }, 'keyRules.maxPerUser must be a whole number from 1'],
    [{ maxPerUser: Number.NaN }, 'keyRules.maxPerUser must be a whole number from 1'],
    [{ disableUnusedAfterMs: 3_599_999 }, 'keyRules.disableUnusedAfterMs must be a whole number of ms from an hour'],
    [{ disableUnusedAfterMs: 0 }, 'keyRules.disableUnusedAfterMs must be a whole number of ms from an hour'],
  ])('refuses %j', (options, message) => {
    expect(() => new KeyRules(options)).toThrow(TypeError);
    expect(() => new KeyRules(options)).toThrow(message);
  });

  it('takes frozen options, and does not follow their changes', () => {
    const mutable: 'name'[] = ['name'];
    const rules = new KeyRules(Object.freeze({ mutable }));
    mutable.pop();
    expect(rules.checkChange(['name', 'locale'])).toEqual([{ path: 'locale', message: 'cannot be changed' }]);
  });
});

describe('where only some fields of a key can be changed', () => {
  const clock = new Clock();
  const core = newCore({ now: clock.now, keyRules: { mutable: ['description'] } });
  const keys = core.apiKeys;
  afterAll(() => core.close());

  it('these can, and the others are refused by their names, whoever asks', async () => {
    const issued = await keys.create({ ...NEW, statements: ALL }, by);
    const { id } = issued.key;
    expect(await keys.update(id, { description: 'for the build' }, by)).toMatchObject({ description: 'for the build' });
    const self = await principalOf(core, issued);
    const change = { name: 'x', description: 'y', lifetimeMs: DAY_MS, statements: [], policyIds: [], resources: null };
    for (const asks of ['setup', self]) {
      const error = await refusalOf(keys.update(id, change, { by: asks }));
      expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
      expect(error.errors).toEqual(
        ['name', 'statements', 'policyIds', 'resources', 'expiresAt'].map((path) => ({
          path,
          message: 'cannot be changed',
        })),
      );
    }
    expect(await keys.get(id)).toMatchObject({ name: 'ci', description: 'for the build', version: 2 });
  });

  it('a field that is not given stands for no change', async () => {
    const { key } = await keys.create(NEW, by);
    expect(await keys.update(key.id, { name: undefined, description: 'b' }, by)).toMatchObject({ description: 'b' });
  });

  it('a key can still be rotated, disabled, enabled and revoked', async () => {
    const { id } = (await keys.create(NEW, by)).key;
    expect((await keys.rotate(id, by)).key.version).toBe(2);
    expect(await keys.disable(id, by)).toMatchObject({ enabled: false });
    expect(await keys.enable(id, by)).toMatchObject({ enabled: true });
    expect(await keys.revoke(id, by)).toMatchObject({ state: 'revoked' });
  });
});

describe.each(STORE_KINDS)('a limit of keys for each user, in $name,', ({ open }) => {
  const TOO_MANY = 'The user has as many keys as are allowed. Revoke one of them.';
  let database: Database;
  let clock: Clock;
  const cores: Core[] = [];

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(() => {
    clock = new Clock();
  });
  afterEach(async () => {
    for (const core of cores.splice(0)) await core.close();
  });
  afterAll(() => database.stop());

  async function start(maxPerUser: number, options: CoreOptions = {}): Promise<Core> {
    const store = await database.connect();
    const core = newCore({ store, now: clock.now, ...options, keyRules: { maxPerUser } });
    cores.push(core);
    return core;
  }

  /** Every test has users of its own. */
  let users = 0;
  const newUser = (fields: Partial<NewKey> = {}): NewKey => ({ ...NEW, ownerId: `user ${users++}`, ...fields });

  async function expectFull(core: Core, asked: NewKey): Promise<void> {
    const error = await refusalOf(core.apiKeys.create(asked, by));
    expect(error).toMatchObject({ code: 'conflict', status: 409, message: TOO_MANY });
  }

  const aliveOf = async (core: Core, { ownerId }: NewKey) =>
    (await core.apiKeys.list({ orgId: 'acme', ownerId, limit: 200 }, { states: ['active', 'pending', 'disabled'] }))
      .items;

  it('refuses the next one, and lets it be made when one is revoked or has expired', async () => {
    const core = await start(2);
    const asked = newUser();
    const first = await core.apiKeys.create(asked, by);
    await core.apiKeys.create({ ...asked, lifetimeMs: DAY_MS }, by);
    await expectFull(core, asked);
    await core.apiKeys.revoke(first.key.id, by);
    await core.apiKeys.create(asked, by);
    await expectFull(core, asked);
    clock.advance(DAY_MS);
    await core.apiKeys.create(asked, by);
    await expectFull(core, asked);
    expect(await aliveOf(core, asked)).toHaveLength(2);
  });

  it('counts those that are disabled or not yet valid', async () => {
    const core = await start(2);
    const asked = newUser();
    const { key } = await core.apiKeys.create(asked, by);
    await core.apiKeys.disable(key.id, by);
    await core.apiKeys.create({ ...asked, notBefore: clock.nowAt + DAY_MS }, by);
    await expectFull(core, asked);
  });

  it('counts for each user and organisation, whoever makes the keys, and counts no session keys', async () => {
    const core = await start(1);
    const asked = newUser({ statements: ALL });
    const issued = await core.apiKeys.create(asked, by);
    await expectFull(core, asked);
    await core.apiKeys.create(newUser(), { by: await principalOf(core, issued) });
    await core.apiKeys.create({ ...asked, orgId: 'other' }, by);
    for (let i = 0; i < 3; i++) await core.sessionKeys.mint({ userId: asked.ownerId, orgId: 'acme' }, by);
    await core.apiKeys.revoke(issued.key.id, by);
    await core.apiKeys.create(asked, by);
  });

  it('does not count those that are too old', async () => {
    const core = await start(1, { keys: { allowNever: true, maxAgeMs: DAY_MS } });
    const asked = newUser({ expiresAt: null });
    await core.apiKeys.create(asked, by);
    await expectFull(core, asked);
    clock.advance(DAY_MS);
    await core.apiKeys.create(asked, by);
  });

  it('is not passed by giving a key that has expired a new life', async () => {
    const core = await start(1);
    const asked = newUser();
    const { id } = (await core.apiKeys.create({ ...asked, lifetimeMs: 1_000 }, by)).key;
    clock.advance(1_000);
    await core.apiKeys.create(asked, by);
    expect(await refusalOf(core.apiKeys.update(id, { lifetimeMs: DAY_MS }, by))).toMatchObject({
      code: 'conflict',
      message: TOO_MANY,
    });
    expect(await core.apiKeys.update(id, { name: 'renamed' }, by)).toMatchObject({ state: 'expired' });
    expect(await aliveOf(core, asked)).toHaveLength(1);
  });

  it('is not passed by giving ten of them a new life at once, in two instances', async () => {
    const [one, other] = [await start(3), await start(3)];
    const asked = newUser();
    const ended: string[] = [];
    for (let i = 0; i < 10; i++) {
      ended.push((await one.apiKeys.create({ ...asked, lifetimeMs: 1_000 }, by)).key.id);
      clock.advance(1_000);
    }
    const settled = await Promise.allSettled(
      ended.map((id, i) => (i % 2 === 0 ? one : other).apiKeys.update(id, { lifetimeMs: DAY_MS }, by)),
    );
    const revived = ended.filter((_, i) => settled[i]?.status === 'fulfilled');
    for (const each of settled) {
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'conflict', message: TOO_MANY });
    }
    expect(revived.length).toBeLessThanOrEqual(3);
    expect((await aliveOf(one, asked)).map(({ id }) => id).sort()).toEqual([...revived].sort());
    clock.advance(200 * DAY_MS);
    await one.apiKeys.expunge();
    expect((await one.apiKeys.list({ orgId: 'acme', ownerId: asked.ownerId })).items).toEqual([]);
  });

  it('does not keep the keys of a user from being changed who has more than are allowed now', async () => {
    const generous = await start(3);
    const asked = newUser();
    const made = [];
    for (let i = 0; i < 3; i++) made.push(await generous.apiKeys.create(asked, by));
    const core = await start(1);
    await expectFull(core, asked);
    for (const { key } of made) await core.apiKeys.update(key.id, { name: 'x', lifetimeMs: DAY_MS }, by);
    expect(await aliveOf(core, asked)).toHaveLength(3);
  });

  it('is never exceeded by ten that are made at once in two instances', async () => {
    const [one, other] = [await start(3), await start(3)];
    for (let round = 0; round < 5; round++) {
      const asked = newUser();
      const attempts = Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? one : other).apiKeys.create(asked, by));
      const settled = await Promise.allSettled(attempts);
      const made = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
      for (const each of settled) {
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'conflict', message: TOO_MANY });
      }
      expect(made.length).toBeLessThanOrEqual(3);
      const alive = await aliveOf(one, asked);
      expect(alive.map(({ id }) => id).sort()).toEqual(made.map(({ key }) => key.id).sort());
      const revoked = (await one.apiKeys.list({ orgId: 'acme', ownerId: asked.ownerId }, { states: ['revoked'] }))
        .items;
      for (const key of revoked) {
        expect(key).toMatchObject({
          revokedBy: 'latchkey',
          revokedReason: 'made at once with others, beyond the limit',
        });
      }
    }
  });

  it('of more than two hundred keys is counted right', async () => {
    const generous = await start(1_000);
    const asked = newUser();
    await Promise.all(Array.from({ length: 201 }, () => generous.apiKeys.create(asked, by)));
    const core = await start(202);
    await core.apiKeys.create(asked, by);
    await expectFull(core, asked);
  });
});
