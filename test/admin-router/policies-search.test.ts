import { Clock, START_AT } from '../lib/clock.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';

const DAY_MS = 86_400_000;
const day = (n: number) => new Date(START_AT + n * DAY_MS).toISOString();
/** Made on the days 1 to 6, in this order. Changed: 100% on day 7, and once more on day 8. */
const NAMES = ['Readers', 'readers', 'Writers_1', '100%', 'Base', 'In w1'];
const BUILT_IN = ['Auditor', 'Full Access'];

describe.each(STORE_KINDS)('searching policies on $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let app: AdminApp;
  let admin: string;
  const ids = new Map<string, string>(BUILT_IN.map((name) => [name, name.toLowerCase().replace(' ', '-')]));

  beforeAll(async () => {
    database = await open();
    clock = new Clock();
    app = await startAdminApp({ store: await database.connect(), now: clock.now });
    admin = (await app.key({ ownerId: 'root', orgId: 'acme', actions: ['*'] })).token;
    const carol = (await app.key({ ownerId: 'carol', orgId: 'acme', actions: ['*'] })).token;
    const fields: Record<string, object> = {
      Readers: { type: 'role', description: 'Who looks' },
      readers: { description: 'who LOOKS twice' },
      Writers_1: { type: 'role' },
      Base: { type: 'template' },
    };
    for (const name of NAMES) {
      clock.advance(DAY_MS);
      const follows = name === 'In w1' && { templateId: ids.get('Base'), workspace: 'w1' };
      const made = await app.call('POST', '/policies', name === 'Readers' ? carol : admin, {
        name,
        ...fields[name],
        ...follows,
      });
      expect(made.status).toBe(201);
      ids.set(name, made.body.id);
    }
    for (const description of ['a', 'b']) {
      clock.advance(DAY_MS);
      await app.call('PATCH', `/policies/${ids.get('100%')}`, admin, { description });
    }
    for (const orgId of ['other', null]) await app.latchkey.policies.create({ name: 'Readers', orgId }, { by: 'test' });
  });
  afterAll(async () => {
    await app.close();
    await database.stop();
  });

  const search = (body: object) => app.call('POST', '/policies/search', admin, body);
  /** In the order in which they were made, the built-in ones first. */
  async function found(...criteria: object[]): Promise<unknown[]> {
    const { status, body } = await search({ criteria });
    expect([status, body.nextCursor]).toEqual([200, null]);
    const order = [...BUILT_IN, ...NAMES];
    return body.items.map(({ name }) => String(name)).sort((a, b) => order.indexOf(a) - order.indexOf(b));
  }

  it.each<[string, string, unknown, string[]]>([
    ['name', 'equal', 'Readers', ['Readers']],
    ['name', 'not-equal', 'Readers', [...BUILT_IN, ...NAMES.slice(1)]],
    ['name', 'like', 'readers', ['Readers', 'readers']],
    ['name', 'like', '%ers%', ['Readers', 'readers', 'Writers_1']],
    ['name', 'like', '_eaders', ['Readers', 'readers']],
    ['name', 'like', 'Writers\\_1', ['Writers_1']],
    ['name', 'like', 'Writers__', ['Writers_1']],
    ['name', 'like', '100\\%', ['100%']],
    ['name', 'like', '', []],
    ['name', 'not-like', '%r%', ['Full Access', '100%', 'Base', 'In w1']],
    ['name', 'in', ['Readers', 'Base', 'Nobody'], ['Readers', 'Base']],
    ['name', 'null', true, []],
    ['description', 'like', '%looks%', ['Readers', 'readers']],
    ['type', 'equal', 'template', ['Base']],
    ['type', 'not-equal', 'custom', [...BUILT_IN, 'Readers', 'Writers_1', 'Base']],
    ['type', 'in', ['role', 'template'], [...BUILT_IN, 'Readers', 'Writers_1', 'Base']],
    ['type', 'like', 'CUST%', ['readers', '100%', 'In w1']],
    ['type', 'equal', 'internal', []],
    ['workspace', 'equal', 'w1', ['In w1']],
    ['workspace', 'null', false, ['In w1']],
    ['templateId', 'null', false, ['In w1']],
    ['templateId', 'null', true, [...BUILT_IN, ...NAMES.slice(0, -1)]],
    ['isBuiltIn', 'equal', true, BUILT_IN],
    ['isBuiltIn', 'not-equal', true, NAMES],
    ['createdBy', 'equal', 'carol', ['Readers']],
    ['createdBy', 'in', ['carol', 'latchkey'], [...BUILT_IN, 'Readers']],
    ['createdAt', 'equal', day(1), ['Readers']],
    ['createdAt', 'less-than', day(2), [...BUILT_IN, 'Readers']],
    ['createdAt', 'less-than-or-equal', day(2), [...BUILT_IN, 'Readers', 'readers']],
    ['createdAt', 'greater-than', day(5), ['In w1']],
    ['createdAt', 'greater-than-or-equal', day(5), ['Base', 'In w1']],
    ['createdAt', 'between', [day(2), day(3)], ['readers', 'Writers_1']],
    ['createdAt', 'between', [day(3), day(2)], []],
    ['createdAt', 'equal', '2026-01-02T01:00:00+01:00', ['Readers']],
    ['updatedAt', 'greater-than', day(6), ['100%']],
    ['version', 'equal', 3, ['100%']],
    ['version', 'greater-than', 1, ['100%']],
    ['version', 'less-than-or-equal', 1, [...BUILT_IN, ...NAMES.filter((name) => name !== '100%')]],
    ['version', 'between', [2, 3], ['100%']],
    ['id', 'equal', 'auditor', ['Auditor']],
    ['id', 'in', ['auditor', 'full-access', 'x'], BUILT_IN],
    ['id', 'like', 'FULL%', ['Full Access']],
    ['id', 'null', false, [...BUILT_IN, ...NAMES]],
  ])('%s %s %j', async (field, test, value, names) => {
    expect(await found({ field, test, value })).toEqual(names);
  });

  it('all criteria must hold', async () => {
    const roles = { field: 'type', test: 'equal', value: 'role' };
    expect(await found(roles, { field: 'isBuiltIn', test: 'equal', value: false })).toEqual(['Readers', 'Writers_1']);
    expect(await found(roles, { field: 'name', test: 'equal', value: 'readers' })).toEqual([]);
    expect(await found()).toEqual([...BUILT_IN, ...NAMES]);
  });

  const allIds = () => [...ids.values()].sort((a, b) => (a < b ? -1 : 1));
  const idsOf = (items: readonly Record<string, unknown>[]) => items.map(({ id }) => id);

  it.each([1, 3, 7])('maxItems %i and the cursor of each page lead through all of them, by id', async (maxItems) => {
    const pages: unknown[][] = [];
    let cursor: string | null = null;
    do {
      const { body } = await search({ maxItems, ...(cursor !== null && { cursor }) });
      pages.push(idsOf(body.items));
      cursor = body.nextCursor;
    } while (cursor !== null);
    expect(pages.flat()).toEqual(allIds());
    expect(pages.slice(0, -1).every((page) => page.length === maxItems)).toBe(true);
  });

  it('asking for what comes after an id leads through all of them', async () => {
    const seen: unknown[] = [];
    for (let after = ''; ; ) {
      const criteria = [{ field: 'id', test: 'greater-than', value: after }];
      const { body } = await search({ criteria, maxItems: 3 });
      if (body.items.length === 0) break;
      seen.push(...idsOf(body.items));
      after = String(body.items.at(-1)?.id);
    }
    expect(seen).toEqual(allIds());
    const upTo = [{ field: 'id', test: 'less-than-or-equal', value: allIds()[3] }];
    expect(idsOf((await search({ criteria: upTo })).body.items)).toEqual(allIds().slice(0, 4));
  });

  it('the cursor of a search with criteria goes on with them', async () => {
    const criteria = [{ field: 'isBuiltIn', test: 'equal', value: false }];
    const first = await search({ criteria, maxItems: 2 });
    const second = await search({ criteria, maxItems: 200, cursor: first.body.nextCursor });
    const wanted = allIds().filter((id) => id !== 'auditor' && id !== 'full-access');
    expect([...idsOf(first.body.items), ...idsOf(second.body.items)]).toEqual(wanted);
  });

  it('GET lists them by id, by type and by name, page by page', async () => {
    const list = async (query: string) => idsOf((await app.call('GET', `/policies?${query}`, admin)).body.items);
    expect(await list('')).toEqual(allIds());
    expect(await list('type=template')).toEqual([ids.get('Base')]);
    expect((await list('type=role,template')).length).toBe(5);
    expect((await list('type=role&type=template')).length).toBe(5);
    expect(await list('name=Readers')).toEqual([ids.get('Readers')]);
    expect(await list('name=Read%25')).toEqual([]);
    const { body } = await app.call('GET', '/policies?limit=3', admin);
    expect(idsOf(body.items)).toEqual(allIds().slice(0, 3));
    expect(await list(`limit=200&cursor=${body.nextCursor}`)).toEqual(allIds().slice(3));
  });

  it.each<[object, string, unknown]>([
    [{ criteria: [{ field: 'statements', test: 'null', value: true }] }, 'criteria.0.field', expect.any(String)],
    [{ criteria: [{ field: 'orgId', test: 'equal', value: 'other' }] }, 'criteria.0.field', expect.any(String)],
    [{ criteria: [{ field: '__proto__', test: 'null', value: true }] }, 'criteria.0.field', expect.any(String)],
    [{ criteria: [{ field: 'name', test: 'matches', value: 'x' }] }, 'criteria.0.test', expect.any(String)],
    [{ criteria: [{ field: 'name', test: 'equal' }] }, 'criteria.0.value', expect.any(String)],
    [{ criteria: [{ field: 'name', test: 'equal', value: 5 }] }, 'criteria.0.value', 'must be a string for this field'],
    [
      { criteria: [{ field: 'name', test: 'less-than', value: 'x' }] },
      'criteria.0.value',
      'cannot be ordered: this field holds no number, date or id',
    ],
    [
      { criteria: [{ field: 'name', test: 'between', value: ['a', 'b'] }] },
      'criteria.0.value',
      'cannot be a range: this field holds no number or date',
    ],
    [
      { criteria: [{ field: 'name', test: 'contains', value: 'a' }] },
      'criteria.0.value',
      'cannot be contained: this field holds no list',
    ],
    [
      { criteria: [{ field: 'name', test: 'like', value: 'x'.repeat(101) }] },
      'criteria.0.value',
      'must be a text of at most 100 characters',
    ],
    [
      { criteria: [{ field: 'version', test: 'like', value: '1%' }] },
      'criteria.0.value',
      'cannot be a pattern: this field holds no text',
    ],
    [
      { criteria: [{ field: 'version', test: 'between', value: [1] }] },
      'criteria.0.value',
      'must be two numbers or dates',
    ],
    [
      { criteria: [{ field: 'createdAt', test: 'equal', value: 'yesterday' }] },
      'criteria.0.value',
      'must be an RFC 3339 time',
    ],
    [
      { criteria: [{ field: 'type', test: 'equal', value: 'group' }] },
      'criteria.0.value',
      expect.stringContaining('must be one of: role'),
    ],
    [
      { criteria: [{ field: 'type', test: 'in', value: ['role', 'group'] }] },
      'criteria.0.value',
      expect.stringContaining('must be one of: role'),
    ],
    [
      { criteria: [{ field: 'isBuiltIn', test: 'equal', value: 'true' }] },
      'criteria.0.value',
      'must be a boolean for this field',
    ],
    [{ criteria: [{ field: 'isBuiltIn', test: 'null', value: 1 }] }, 'criteria.0.value', 'must be true or false'],
    [
      { criteria: Array(6).fill({ field: 'name', test: 'like', value: '%' }) },
      'criteria',
      'must have at most 5 patterns',
    ],
    [{ criteria: Array(21).fill({ field: 'name', test: 'equal', value: 'x' }) }, 'criteria', expect.any(String)],
    [{ maxItems: 0 }, 'maxItems', expect.any(String)],
    [{ maxItems: 201 }, 'maxItems', expect.any(String)],
    [{ maxItems: '5' }, 'maxItems', expect.any(String)],
    [{ cursor: 'x' }, 'cursor', 'must be the nextCursor of a page of the same list'],
    [{ sort: 'name' }, 'sort', 'is not a known field'],
  ])('names the field of %j', async (body, path, message) => {
    const answer = await search(body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', errors: [{ path, message }] } });
  });

  it.each(['type=group', 'limit=0', 'cursor=x', 'sort=name', 'orgId=other'])(
    'GET names the parameter of ?%s',
    async (query) => {
      const { status, body } = await app.call('GET', `/policies?${query}`, admin);
      expect([status, body.errors[0]?.path.split('.')[0]]).toEqual([400, query.split('=')[0]]);
    },
  );
});
