import { Redis } from 'ioredis';
import type { Core } from '../../../lib/core.js';
import { Principal } from '../../../lib/principal.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import type { Store } from '../../../lib/stores/store.js';
import { PATIENT } from '../../support/patience.js';
import { startRedis } from '../../support/redis-server.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';
import { FailingAudit } from '../trail.js';

const by = 'setup';
const statements = [{ actions: ['orders:read'] }];

/** Whether a key is let in. */
async function isAccepted(core: Core, { key, secret }: { key: { id: string }; secret: string }): Promise<boolean> {
  return (await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null)) instanceof Principal;
}

describe.each(STORE_KINDS)('without its audit trail, on $name', ({ open }) => {
  let database: Database;
  let audit: FailingAudit;
  let core: Core;

  beforeEach(async () => {
    database = await open();
    const store = await database.connect();
    audit = new FailingAudit(store.records.audit);
    const withFailing: Store = {
      records: { ...store.records, audit },
      state: store.state,
      changes: store.changes,
      health: () => store.health(),
      close: () => store.close(),
    };
    core = newCore({ store: withFailing });
  });
  afterEach(async () => {
    await core.close();
    await database.stop();
  });

  it('nothing is changed, and everybody is let in as before', async () => {
    const { apiKeys, sessionKeys, policies } = core;
    const issued = await apiKeys.create({ name: 'n', ownerId: 'ada', statements }, { by });
    const disabled = await apiKeys.create({ name: 'd', ownerId: 'ada', statements }, { by });
    await apiKeys.disable(disabled.key.id, { by });
    const policy = await policies.create({ name: 'p', type: 'custom', orgId: null, statements }, { by });
    const { id } = issued.key;
    const whatIsThere = async () => [
      (await apiKeys.list({ orgId: null })).items.map(({ lastUsedAt: _, useCount: __, ...key }) => key),
      (await policies.search({ orgId: null })).items,
    ];
    const before = await whatIsThere();
    const trailBefore = await core.audit.list({ orgId: null });

    audit.failing.add('append');
    for (const change of [
      () => apiKeys.create({ name: 'x', ownerId: 'ada' }, { by }),
      () => apiKeys.update(id, { name: 'x' }, { by }),
      () => apiKeys.rotate(id, { by }),
      () => apiKeys.disable(id, { by }),
      () => apiKeys.enable(disabled.key.id, { by }),
      () => apiKeys.revoke(id, { by }),
      () => sessionKeys.mint({ userId: 'ada', orgId: null, statements, durationMs: 60_000 }, { by }),
      () => policies.create({ name: 'x', type: 'custom', orgId: null, statements }, { by }),
      () => policies.update(policy.id, { name: 'x' }, { by }),
      () => policies.remove(policy.id, { by }),
    ] as (() => Promise<unknown>)[]) {
      expect(await refusalOf(change)).toMatchObject({ code: 'store_unavailable' });
    }
    expect(await isAccepted(core, issued)).toBe(true);
    expect(await isAccepted(core, disabled)).toBe(false);

    audit.failing.clear();
    expect(await whatIsThere()).toEqual(before);
    expect(await core.audit.list({ orgId: null, types: ['key.created', 'key.changed', 'key.disabled'] })).toMatchObject(
      {
        items: [{ type: 'key.disabled' }, { type: 'key.created' }, { type: 'key.created' }],
      },
    );
    expect(trailBefore.items.map(({ type }) => type)).toEqual([
      'policy.created',
      'key.disabled',
      'key.created',
      'key.created',
    ]);
  });

  it('of many changes at once each that was made has one entry', async () => {
    const { key } = await core.apiKeys.create({ name: 'n0', ownerId: 'ada', statements }, { by });
    const names = Array.from({ length: 8 }, (_, i) => `n${i + 1}`);
    await Promise.all(names.map((name) => core.apiKeys.update(key.id, { name }, { by })));
    const { items } = await core.audit.list({ orgId: null, types: ['key.changed'] });
    const told = items.flatMap((entry) => ('after' in entry ? [entry.after.name] : []));
    expect(told.toSorted()).toEqual(names);
    expect((await core.apiKeys.get(key.id))?.version).toBe(9);
  });
});

it('goes on when Redis has lost the trail, or holds something else in its place', async () => {
  const server = await startRedis();
  const client = new Redis(server.port, '127.0.0.1');
  const core = newCore({ store: new RedisStore(client, PATIENT) });
  const types = async () => (await core.audit.list({ orgId: 'acme' })).items.map(({ type }) => type);
  try {
    const issued = await core.apiKeys.create({ name: 'n', ownerId: 'ada', orgId: 'acme' }, { by });
    const [trail = ''] = await client.keys('*audit*changes');
    await client.del(trail);
    expect(await isAccepted(core, issued)).toBe(true);
    expect(await types()).toEqual([]);
    await core.apiKeys.disable(issued.key.id, { by });
    expect(await types()).toEqual(['key.disabled']);

    await client.set(trail, 'not a stream');
    expect(await isAccepted(core, issued)).toBe(false);
    expect(await refusalOf(core.apiKeys.enable(issued.key.id, { by }))).toMatchObject({ code: 'store_unavailable' });
    await client.del(trail);
    await core.apiKeys.enable(issued.key.id, { by });
    expect(await isAccepted(core, issued)).toBe(true);
  } finally {
    await core.close();
    client.disconnect();
    await server.stop();
  }
});
