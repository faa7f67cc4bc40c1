import { FULL_ACCESS, type LatchkeyOptions } from '../../../lib/index.js';
import { basic, type Headers, type Reply, type Stage, startStage } from './stage.js';
import {
  BASE,
  INTERNAL,
  invalidType,
  invalidValue,
  missing,
  mountBoth,
  NOT_ALLOWED,
  type SkylineKey,
  SUPER_USER,
  UNAUTHORIZED,
  UUID,
  WHITELISTED_KEY,
  withKey,
} from './systemlink-driver.js';

const KEYS = `${BASE}/keys`;
const [ada, bob, eve] = [basic('ada'), basic('bob'), basic('eve')];
const by = { by: 'test' };

let stage: Stage;

beforeEach(async () => {
  stage = await open();
});

afterEach(() => stage.close());

function open(options: LatchkeyOptions = {}): Promise<Stage> {
  return startStage((app, latchkey) => mountBoth(app, latchkey), options);
}

const exact = ({ status, body }: Reply) => ({ status, body });
const make = async (body: object, as: Headers = ada) =>
  (await stage.send('POST', KEYS, as, { policyIds: [], ...body })).body as SkylineKey;
const list = async (query = '', as: Headers = ada) => {
  const { body } = await stage.send('GET', `${KEYS}${query}`, as);
  return body as { totalCount: number; keys: SkylineKey[] };
};

