import express from 'express';
import type { Core } from '../../../lib/core.js';
import { createLatchkey, type IssuedKey, type Latchkey, type NewKey } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import type { Store } from '../../../lib/stores/store.js';
import { listen, type RunningApp, send } from '../../express/raw-request.js';
import { LIMIT_STORES, type LimitDatabase } from '../../support/limit-stores.js';
import { Clock } from '../clock.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';

const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };
const ALL = [{ actions: ['*'] }];
const by = { by: 'setup' };
const HOUR_MS = 3_600_000;

/** Who is let in with a key; asked below Express, where requests are not counted. */
async function principalOf(core: Core, { key, secret }: IssuedKey): Promise<Principal> {
  const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
  if (!(verdict instanceof Principal)) throw new Error(`not let in: ${verdict.reason}`);
  return verdict;
}

describe.each(LIMIT_STORES)('what a limited key makes, on $name,', ({ start }) => {
  let database: LimitDatabase;
  let store: Store;
  let core: Core;
  let latchkey: Latchkey;
  let app: RunningApp;

  beforeAll(async () => {
    const clock = new Clock();
    database = await start(clock);
    store = await database.open();
    core = newCore({ store, now: clock.now });
    latchkey = createLatchkey({ store, now: clock.now });
    const server = express();
    server.get('/', latchkey.authenticate(), (_req, res) => void res.json({}));
    server.use(latchkey.errorHandler());
    app = await listen(server);
  });
  afterAll(async () => {
    await app.close();
    await latchkey.close();
    await core.close();
    await database.stop();
  });

  const make = async (parent: IssuedKey | null, fields: Partial<NewKey> = {}) =>
    core.apiKeys.create(
      { ...NEW, statements: ALL, ...fields },
      { by: parent === null ? 'setup' : await principalOf(core, parent) },
    );

  /** The statuses of one request with each, in turn. */
  async function ask(...keys: readonly IssuedKey[]): Promise<number[]> {
    const statuses = [];
    for (const { token } of keys) statuses.push((await send(app, '/', [['X-API-Key', token]])).status);
    return statuses;
  }

  it('is counted with it', async () => {
    const parent = await make(null, { maxRequestsPerMinute: 2 });
    const child = await make(parent, { maxRequestsPerMinute: 2 });
    expect([parent.key.countedWith, child.key.countedWith]).toEqual([null, parent.key.id]);
    expect(await ask(parent, child, child, parent)).toEqual([200, 200, 429, 429]);
    await database.endWindow(parent.key.id);
    expect(await ask(child, child, parent)).toEqual([200, 200, 429]);
  });

  it('and what that makes, too, whatever its own limit is', async () => {
    const parent = await make(null, { maxRequestsPerMinute: 3 });
    const child = await make(parent);
    const grandchild = await make(child, { maxRequestsPerMinute: 1 });
    const sibling = await make(parent);
    expect(child.key.maxRequestsPerMinute).toBe(3);
    expect([child, grandchild, sibling].map(({ key }) => key.countedWith)).toEqual(Array(3).fill(parent.key.id));
    expect(await ask(grandchild, grandchild, parent, sibling)).toEqual([200, 429, 200, 429]);
  });

  it('a session key, too', async () => {
    const parent = await make(null, { maxRequestsPerMinute: 2 });
    const asker = { by: await principalOf(core, parent) };
    const minted = await core.sessionKeys.mint({ userId: 'ada', durationMs: 60_000 }, asker);
    expect(minted.key.countedWith).toBe(parent.key.id);
    expect(await ask(minted, parent, minted)).toEqual([200, 200, 429]);
  });

  it('but what a key without a limit makes is counted by itself', async () => {
    const parent = await make(null);
    const [one, other] = [
      await make(parent, { maxRequestsPerMinute: 1 }),
      await make(parent, { maxRequestsPerMinute: 1 }),
    ];
    expect(one.key.countedWith).toBeNull();
    expect(await ask(one, other, parent, parent, one)).toEqual([200, 200, 200, 200, 429]);
  });

  it('stays so when it is rotated or changed, by whomever', async () => {
    const parent = await make(null, { maxRequestsPerMinute: 1 });
    const child = await make(parent);
    await core.apiKeys.update(child.key.id, { maxRequestsPerMinute: 5 }, by);
    const rotated = await core.apiKeys.rotate(child.key.id, by);
    expect(rotated.key).toMatchObject({ countedWith: parent.key.id, maxRequestsPerMinute: 5 });
    expect(await ask(rotated, parent, rotated)).toEqual([200, 429, 200]);
    const asked = core.apiKeys.update(child.key.id, { countedWith: null } as never, by);
    await asked.catch(() => {});
    expect((await core.apiKeys.get(child.key.id))?.countedWith).toBe(parent.key.id);
  });
});

describe('a key that ends when nobody uses it', () => {
  let core: Core;
  let parent: IssuedKey;
  let asker: { by: Principal };

  beforeEach(async () => {
    core = newCore({ now: new Clock().now });
    parent = await core.apiKeys.create({ ...NEW, statements: ALL, disableUnusedAfterMs: 5 * HOUR_MS }, by);
    asker = { by: await principalOf(core, parent) };
  });
  afterEach(() => core.close());

  const LONGER = [6 * HOUR_MS, null];
  async function expectTooLong(action: Promise<unknown>): Promise<void> {
    const error = await refusalOf(action);
    expect(error).toMatchObject({ code: 'forbidden', status: 403 });
    expect(error.message).toBe('The key would be accepted where the credential is not.');
    const message = 'must be as narrow as that of the credential that asks';
    expect(error.errors).toEqual([{ path: 'disableUnusedAfterMs', message }]);
  }

  it('makes only keys that end as soon, also where it does not say so', async () => {
    const make = (fields: Partial<NewKey>) => core.apiKeys.create({ ...NEW, ...fields }, asker);
    expect((await make({})).key.disableUnusedAfterMs).toBe(5 * HOUR_MS);
    for (const disableUnusedAfterMs of [HOUR_MS, 5 * HOUR_MS]) {
      expect((await make({ disableUnusedAfterMs })).key.disableUnusedAfterMs).toBe(disableUnusedAfterMs);
    }
    for (const disableUnusedAfterMs of LONGER) await expectTooLong(make({ disableUnusedAfterMs }));
  });

  it('does not put off its own end, nor that of another, but can bring it forward', async () => {
    const child = await core.apiKeys.create(NEW, asker);
    for (const { key } of [parent, child]) {
      for (const disableUnusedAfterMs of LONGER) {
        await expectTooLong(core.apiKeys.update(key.id, { disableUnusedAfterMs }, asker));
      }
    }
    expect((await core.apiKeys.get(parent.key.id))?.disableUnusedAfterMs).toBe(5 * HOUR_MS);
    const sooner = await core.apiKeys.update(parent.key.id, { disableUnusedAfterMs: HOUR_MS }, asker);
    expect(sooner.disableUnusedAfterMs).toBe(HOUR_MS);
  });

  it('does not get the secret of a key that lasts', async () => {
    const lasting = await core.apiKeys.create(NEW, by);
    await expectTooLong(core.apiKeys.rotate(lasting.key.id, asker));
    await core.apiKeys.disable(lasting.key.id, by);
    await expectTooLong(core.apiKeys.enable(lasting.key.id, asker));
  });

  it('mints session keys, which end soon anyway', async () => {
    const { key } = await core.sessionKeys.mint({ userId: 'ada', durationMs: 60_000 }, asker);
    expect(key.disableUnusedAfterMs).toBeNull();
  });
});
