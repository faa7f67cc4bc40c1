import fc from 'fast-check';
import type { Core } from '../../../lib/core.js';
import type { KeyPage, ListQuery } from '../../../lib/keys/key-search.js';
import type { ApiKey, KeyFilter } from '../../../lib/keys/key-view.js';
import type { Criterion } from '../../../lib/search/criteria.js';
import type { Store } from '../../../lib/stores/store.js';
import { Clock, DAY_MS, START_AT } from '../clock.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';

const by = { by: 'ada' };
const ORGS = ['acme', null] as const;
const OWNERS = ['ada', 'bob', 'org:{eve}'];
const NAMES = ['ci', 'CI', 'Deploy 100%', 'deploy_prod', 'größe', 'zz*top', '🔑 key', 'a\\b'];
const COUNT = 150;

/** `count` keys of many names, times, states and uses, with many ties; left in `ORGS`. */
async function populate(core: Core, store: Store, clock: Clock): Promise<void> {
  const { apiKeys } = core;
  const first = clock.nowAt;
  for (let i = 0; i < COUNT; i++) {
    clock.nowAt = first + (i % 20) * 1_000;
    const { key } = await apiKeys.create(
      {
        name: NAMES[i % NAMES.length] as string,
        description: i % 3 === 0 ? '' : `number ${i}`,
        ownerId: OWNERS[i % OWNERS.length] as string,
        orgId: ORGS[i % 7 === 0 ? 1 : 0],
        expiresAt: i % 11 === 0 ? null : first + DAY_MS * (1 + (i % 13)),
        notBefore: i % 13 >= 9 ? first + DAY_MS * 8 : null,
        locale: i % 4 === 0 ? 'de' : null,
        policyIds: [[], ['auditor'], ['full-access', 'auditor']][i % 3] as string[],
      },
      by,
    );
    if (i % 5 === 0) await apiKeys.disable(key.id, by);
    if (i % 9 === 0) await apiKeys.revoke(key.id, by);
    if (i % 2 === 0) {
      const { id, orgId, ownerId } = key;
      const delta = {
        uses: i % 8,
        failures: i % 3,
        lastFailedAt: null,
        lastUsedAt: first + (i % 17) * 500,
        lastUsedFrom: '192.0.2.1',
      };
      await store.records.apiKeys.addUsage([{ id, orgId, ownerId, ...delta }]);
    }
  }
  clock.nowAt = first + DAY_MS * 5;
}

/** Follows nextCursor to the end. */
async function followed(ask: (cursor: string | undefined) => Promise<KeyPage>): Promise<ApiKey[][]> {
  const pages: ApiKey[][] = [];
  for (let cursor: string | undefined; ; ) {
    const { items, nextCursor } = await ask(cursor);
    pages.push([...items]);
    if (nextCursor === null) return pages;
    cursor = nextCursor;
    if (pages.length > COUNT + 10) throw new Error('the pages do not end');
  }
}

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const SORTS: Readonly<Record<string, (a: ApiKey, b: ApiKey) => number>> = {
  createdAt: (a, b) => a.createdAt - b.createdAt,
  name: (a, b) => byBytes(a.name.toLowerCase(), b.name.toLowerCase()),
  // Two that never expire are equal: Infinity - Infinity is not.
  expiresAt: (a, b) => Math.sign((a.expiresAt ?? 1e300) - (b.expiresAt ?? 1e300)),
  lastUsedAt: (a, b) => (a.lastUsedAt ?? 0) - (b.lastUsedAt ?? 0),
  id: () => 0,
};

function expectedIds(all: readonly ApiKey[], query: ListQuery, meets: (key: ApiKey) => boolean): string[] {
  const { orgId, ownerId, sort = 'createdAt', descending = false } = query;
  const compare = SORTS[sort] as (a: ApiKey, b: ApiKey) => number;
  const found = all
    .filter((key) => key.orgId === orgId && (ownerId === undefined || key.ownerId === ownerId) && meets(key))
    .sort((a, b) => compare(a, b) || byBytes(a.id, b.id))
    .map(({ id }) => id);
  return descending ? found.reverse() : found;
}