describe('a permanent key', () => {
  it('is made with 200, in the order of the contract, its secret once', async () => {
    const reply = await stage.send('POST', KEYS, ada, {
      name: 'build',
      policyIds: [SUPER_USER],
      defaultWorkspace: 'lab',
      properties: { temp: 'yes' },
    });
    const { id, created, secret } = reply.body as SkylineKey;
    expect([reply.status, reply.headers['content-type'], reply.headers['cache-control']]).toEqual([
      200,
      'application/json; charset=utf-8',
      'no-store',
    ]);
    const superUser =
      `{"builtIn":true,"created":"1970-01-01T00:00:00.000Z","deleted":false,"id":"${SUPER_USER}","name":"Super User",` +
      '"properties":{},"statements":[{"actions":["*"],"description":"","resource":["*"],"workspace":"*"}],"type":"role",' +
      '"updated":"1970-01-01T00:00:00.000Z","userId":"latchkey"}';
    const shown =
      `{"created":"${created}","defaultWorkspace":"lab","deleted":false,"enabled":true,"expiry":"9999-12-31T23:59:59Z",` +
      `"id":"${id}","name":"build","policies":[${superUser}],"properties":{"temp":"yes"},"updated":"${created}",` +
      '"userId":"ada"}';
    expect(reply.text).toBe(`${shown.slice(0, -1)},"secret":"${secret}"}`);
    expect(id).toMatch(UUID);
    expect(secret).toMatch(/^[A-Za-z0-9_-]{42}$/);
    expect(created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect((await stage.send('GET', `${KEYS}/${id}`, ada)).text).toBe(shown);
    expect((await stage.send('GET', KEYS, ada)).text).toBe(`{"keys":[${shown}],"totalCount":1}`);
  });

  it('has null and {} for what was not given, and no rights without policies', async () => {
    const made = await make({ name: 'bare' });
    expect(made).toMatchObject({ defaultWorkspace: null, properties: {}, policies: [], enabled: true, deleted: false });
    expect((await stage.latchkey.apiKeys.get(made.id))?.statements).toEqual([]);
    expect((await stage.send('GET', `${BASE}/auth`, withKey(made.secret))).body).toMatchObject({ policies: [] });
    expect(exact(await stage.send('GET', `${BASE}/policies`, withKey(made.secret)))).toEqual(NOT_ALLOWED);
  });

  it('ends as the host’s keys do where those may not be without end, and says so', async () => {
    await stage.close();
    stage = await open({ keys: {} });
    const { created, expiry } = await make({ name: 'ends' });
    expect(Date.parse(expiry) - Date.parse(created)).toBe(180 * 86_400_000);
  });

  it('drops ids that are no policies, unknown ones and those of templates, and takes each once', async () => {
    const template = await stage.latchkey.policies.create(
      { name: 't', type: 'template', orgId: 'acme', statements: [FULL_ACCESS] },
      by,
    );
    const foreign = await stage.latchkey.policies.create(
      { name: 'f', orgId: 'umbrella', statements: [FULL_ACCESS] },
      by,
    );
    const policyIds = [
      '94bdeb16-eeb9-42fd-bef0-12b963b36b46',
      template.id,
      foreign.id,
      '..',
      '',
      SUPER_USER,
      SUPER_USER,
    ];
    const { policies } = await make({ name: 'k', policyIds });
    expect(policies.map(({ id }) => id)).toEqual([SUPER_USER]);
  });

  it('is refused once it is disabled or deleted, and let in again when it is enabled', async () => {
    const { id, secret } = await make({ name: 'k' });
    const auth = async () => (await stage.send('GET', `${BASE}/auth`, withKey(secret))).status;
    const put = (body: object) => stage.send('PUT', `${KEYS}/${id}`, ada, body);
    expect(await auth()).toBe(200);
    expect((await put({ enabled: false })).body).toMatchObject({ id, enabled: false, deleted: false });
    expect(exact(await stage.send('GET', `${BASE}/auth`, withKey(secret)))).toEqual(UNAUTHORIZED);
    expect((await put({ enabled: true })).body).toMatchObject({ enabled: true });
    expect(await auth()).toBe(200);
    const gone = await stage.send('DELETE', `${KEYS}/${id}`, { ...ada, 'content-type': 'application/json' }, '');
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect(await auth()).toBe(401);
    expect((await stage.send('DELETE', `${KEYS}/${id}`, ada)).status).toBe(404);
    expect((await put({ enabled: true })).status).toBe(404);
  });

  it('is changed by PUT, each member by itself, with an answer in the same shape', async () => {
    const { id, updated } = await make({ name: 'k', properties: { a: '1' } });
    const put = async (body: object) => (await stage.send('PUT', `${KEYS}/${id}`, ada, body)).body as SkylineKey;
    expect(await put({ name: 'renamed' })).toMatchObject({ name: 'renamed', properties: { a: '1' }, policies: [] });
    expect(await put({ policyIds: [SUPER_USER] })).toMatchObject({ name: 'renamed', policies: [{ id: SUPER_USER }] });
    expect(await put({ properties: { b: '2' } })).toMatchObject({ properties: { b: '2' }, policies: [{}] });
    expect(await put({ defaultWorkspace: 'lab' })).toMatchObject({ defaultWorkspace: 'lab', properties: { b: '2' } });
    expect(await put({ defaultWorkspace: null })).toMatchObject({ defaultWorkspace: null });
    expect(await put({ policyIds: [], unknown: 1 })).toMatchObject({ policies: [], name: 'renamed' });
    const last = await put({});
    expect(Object.keys(last)).not.toContain('secret');
    expect(Date.parse(last.updated)).toBeGreaterThanOrEqual(Date.parse(updated));
  });

  it('has a name that no other permanent key of the organisation has', async () => {
    const first = await make({ name: 'one' });
    const second = await make({ name: 'two' });
    expect(exact(await stage.send('POST', KEYS, ada, { name: 'one', policyIds: [] }))).toEqual(invalidValue('name'));
    expect(exact(await stage.send('PUT', `${KEYS}/${second.id}`, ada, { name: 'one' }))).toEqual(invalidValue('name'));
    expect((await stage.send('PUT', `${KEYS}/${first.id}`, ada, { name: 'one' })).status).toBe(200);
    expect((await make({ name: 'one' }, eve)).id).toMatch(UUID);
    await stage.send('DELETE', `${KEYS}/${first.id}`, ada);
    expect((await make({ name: 'one' })).id).toMatch(UUID);
  });

  it('has it also where several are made at once', async () => {
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => stage.send('POST', KEYS, ada, { name: 'same', policyIds: [] })),
    );
    const made = replies.filter(({ status }) => status === 200);
    expect(made.length).toBeLessThanOrEqual(1);
    expect((await list()).totalCount).toBe(made.length);
    for (const reply of replies) if (reply.status !== 200) expect(exact(reply)).toEqual(invalidValue('name'));
  });

  it('made elsewhere is shown with what it may do as a policy of its own, and loses that to policies that are given', async () => {
    const { key } = await stage.latchkey.apiKeys.create(
      { name: 'native', ownerId: 'ada', statements: [{ actions: ['tag:Read'], workspace: 'lab' }] },
      by,
    );
    const shown = (await stage.send('GET', `${KEYS}/${key.id}`, ada)).body as SkylineKey;
    expect(shown.policies).toMatchObject([
      {
        builtIn: false,
        id: key.id,
        name: 'native',
        properties: null,
        statements: [{ actions: ['tag:Read'], description: '', resource: ['*'], workspace: 'lab' }],
        type: 'internal',
        userId: 'ada',
      },
    ]);
    const put = (policyIds: string[]) => stage.send('PUT', `${KEYS}/${key.id}`, ada, { policyIds });
    expect(((await put([key.id, SUPER_USER])).body as SkylineKey).policies).toHaveLength(2);
    expect(((await put([])).body as SkylineKey).policies).toEqual([]);
    expect((await stage.latchkey.apiKeys.get(key.id))?.statements).toEqual([]);
  });
});

