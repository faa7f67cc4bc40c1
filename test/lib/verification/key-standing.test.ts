import type { Core, CoreOptions } from '../../../lib/core.js';
import { storeUnavailable } from '../../../lib/errors.js';
import type { NewKey } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import { People } from '../../support/people.js';
import { Clock, DAY_MS } from '../clock.js';
import { CountingStore } from '../counting-store.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';

const by = { by: 'setup' };
const ALL = [{ actions: ['*'] }];
const READ = { action: 'orders:read', resource: 'orders/1', workspace: 'w1' };
const YES = { allowed: true, reason: null };
const no = (reason: string) => ({ allowed: false, reason });

describe.each(STORE_KINDS)('what a key may do, asked without its secret, on $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let people: People;
  const cores: Core[] = [];
  let core: Core;

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    clock = new Clock();
    people = new People().set('ada', { statements: ALL });
    core = await start();
  });
  afterEach(async () => {
    for (const each of cores.splice(0)) await each.close();
  });
  afterAll(() => database.stop());

  async function start(options: CoreOptions = {}): Promise<Core> {
    const made = newCore({ store: await database.connect(), now: clock.now, users: people, ...options });
    cores.push(made);
    return made;
  }

  async function make(fields: Partial<NewKey> = {}): Promise<string> {
    const input = { name: 'ci', ownerId: 'ada', orgId: 'acme', statements: ALL, lifetimeMs: 200 * DAY_MS, ...fields };
    return (await core.apiKeys.create(input, by)).key.id;
  }

  const ask = (id: string, question = READ) => core.standings.ask(id, question);

  it('is what its statements, its policies and its tie say', async () => {
    const { id: policy } = await core.policies.create(
      { name: 'p', orgId: 'acme', statements: [{ actions: ['orders:list'] }] },
      by,
    );
    const statements = [{ actions: ['orders:read'], workspace: 'w1' }];
    const id = await make({ statements, policyIds: [policy], resources: ['orders/*'] });
    expect(await ask(id)).toEqual(YES);
    expect(await ask(id, { ...READ, action: 'orders:list' })).toEqual(YES);
    expect(await ask(id, { ...READ, action: 'orders:write' })).toEqual(no('forbidden'));
    expect(await ask(id, { ...READ, workspace: 'w2' })).toEqual(no('forbidden'));
    expect(await ask(id, { ...READ, resource: 'rooms/1' })).toEqual(no('forbidden'));
    expect(await core.standings.ask(id, { action: 'orders:read', resource: 'orders/1' })).toEqual(no('forbidden')); // in all workspaces
    expect(await core.standings.ask(id, { action: 'orders:list' })).toEqual(no('forbidden')); // on all resources
    await core.policies.update(policy, { statements: [] }, by);
    expect(await ask(id, { ...READ, action: 'orders:list' })).toEqual(no('forbidden'));
  });

  it('is no more than the ceiling allows, nor than the owner may do now', async () => {
    people.set('ada', { statements: [{ actions: ['orders:*'] }] });
    await core.userChanged('ada');
    const id = await make();
    expect([await ask(id), await ask(id, { ...READ, action: 'rooms:read' })]).toEqual([YES, no('forbidden')]);
    people.set('ada', { statements: [{ actions: ['rooms:*'] }] });
    await core.userChanged('ada');
    expect([await ask(id), await ask(id, { ...READ, action: 'rooms:read' })]).toEqual([
      no('forbidden'),
      no('forbidden'),
    ]);
  });

  it('is nothing once it has ended: the state that the key is shown with tells why', async () => {
    const changes: [string, (id: string) => unknown][] = [
      ['revoked', (id) => core.apiKeys.revoke(id, by)],
      ['disabled', (id) => core.apiKeys.disable(id, by)],
      ['expired', () => clock.advance(2 * DAY_MS)],
    ];
    for (const [reason, change] of changes) {
      const id = await make({ lifetimeMs: DAY_MS });
      expect(await ask(id)).toEqual(YES);
      await change(id);
      expect(await ask(id)).toEqual(no(reason));
      expect((await core.apiKeys.get(id))?.state).toBe(reason);
    }
    const later = await make({ notBefore: clock.nowAt + 1_000 });
    expect(await ask(later)).toEqual(no('pending'));
    clock.advance(1_000);
    expect(await ask(later)).toEqual(YES);
  });

  it('tells of one that is disabled and has expired what its state is: expired', async () => {
    const id = await make({ lifetimeMs: DAY_MS });
    await core.apiKeys.disable(id, by);
    clock.advance(DAY_MS);
    expect([await ask(id), (await core.apiKeys.get(id))?.state]).toEqual([no('expired'), 'expired']);
  });

  it('is nothing while nobody has used it for too long, and the sweep has not come yet', async () => {
    const id = await make({ disableUnusedAfterMs: 30 * DAY_MS });
    clock.advance(29 * DAY_MS);
    expect(await ask(id)).toEqual(YES);
    clock.advance(2 * DAY_MS);
    expect([await ask(id), (await core.apiKeys.get(id))?.state]).toEqual([no('unused'), 'active']);
  });

  it('is nothing once its owner is disabled, gone or of another organisation', async () => {
    const id = await make();
    const service = await make({ ownerId: 'importer', ownerKind: 'service' });
    expect([await ask(id), await ask(service)]).toEqual([YES, YES]);
    const change = async (fields: object) => {
      people.set('ada', fields);
      await core.userChanged('ada');
      return await ask(id);
    };
    expect(await change({ isEnabled: false })).toEqual(no('owner_disabled'));
    expect(await change({ isEnabled: true, orgId: 'rivals' })).toEqual(no('owner_moved'));
    expect(await change({ orgId: 'acme' })).toEqual(YES);
    people.delete('ada');
    await core.userChanged('ada');
    expect(await ask(id)).toEqual(no('owner_disabled'));
    expect(await ask(service)).toEqual(YES);
  });

  it('is nothing once a key that it comes from has ended, where keys end with those', async () => {
    const strict = await start({ keyRules: { endWithParent: true } });
    const parent = await strict.apiKeys.create({ name: 'p', ownerId: 'ada', orgId: 'acme', statements: ALL }, by);
    const verdict = await strict.verifier.verify({ scheme: 'api-key', id: parent.key.id, secret: parent.secret }, null);
    if (!(verdict instanceof Principal)) throw new Error(verdict.reason);
    const { key } = await strict.apiKeys.create({ name: 'c', ownerId: 'ada', statements: ALL }, { by: verdict });
    expect([await strict.standings.ask(key.id, READ), await core.standings.ask(key.id, READ)]).toEqual([YES, YES]);
    await strict.apiKeys.disable(parent.key.id, by);
    expect(await strict.standings.ask(key.id, READ)).toEqual(no('parent_ended'));
    expect(await (await start()).standings.ask(key.id, READ)).toEqual(YES);
  });

  it('does not depend on from where it is accepted', async () => {
    const fields = { allowedAddresses: ['192.0.2.1'], allowedOrigins: ['https://shop.example'], internalOnly: true };
    expect(await ask(await make({ ...fields, maxRequestsPerMinute: 1 }))).toEqual(YES);
  });

  it('is null of a key that there is not', async () => {
    expect(await ask('A'.repeat(22))).toBeNull();
  });

  it('is the same as what the verifier decides, and counts neither as a use nor as a failure', async () => {
    const told: string[] = [];
    core.events.on('*', ({ type }) => told.push(type));
    const id = await make();
    await ask(id);
    await core.apiKeys.revoke(id, by);
    await ask(id);
    await core.close();
    const another = await start();
    const key = await another.apiKeys.get(id);
    expect([key?.useCount, key?.failureCount, key?.lastUsedAt, key?.lastFailedAt]).toEqual([0, 0, null, null]);
    expect(told).toEqual(['key.created', 'key.revoked']);
  });
});

