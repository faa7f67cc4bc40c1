import { FULL_ACCESS } from '../../../lib/index.js';
import { basic, type Headers, type Reply, type Stage, startStage } from './stage.js';
import {
  BASE,
  invalidParameter,
  invalidType,
  invalidValue,
  missing,
  mountBoth,
  NOT_ALLOWED,
  type SkylineKey,
  SUPER_USER,
  UNAUTHORIZED,
  UUID,
  withKey,
} from './systemlink-driver.js';

const POLICIES = `${BASE}/policies`;
const TEMPLATES = `${BASE}/policy-templates`;
const [ada, bob, eve] = [basic('ada'), basic('bob'), basic('eve')];
const by = { by: 'test' };
const READ = { actions: ['file:Query', 'tag:*'], description: 'look', resource: ['files/*'], workspace: 'lab' };
const NO_SUCH_ID = '00000000-0000-4000-8000-000000000000';

interface SkylinePolicy {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly created: string;
  readonly updated: string;
  readonly builtIn: boolean;
}

let stage: Stage;

beforeEach(async () => {
  let nowAt = Date.now();
  stage = await startStage((app, latchkey) => mountBoth(app, latchkey), { now: () => ++nowAt });
});

afterEach(() => stage.close());

const exact = ({ status, body }: Reply) => ({ status, body });
const make = async (body: object, path = POLICIES, as: Headers = ada) =>
  (await stage.send('POST', path, as, body)).body as SkylinePolicy;
const listed = async (query = '', path = POLICIES, as: Headers = ada) => {
  const { body } = await stage.send('GET', path + query, as);
  const { totalCount, ...rest } = body as { totalCount: number; policies: SkylinePolicy[] };
  const [items = []] = Object.values(rest);
  return { totalCount, names: items.map(({ name }) => name) };
};

