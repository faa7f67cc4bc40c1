import assert from 'node:assert/strict';
import type { ChangeListener, Collection, Store } from '../../lib/index.js';
import { changed, Draw } from './store-samples.js';
import type { Suite } from './store-suite.js';
import { until } from './store-suite.js';

/** The change feed, across instances too; health and close. */
export function testChangeFeed(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(4);

  describe('the change feed', () => {
    it('goes live', async () => {
      await untilLive(suite.subject.store);
      assert.equal((await suite.subject.store.health()).feedIsLive, true);
    });

    it('tells of an insert, an update and a removal before they resolve', async () => {
      const ids = listen(suite.subject.store);
      const record = draw.record();
      await suite.apiKeys.insert(record);
      assert.ok(ids.take(record.id), 'insert');
      await suite.apiKeys.update(record, changed(record, { expungeAt: 1 }));
      assert.ok(ids.take(record.id), 'update');
      await suite.apiKeys.expunge(1, 10);
      assert.ok(ids.take(record.id), 'expunge');
    });

    it('tells of every write of a policy, here before it resolves and to another instance', async () => {
      const second = await suite.subject.openSecond?.();
      try {
        if (second !== undefined) await untilLive(second);
        const here = listen(suite.subject.store, 'policies');
        const there = second && listen(second, 'policies');
        const { policies } = suite.subject.store.records;
        const policy = draw.policy();
        const next = changed(policy, { statements: [] });
        const writes = [
          () => policies.insert(policy),
          () => policies.update(policy, next),
          () => policies.remove(next),
        ];
        for (const [n, write] of writes.entries()) {
          assert.equal(await write(), true);
          assert.ok(here.take(policy.id), `write ${n}`);
          if (there) await until(`write ${n} is heard`, () => there.take(policy.id));
        }
      } finally {
        await second?.close();
      }
    });

    it('tells nothing to a listener that has ended its subscription, and goes on telling the others', async () => {
      const { store } = suite.subject;
      const [ended, other] = [listen(store), listen(store)];
      ended.end();
      ended.end();
      const record = draw.record();
      await suite.apiKeys.insert(record);
      assert.equal(ended.take(record.id), false);
      assert.equal(other.take(record.id), true);
    });

    it('tells another instance on the same database of every change', async () => {
      const second = await suite.subject.openSecond?.();
      if (second === undefined) return;
      try {
        await untilLive(second);
        const ids = listen(second);
        const record = draw.record();
        const next = changed(record, { enabled: false, expungeAt: 1 });
        await suite.apiKeys.insert(record);
        await until('the insert is heard', () => ids.take(record.id));
        assert.deepEqual(await second.records.apiKeys.get(record.id), record);
        await suite.apiKeys.update(record, next);
        await until('the update is heard', () => ids.take(record.id));
        assert.deepEqual(await second.records.apiKeys.get(record.id), next);
        await suite.apiKeys.expunge(1, 10);
        await until('the removal is heard', () => ids.take(record.id));
        assert.equal(await second.records.apiKeys.get(record.id), null);
      } finally {
        await second.close();
      }
    });

    it('lets one of two instances win, and lists what the other one wrote', async () => {
      const second = await suite.subject.openSecond?.();
      if (second === undefined) return;
      try {
        const record = draw.record({ properties: {} });
        await suite.apiKeys.insert(record);
        const stores = [suite.apiKeys, second.records.apiKeys];
        const won = await Promise.all(
          stores.map((store, n) => store.update(record, changed(record, { name: `by ${n}` }))),
        );
        assert.equal(won.filter(Boolean).length, 1);
        const page = await second.records.apiKeys.page({ orgId: 'org', order: 'name', descending: false, limit: 5 });
        assert.deepEqual(
          page.entries.map((entry) => entry.record.name),
          [`by ${won.indexOf(true)}`],
        );
      } finally {
        await second.close();
      }
    });
  });

  describe('health and close', () => {
    it('says that the database is reached, and how fast', async () => {
      const health = await suite.subject.store.health();
      assert.equal(health.ok, true);
      assert.ok(health.latencyMs >= 0 && health.latencyMs < 5_000);
      assert.notEqual(health.detail, '');
    });

    it('tells what it finds out about itself, and how to mend what is wrong', async () => {
      const { findings } = await suite.subject.store.health(() => Date.now());
      assert.notEqual(findings.length, 0);
      for (const { level, detail, mend, risk } of findings) {
        assert.notEqual(detail, '');
        if (level === 'ok') assert.equal(mend, null);
        if (level === 'warning') assert.notEqual(mend ?? '', '');
        if (level !== 'warning') assert.equal(risk, null);
      }
    });

    it('closes twice without complaint, and health still does not reject', async () => {
      await suite.subject.store.close();
      await suite.subject.store.close();
      assert.equal(typeof (await suite.subject.store.health()).ok, 'boolean');
    });
  });
}

function untilLive(store: Store): Promise<void> {
  return until('the change feed is live', () => store.changes.isLive);
}

interface Heard {
  /** Whether a change of `id` was heard since the last time that this was asked. */
  take(id: string): boolean;
  end(): void;
}

function listen(store: Store, ofCollection: Collection = 'apiKeys'): Heard {
  const ids = new Set<string>();
  const listener: ChangeListener = {
    changed: (collection, id) => collection === ofCollection && ids.add(id),
    lost: () => {},
  };
  return { take: (id) => ids.delete(id), end: store.changes.subscribe(listener) };
}