describe('what a key may do', () => {
  it('is not known while the store is down, or its owner cannot be asked, or once latchkey is closed', async () => {
    const store = new CountingStore();
    const people = new People().set('ada', { statements: ALL });
    const core = newCore({ store, users: people, usersTimeoutMs: 5_000 });
    const { key, secret } = await core.apiKeys.create({ name: 'ci', ownerId: 'ada', orgId: 'acme' }, by);
    const { id } = key;
    const introspect = () => core.introspection.ask({ id, secret }, { orgId: 'acme', askedFrom: null });
    const ask = () => refusalOf(() => core.standings.ask(id, READ));
    store.failure = storeUnavailable('down');
    expect(await ask()).toMatchObject({ code: 'store_unavailable', status: 503 });
    expect(await refusalOf(introspect)).toMatchObject({ code: 'store_unavailable', status: 503 });
    store.failure = null;
    people.faults = { findById: () => Promise.reject(new Error('the directory is down')) };
    expect(await ask()).toMatchObject({ code: 'store_unavailable', status: 503 });
    expect(await refusalOf(introspect)).toMatchObject({ code: 'store_unavailable', status: 503 });
    people.faults = {};
    expect(await introspect()).toMatchObject({ id, ownerId: 'ada' });
    expect(await core.standings.ask(id, READ)).toEqual(YES);
    await core.close();
    expect(await ask()).toMatchObject({ code: 'store_unavailable', status: 503 });
  });
});