function meetsFilter(key: ApiKey, filter: KeyFilter): boolean {
  const { kind, states, name, createdFrom, createdBefore, expiresFrom, expiresBefore } = filter;
  if (kind !== undefined && key.kind !== kind) return false;
  if (states !== undefined && !states.includes(key.state)) return false;
  if (name !== undefined) {
    const pattern = name.split('*').map((run) => run.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    if (!new RegExp(`^${pattern.join('.*')}$`, 'iu').test(key.name)) return false;
  }
  if (createdFrom !== undefined && key.createdAt < createdFrom) return false;
  if (createdBefore !== undefined && key.createdAt >= createdBefore) return false;
  if (expiresFrom !== undefined && (key.expiresAt === null || key.expiresAt < expiresFrom)) return false;
  return !(expiresBefore !== undefined && (key.expiresAt === null || key.expiresAt >= expiresBefore));
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const queries = fc.record({
  orgId: fc.constantFrom(...ORGS),
  ownerId: maybe(fc.constantFrom(...OWNERS, 'nobody')),
  sort: maybe(fc.constantFrom('createdAt', 'name', 'expiresAt', 'lastUsedAt', 'id')),
  descending: maybe(fc.boolean()),
  limit: fc.integer({ min: 9, max: 200 }),
});
const created = fc.nat(20).map((i) => START_AT + i * 1_000);
const expiry = fc.nat(15).map((i) => START_AT + i * DAY_MS);
const filters: fc.Arbitrary<KeyFilter> = fc.record({
  kind: maybe(fc.constantFrom('api-key', 'api-key', 'session-key')),
  states: maybe(fc.subarray(['active', 'pending', 'disabled', 'expired', 'revoked'])),
  name: maybe(fc.constantFrom('ci', '*', 'd*', '*%', '*_*', '*\\*', 'GRÖSSE', 'GRÖßE', 'zz*', '**key', '')),
  createdFrom: maybe(created),
  createdBefore: maybe(created),
  expiresFrom: maybe(expiry),
  expiresBefore: maybe(expiry),
});

describe.each(STORE_KINDS)('lists of keys in $name', ({ open }) => {
  let database: Database;
  let core: Core;
  let all: ApiKey[];

  beforeAll(async () => {
    database = await open();
    const clock = new Clock();
    const store = await database.connect();
    core = newCore({ store, now: clock.now, keys: { allowNever: true } });
    await populate(core, store, clock);
    const pages = await Promise.all(ORGS.map((orgId) => core.apiKeys.list({ orgId, limit: 200 })));
    all = pages.flatMap(({ items }) => items);
  });

  afterAll(async () => {
    await core.close();
    await database.stop();
  });

  it('hold every key of the organisation, and none of another', () => {
    expect(all).toHaveLength(COUNT);
    expect(new Set(all.map(({ state }) => state))).toEqual(
      new Set(['active', 'pending', 'disabled', 'expired', 'revoked']),
    );
  });

  it('bring, followed to the end, what a naive reference brings in the same order', async () => {
    await fc.assert(
      fc.asyncProperty(queries, filters, async (query, filter) => {
        const pages = await followed((cursor) => core.apiKeys.list({ ...query, cursor }, filter));
        expect(pages.flat().map(({ id }) => id)).toEqual(expectedIds(all, query, (key) => meetsFilter(key, filter)));
        for (const page of pages) expect(page.length).toBeLessThanOrEqual(query.limit);
      }),
      { numRuns: 150 },
    );
  });

  it('bring what search criteria ask for, on usage, flags and times as well', async () => {
    const examples: readonly [Criterion[], (key: ApiKey) => boolean][] = [
      [[{ field: 'useCount', test: 'greater-than', value: 3 }], (key) => key.useCount > 3],
      [[{ field: 'failureCount', test: 'equal', value: 0 }], (key) => key.failureCount === 0],
      [[{ field: 'lastUsedAt', test: 'null', value: true }], (key) => key.lastUsedAt === null],
      [[{ field: 'revokedAt', test: 'null', value: false }], (key) => key.revokedAt !== null],
      [[{ field: 'enabled', test: 'equal', value: false }], (key) => !key.enabled],
      [[{ field: 'description', test: 'not-like', value: 'number 1%' }], (key) => !/^number 1/.test(key.description)],
      [[{ field: 'locale', test: 'equal', value: 'de' }], (key) => key.locale === 'de'],
      [[{ field: 'version', test: 'greater-than-or-equal', value: 2 }], (key) => key.version >= 2],
      [[{ field: 'policyIds', test: 'contains', value: 'auditor' }], (key) => key.policyIds.includes('auditor')],
      [[{ field: 'policyIds', test: 'null', value: true }], (key) => key.policyIds.length === 0],
      [[{ field: 'parentIds', test: 'null', value: false }], () => false],
      [[{ field: 'state', test: 'not-equal', value: 'active' }], (key) => key.state !== 'active'],
      [[{ field: 'internalOnly', test: 'equal', value: false }], () => true],
      [
        [{ field: 'createdAt', test: 'between', value: [START_AT + 3_000, START_AT + 7_000] }],
        (key) => key.createdAt >= START_AT + 3_000 && key.createdAt <= START_AT + 7_000,
      ],
      [
        [
          { field: 'lastUsedAt', test: 'less-than', value: START_AT + 4_000 },
          { field: 'state', test: 'in', value: ['active', 'disabled'] },
        ],
        (key) => (key.lastUsedAt ?? 1e300) < START_AT + 4_000 && ['active', 'disabled'].includes(key.state),
      ],
    ];
    for (const [criteria, meets] of examples) {
      const query = { orgId: 'acme', sort: 'lastUsedAt', descending: true, limit: 20 } as const;
      const pages = await followed((cursor) => core.apiKeys.search({ ...query, cursor }, criteria));
      expect(pages.flat().map(({ id }) => id)).toEqual(expectedIds(all, query, meets));
    }
  });

  it('are paged by the ids themselves, from any id on, up or down', async () => {
    const ids = all.filter(({ orgId }) => orgId === 'acme').map(({ id }) => id);
    const sorted = [...ids].sort(byBytes);
    const bounds = [sorted[0], sorted[9], sorted[40], sorted.at(-1), 'A', 'zzzz', '0', '', 'é:1', ':'] as string[];
    for (const bound of bounds) {
      const page = (test: 'greater-than' | 'less-than') =>
        core.apiKeys.search({ orgId: 'acme', sort: 'id', descending: test === 'less-than', limit: 20 }, [
          { field: 'id', test, value: bound },
        ]);
      const above = sorted.filter((id) => byBytes(id, bound) > 0);
      const below = sorted.filter((id) => byBytes(id, bound) < 0).reverse();
      expect((await page('greater-than')).items.map(({ id }) => id)).toEqual(above.slice(0, 20));
      expect((await page('less-than')).items.map(({ id }) => id)).toEqual(below.slice(0, 20));
    }
  });

  it('by id begin at the tightest of several bounds, and keep the others', async () => {
    const sorted = all
      .filter(({ orgId }) => orgId === 'acme')
      .map(({ id }) => id)
      .sort(byBytes);
    const [low, mid, high] = [sorted[10], sorted[20], sorted[60]] as [string, string, string];
    const criteria: Criterion[] = [
      { field: 'id', test: 'greater-than', value: mid },
      { field: 'id', test: 'greater-than', value: low },
      { field: 'id', test: 'less-than-or-equal', value: high },
      { field: 'id', test: 'not-equal', value: sorted[30] as string },
    ];
    const expected = sorted.slice(21, 61).filter((id) => id !== sorted[30]);
    for (const descending of [false, true]) {
      const query = { orgId: 'acme', sort: 'id', descending, limit: 7 } as const;
      const pages = await followed((cursor) => core.apiKeys.search({ ...query, cursor }, criteria));
      expect(pages.flat().map(({ id }) => id)).toEqual(descending ? [...expected].reverse() : expected);
    }
  });

  it('have full pages while more follow, even of one key each', async () => {
    for (const sort of ['createdAt', 'name', 'expiresAt', 'lastUsedAt', 'id'] as const) {
      const query = { orgId: null, sort, limit: 1 };
      const pages = await followed((cursor) => core.apiKeys.list({ ...query, cursor }));
      const ids = expectedIds(all, query, () => true);
      expect(pages.slice(0, ids.length).map((page) => page.map(({ id }) => id))).toEqual(ids.map((id) => [id]));
      expect(pages.slice(ids.length).flat()).toEqual([]);
    }
  });

  it('are empty, not refused, for an organisation or an owner that nobody knows', async () => {
    expect(await core.apiKeys.list({ orgId: 'nobody' })).toEqual({ items: [], nextCursor: null });
    expect(await core.apiKeys.list({ orgId: 'acme', ownerId: 'nobody' })).toEqual({ items: [], nextCursor: null });
  });

  it.each([{ orgId: '' }, { orgId: 'a\ud800' }, { orgId: 'acme', ownerId: '\ud800' }])(
    'refuse the scope %j',
    async (scope) => {
      expect(await refusalOf(core.apiKeys.list(scope))).toMatchObject({ code: 'invalid_request', status: 400 });
    },
  );

  it.each([0, -1, 1.5, 201, Number.NaN])('refuse a limit of %d', async (limit) => {
    const error = await refusalOf(core.apiKeys.list({ orgId: 'acme', limit }));
    expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
    expect(error.errors).toEqual([{ path: 'limit', message: 'must be a whole number from 1 to 200' }]);
  });

  it('refuse a field that cannot be searched', async () => {
    const error = await refusalOf(
      core.apiKeys.search({ orgId: 'acme' }, [{ field: 'secretHash', test: 'like', value: '%' }]),
    );
    expect(error.message).toBe('The request is not valid: criteria.0.field names a field that cannot be searched');
  });

  describe('refuse a cursor', () => {
    const cursorOf = (...parts: unknown[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');
    const expectRefused = async (query: Omit<ListQuery, 'orgId'>, cursor: string) => {
      const error = await refusalOf(core.apiKeys.list({ orgId: 'acme', ...query, cursor }));
      expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
      expect(error.message).toBe('The request is not valid: cursor must be the nextCursor of a page of the same list');
    };

    it('of another order or direction', async () => {
      const { nextCursor } = await core.apiKeys.list({ orgId: 'acme', limit: 5 });
      if (nextCursor === null) throw new Error('there is only one page');
      await expectRefused({ sort: 'name' }, nextCursor);
      await expectRefused({ sort: 'expiresAt' }, nextCursor);
      await expectRefused({ descending: true }, nextCursor);
    });

    it.each(['', 'nonsense', 'null', '%00', 'bnVsbA', 'e30', '[]', 'a'.repeat(5_000)])('that is %j', async (cursor) => {
      await expectRefused({}, cursor);
    });

    it.each([
      [[]],
      [['createdAt', false]],
      [['createdAt', false, 5]],
      [['createdAt', false, null]],
      [['createdAt', false, {}]],
      [['createdAt', false, '']],
      [['createdAt', false, ':']],
      [['createdAt', false, '5']],
      [['createdAt', false, ':id']],
      [['createdAt', false, ' :id']],
      [['createdAt', false, 'x:id']],
      [['createdAt', false, '(5:id']],
      [['createdAt', false, '0b1:id']],
      [['createdAt', false, '0o7:id']],
      [['createdAt', false, '0x1F:id']],
      [['createdAt', false, '1e999:id']],
      [['createdAt', false, '\n5:id']],
      [['createdAt', false, 'NaN:id']],
      [['createdAt', 0, '5:id']],
      [['createdat', false, '5:id']],
    ])('forged as %j', async (parts) => {
      await expectRefused({}, cursorOf(...parts));
    });

    it('forged at random: it brings a page or is refused, never anything else', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom('createdAt', 'name', 'expiresAt', 'lastUsedAt', 'id'),
          fc.oneof(fc.string({ unit: 'binary' }), fc.double().map(String)),
          fc.string({ unit: 'binary' }),
          fc.boolean(),
          async (sort, position, id, descending) => {
            const cursor = cursorOf(sort, descending, `${position}:${id}`);
            const asked = core.apiKeys.list({ orgId: 'acme', sort, descending, cursor });
            const answer = await asked.catch((error: unknown) => error);
            if (answer instanceof Error) expect(answer).toMatchObject({ code: 'invalid_request', status: 400 });
            else expect(answer).toMatchObject({ items: expect.any(Array) });
          },
        ),
        { numRuns: 300 },
      );
    });
  });

  it('have short pages, but all that is wanted, when few of more than two thousand records meet the filter', async () => {
    const orgId = 'large';
    const create = (i: number) =>
      core.apiKeys.create({ name: i % 1_000 === 700 ? 'wanted' : 'other', ownerId: 'ada', orgId }, by);
    for (let start = 0; start < 2_300; start += 100) {
      await Promise.all(Array.from({ length: 100 }, (_, i) => create(start + i)));
    }
    const pages = await followed((cursor) => core.apiKeys.list({ orgId, limit: 50, cursor }, { name: 'wanted' }));
    expect(pages).toHaveLength(2);
    expect(pages.flat().map(({ name }) => name)).toEqual(['wanted', 'wanted']);
    const nothing = await followed((cursor) => core.apiKeys.list({ orgId, cursor }, { name: 'missing' }));
    expect(nothing).toEqual([[], []]);
  });
});
