import type { Core, CoreOptions } from '../../../lib/core.js';
import type { ApiKeys } from '../../../lib/keys/api-keys.js';
import { Principal } from '../../../lib/principal.js';
import type { Store } from '../../../lib/stores/store.js';
import { Clock, DAY_MS, START_AT } from '../clock.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';

const by = { by: 'ada' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };

describe.each(STORE_KINDS)('expunge of keys in $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let store: Store;
  let core: Core;
  let keys: ApiKeys;

  beforeAll(async () => {
    database = await open();
  });

  beforeEach(async () => {
    clock = new Clock();
    await start();
  });

  afterEach(() => core.close());
  afterAll(() => database.stop());

  async function start(options: CoreOptions = {}): Promise<void> {
    store = await database.connect();
    core = newCore({ store, now: clock.now, ...options });
    keys = core.apiKeys;
  }

  async function isLetIn(id: string, secret: string): Promise<boolean> {
    const verdict = await core.verifier.verify({ scheme: 'api-key', id, secret }, null);
    return verdict instanceof Principal;
  }

  it('removes what ended longer ago than the retention time, and nothing else', async () => {
    const orgId = 'expunged';
    const short = await keys.create({ ...NEW, orgId, lifetimeMs: DAY_MS }, by);
    const revoked = await keys.create({ ...NEW, orgId }, by);
    const extended = await keys.create({ ...NEW, orgId, lifetimeMs: DAY_MS }, by);
    const alive = await keys.create({ ...NEW, orgId }, by);
    await keys.revoke(revoked.key.id, by);
    await keys.update(extended.key.id, { lifetimeMs: 180 * DAY_MS }, by);
    const left = async () => (await keys.list({ orgId })).items.map(({ id }) => id).sort();
    const all = [short, revoked, extended, alive].map(({ key }) => key.id);

    clock.nowAt = START_AT + 90 * DAY_MS - 1;
    await keys.expunge();
    expect(await left()).toEqual([...all].sort());
    clock.advance(1);
    await keys.expunge();
    expect(await left()).toEqual(all.filter((id) => id !== revoked.key.id).sort());
    clock.advance(DAY_MS);
    await keys.expunge();
    expect(await left()).toEqual([extended.key.id, alive.key.id].sort());
    expect(await keys.get(short.key.id)).toBeNull();
    expect(await isLetIn(revoked.key.id, revoked.secret)).toBe(false);
    expect(await isLetIn(alive.key.id, alive.secret)).toBe(true);
  });

  it('leaves nothing behind of a key that had a policy and was watched', async () => {
    const { apiKeys } = store.records;
    const policy = await core.policies.create({ name: 'p', orgId: 'acme', statements: [{ actions: ['a:b'] }] }, by);
    const { key } = await keys.create({ ...NEW, policyIds: [policy.id], lifetimeMs: 40 * DAY_MS }, by);
    clock.advance(10 * DAY_MS);
    expect(await apiKeys.watched(clock.nowAt, 100)).toContain(key.id);
    expect(await apiKeys.usersOfPolicy(policy.id, undefined, 10)).toEqual([key.id]);
    clock.advance(120 * DAY_MS);
    await keys.expunge();
    expect(await keys.get(key.id)).toBeNull();
    expect(await apiKeys.watched(clock.nowAt, 100)).not.toContain(key.id);
    expect(await apiKeys.usersOfPolicy(policy.id, undefined, 10)).toEqual([]);
  });

  it('removes a key that never expires when it was revoked, be it by the limit for its user', async () => {
    await core.close();
    await start({ keys: { allowNever: true, maxLifetimeMs: null }, keyRules: { maxPerUser: 1 } });
    const orgId = 'never';
    const asked = { ...NEW, orgId, expiresAt: null };
    const made = await Promise.allSettled(Array.from({ length: 5 }, () => keys.create(asked, by)));
    expect(made.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
    const kept = (await keys.list({ orgId })).items;
    for (const key of kept.filter(({ state }) => state === 'active')) await keys.revoke(key.id, by);
    expect(kept.length).toBeGreaterThan(1);
    clock.advance(90 * DAY_MS);
    await keys.expunge();
    expect((await keys.list({ orgId })).items).toEqual([]);
  });

  it('removes a key that never expires when it was found by somebody', async () => {
    await core.close();
    await start({ keys: { allowNever: true, maxLifetimeMs: null } });
    const { key, token } = await keys.create({ ...NEW, expiresAt: null }, by);
    expect(await core.leakedKeys.report({ token })).toBe(true);
    clock.advance(90 * DAY_MS);
    await keys.expunge();
    expect(await keys.get(key.id)).toBeNull();
  });

  it('has not yet come, but the retention time is over: the key can be read, and not be changed', async () => {
    const { key } = await keys.create({ ...NEW, lifetimeMs: DAY_MS }, by);
    clock.advance(91 * DAY_MS);
    expect(await keys.get(key.id)).toMatchObject({ state: 'expired', version: 1 });
    const changes = [
      () => keys.update(key.id, { lifetimeMs: DAY_MS }, by),
      () => keys.rotate(key.id, by),
      () => keys.disable(key.id, by),
      () => keys.enable(key.id, by),
      () => keys.revoke(key.id, by),
    ];
    for (const change of changes) expect(await refusalOf(change)).toMatchObject({ code: 'not_found', status: 404 });
  });
});