describe('a policy', () => {
  it('is made with 200, read and listed in the order of the contract', async () => {
    const body = { name: 'reader', type: 'custom', statements: [READ], properties: { a: 'b' }, unknown: true };
    const reply = await stage.send('POST', POLICIES, ada, body);
    const { id, created } = reply.body as SkylinePolicy;
    const text =
      `{"builtIn":false,"created":"${created}","deleted":false,"id":"${id}","name":"reader","properties":{"a":"b"},` +
      '"statements":[{"actions":["file:Query","tag:*"],"description":"look","resource":["files/*"],"workspace":"lab"}],' +
      `"type":"custom","updated":"${created}","userId":"ada"}`;
    expect([reply.status, reply.text]).toEqual([200, text]);
    expect(id).toMatch(UUID);
    expect((await stage.send('GET', `${POLICIES}/${id}`, ada)).text).toBe(text);
    expect((await stage.send('GET', `${POLICIES}?type=custom`, ada)).text).toBe(
      `{"policies":[${text}],"totalCount":1}`,
    );
  });

  it('is custom, of every resource and of no workspace, where nothing is said', async () => {
    const { id } = await make({ name: 'p', statements: [{ actions: ['*'] }] });
    expect((await stage.send('GET', `${POLICIES}/${id}`, ada)).body).toMatchObject({
      type: 'custom',
      properties: {},
      statements: [{ actions: ['*'], description: '', resource: ['*'] }],
    });
    const { secret } = (await stage.send('POST', `${BASE}/keys`, ada, { name: 'k', policyIds: [id] }))
      .body as SkylineKey;
    expect(exact(await stage.send('GET', POLICIES, withKey(secret)))).toEqual(NOT_ALLOWED);
  });

  it.each(['default', 'internal', 'custom', 'role'])('may be of the type %s', async (type) => {
    const { id } = await make({ name: 'p', type, statements: [] });
    expect((await stage.send('GET', `${POLICIES}/${id}`, ada)).body).toMatchObject({ type });
    expect(await listed(`?type=${type}&builtIn=false`)).toEqual({ totalCount: 1, names: ['p'] });
  });

  it('is changed by PUT, each member by itself, at once for every key that has it', async () => {
    const { id, created } = await make({ name: 'p', statements: [] });
    const { secret } = (await stage.send('POST', `${BASE}/keys`, ada, { name: 'k', policyIds: [id] }))
      .body as SkylineKey;
    const put = async (body: object) => (await stage.send('PUT', `${POLICIES}/${id}`, ada, body)).body;
    expect(await put({ name: 'q' })).toMatchObject({ id, name: 'q', created, statements: [], type: 'custom' });
    expect(exact(await stage.send('GET', POLICIES, withKey(secret)))).toEqual(NOT_ALLOWED);
    const statements = [{ actions: ['niauth:*'], workspace: '*' }];
    expect(await put({ statements })).toMatchObject({
      name: 'q',
      statements: [{ actions: ['niauth:*'], workspace: '*' }],
    });
    expect((await stage.send('GET', POLICIES, withKey(secret))).status).toBe(200);
    expect(await put({ type: 'role', properties: { a: '1' } })).toMatchObject({ type: 'role', properties: { a: '1' } });
    expect(await put({})).toMatchObject({ type: 'role', properties: { a: '1' }, name: 'q' });
  });

  it('is taken from the keys that have it when it is deleted', async () => {
    const { id } = await make({ name: 'p', statements: [] });
    const key = (await stage.send('POST', `${BASE}/keys`, ada, { name: 'k', policyIds: [id] })).body as SkylineKey;
    const gone = await stage.send('DELETE', `${POLICIES}/${id}`, ada);
    expect([gone.status, gone.text]).toEqual([204, '']);
    expect((await stage.send('GET', `${BASE}/keys/${key.id}`, ada)).body).toMatchObject({ policies: [] });
    expect(exact(await stage.send('DELETE', `${POLICIES}/${id}`, ada))).toEqual(notFound('Policy', id));
  });

  it('made from a template follows it in its workspace, and shows no statements of its own', async () => {
    const template = await make({ name: 't', statements: [READ] }, TEMPLATES);
    const body = { name: 'p', type: 'role', templateId: template.id, workspace: 'hall', statements: 'ignored' };
    const reply = await stage.send('POST', POLICIES, ada, body);
    const { id, created } = reply.body as SkylinePolicy;
    expect([reply.status, reply.text]).toEqual([
      200,
      `{"builtIn":false,"created":"${created}","deleted":false,"id":"${id}","name":"p","properties":{},` +
        `"templateId":"${template.id}","type":"role","updated":"${created}","userId":"ada","workspace":"hall"}`,
    ]);
    const { secret } = (await stage.send('POST', `${BASE}/keys`, ada, { name: 'k', policyIds: [id] }))
      .body as SkylineKey;
    const rights = async () =>
      ((await stage.send('GET', `${BASE}/auth`, withKey(secret))).body as { policies: unknown }).policies;
    const [actions, resource] = [READ.actions, READ.resource];
    expect(await rights()).toEqual([{ statements: [{ actions, resource, workspace: 'hall' }] }]);
    await stage.send('PUT', `${TEMPLATES}/${template.id}`, ada, { statements: [{ actions: ['tag:Read'] }] });
    expect(await rights()).toEqual([{ statements: [{ actions: ['tag:Read'], resource: ['*'], workspace: 'hall' }] }]);
    expect((await stage.send('PUT', `${POLICIES}/${id}`, ada, { workspace: 'lab', statements: [] })).status).toBe(200);
    expect(await rights()).toMatchObject([{ statements: [{ workspace: 'lab' }] }]);
    expect((await stage.send('GET', `${BASE}/user`, withKey(secret))).body).toMatchObject({
      policies: [{ id, name: 'p', templateId: template.id, workspaceId: 'lab' }],
      policyTemplates: [{ id: template.id, name: 't' }],
    });
  });

  it('of the type role is named after template and workspace', async () => {
    const { id } = await make({ name: 't', statements: [READ] }, TEMPLATES);
    expect((await make({ type: 'role', templateId: id, workspace: 'lab' })).name).toBe(`${id}_lab`);
  });
});