describe('what may not be in a body', () => {
  it.each<[unknown, ReturnType<typeof missing>]>([
    [{}, missing('name')],
    [{ name: null }, missing('name')],
    [{ name: 5 }, invalidType('name')],
    [{ name: '' }, invalidValue('name')],
    [{ name: 'n'.repeat(257) }, invalidValue('name')],
    [{ name: 'a\u0000b' }, invalidValue('name')],
    [{ name: 'n', policyIds: SUPER_USER }, invalidType('policyIds')],
    [{ name: 'n', policyIds: [5] }, invalidType('policyIds')],
    [{ name: 'n', policyIds: Array.from({ length: 101 }, (_, n) => `${n}`) }, invalidValue('policyIds')],
    [{ name: 'n', properties: [] }, invalidType('properties')],
    [{ name: 'n', properties: { a: 1 } }, invalidType('properties')],
    [{ name: 'n', properties: { a: 'x'.repeat(513) } }, invalidValue('properties')],
    [
      { name: 'n', properties: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [n, ''])) },
      invalidValue('properties'),
    ],
    [{ name: 'n', defaultWorkspace: 7 }, invalidType('defaultWorkspace')],
    [{ name: 'n', defaultWorkspace: 'w'.repeat(129) }, invalidValue('defaultWorkspace')],
  ])('%j', async (body, answer) => {
    expect(exact(await stage.send('POST', KEYS, ada, body))).toEqual(answer);
  });

  it('half a character, and __proto__', async () => {
    const json = { ...ada, 'content-type': 'application/json' };
    expect(exact(await stage.send('POST', KEYS, json, '{"name":"\\ud800"}'))).toEqual(invalidValue('name'));
    const proto = '{"name":"n","properties":{"__proto__":"x"}}';
    expect(exact(await stage.send('POST', KEYS, json, proto))).toEqual(invalidValue('properties'));
    const lone = '{"name":"n","properties":{"\\ud800":"x"}}';
    expect(exact(await stage.send('POST', KEYS, json, lone))).toEqual(invalidValue('properties'));
  });

  it('several faults, told within one', async () => {
    const { status, body } = await stage.send('POST', KEYS, ada, { name: 5, policyIds: 1 });
    expect(status).toBe(400);
    expect(body).toEqual({
      error: {
        name: 'Skyline.OneOrMoreErrorsOccurred',
        code: -251041,
        message: 'One or more errors occurred. See the contained list for details of each error.',
        args: [],
        innerErrors: [invalidType('name').body.error, invalidType('policyIds').body.error],
      },
    });
  });

  it('more policies than a key can have', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 11; n++) {
      const policy = await stage.latchkey.policies.create({ name: `p${n}`, orgId: 'acme', statements: [] }, by);
      ids.push(policy.id);
    }
    expect(exact(await stage.send('POST', KEYS, ada, { name: 'n', policyIds: ids }))).toEqual(
      invalidValue('policyIds'),
    );
    expect((await make({ name: 'n', policyIds: ids.slice(1) })).policies).toHaveLength(10);
  });
});

