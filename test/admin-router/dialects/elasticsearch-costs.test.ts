import { elasticsearch, indexPermission, roleStatements } from '../../../admin-router/dialects/elasticsearch.js';
import type { ApiKey, StatementInput } from '../../../lib/index.js';
import { AUTHENTICATE, apiKey, type Created, illegal, KEYS, makeKey } from './elasticsearch-driver.js';
import { basic, type Headers, type Reply, type Stage, startStage } from './stage.js';

let stage: Stage;
const ada = basic('ada');
const json = { ...ada, 'content-type': 'application/json' };
const QUERY = '/_security/_query/api_key';
const EVERYTHING: readonly StatementInput[] = [{ actions: ['*'] }];

beforeAll(async () => {
  stage = await startStage((app, latchkey) => void app.use('/', elasticsearch(latchkey)));
  const role = roleStatements({ cluster: ['manage_own_api_key'] });
  for (const name of ['low', 'carl', 'wild']) stage.people.set(name, { statements: [...role] });
});
afterAll(() => stage.close());

const exact = ({ status, body }: Reply) => ({ status, body });
const query = (as: Headers, body: object) => stage.send('POST', QUERY, as, { size: 0, ...body });

async function quickly(asking: Promise<Reply>): Promise<Reply> {
  const startedAt = performance.now();
  const reply = await asking;
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  return reply;
}

describe('a query of a user who may only manage their own keys', () => {
  const TOO_MANY = illegal('Trying to create too many buckets. Must be less than or equal to: [10000]');
  const TOO_MUCH = illegal('the request is too much work: ask for fewer keys, patterns or aggregations');
  const low = basic('low');

  beforeAll(async () => {
    const metadata = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`k${index}`, `v${index}`]));
    await makeKey(stage, low, { metadata });
    const long = Object.fromEntries(Array.from({ length: 55 }, (_, index) => [`k${index}`, 'a'.repeat(1_020)]));
    await makeKey(stage, basic('wild'), { metadata: long });
  });

  /** Aggregations within each other. */
  const within = (depth: number, body: object): object => ({
    ...body,
    ...(depth > 1 && { aggs: { below: within(depth - 1, body) } }),
  });

  it.each<[string, object]>([
    ['terms', { terms: { field: 'metadata', size: 10_000 } }],
    ['filters', { filters: { filters: Array.from({ length: 100 }, () => ({ match_all: {} })) } }],
    ['ranges', { date_range: { field: 'creation', ranges: Array.from({ length: 100 }, () => ({ to: 'now+1d' })) } }],
    ['composite', { composite: { sources: [{ a: { terms: { field: 'metadata' } } }], size: 10_000 } }],
  ])('has buckets of %s within buckets counted together', async (_type, body) => {
    const nesting = await quickly(query(low, { aggs: { all: within(4, body) } }));
    expect(exact(nesting)).toEqual(TOO_MANY);
    expect((await query(low, { aggs: { all: body } })).status).toBe(200);
  });

  it('has no more combinations of a key than buckets', async () => {
    const sources = ['a', 'b', 'c'].map((name) => ({ [name]: { terms: { field: 'metadata' } } }));
    const reply = await quickly(query(low, { aggs: { all: { composite: { sources } } } }));
    expect(exact(reply)).toEqual(illegal('a key has more than [10000] combinations of values'));
  });

  it('cannot have patterns work for long', async () => {
    const wildcard = { metadata: `*${'a'.repeat(250)}b*` };
    const bool = { should: Array.from({ length: 10 }, () => ({ wildcard })) };
    expect(exact(await quickly(query(basic('wild'), { query: { bool } })))).toEqual(TOO_MUCH);
    expect((await query(basic('wild'), { query: { wildcard: { metadata: '*a*' } } })).body).toMatchObject({ total: 1 });
  });
});

describe('role descriptors', () => {
  it('of many privileges are shown, and cut down, in a moment', async () => {
    const of = (letter: string) => Array.from({ length: 450 }, (_, index) => `${letter}${index}`);
    const wide = Array.from({ length: 9 }, (_, part) => ({
      actions: of('elasticsearch:cluster:p').slice(part * 50, part * 50 + 50),
    }));
    stage.people.set('wide', { statements: [...roleStatements({ cluster: ['manage_own_api_key'] }), ...wide] });
    for (let count = 0; count < 20; count++) {
      await stage.latchkey.apiKeys.create({ name: 'wide', ownerId: 'wide', statements: wide }, { by: 'test' });
    }
    const found = await quickly(stage.send('GET', `${KEYS}?owner`, basic('wide')));
    expect(JSON.parse(found.text).api_keys[0].role_descriptors.latchkey.cluster).toHaveLength(450);
    const applications = [{ application: 'a', privileges: of('q'), resources: ['*'] }];
    const making = makeKey(stage, basic('wide'), { role_descriptors: { r: { applications } } });
    await quickly(making.then(() => stage.send('GET', AUTHENTICATE, ada)));
  });

  it('given to a key with policies leave nothing beside them', async () => {
    const policy = await stage.latchkey.policies.create(
      { name: 'everything', orgId: 'acme', statements: EVERYTHING },
      { by: 'test' },
    );
    const { key, secret } = await stage.latchkey.apiKeys.create(
      { name: 'p', ownerId: 'ada', policyIds: [policy.id] },
      { by: 'test' },
    );
    const as = apiKey(`${key.id}:${secret}`);
    expect((await stage.send('GET', KEYS, as)).status).toBe(200);
    const change = () => stage.send('PUT', `${KEYS}/${key.id}`, ada, { role_descriptors: { none: {} } });
    expect((await change()).text).toBe('{"updated":true}');
    expect((await stage.send('GET', KEYS, as)).status).toBe(403);
    expect((await stage.latchkey.apiKeys.get(key.id))?.policyIds).toEqual([]);
    expect((await change()).text).toBe('{"updated":false}');
  });

  it('on all indices are none on the product’s own, also for who asks by indexPermission', async () => {
    stage.people.set('reader', {
      statements: [...roleStatements({ indices: [{ names: '*', privileges: 'read' }] })],
    });
    const user = await stage.latchkey.dialects.findUserByName('reader');
    const principal = user && (await stage.latchkey.dialects.principalOfUser(user));
    const may = (index: string) => {
      const { action, resource } = indexPermission('read', index);
      return principal?.can(action, resource);
    };
    expect(['logs', '.other', '.security-7'].map(may)).toEqual([true, true, false]);
  });
});