describe('the built-in policy', () => {
  it('is Super User alone, and cannot be changed or deleted', async () => {
    expect(await listed('?builtIn=true')).toEqual({ totalCount: 1, names: ['Super User'] });
    expect(await listed(`?id=${SUPER_USER}`)).toEqual({ totalCount: 1, names: ['Super User'] });
    expect((await stage.send('GET', `${POLICIES}/${SUPER_USER}`, ada)).body).toMatchObject({
      builtIn: true,
      id: SUPER_USER,
      name: 'Super User',
      statements: [{ actions: ['*'], description: '', resource: ['*'], workspace: '*' }],
      type: 'role',
    });
    for (const id of [SUPER_USER, 'full-access', 'auditor']) {
      expect(exact(await stage.send('PUT', `${POLICIES}/${id}`, ada, { name: 'x' }))).toEqual(NOT_ALLOWED);
      expect(exact(await stage.send('DELETE', `${POLICIES}/${id}`, ada))).toEqual(NOT_ALLOWED);
    }
  });
});

describe('a list of policies', () => {
  beforeEach(async () => {
    await make({ name: 'beta', type: 'role', statements: [] });
    await make({ name: 'alpha', type: 'custom', statements: [] });
    await make({ name: 'template', statements: [] }, TEMPLATES);
  });

  it('is by creation, filtered and sorted as asked for, without templates', async () => {
    expect((await listed()).names).toEqual(['Super User', 'beta', 'alpha']);
    expect((await listed('?sortby=name')).names).toEqual(['Super User', 'alpha', 'beta']);
    expect((await listed('?order=descending&take=1')).names).toEqual(['alpha']);
    expect(await listed('?skip=1&take=1')).toEqual({ totalCount: 3, names: ['beta'] });
    expect((await listed('?type=role')).names).toEqual(['Super User', 'beta']);
    expect((await listed('?type=custom,role&builtIn=false')).names).toEqual(['beta', 'alpha']);
    expect((await listed('?name=*et*')).names).toEqual(['beta']);
    const { id } = await make({ name: 'gamma', statements: [] });
    expect((await listed(`?id=${id},${SUPER_USER},x`)).names).toEqual(['Super User', 'gamma']);
  });

  it('of templates has its own member', async () => {
    const { text, body } = await stage.send('GET', TEMPLATES, ada);
    expect(text).toMatch(/^\{"policyTemplates":\[\{"builtIn":false,.*\}\],"totalCount":1\}$/);
    expect(body).toMatchObject({ policyTemplates: [{ name: 'template', type: 'user' }] });
    expect((await listed('?type=service', TEMPLATES)).totalCount).toBe(0);
  });

  it('is of one organisation', async () => {
    expect((await listed('', POLICIES, eve)).names).toEqual(['Super User']);
    expect((await listed('', TEMPLATES, eve)).names).toEqual([]);
  });

  it.each([
    ['type=other', 'type'],
    ['builtIn=yes', 'builtIn'],
    ['sortby=id', 'sortby'],
    [`id=${'x,'.repeat(100)}`, 'id'],
  ])('refuses %s', async (query, name) => {
    expect(exact(await stage.send('GET', `${POLICIES}?${query}`, ada))).toEqual(invalidParameter(name));
  });
});

