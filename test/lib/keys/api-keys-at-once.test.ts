import type { Core } from '../../../lib/core.js';
import { Principal } from '../../../lib/principal.js';
import { newCore } from '../new-core.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';

const by = { by: 'ada' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };

describe.each(STORE_KINDS)('changes at once of keys in $name, by two instances of the service', ({ open }) => {
  let database: Database;
  let one: Core;
  let other: Core;

  beforeAll(async () => {
    database = await open();
    one = newCore({ store: await database.connect() });
    other = newCore({ store: await database.connect() });
  });

  afterAll(async () => {
    await one.close();
    await other.close();
    await database.stop();
  });

  const instance = (i: number) => (i % 2 === 0 ? one : other).apiKeys;

  it('lose none of forty updates', async () => {
    const { key } = await one.apiKeys.create(NEW, by);
    const fields = [{ locale: 'de' }, { timeZone: 'Europe/Berlin' }, { properties: { a: 'b' } }];
    const updates = Array.from({ length: 40 }, (_, i) =>
      instance(i).update(key.id, fields[i] ?? (i < 20 ? { name: `name ${i}` } : { description: `number ${i}` }), by),
    );
    const changed = await Promise.all(updates);
    const versions = changed.map(({ version }) => version).sort((a, b) => a - b);
    expect(versions).toEqual(Array.from({ length: 40 }, (_, i) => i + 2));
    const last = await other.apiKeys.get(key.id);
    expect(last).toMatchObject({ ...fields[0], ...fields[1], ...fields[2], version: 41 });
    expect(last?.name).toMatch(/^name \d+$/);
    expect(last?.description).toMatch(/^number \d+$/);
  });

  it('with ifVersion have exactly one winner', async () => {
    const { key } = await one.apiKeys.create(NEW, by);
    const tries = Array.from({ length: 40 }, (_, i) =>
      instance(i).update(key.id, { name: `name ${i}` }, { ...by, ifVersion: 1 }),
    );
    const settled = await Promise.allSettled(tries);
    const won = settled.filter(({ status }) => status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const each of settled) {
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'precondition_failed', status: 412 });
    }
    expect((await one.apiKeys.get(key.id))?.version).toBe(2);
  });

  it('cannot bring a revoked key back: whatever comes after is a conflict', async () => {
    for (let round = 0; round < 10; round++) {
      const { key, secret } = await one.apiKeys.create(NEW, by);
      const changes = Array.from({ length: 6 }, (_, i) => {
        const change = [
          () => instance(i).update(key.id, { name: `name ${i}` }, by),
          () => instance(i).rotate(key.id, by),
          () => instance(i).disable(key.id, by),
          () => instance(i).enable(key.id, by),
        ][i % 4];
        return change?.();
      });
      const settled = await Promise.allSettled([one.apiKeys.revoke(key.id, by), ...changes]);
      expect(settled[0]?.status).toBe('fulfilled');
      for (const each of settled) {
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'conflict' });
      }
      expect(await other.apiKeys.get(key.id)).toMatchObject({ state: 'revoked', revokedBy: 'ada' });
      const verdict = await one.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
      expect(verdict).not.toBeInstanceOf(Principal);
    }
  });

  it('of twenty rotations leave exactly one secret that works', async () => {
    const { key, secret } = await one.apiKeys.create(NEW, by);
    const issued = await Promise.all(Array.from({ length: 20 }, (_, i) => instance(i).rotate(key.id, by)));
    const works = async (each: string) => {
      const verdict = await one.verifier.verify({ scheme: 'api-key', id: key.id, secret: each }, null);
      return verdict instanceof Principal;
    };
    const working = await Promise.all([secret, ...issued.map((each) => each.secret)].map(works));
    expect(working.filter(Boolean)).toHaveLength(1);
    const last = issued.find((each) => each.key.version === 21);
    expect(await works(last?.secret ?? '')).toBe(true);
  });
});