describe('a filter of the answer', () => {
  const get = (paths: number) => {
    const path = '**.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.x';
    return stage.send('GET', `${KEYS}?owner&filter_path=${new Array(paths).fill(path).join(',')}`, basic('deep'));
  };

  it('costs no more than a moment, whatever the names', async () => {
    stage.people.set('deep', { statements: [...roleStatements({ cluster: ['manage_own_api_key'] })] });
    const deep = (levels: number, index: number): object =>
      levels === 0 ? { [`l${index}`]: 1 } : { [`n${index}`]: deep(levels - 1, index) };
    const metadata = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`a${index}`, deep(15, index)]));
    for (let count = 0; count < 5; count++) await makeKey(stage, basic('deep'), { metadata });
    const { status, text } = await quickly(get(10));
    expect([status, text]).toEqual([200, '{}']);
  });

  it('that is too long is refused, and does not filter that', async () => {
    expect(exact(await get(11))).toEqual(illegal('[filter_path] has at most [50] paths and [200] names in all'));
  });
});

describe('bodies', () => {
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;

  it.each([
    ['POST', QUERY, `{"query":{"match":{"name":{"query":"x","analyzer":${deep}}}}}`],
    ['POST', QUERY, `{"query":{"bool":{"minimum_should_match":${deep}}}}`],
    ['POST', QUERY, `{"aggs":{"x":{"meta":{"a":${deep}},"missing":{"field":"name"}}}}`],
    ['POST', QUERY, `{"sort":[{"creation":{"format":${deep}}}]}`],
    [
      'POST',
      KEYS,
      `{"name":"x","role_descriptors":{"r":{"indices":[{"names":"a","privileges":"read","query":${deep}}]}}}`,
    ],
  ])('that are too deep are refused: %s %s', async (method, path, body) => {
    const { status, text } = await stage.send(method, path, json, body);
    expect([status, text]).toEqual([400, expect.stringContaining('Document nesting depth (1001) exceeds')]);
  });

  it.each([1e300, -1e300, 'now+999999999d', 8.64e15 + 1])(
    'with a time beyond all times are refused: %p',
    async (from) => {
      const reply = await query(ada, { aggs: { x: { date_range: { field: 'creation', ranges: [{ from }] } } } });
      expect([reply.status, reply.text]).toEqual([400, expect.stringContaining('failed to parse date field')]);
    },
  );

  it('are not quoted whole', async () => {
    const { status, text } = await stage.send('POST', '/_security/user/_has_privileges', ada, {
      cluster: ['x'.repeat(100_000)],
    });
    expect([status, text.length < 20_000]).toEqual([400, true]);
  });
});

describe('a key that acts for a user', () => {
  const as = (made: { id: string; secret: string }, user: string) => ({
    ...apiKey(`${made.id}:${made.secret}`),
    'es-security-runas-user': user,
  });

  async function bound(more: object = {}): Promise<{ id: string; secret: string }> {
    const { key, secret } = await stage.latchkey.apiKeys.create(
      { name: 'bound', ownerId: 'ada', statements: EVERYTHING, ...more },
      { by: 'test' },
    );
    return { id: key.id, secret };
  }

  const recordOf = async ({ id }: Created) => (await stage.latchkey.apiKeys.get(id)) as ApiKey;

  it('makes keys that are bound as it is, and come from it', async () => {
    const addresses = ['127.0.0.0/8', '::1'];
    const parent = await bound({ allowedAddresses: addresses, maxRequestsPerMinute: 500, lifetimeMs: 3_600_000 });
    const made = await makeKey(stage, as(parent, 'carl'));
    const record = await recordOf(made);
    expect(record).toMatchObject({ ownerId: 'carl', allowedAddresses: addresses, parentIds: [parent.id] });
    expect([record.maxRequestsPerMinute, record.countedWith]).toEqual([500, parent.id]);
    expect((await stage.send('POST', KEYS, as(parent, 'carl'), { name: 'x', expiration: '2h' })).status).toBe(403);
  });

  it('stays tied to its resources', async () => {
    const tied = as(await bound({ resources: ['users/*'] }), 'ada');
    expect((await stage.send('GET', AUTHENTICATE, tied)).body).toMatchObject({ username: 'ada' });
    expect((await stage.send('GET', KEYS, tied)).status).toBe(403);
  });

  it('is told of in the audit trail, as is a user who does', async () => {
    const parent = await bound();
    stage.people.set('runner', { statements: [...roleStatements({ run_as: ['carl'] })] });
    for (const [headers, credentialId] of [
      [as(parent, 'carl'), parent.id],
      [{ ...basic('runner'), 'es-security-runas-user': 'carl' }, 'runner'],
    ] as const) {
      const made = await makeKey(stage, headers);
      const { items } = await stage.latchkey.audit.list({ orgId: 'acme' });
      const told = items.find((item) => item.type === 'key.created' && item.keyId === made.id);
      expect(told).toMatchObject({ actorId: 'carl', credentialId, ownerId: 'carl' });
    }
  });
});