describe('a policy template', () => {
  it('is made, read, changed and deleted, its statements having no workspace', async () => {
    const reply = await stage.send('POST', TEMPLATES, ada, { name: 't', type: 'service', statements: [READ] });
    const { id, created } = reply.body as SkylinePolicy;
    const text = (name: string, updated: string) =>
      `{"builtIn":false,"created":"${created}","deleted":false,"id":"${id}","name":"${name}","properties":{},` +
      '"statements":[{"actions":["file:Query","tag:*"],"description":"look","resource":["files/*"]}],' +
      `"type":"service","updated":"${updated}","userId":"ada"}`;
    expect([reply.status, reply.text]).toEqual([200, text('t', created)]);
    const changed = await stage.send('PUT', `${TEMPLATES}/${id}`, ada, { name: 'u' });
    expect(changed.text).toBe(text('u', (changed.body as SkylinePolicy).updated));
    expect((await stage.send('GET', `${TEMPLATES}/${id}`, ada)).text).toBe(changed.text);
    expect(exact(await stage.send('GET', `${POLICIES}/${id}`, ada))).toEqual(notFound('Policy', id));
    expect((await stage.send('DELETE', `${TEMPLATES}/${id}`, ada)).status).toBe(204);
    expect(exact(await stage.send('GET', `${TEMPLATES}/${id}`, ada))).toEqual(notFound('PolicyTemplate', id));
  });

  it('is no policy, and a policy no template', async () => {
    const { id } = await make({ name: 'p', statements: [] });
    for (const method of ['GET', 'DELETE'] as const) {
      expect(exact(await stage.send(method, `${TEMPLATES}/${id}`, ada))).toEqual(notFound('PolicyTemplate', id));
    }
    expect(exact(await stage.send('POST', POLICIES, ada, { name: 'q', templateId: id, workspace: 'w' }))).toEqual(
      invalidValue('templateId'),
    );
  });
});

describe('what may not be in a body', () => {
  it.each<[object, ReturnType<typeof missing>]>([
    [{ statements: [] }, missing('name')],
    [{ name: 'p' }, missing('statements')],
    [{ name: 'p', statements: {} }, invalidType('statements')],
    [{ name: 'p', statements: [], type: 'user' }, invalidValue('type')],
    [{ name: 'p', statements: [], type: 1 }, invalidType('type')],
    [{ name: 'p', statements: [], workspace: 'lab' }, invalidValue('workspace')],
    [{ name: 'p', statements: [], properties: { a: null } }, invalidType('properties')],
    [{ name: 'p', templateId: NO_SUCH_ID, workspace: 'lab' }, invalidValue('templateId')],
    [{ name: 'p', statements: [{ actions: ['a', 'a'] }] }, invalidValue('actions')],
    [{ name: 'p', statements: [{ actions: ['a'.repeat(129)] }] }, invalidValue('actions')],
    [{ name: 'p', statements: [{ actions: ['file:*:x'] }] }, invalidValue('actions')],
    [{ name: 'p', statements: [{ actions: ['*'], description: 5 }] }, invalidType('description')],
    [{ name: 'p', statements: Array.from({ length: 101 }, () => READ) }, invalidValue('statements')],
  ])('%j', async (body, answer) => {
    expect(exact(await stage.send('POST', POLICIES, ada, body))).toEqual(answer);
  });

  it('what a policy is made from, in a change', async () => {
    const template = await make({ name: 't', statements: [] }, TEMPLATES);
    const { id } = await make({ name: 'p', statements: [] });
    const put = (body: object) => stage.send('PUT', `${POLICIES}/${id}`, ada, body);
    expect(exact(await put({ templateId: template.id }))).toEqual(invalidValue('templateId'));
    expect(exact(await put({ workspace: 'lab' }))).toEqual(invalidValue('workspace'));
    const needsWorkspace = await stage.send('POST', POLICIES, ada, { name: 'p', templateId: template.id });
    expect(exact(needsWorkspace)).toEqual(missing('workspace'));
  });
});

