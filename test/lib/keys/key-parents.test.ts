import type { Core } from '../../../lib/core.js';
import { storeUnavailable } from '../../../lib/errors.js';
import type { NewKey } from '../../../lib/index.js';
import type { KeyRuleOptions } from '../../../lib/keys/key-rules.js';
import { Principal } from '../../../lib/principal.js';
import { until } from '../../conformance/store-suite.js';
import { Clock, DAY_MS } from '../clock.js';
import { CountingStore } from '../counting-store.js';
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

async function reasonOf(core: Core, { key, secret }: Issued): Promise<string> {
  const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
  return verdict instanceof Principal ? 'ok' : verdict.reason;
}

async function principalOf(core: Core, { key, secret }: Issued): Promise<Principal> {
  const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
  if (!(verdict instanceof Principal)) throw new Error(`not let in: ${verdict.reason}`);
  return verdict;
}

describe.each(STORE_KINDS)('where a key ends with the one that made it, in $name,', ({ open }) => {
  let database: Database;
  let clock: Clock;
  const cores: Core[] = [];
  let core: Core;

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    clock = new Clock();
    core = await start({ endWithParent: true });
  });
  afterEach(async () => {
    for (const each of cores.splice(0)) await each.close();
  });
  afterAll(() => database.stop());

  async function start(keyRules: KeyRuleOptions): Promise<Core> {
    const made = newCore({ store: await database.connect(), now: clock.now, keyRules });
    cores.push(made);
    return made;
  }

  /** A key, one that it made, one that this one made, and so on. */
  async function family(generations: number, from = core) {
    const made = [await from.apiKeys.create({ ...NEW, statements: ALL }, by)];
    while (made.length < generations) {
      const maker = await principalOf(from, made.at(-1) as Issued);
      made.push(await from.apiKeys.create({ ...NEW, statements: ALL }, { by: maker }));
    }
    return made as [(typeof made)[0], (typeof made)[0], (typeof made)[0]];
  }

  it('it is refused while that one is disabled or not yet valid, and let in again', async () => {
    const [parent, child] = await family(2);
    const { id } = parent.key;
    expect(await reasonOf(core, child)).toBe('ok');
    await core.apiKeys.disable(id, by);
    expect(await reasonOf(core, child)).toBe('parent_ended');
    await core.apiKeys.enable(id, by);
    expect(await reasonOf(core, child)).toBe('ok');
    await core.apiKeys.update(id, { notBefore: clock.nowAt + 1_000 }, by);
    expect(await reasonOf(core, child)).toBe('parent_ended');
    clock.advance(1_000);
    expect(await reasonOf(core, child)).toBe('ok');
    await core.apiKeys.rotate(id, by);
    expect(await reasonOf(core, child)).toBe('ok');
  });

  it('it is refused for good once that one is revoked, also when its record is gone', async () => {
    const [parent, child] = await family(2);
    await core.apiKeys.update(child.key.id, { lifetimeMs: 200 * DAY_MS }, by);
    await core.apiKeys.revoke(parent.key.id, by);
    expect(await reasonOf(core, child)).toBe('parent_ended');
    clock.advance(90 * DAY_MS);
    await core.apiKeys.expunge();
    expect(await core.apiKeys.get(parent.key.id)).toBeNull();
    expect(await reasonOf(core, child)).toBe('parent_ended');
    expect(await core.apiKeys.get(child.key.id)).toMatchObject({ state: 'active', parentIds: [parent.key.id] });
  });

  it('it is refused once that one has expired, at that very moment', async () => {
    const [parent, child] = await family(2);
    await core.apiKeys.update(parent.key.id, { lifetimeMs: 1_000 }, by);
    expect(await reasonOf(core, child)).toBe('ok');
    clock.advance(999);
    expect(await reasonOf(core, child)).toBe('ok');
    clock.advance(1);
    expect(await reasonOf(core, child)).toBe('parent_ended');
  });

  it('so do its grandchildren, of each kind, whichever of their ancestors has ended', async () => {
    const [root, middle, leaf] = await family(3);
    const { key: minted, secret } = await core.sessionKeys.mint(
      { userId: 'eve', orgId: 'acme' },
      { by: await principalOf(core, leaf) },
    );
    const session = { key: minted, secret };
    expect(minted.parentIds).toEqual([leaf.key.id, middle.key.id, root.key.id]);
    const reasons = async () => Promise.all([root, middle, leaf, session].map((each) => reasonOf(core, each)));
    expect(await reasons()).toEqual(['ok', 'ok', 'ok', 'ok']);
    await core.apiKeys.disable(middle.key.id, by);
    expect(await reasons()).toEqual(['ok', 'disabled', 'parent_ended', 'parent_ended']);
    await core.apiKeys.enable(middle.key.id, by);
    await core.apiKeys.revoke(root.key.id, by);
    expect(await reasons()).toEqual(['revoked', 'parent_ended', 'parent_ended', 'parent_ended']);
  });

  it('a key that a login or the host made ends with nobody', async () => {
    const [parent, child] = await family(2);
    const other = await core.apiKeys.create(NEW, by);
    await core.apiKeys.revoke(parent.key.id, by);
    expect([await reasonOf(core, child), await reasonOf(core, other)]).toEqual(['parent_ended', 'ok']);
    expect(other.key.parentIds).toEqual([]);
  });

  it('another instance, which has both cached, refuses it as soon as it hears of the end', async () => {
    const other = await start({ endWithParent: true });
    const [root, , leaf] = await family(3);
    await until('both are cached', async () => (await reasonOf(other, leaf)) === 'ok');
    await until('nothing is asked for any more', () => verdictAtOnce(other, leaf) === 'ok');
    await core.apiKeys.revoke(root.key.id, by);
    await until('it is refused', async () => (await reasonOf(other, leaf)) === 'parent_ended');
    await until('it is refused at once', () => verdictAtOnce(other, leaf) === 'parent_ended');
  });

  function verdictAtOnce(from: Core, { key, secret }: Issued): string | null {
    const verdict = from.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    if (verdict instanceof Promise) {
      verdict.catch(() => {});
      return null;
    }
    return verdict instanceof Principal ? 'ok' : verdict.reason;
  }

  it('the refusal counts as one of the child’s', async () => {
    const [parent, child] = await family(2);
    await core.apiKeys.revoke(parent.key.id, by);
    await reasonOf(core, child);
    await core.close();
    const again = await start({ endWithParent: true });
    expect(await again.apiKeys.get(child.key.id)).toMatchObject({ failureCount: 1, lastUsedAt: null });
    expect(await again.apiKeys.get(parent.key.id)).toMatchObject({ failureCount: 0 });
  });

  it('a new secret is given only of itself and of the keys that end with it, but for who manages all keys', async () => {
    const own = [{ actions: ['orders:read', 'keys:manage-own'] }];
    const make = async (statements: NewKey['statements'], actor: Principal | string = 'setup') =>
      await core.apiKeys.create({ ...NEW, statements }, { by: actor });
    const asks = await make(own);
    const principal = await principalOf(core, asks);
    const child = await make([], principal);
    const sibling = await make([]);
    expect((await core.apiKeys.rotate(child.key.id, { by: principal })).key.version).toBe(2);
    expect((await core.apiKeys.rotate(asks.key.id, { by: principal })).key.version).toBe(2);
    const error = await refusalOf(core.apiKeys.rotate(sibling.key.id, { by: principal }));
    expect(error).toMatchObject({ code: 'forbidden', status: 403 });
    expect(error.message).toBe('The key does not end with the credential that asks.');
    const manager = await principalOf(core, await make([{ actions: ['keys:manage'] }]));
    expect((await core.apiKeys.rotate(sibling.key.id, { by: manager })).key.version).toBe(2);
  });

  it('where it does not, which is the default, nothing of this holds', async () => {
    const lenient = await start({});
    const [parent, child] = await family(2, lenient);
    const sibling = await lenient.apiKeys.create(NEW, by);
    const principal = await principalOf(lenient, child);
    await lenient.apiKeys.revoke(parent.key.id, by);
    expect(await reasonOf(lenient, child)).toBe('ok');
    expect((await lenient.apiKeys.rotate(sibling.key.id, { by: principal })).key.version).toBe(2);
  });

  it('a key comes from ten others at most', async () => {
    const made = await family(11);
    const last = made.at(-1) as Issued;
    expect((await core.apiKeys.get(last.key.id))?.parentIds).toHaveLength(10);
    expect(await reasonOf(core, last)).toBe('ok');
    const maker = await principalOf(core, last);
    for (const make of [
      () => core.apiKeys.create(NEW, { by: maker }),
      () => core.sessionKeys.mint({ userId: 'eve', orgId: 'acme' }, { by: maker }),
    ]) {
      const error = await refusalOf(make);
      expect(error).toMatchObject({ code: 'forbidden', status: 403 });
      expect(error.message).toBe('A key can come from at most 10 others. Ask with a key made by a login.');
    }
  });
});

describe('a key whose parent cannot be read', () => {
  it('is neither let in nor refused', async () => {
    const store = new CountingStore();
    const clock = new Clock();
    const core = newCore({ store, now: clock.now, keyRules: { endWithParent: true }, cache: { maxEntries: 0 } });
    const parent = await core.apiKeys.create({ ...NEW, statements: ALL }, by);
    const child = await core.apiKeys.create(NEW, { by: await principalOf(core, parent) });
    const { apiKeys } = store.records;
    const read = apiKeys.get;
    const get = jest.spyOn(apiKeys, 'get');
    get.mockImplementation((id) => (id === parent.key.id ? Promise.reject(storeUnavailable('down')) : read(id)));
    expect(await refusalOf(reasonOf(core, child))).toMatchObject({ code: 'store_unavailable', status: 503 });
    get.mockRestore();
    expect(await reasonOf(core, child)).toBe('ok');
    await core.close();
  });
});
