import assert from 'node:assert/strict';
import type { DocumentRecord, Documents } from '../../lib/index.js';
import { changed, copyOf, Draw } from './store-samples.js';
import type { Suite } from './store-suite.js';

const KIND = 'service-account';

/** Documents: insert, get, update, remove, page, and their bounds. */
export function testDocuments(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(15);
  const documents = (): Documents => suite.subject.store.records.documents;
  const get = (id: string) => documents().get(KIND, id);

  async function inserted(fields: Partial<DocumentRecord> = {}): Promise<DocumentRecord> {
    const document = draw.document(fields);
    assert.equal(await documents().insert(document), true);
    return document;
  }

  async function list(orgId: string | null, limit = 100, kind = KIND): Promise<DocumentRecord[]> {
    const records: DocumentRecord[] = [];
    for (let after: string | undefined; ; ) {
      const page = await documents().page({ kind, orgId, after, limit });
      assert.ok(page.records.length <= limit);
      records.push(...page.records);
      if (page.next === null) return records;
      assert.notEqual(page.next, after);
      after = page.next;
    }
  }

  describe('documents', () => {
    it('come back with every field', async () => {
      const odd = ['a/b', 'a:b', 'a}b{c', '%41 ü', '😀', ' ', 'x'.repeat(128)].map((id) => draw.document({ id }));
      for (const document of [
        draw.document({ orgId: null, data: {} }),
        draw.document({ data: { deep: { 'a key': ['ü\n', { '': null }] }, yes: true, half: 0.5, big: 2 ** 60 } }),
        ...odd,
        ...Array.from({ length: 10 }, () => draw.document()),
      ]) {
        assert.equal(await documents().insert(document), true);
        assert.deepEqual(await get(document.id), document);
      }
      assert.equal(await get(draw.id()), null);
    });

    it('are of one kind: the same id in another one is another document', async () => {
      const [one, other] = [draw.document({ id: 'same' }), draw.document({ id: 'same', kind: 'settings' })];
      assert.equal(await documents().insert(one), true);
      assert.equal(await documents().get('settings', 'same'), null);
      assert.equal(await documents().insert(other), true);
      assert.deepEqual(await documents().get('settings', 'same'), other);
      assert.equal(await documents().remove(other), true);
      assert.deepEqual(await list('org'), [one]);
      assert.deepEqual(await list('org', 5, 'settings'), []);
      assert.deepEqual(await list('org', 5, 'service-accounts'), []);
    });

    it('are not inserted over one that is there, which stays as it was, in its own organisation', async () => {
      const first = await inserted();
      assert.equal(await documents().insert(draw.document({ id: first.id, orgId: 'other' })), false);
      assert.equal(await documents().insert(draw.document({ id: first.id })), false);
      assert.deepEqual(await get(first.id), first);
      assert.deepEqual(await list('org'), [first]);
      assert.deepEqual(await list('other'), []);
    });

    it('are inserted by exactly one of twenty at once', async () => {
      const id = draw.id();
      const contenders = Array.from({ length: 20 }, (_, n) => draw.document({ id, data: { n } }));
      const won = await Promise.all(contenders.map((document) => documents().insert(document)));
      assert.equal(won.filter(Boolean).length, 1);
      assert.deepEqual(await list('org'), [contenders[won.indexOf(true)]]);
    });

    it('are kept as copies, and come as copies', async () => {
      const given = draw.document();
      const original = copyOf(given);
      await documents().insert(given);
      spoil(given);
      const read = await get(original.id);
      assert.deepEqual(read, original);
      spoil(read);
      const [listed] = await list('org');
      assert.deepEqual(listed, original);
      spoil(listed ?? null);
      const next = changed(original, { data: { next: true } });
      await documents().update(copyOf(original), next);
      const written = copyOf(next);
      spoil(next);
      assert.deepEqual(await get(original.id), written);
    });

    it('are replaced when the stored version is the one that was read, else not', async () => {
      const first = await inserted();
      const second = changed(first, { data: { second: 2 } });
      const third = changed(second, { data: { third: 3 } });
      assert.equal(await documents().update(second, third), false);
      assert.deepEqual(await get(first.id), first);
      assert.equal(await documents().update(first, second), true);
      assert.equal(await documents().update(first, changed(first, { data: { late: true } })), false);
      assert.deepEqual(await list('org'), [second]);
      const absent = draw.document();
      assert.equal(await documents().update(absent, changed(absent, {})), false);
      assert.equal(await get(absent.id), null);
    });

    it('lose none of 20 concurrent read, change, write loops, through whatever instance', async () => {
      const second = await suite.subject.openSecond?.();
      try {
        const { id } = await inserted({ data: {} });
        const loops = Array.from({ length: 20 }, async (_, n) => {
          const through = (n % 2 ? second?.records.documents : undefined) ?? documents();
          for (;;) {
            const document = await through.get(KIND, id);
            assert.ok(document);
            const next = changed(document, { data: { ...document.data, [`by${n}`]: 'done' } });
            if (await through.update(document, next)) return;
          }
        });
        await Promise.all(loops);
        const last = await get(id);
        assert.equal(last?.version, 21);
        assert.equal(Object.keys(last.data).length, 20);
      } finally {
        await second?.close();
      }
    });

    it('are removed when the stored version is the one that was read, else not', async () => {
      const [first, other] = [await inserted(), await inserted()];
      const second = changed(first, { data: {} });
      assert.equal(await documents().remove(second), false);
      await documents().update(first, second);
      assert.equal(await documents().remove(first), false);
      assert.deepEqual(await get(first.id), second);
      assert.equal(await documents().remove(second), true);
      assert.equal(await get(first.id), null);
      assert.equal(await documents().remove(second), false);
      assert.equal(await documents().update(second, changed(second, {})), false);
      assert.deepEqual(await list('org'), [other]);
    });

    it('can be listed when they are made anew while the one before is removed', async () => {
      for (let round = 0; round < 10; round++) {
        const document = await inserted({ id: 'the same', orgId: `org ${round}` });
        const anew = { ...document, data: { made: 'anew' } };
        const insert = async () => {
          while (!(await documents().insert(anew)));
        };
        await Promise.all([documents().remove(document), insert()]);
        assert.deepEqual(await list(document.orgId), [anew], `round ${round}`);
        assert.equal(await documents().remove(anew), true);
      }
    });

    it('hold 65,536 characters of data as JSON, and no more', async () => {
      const largest = { text: 'ü'.repeat(65_536 - JSON.stringify({ text: '' }).length) };
      const document = await inserted({ data: largest });
      assert.deepEqual(await get(document.id), document);
      const tooLarge = { text: `${largest.text}x` };
      await assert.rejects(documents().insert(draw.document({ data: tooLarge })), TypeError);
      await assert.rejects(documents().update(document, changed(document, { data: tooLarge })), TypeError);
      assert.deepEqual(await list('org'), [document]);
    });

    it('are not there for ids that there cannot be', async () => {
      await inserted({ id: 'a\ufffd' });
      for (const id of ['', 'x'.repeat(129), 'a\ud800']) assert.equal(await get(id), null);
    });

    it('are refused kinds, ids and data that there cannot be', async () => {
      for (const id of ['', 'x'.repeat(129), 'a\ud800', 7 as unknown as string]) {
        await assert.rejects(documents().insert(draw.document({ id })), TypeError);
      }
      for (const data of [null, [], 'text', undefined] as unknown as DocumentRecord['data'][]) {
        await assert.rejects(documents().insert(draw.document({ data })), TypeError);
      }
      for (const kind of ['', 'User', 'a_b', 'a:b', 'x'.repeat(33), 'a\n']) {
        const document = draw.document({ kind });
        await assert.rejects(documents().insert(document), TypeError);
        await assert.rejects(documents().get(kind, 'a'), TypeError);
        await assert.rejects(documents().update(document, changed(document, {})), TypeError);
        await assert.rejects(documents().remove(document), TypeError);
        await assert.rejects(documents().page({ kind, orgId: 'org', limit: 5 }), TypeError);
      }
      assert.deepEqual(await list('org'), []);
    });

    it('are changed without a word to those who listen for changes', async () => {
      const heard: string[] = [];
      const { changes } = suite.subject.store;
      const unsubscribe = changes.subscribe({ changed: (_collection, id) => heard.push(id), lost: () => {} });
      const document = await inserted();
      const next = changed(document, {});
      await documents().update(document, next);
      await documents().remove(next);
      await suite.subject.store.state.touchUser('ada'); // what is told comes in order
      assert.ok(heard.includes('ada') && !heard.includes(document.id), String(heard));
      unsubscribe();
    });
  });

  describe('a list of documents', () => {
    it('goes by the bytes of the id, in pages of any size', async () => {
      const odd = ['A', 'a', 'a/b', 'a b', 'ab', 'Z', 'ä', '😀', '\uffee', '~', '-', '(', '['];
      const made = [...odd.map((id) => draw.document({ id })), ...Array.from({ length: 20 }, () => draw.document())];
      for (const document of made) assert.equal(await documents().insert(document), true);
      const expected = [...made].sort((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id)));
      for (const limit of [1, 7, 33, 34]) assert.deepEqual(await list('org', limit), expected, `limit ${limit}`);
      const { records } = await documents().page({ kind: KIND, orgId: 'org', after: expected[20]?.id, limit: 3 });
      assert.deepEqual(records, expected.slice(21, 24));
    });

    it('goes on where it was when the document at its cursor has been removed', async () => {
      const made = Array.from({ length: 10 }, () => draw.document()).sort((a, b) => (a.id < b.id ? -1 : 1));
      for (const document of made) await documents().insert(document);
      const { next } = await documents().page({ kind: KIND, orgId: 'org', limit: 3 });
      await documents().remove(made[2] as DocumentRecord);
      const { records } = await documents().page({ kind: KIND, orgId: 'org', after: next ?? '', limit: 100 });
      assert.deepEqual(records, made.slice(3));
    });

    it('is of one organisation, whatever their ids look like', async () => {
      const orgs = [null, '', '-', 'o', 'null', ':', '{a}', '%', '%25', 'ä', ' ', '[null]', 'x'.repeat(128)];
      const made = orgs.map((orgId) => draw.document({ orgId }));
      for (const document of made) await documents().insert(document);
      for (const [n, orgId] of orgs.entries()) assert.deepEqual(await list(orgId), [made[n]], `organisation ${orgId}`);
      const none = await documents().page({ kind: KIND, orgId: 'nobody', limit: 5 });
      assert.deepEqual(none, { records: [], next: null });
    });
  });
}

/** Overwrites what the types call readonly, as careless host code might. */
function spoil(document: DocumentRecord | null): void {
  const open = document as { -readonly [Field in keyof DocumentRecord]: DocumentRecord[Field] } | null;
  if (open === null || Object.isFrozen(open)) return;
  (open.data as Record<string, unknown>).spoilt = 'yes';
  open.version = 99;
}