describe('who may do what with keys', () => {
  let bobs: { id: string; token: string };
  let adas: SkylineKey;

  beforeEach(async () => {
    const { key, token } = await stage.latchkey.apiKeys.create({ name: 'of bob', ownerId: 'bob', statements: [] }, by);
    bobs = { id: key.id, token };
    adas = await make({ name: 'of ada', policyIds: [SUPER_USER] });
  });

  it('without the right: list, read, disable and delete one’s own, and nothing else', async () => {
    expect((await list('', bob)).keys.map(({ id }) => id)).toEqual([bobs.id]);
    expect((await list('?user=bob', bob)).totalCount).toBe(1);
    expect((await stage.send('GET', `${KEYS}/${bobs.id}`, bob)).status).toBe(200);
    const refused: [string, string, object?][] = [
      ['GET', `${KEYS}?user=ada`],
      ['POST', KEYS, { name: 'mine' }],
      ['GET', `${KEYS}/${adas.id}`],
      ['GET', `${KEYS}/00000000-0000-4000-8000-000000000000`],
      ['PUT', `${KEYS}/${adas.id}`, { enabled: false }],
      ['PUT', `${KEYS}/${bobs.id}`, { name: 'x' }],
      ['PUT', `${KEYS}/${bobs.id}`, { enabled: false, policyIds: [] }],
      ['PUT', `${KEYS}/${bobs.id}`, { enabled: true }],
      ['DELETE', `${KEYS}/${adas.id}`],
    ];
    for (const [method, path, body] of refused) {
      expect([method, path, exact(await stage.send(method, path, bob, body))]).toEqual([method, path, NOT_ALLOWED]);
    }
    expect((await stage.send('PUT', `${KEYS}/${bobs.id}`, bob, { enabled: false })).body).toMatchObject({
      enabled: false,
    });
    expect((await stage.send('DELETE', `${KEYS}/${bobs.id}`, bob)).status).toBe(204);
  });

  it('a key without rights ends itself, and no other one of its user', async () => {
    const { key } = await stage.latchkey.apiKeys.create({ name: 'another', ownerId: 'bob', statements: [] }, by);
    const as = withKey(bobs.token);
    expect((await list('', as)).totalCount).toBe(2);
    expect(exact(await stage.send('PUT', `${KEYS}/${key.id}`, as, { enabled: false }))).toEqual(NOT_ALLOWED);
    expect(exact(await stage.send('DELETE', `${KEYS}/${key.id}`, as))).toEqual(NOT_ALLOWED);
    expect((await stage.send('DELETE', `${KEYS}/${bobs.id}`, as)).status).toBe(204);
  });

  it('in another organisation there is nothing', async () => {
    expect((await list('', eve)).totalCount).toBe(0);
    expect((await list('?user=ada', eve)).totalCount).toBe(0);
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const { status, body } = await stage.send(
        method,
        `${KEYS}/${adas.id}`,
        eve,
        method === 'PUT' ? { name: 'x' } : undefined,
      );
      expect([status, body]).toMatchObject([404, { error: { name: 'Skyline.NotFound', resourceId: adas.id } }]);
    }
  });

  it.each(['niauth:*', 'keys:manage', '*'])('%s on everything manages all keys of the organisation', async (action) => {
    stage.people.set('kim', { statements: [{ actions: [action] }] });
    const kim = basic('kim');
    expect((await list('', kim)).totalCount).toBe(2);
    expect((await make({ name: 'of kim' }, kim)).userId).toBe('kim');
    expect((await stage.send('DELETE', `${KEYS}/${bobs.id}`, kim)).status).toBe(204);
  });

  it.each([
    { actions: ['niauth:*'], workspace: 'lab' },
    { actions: ['niauth:*'], resources: ['keys'] },
    { actions: ['niauth:Create*'] },
    { actions: ['keys:manage-own', 'keys:read'] },
  ])('%j does not', async (statement) => {
    stage.people.set('kim', { statements: [statement] });
    expect(exact(await stage.send('POST', KEYS, basic('kim'), { name: 'of kim' }))).toEqual(NOT_ALLOWED);
    expect((await list('', basic('kim'))).totalCount).toBe(0);
  });

  it('nobody gives, enables or takes over more than they have', async () => {
    stage.people.set('kim', { statements: [{ actions: ['niauth:*'] }] });
    const kim = basic('kim');
    const [policyIds, name] = [[SUPER_USER], 'more'];
    expect(exact(await stage.send('POST', KEYS, kim, { name, policyIds }))).toEqual(NOT_ALLOWED);
    const own = await make({ name: 'of kim' }, kim);
    expect(exact(await stage.send('PUT', `${KEYS}/${own.id}`, kim, { policyIds }))).toEqual(NOT_ALLOWED);
    await stage.send('PUT', `${KEYS}/${adas.id}`, ada, { enabled: false });
    expect(exact(await stage.send('PUT', `${KEYS}/${adas.id}`, kim, { enabled: true }))).toEqual(NOT_ALLOWED);
    expect(exact(await stage.send('PUT', `${KEYS}/${adas.id}`, kim, { policyIds: [] }))).toEqual(NOT_ALLOWED);
    // a key of kim's that was given no policy stays without rights whatever its owner may do
    expect(exact(await stage.send('POST', KEYS, withKey(own.secret), { name: 'child' }))).toEqual(NOT_ALLOWED);
  });

  it('a key that ends makes none that outlives it', async () => {
    const policies = [{ statements: [{ actions: ['*'], workspace: '*' }] }];
    const minted = await stage.send('POST', `${INTERNAL}${BASE}/session-keys`, withKey(WHITELISTED_KEY), {
      userId: 'ada',
      policies,
    });
    const session = minted.body as SkylineKey;
    const child = await make({ name: 'child' }, withKey(session.secret));
    expect(Date.parse(child.expiry)).toBeLessThanOrEqual(Date.parse(session.expiry));
  });
});
