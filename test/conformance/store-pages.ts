import assert from 'node:assert/strict';
import type { ApiKeyRecord, ApiKeyStore, KeyUsage } from '../../lib/index.js';
import { changed, Draw, delta, insertAll, listIds, ORDERS, START_AT, sortedIds } from './store-samples.js';
import type { Suite } from './store-suite.js';

const DIRECTIONS = [false, true];

/** page: orders, cursors, scopes. */
export function testPages(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(2);

  describe('page', () => {
    it('lists every order in both directions as plain sorting does, in pages of any size', async () => {
      const records = draw.records(240, (index) => ({ ownerId: `owner ${index % 3}`, orgId: 'acme' }));
      await insertAll(suite.apiKeys, records);
      const usage = await useSome(suite.apiKeys, records, draw);
      await suite.apiKeys.insert(draw.record({ orgId: 'other', ownerId: 'owner 1' }));
      for (const ownerId of [undefined, 'owner 1']) {
        const inScope = records.filter((record) => ownerId === undefined || record.ownerId === ownerId);
        for (const order of ORDERS) {
          for (const descending of DIRECTIONS) {
            const expected = sortedIds(inScope, order, descending, usage);
            for (const limit of ownerId === undefined ? [7, 64, 240, 1_000] : [1, 79, 80, 81]) {
              const listed = await listIds(suite.apiKeys, { orgId: 'acme', ownerId, order, descending, limit });
              assert.deepEqual(listed, expected, `${order}, descending ${descending}, limit ${limit}, of ${ownerId}`);
            }
          }
        }
      }
    });

    it('lists very many equal values by id', async () => {
      const records = draw.records(300, () => ({ name: 'Same', createdAt: START_AT, expiresAt: START_AT + 1 }));
      await insertAll(suite.apiKeys, records);
      await suite.apiKeys.addUsage(records.map((record) => delta(record)));
      const ids = records.map(({ id }) => id).sort();
      for (const order of ORDERS) {
        for (const descending of DIRECTIONS) {
          const listed = await listIds(suite.apiKeys, { orgId: 'org', order, descending, limit: 17 });
          assert.deepEqual(listed, descending ? [...ids].reverse() : ids, `${order}, descending ${descending}`);
        }
      }
    });

    it('goes on after the position of any entry, in the midst of a page', async () => {
      const records = draw.records(40);
      await insertAll(suite.apiKeys, records);
      for (const order of ORDERS) {
        for (const descending of DIRECTIONS) {
          const request = { orgId: 'org', order, descending, limit: 100 };
          const { entries } = await suite.apiKeys.page(request);
          for (const at of [0, 13, 38, 39]) {
            const rest = await suite.apiKeys.page({ ...request, after: entries[at]?.position });
            const expected = sortedIds(records, order, descending).slice(at + 1);
            assert.deepEqual(idsOf(rest.entries), expected, `${order}, descending ${descending}, after ${at}`);
          }
        }
      }
    });

    it('says where an entry stands: what it sorts by and its id, 0 for the order of ids', async () => {
      const record = draw.record({ name: 'A:b', expiresAt: 7 });
      await suite.apiKeys.insert(record);
      const sorts = { createdAt: record.createdAt, name: 'a:b', expiresAt: 7, lastUsedAt: 0, id: 0 };
      for (const order of ORDERS) {
        const { entries } = await suite.apiKeys.page({ orgId: 'org', order, descending: false, limit: 5 });
        assert.equal(entries[0]?.position, `${sorts[order]}:${record.id}`);
      }
    });

    it('brings records as they are stored now', async () => {
      const record = draw.record();
      const next = changed(record, { name: 'Another name', expiresAt: null, enabled: false });
      await suite.apiKeys.insert(record);
      await suite.apiKeys.update(record, next);
      for (const order of ORDERS) {
        const { entries } = await suite.apiKeys.page({ orgId: 'org', order, descending: false, limit: 10 });
        assert.deepEqual(
          entries.map((entry) => entry.record),
          [next],
          order,
        );
      }
    });

    it('ends at once for an organisation or an owner without keys', async () => {
      await suite.apiKeys.insert(draw.record());
      for (const order of ORDERS) {
        for (const scope of [{ orgId: 'nobody' }, { orgId: null }, { orgId: 'org', ownerId: 'nobody' }]) {
          const page = await suite.apiKeys.page({ ...scope, order, descending: false, limit: 5 });
          assert.deepEqual(page, { entries: [], next: null });
        }
      }
    });

    it('moves a record with its name, its expiry and its last use', async () => {
      const records = draw.records(60);
      await insertAll(suite.apiKeys, records);
      const moved = await Promise.all(
        records.map(async (record, index) => {
          if (index % 2 === 0) return record;
          const next = changed(record, draw.record({ ...record, name: draw.name(), expiresAt: oneExpiry(draw) }));
          assert.equal(await suite.apiKeys.update(record, { ...next, version: 2 }), true);
          return { ...next, version: 2 };
        }),
      );
      const usage = await useSome(suite.apiKeys, moved, draw);
      await assertListed(suite.apiKeys, moved, usage);
    });

    for (const order of ORDERS) {
      for (const descending of DIRECTIONS) {
        const direction = descending ? 'down' : 'up';
        it(`neither repeats nor skips while records are added, renamed, changed: ${order} ${direction}`, async () => {
          const stayers = draw.records(90);
          const movers = draw.records(30);
          await insertAll(suite.apiKeys, [...stayers, ...movers]);
          const current = new Map([...stayers, ...movers].map((record) => [record.id, record]));
          const disturb = async () => {
            await insertAll(suite.apiKeys, draw.records(3));
            for (const { id } of [draw.one(movers), draw.one(movers)]) await move(suite.apiKeys, current, id, draw);
            await touch(suite.apiKeys, current, draw.one(stayers).id);
          };
          const listed = await listIds(suite.apiKeys, { orgId: 'org', order, descending, limit: 7 }, disturb);
          const stayerIds = new Set(stayers.map(({ id }) => id));
          const moverIds = new Set(movers.map(({ id }) => id));
          const listedStayers = listed.filter((id) => stayerIds.has(id));
          assert.deepEqual(listedStayers, sortedIds(stayers, order, descending));
          if (order !== 'createdAt' && order !== 'id') return;
          const listedMovers = listed.filter((id) => moverIds.has(id));
          assert.deepEqual(listedMovers, sortedIds(movers, order, descending), 'nothing moves in these orders');
        });
      }
    }

    it('goes on where it was when the record at the cursor has been removed', async () => {
      const records = draw.records(20, () => ({ expungeAt: null }));
      await insertAll(suite.apiKeys, records);
      const [first = '', ...rest] = sortedIds(records, 'createdAt', false);
      const request = { orgId: 'org', order: 'createdAt', descending: false } as const;
      const { next } = await suite.apiKeys.page({ ...request, limit: 1 });
      const record = await suite.apiKeys.get(first);
      assert.ok(record);
      await suite.apiKeys.update(record, changed(record, { expungeAt: 1 }));
      assert.equal(await suite.apiKeys.expunge(1, 1), 1);
      const page = await suite.apiKeys.page({ ...request, limit: 100, after: next ?? undefined });
      assert.deepEqual(idsOf(page.entries), rest);
    });

    it('keeps organisations and owners apart, whatever their ids look like', async () => {
      const odd = ['a', 'a:b', 'b', 'b:c', 'c', ':', '-', 'o', 'null', 'undefined', '{a}', '{', ' ', ' a', '%', '%3A'];
      const ids = [...odd, '%253A', 'A', 'ä', 'a\u0308', '😀', '"', '\\', '[null]', '*', 'x'.repeat(128)];
      const orgs = [null, ...ids];
      const records = orgs.flatMap((orgId) => ids.map((ownerId) => draw.record({ orgId, ownerId })));
      await insertAll(suite.apiKeys, records);
      const request = { order: 'createdAt', descending: false, limit: 1_000 } as const;
      for (const orgId of orgs) {
        const ofOrg = records.filter((record) => record.orgId === orgId);
        const listed = await listIds(suite.apiKeys, { ...request, orgId });
        assert.deepEqual(listed, sortedIds(ofOrg, 'createdAt', false), `organisation ${orgId}`);
        for (const ownerId of ids) {
          const ofOwner = ofOrg.filter((record) => record.ownerId === ownerId).map(({ id }) => id);
          const listedOfOwner = await listIds(suite.apiKeys, { ...request, orgId, ownerId });
          assert.deepEqual(listedOfOwner, ofOwner, `organisation ${orgId}, owner ${ownerId}`);
        }
      }
    });
  });
}

