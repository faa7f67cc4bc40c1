import assert from 'node:assert/strict';
import type { ApiKeyRecord } from '../../lib/index.js';
import { changed, copyOf, Draw, listIds, ORDERS } from './store-samples.js';
import type { Suite } from './store-suite.js';

/** insert, get and update. */
export function testRecords(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(1);

  describe('insert and get', () => {
    it('brings back every field of a record', async () => {
      const full = draw.record({
        orgId: null,
        parentIds: [draw.id(), draw.id()],
        policyIds: [draw.id(), draw.id()],
        ceiling: [[], [{ actions: ['a:*'], resources: ['ä/%'], workspace: 'w', description: '"' }]],
        resources: ['customers:42:*', 'ä/%'],
        properties: { 'a key': '', '😀': '"' },
        previousSecretHash: `sha256:${draw.hex()}`,
        previousSecretExpiresAt: 1,
        notBefore: 0,
        expiresAt: 253_402_300_799_999,
        enabled: false,
        enabledAt: 1,
        disableUnusedAfterMs: 1,
        allowedAddresses: ['192.0.2.0/24', '2001:db8::/32'],
        allowedOrigins: ['https://app.example:8443'],
        maxRequestsPerMinute: 1,
        internalOnly: true,
        defaultWorkspace: 'w',
        revokedAt: 2,
        revokedBy: 'somebody',
        revokedReason: '',
        locale: 'de-DE',
        timeZone: 'Europe/Berlin',
        expungeAt: 253_402_300_799_999,
      });
      assert.equal(await suite.apiKeys.insert(full), true);
      assert.deepEqual(await suite.apiKeys.get(full.id), full);
    });

    it('keeps empty lists, empty texts and nulls apart', async () => {
      const empty = { resources: [], statements: [], properties: {}, description: '' };
      const bare = draw.record({ ...empty, allowedAddresses: [], allowedOrigins: [], ceiling: [[]], expiresAt: null });
      await suite.apiKeys.insert(bare);
      assert.deepEqual(await suite.apiKeys.get(bare.id), bare);
    });

    it('answers null for an id that it does not know', async () => {
      assert.equal(await suite.apiKeys.get(draw.id()), null);
    });

    it('refuses an id that exists and leaves the record as it was', async () => {
      const first = draw.record({ orgId: 'first', ownerId: 'one' });
      const second = draw.record({ id: first.id, orgId: 'second', ownerId: 'two' });
      await suite.apiKeys.insert(first);
      assert.equal(await suite.apiKeys.insert(second), false);
      assert.deepEqual(await suite.apiKeys.get(first.id), first);
    });

    it('shows a record whose id was taken in no list but its own', async () => {
      const first = draw.record({ orgId: 'first', ownerId: 'one' });
      await suite.apiKeys.insert(first);
      await suite.apiKeys.insert(draw.record({ id: first.id, orgId: 'second', ownerId: 'two', expungeAt: 1 }));
      await suite.apiKeys.insert(draw.record({ id: first.id, orgId: 'first', ownerId: 'two', name: 'another' }));
      for (const order of ORDERS) {
        const list = (orgId: string, ownerId?: string) =>
          listIds(suite.apiKeys, { orgId, ownerId, order, descending: false, limit: 10 });
        assert.deepEqual(await list('second'), [], order);
        assert.deepEqual(await list('second', 'two'), [], order);
        assert.deepEqual(await list('first', 'two'), [], order);
        assert.deepEqual(await list('first'), [first.id], order);
        assert.deepEqual(await list('first', 'one'), [first.id], order);
      }
      assert.equal(await suite.apiKeys.expunge(1_000, 10), 0);
    });

    it('lets exactly one of many concurrent inserts of one id win', async () => {
      const { id } = draw.record();
      const contenders = draw.records(20, () => ({ id }));
      const won = await Promise.all(contenders.map((record) => suite.apiKeys.insert(record)));
      assert.equal(won.filter(Boolean).length, 1);
      assert.deepEqual(await suite.apiKeys.get(id), contenders[won.indexOf(true)]);
    });

    it('keeps nothing by reference: neither what went in nor what came out', async () => {
      const given = draw.record();
      const original = copyOf(given);
      await suite.apiKeys.insert(given);
      spoil(given);
      const read = await suite.apiKeys.get(original.id);
      assert.deepEqual(read, original);
      spoil(read);
      const page = { orgId: 'org', order: 'name', descending: false, limit: 10 } as const;
      const listed = (await suite.apiKeys.page(page)).entries[0]?.record;
      assert.deepEqual(listed, original);
      spoil(listed ?? null);
      assert.deepEqual(await suite.apiKeys.get(original.id), original);

      const next = changed(original, { name: 'next' });
      await suite.apiKeys.update(copyOf(original), next);
      const written = copyOf(next);
      spoil(next);
      assert.deepEqual(await suite.apiKeys.get(original.id), written);
    });
  });

  describe('update', () => {
    it('replaces the record whose version it was given', async () => {
      const record = draw.record();
      const next = changed(record, { name: 'Renamed', enabled: false, properties: {}, expiresAt: null });
      await suite.apiKeys.insert(record);
      assert.equal(await suite.apiKeys.update(record, next), true);
      assert.deepEqual(await suite.apiKeys.get(record.id), next);
    });

    it('writes nothing when another version is stored, older or newer', async () => {
      const first = draw.record();
      const second = changed(first, { name: 'second' });
      const third = changed(second, { name: 'third' });
      await suite.apiKeys.insert(first);
      assert.equal(await suite.apiKeys.update(second, third), false);
      assert.deepEqual(await suite.apiKeys.get(first.id), first);
      assert.equal(await suite.apiKeys.update(first, second), true);
      assert.equal(await suite.apiKeys.update(first, changed(first, { name: 'late' })), false);
      assert.deepEqual(await suite.apiKeys.get(first.id), second);
    });

    it('may skip versions, as for a key that is ended again after the database went back', async () => {
      const record = draw.record();
      const later = { ...changed(record, { revokedAt: 5, expungeAt: 9 }), version: 7 };
      await suite.apiKeys.insert(record);
      assert.equal(await suite.apiKeys.update(record, later), true);
      assert.deepEqual(await suite.apiKeys.get(record.id), later);
      assert.equal(await suite.apiKeys.update(later, changed(later, { name: 'on from there' })), true);
    });

    it('can be confirmed afterwards, where the store has replicas do so', async () => {
      const record = draw.record();
      await suite.apiKeys.insert(record);
      await suite.apiKeys.confirm?.(record.id);
      await suite.apiKeys.confirm?.(draw.id());
      assert.deepEqual(await suite.apiKeys.get(record.id), record);
    });

    it('does not make a record that is not there', async () => {
      const absent = draw.record();
      assert.equal(await suite.apiKeys.update(absent, changed(absent, { name: 'made up' })), false);
      assert.equal(await suite.apiKeys.get(absent.id), null);
      for (const order of ORDERS) {
        const listed = await listIds(suite.apiKeys, { orgId: 'org', order, descending: false, limit: 10 });
        assert.deepEqual(listed, [], order);
      }
    });

    it('loses none of 50 concurrent read, change, write loops on one record', async () => {
      const record = draw.record({ properties: {} });
      await suite.apiKeys.insert(record);
      const loops = Array.from({ length: 50 }, (_, n) =>
        changeUntilWon(suite, record.id, ({ properties }) => ({ properties: { ...properties, [`by${n}`]: 'done' } })),
      );
      await Promise.all(loops);
      const last = await suite.apiKeys.get(record.id);
      assert.equal(last?.version, 51);
      assert.deepEqual(Object.keys(last.properties).length, 50);
    });

    it('leaves a record once, and in its place, after concurrent renames and changes of expiry', async () => {
      const [record, low, high] = [
        draw.record({ name: 'm', expiresAt: 5_000 }),
        draw.record({ name: 'a', expiresAt: 1 }),
        draw.record({ name: 'z', expiresAt: 10_000 }),
      ];
      for (const each of [record, low, high]) await suite.apiKeys.insert(each);
      const loops = Array.from({ length: 24 }, (_, n) =>
        changeUntilWon(suite, record.id, () => ({ name: `m${n % 5}`, expiresAt: 5_000 + (n % 7) })),
      );
      await Promise.all(loops);
      const last = await suite.apiKeys.get(record.id);
      const twin = draw.record({ name: last?.name ?? '', expiresAt: last?.expiresAt ?? 0 });
      await suite.apiKeys.insert(twin);
      for (const order of ['name', 'expiresAt'] as const) {
        const listed = await listIds(suite.apiKeys, { orgId: 'org', order, descending: false, limit: 2 });
        assert.deepEqual(listed, [low.id, ...[record.id, twin.id].sort(), high.id], order);
      }
    });

    it('keeps a record in the order of names that is renamed to and fro by several at once', async () => {
      const record = draw.record({ name: 'to' });
      await suite.apiKeys.insert(record);
      for (let round = 0; round < 25; round++) {
        const loops = Array.from({ length: 4 }, (_, n) =>
          changeUntilWon(suite, record.id, ({ name }) => ({
            name: name === 'to' ? 'fro' : 'to',
            properties: { by: `${n}` },
          })),
        );
        await Promise.all(loops);
        const listed = await listIds(suite.apiKeys, { orgId: 'org', order: 'name', descending: false, limit: 10 });
        assert.deepEqual(listed, [record.id], `round ${round}`);
      }
    });
  });
}

async function changeUntilWon(
  { apiKeys }: Suite,
  id: string,
  change: (record: ApiKeyRecord) => Partial<ApiKeyRecord>,
): Promise<void> {
  for (;;) {
    const record = await apiKeys.get(id);
    assert.ok(record);
    if (await apiKeys.update(record, changed(record, change(record)))) return;
  }
}

/** Overwrites what the types call readonly, as careless host code might. */
function spoil(record: ApiKeyRecord | null): void {
  const open = record as { -readonly [Field in keyof ApiKeyRecord]: ApiKeyRecord[Field] } | null;
  if (open === null || Object.isFrozen(open)) return;
  open.name = 'spoilt';
  open.version = 99;
  (open.properties as Record<string, string>).spoilt = 'yes';
  (open.statements as unknown[]).length = 0;
}
