import type { Core } from '../../../lib/core.js';
import { Principal } from '../../../lib/principal.js';
import { Clock, DAY_MS } from '../clock.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import { RollingStore } from '../rolling-store.js';

const by = { by: 'ada' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };
const NOT_DURABLE = { code: 'not_durable', status: 503, headers: { 'Retry-After': '1' } };

describe('a change that was written, but that no replica has confirmed', () => {
  const clock = new Clock();
  let store: RollingStore;
  let core: Core;

  beforeEach(() => {
    store = new RollingStore();
    core = newCore({ store, now: clock.now, keyRules: { maxPerUser: 1 } });
  });

  afterEach(() => core.close());

  async function reason({ key, secret }: { key: { id: string }; secret: string }): Promise<string> {
    const verdict = await core.verifier.verify({ scheme: 'api-key-header', id: key.id, secret }, null);
    return verdict instanceof Principal ? 'ok' : verdict.reason;
  }

  const all = async () => (await core.apiKeys.list({ orgId: 'acme' })).items;

  it('being a new key, is revoked, for nobody was told of it: who tries again gets another one', async () => {
    store.updates = 'not durable';
    expect(await refusalOf(core.apiKeys.create(NEW, by))).toMatchObject(NOT_DURABLE);
    expect(await refusalOf(core.sessionKeys.mint({ userId: 'ada', orgId: 'acme' }, by))).toMatchObject(NOT_DURABLE);
    const told = { state: 'revoked', revokedBy: 'latchkey', revokedReason: 'not confirmed by the replicas' };
    expect(await all()).toEqual([expect.objectContaining(told), expect.objectContaining(told)]);
    store.updates = 'durable';
    const issued = await core.apiKeys.create(NEW, by);
    expect(await reason(issued)).toBe('ok');
  });

  it('being a rotation with a grace, is taken back: rotated again, the old secret has its grace', async () => {
    const issued = await core.apiKeys.create(NEW, by);
    const rotate = () => core.apiKeys.rotate(issued.key.id, { ...by, graceMs: DAY_MS });
    store.updates = 'not durable';
    expect(await refusalOf(rotate())).toMatchObject(NOT_DURABLE);
    expect(await reason(issued)).toBe('ok');
    store.updates = 'durable';
    const rotated = await rotate();
    expect([await reason(issued), await reason({ ...rotated, key: issued.key })]).toEqual(['ok', 'ok']);
    clock.advance(DAY_MS);
    expect([await reason(issued), await reason({ ...rotated, key: issued.key })]).toEqual(['wrong_secret', 'ok']);
  });

  it('being a rotation without one, stands: the old secret is worth nothing', async () => {
    const issued = await core.apiKeys.create(NEW, by);
    store.updates = 'not durable';
    expect(await refusalOf(core.apiKeys.rotate(issued.key.id, by))).toMatchObject(NOT_DURABLE);
    expect(await reason(issued)).toBe('wrong_secret');
    store.updates = 'durable';
    expect(await reason({ ...(await core.apiKeys.rotate(issued.key.id, by)), key: issued.key })).toBe('ok');
  });

  it('being a revocation, is in force; made again it is acknowledged only when the first one is confirmed', async () => {
    const issued = await core.apiKeys.create(NEW, by);
    const { id } = issued.key;
    store.updates = 'not durable';
    expect(await refusalOf(core.apiKeys.revoke(id, by))).toMatchObject(NOT_DURABLE);
    expect(await reason(issued)).toBe('revoked');
    expect(await refusalOf(core.apiKeys.revoke(id, by))).toMatchObject(NOT_DURABLE);
    expect(await refusalOf(core.leakedKeys.report({ token: issued.token }))).toMatchObject(NOT_DURABLE);
    expect(await core.apiKeys.revokeMany([id], by)).toEqual([{ id, outcome: 'failed' }]);
    store.updates = 'durable';
    store.confirmed.splice(0);
    expect(await core.apiKeys.revoke(id, by)).toMatchObject({ state: 'revoked', version: 2 });
    expect(store.confirmed).toEqual([id]);
  });

  it('stays in the audit trail, and listeners are not told', async () => {
    const issued = await core.apiKeys.create(NEW, by);
    const told: string[] = [];
    core.events.on('*', ({ type }) => void told.push(type));
    store.updates = 'not durable';
    await refusalOf(core.apiKeys.revoke(issued.key.id, by));
    const [entry] = (await core.audit.list({ orgId: 'acme', limit: 1 })).items;
    expect(entry).toMatchObject({ type: 'key.revoked', actorId: 'ada', keyId: issued.key.id });
    expect(told).toEqual([]);
  });

  it('asks for no confirmation of what was confirmed', async () => {
    const { key } = await core.apiKeys.create(NEW, by);
    await core.apiKeys.update(key.id, { name: 'new' }, by);
    await core.apiKeys.revoke(key.id, by);
    expect(store.confirmed).toEqual([]);
  });

  it('keeps no other key from being looked at: unused ones are disabled one after the other', async () => {
    const free = newCore({ store, now: clock.now });
    const unused = { ...NEW, disableUnusedAfterMs: DAY_MS };
    const issued = [await free.apiKeys.create(unused, by), await free.apiKeys.create(unused, by)];
    clock.advance(2 * DAY_MS);
    store.updates = 'not durable';
    await free.sweep();
    for (const { key } of issued) expect((await store.stored(key.id)).enabled).toBe(false);
    await free.close();
  });

  it('being a policy that was removed, is looked for again before it is said not to be there', async () => {
    const policy = await core.policies.create({ name: 'p', orgId: 'acme', statements: [{ actions: ['a'] }] }, by);
    const confirm = jest.fn(async (_id: string) => {});
    Object.assign(store.records.policies, { confirm });
    await core.policies.remove(policy.id, by);
    expect(confirm).not.toHaveBeenCalled();
    expect(await refusalOf(core.policies.remove(policy.id, by))).toMatchObject({ code: 'not_found' });
    expect(confirm).toHaveBeenCalledWith(policy.id);
  });
});