async function assertListed(
  store: ApiKeyStore,
  records: readonly ApiKeyRecord[],
  usage: ReadonlyMap<string, KeyUsage>,
): Promise<void> {
  for (const order of ORDERS) {
    for (const descending of DIRECTIONS) {
      const listed = await listIds(store, { orgId: 'org', order, descending, limit: 11 });
      assert.deepEqual(listed, sortedIds(records, order, descending, usage), `${order}, descending ${descending}`);
    }
  }
}

/** Uses two thirds of the records, at few instants. */
async function useSome(
  store: ApiKeyStore,
  records: readonly ApiKeyRecord[],
  draw: Draw,
): Promise<Map<string, KeyUsage>> {
  const deltas = records.filter(() => draw.below(3) > 0).map((record) => delta(record, { lastUsedAt: draw.instant() }));
  await store.addUsage(deltas);
  return new Map(
    deltas.map(({ id, lastUsedAt, lastUsedFrom }) => {
      return [id, { lastUsedAt, lastUsedFrom, useCount: 1, failureCount: 0, lastFailedAt: null }];
    }),
  );
}

/** Gives a record another place in every order but `createdAt` and `id`. */
async function move(store: ApiKeyStore, current: Map<string, ApiKeyRecord>, id: string, draw: Draw): Promise<void> {
  const record = current.get(id) as ApiKeyRecord;
  const next = changed(record, { name: draw.name(), expiresAt: oneExpiry(draw) });
  assert.equal(await store.update(record, next), true);
  await store.addUsage([delta(record, { lastUsedAt: START_AT + draw.below(1_000_000) })]);
  current.set(id, next);
}

/** Changes a record without moving it in any order. */
async function touch(store: ApiKeyStore, current: Map<string, ApiKeyRecord>, id: string): Promise<void> {
  const record = current.get(id) as ApiKeyRecord;
  const next = changed(record, { description: `${record.description}.`, enabled: !record.enabled });
  assert.equal(await store.update(record, next), true);
  current.set(id, next);
}

function oneExpiry(draw: Draw): number | null {
  return draw.below(4) === 0 ? null : draw.instant() + 1_000_000;
}

function idsOf(entries: readonly { readonly record: ApiKeyRecord }[]): string[] {
  return entries.map(({ record }) => record.id);
}