describe('who may do what with policies', () => {
  it('takes niauth:*, or the native right', async () => {
    const { id } = await make({ name: 'p', statements: [] });
    stage.people.set('kim', { statements: [{ actions: ['policies:read'] }] });
    const statuses = async (as: Headers) => {
      const read = await stage.send('GET', `${POLICIES}/${id}`, as);
      const all = await stage.send('GET', POLICIES, as);
      const made = await stage.send('POST', POLICIES, as, { name: 'q', statements: [] });
      const changed = await stage.send('PUT', `${POLICIES}/${id}`, as, { name: 'q' });
      const removed = await stage.send('DELETE', `${POLICIES}/${NO_SUCH_ID}`, as);
      const templates = await stage.send('POST', TEMPLATES, as, { name: 't', statements: [] });
      return [read, all, made, changed, removed, templates].map(({ status }) => status);
    };
    expect(await statuses(bob)).toEqual([401, 401, 401, 401, 401, 401]);
    expect(await statuses(basic('kim'))).toEqual([200, 200, 401, 401, 401, 401]);
    stage.people.set('kim', { statements: [{ actions: ['policies:manage'] }] });
    await stage.latchkey.userChanged('kim');
    expect(await statuses(basic('kim'))).toEqual([200, 200, 200, 200, 404, 200]);
    stage.people.set('kim', { statements: [{ actions: ['niauth:*'] }] });
    await stage.latchkey.userChanged('kim');
    expect(await statuses(basic('kim'))).toEqual([200, 200, 200, 200, 404, 200]);
    expect(exact(await stage.send('GET', POLICIES, bob))).toEqual(NOT_ALLOWED);
    expect(exact(await stage.send('GET', POLICIES))).toEqual(UNAUTHORIZED);
  });

  it('nobody makes, changes or maps one beyond their own rights', async () => {
    stage.people.set('kim', { statements: [{ actions: ['niauth:*'] }, { actions: ['tag:*'], workspace: 'lab' }] });
    const kim = basic('kim');
    const more = [{ actions: ['*'], workspace: '*' }];
    const tags = [{ actions: ['tag:Read'], workspace: 'lab' }];
    const own = await make({ name: 'own', statements: tags }, POLICIES, kim);
    const strong = await make({ name: 'strong', statements: more });
    const template = await make({ name: 't', statements: more }, TEMPLATES);
    const refused: [string, string, object][] = [
      ['POST', POLICIES, { name: 'p', statements: more }],
      ['POST', POLICIES, { name: 'p', statements: [{ ...tags[0], workspace: 'hall' }] }],
      ['POST', POLICIES, { name: 'p', templateId: template.id, workspace: 'lab' }],
      ['POST', TEMPLATES, { name: 'p', statements: tags }],
      ['PUT', `${POLICIES}/${own.id}`, { statements: more }],
      ['PUT', `${POLICIES}/${strong.id}`, { name: 'weak', statements: [] }],
      ['PUT', `${TEMPLATES}/${template.id}`, { statements: tags }],
    ];
    for (const [method, path, body] of refused) {
      expect([method, path, exact(await stage.send(method, path, kim, body))]).toEqual([method, path, NOT_ALLOWED]);
    }
  });

  it('in another organisation there is nothing', async () => {
    const [policy, template] = [
      await make({ name: 'p', statements: [] }),
      await make({ name: 't', statements: [] }, TEMPLATES),
    ];
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const body = method === 'PUT' ? { name: 'x' } : undefined;
      expect(exact(await stage.send(method, `${POLICIES}/${policy.id}`, eve, body))).toEqual(
        notFound('Policy', policy.id),
      );
      expect((await stage.send(method, `${TEMPLATES}/${template.id}`, eve, body)).status).toBe(404);
    }
    const foreign = { name: 'p', templateId: template.id, workspace: 'lab' };
    expect(exact(await stage.send('POST', POLICIES, eve, foreign))).toEqual(invalidValue('templateId'));
  });

  it('policies of the host’s own code are built in here, too', async () => {
    const own = await startStage((app, latchkey) => mountBoth(app, latchkey), {
      policies: [{ id: 'house', name: 'House', statements: [FULL_ACCESS] }],
    });
    expect((await own.send('GET', `${POLICIES}/house`, ada)).body).toMatchObject({
      builtIn: true,
      id: 'house',
      type: 'role',
    });
    const { key } = await own.latchkey.apiKeys.create(
      { name: 'k', ownerId: 'ada', policyIds: ['house', 'auditor'] },
      by,
    );
    expect((await own.send('GET', `${BASE}/keys/${key.id}`, ada)).body).toMatchObject({
      policies: [{ name: 'House' }, { name: 'Auditor' }],
    });
    await own.close();
  });
});

function notFound(resourceType: string, resourceId: string) {
  const error = { name: 'Skyline.NotFound', code: -251038, message: 'Not found.', resourceType, resourceId };
  return { status: 404, body: { error: { ...error, args: [], innerErrors: [] } } };
}
