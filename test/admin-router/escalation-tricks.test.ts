import { type Asker, everythingIn, OFFICE, ORDERS, onEachStore, type Scene } from '../support/attempts.js';

const EVERYTHING = [{ actions: ['*'] }];
const NO_STATEMENTS = { name: 'n', statements: [] };

/** The answer to a request that changes nothing whatever it is. */
async function unchanged(
  scene: Scene,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
  { token }: Asker = scene.me,
) {
  const before = await everythingIn(scene);
  const answer = await scene.app.call(method, path, token, body, headers);
  expect(await everythingIn(scene)).toEqual(before);
  return answer;
}

onEachStore('tricks with the body gain nothing:', (newScene) => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await newScene();
  });

  it.each<[string, string, string]>([
    ['a prototype', '{"name":"n","statements":[],"__proto__":{"ownerId":"zoe"}}', '__proto__'],
    [
      'a prototype inside',
      '{"name":"n","statements":[{"actions":["a"],"__proto__":{"resources":["*"]}}]}',
      'statements.0.__proto__',
    ],
    ['a constructor', '{"name":"n","constructor":{"prototype":{"ownerId":"zoe"}}}', 'constructor'],
    ['the name of another organisation', '{"name":"n","orgId":"other"}', 'orgId'],
    ['the name of another maker', '{"name":"n","createdBy":"root"}', 'createdBy'],
    ['parents', '{"name":"n","parentIds":[]}', 'parentIds'],
    ['a ceiling', '{"name":"n","ceiling":[]}', 'ceiling'],
    ['another kind', '{"name":"n","kind":"session-key"}', 'kind'],
    ['an id', '{"name":"n","id":"AAAAAAAAAAAAAAAAAAAAAA"}', 'id'],
    ['a hash', '{"name":"n","secretHash":"x"}', 'secretHash'],
    ['a state', '{"name":"n","enabled":true}', 'enabled'],
    ['a life in ms', '{"name":"n","lifetimeMs":99999999999}', 'lifetimeMs'],
    ['an owner in a list', '{"name":"n","ownerId":["mallory"]}', 'ownerId'],
    ['an owner that is a number', '{"name":"n","ownerId":7}', 'ownerId'],
    ['an owner that is an object', '{"name":"n","ownerId":{"toString":"zoe"}}', 'ownerId'],
    ['no owner', '{"name":"n","ownerId":null}', 'ownerId'],
    ['statements that are a text', '{"name":"n","statements":"*"}', 'statements'],
    ['statements that are an object', '{"name":"n","statements":{"0":{"actions":["*"]},"length":1}}', 'statements'],
    ['statements in statements', '{"name":"n","statements":[[{"actions":["*"]}]]}', 'statements.0'],
    ['no statements', '{"name":"n","statements":null}', 'statements'],
    ['actions that are a text', '{"name":"n","statements":[{"actions":"*"}]}', 'statements.0.actions'],
    ['actions in actions', '{"name":"n","statements":[{"actions":[["*"]]}]}', 'statements.0.actions.0'],
    [
      'an action with white space',
      '{"name":"n","statements":[{"actions":["orders:read *"]}]}',
      'statements.0.actions.0',
    ],
    [
      'an action with a star inside',
      '{"name":"n","statements":[{"actions":["or*rs:read"]}]}',
      'statements.0.actions.0',
    ],
    [
      'a resource with a line break',
      '{"name":"n","statements":[{"actions":["a"],"resources":["orders/1\\n*"]}]}',
      'statements.0.resources.0',
    ],
    [
      'resources that are a text',
      '{"name":"n","statements":[{"actions":["a"],"resources":"*"}]}',
      'statements.0.resources',
    ],
    ['no resources', '{"name":"n","statements":[{"actions":["a"],"resources":[]}]}', 'statements.0.resources'],
    [
      'a workspace in a list',
      '{"name":"n","statements":[{"actions":["a"],"workspace":["*"]}]}',
      'statements.0.workspace',
    ],
    [
      'a workspace with a star',
      '{"name":"n","statements":[{"actions":["a"],"workspace":"w*"}]}',
      'statements.0.workspace',
    ],
    ['no workspace', '{"name":"n","statements":[{"actions":["a"],"workspace":null}]}', 'statements.0.workspace'],
    ['an effect', '{"name":"n","statements":[{"actions":["a"],"effect":"allow"}]}', 'statements.0.effect'],
    ['policies that are a text', '{"name":"n","policyIds":"full-access"}', 'policyIds'],
    ['policies that are an object', '{"name":"n","policyIds":{"0":"full-access","length":1}}', 'policyIds'],
    ['a policy in a list', '{"name":"n","policyIds":[["full-access"]]}', 'policyIds.0'],
    ['a policy that is a number', '{"name":"n","policyIds":[0]}', 'policyIds.0'],
    ['a policy twice', '{"name":"n","policyIds":["full-access","full-access"]}', 'policyIds'],
    ['a policy with white space', '{"name":"n","policyIds":["full-access "]}', 'policyIds.0'],
    ['a policy in capitals', '{"name":"n","policyIds":["FULL-ACCESS"]}', 'policyIds.0'],
    ['a policy by its name', '{"name":"n","policyIds":["Full Access"]}', 'policyIds.0'],
    ['a policy by its place', '{"name":"n","policyIds":["../policies/full-access"]}', 'policyIds.0'],
    ['resources that are a text', '{"name":"n","resources":"*"}', 'resources'],
    ['no resource', '{"name":"n","resources":[]}', 'resources'],
    ['an endless number', '{"name":"n","expiresInSeconds":1e400}', 'expiresInSeconds'],
    ['a life in a text', '{"name":"n","expiresInSeconds":"60"}', 'expiresInSeconds'],
    ['a life of nothing', '{"name":"n","expiresInSeconds":0}', 'expiresInSeconds'],
    ['a negative life', '{"name":"n","expiresInSeconds":-60}', 'expiresInSeconds'],
    ['a time as a number', '{"name":"n","expiresAt":4102444800000}', 'expiresAt'],
    ['a time without an end', '{"name":"n","expiresAt":"+275760-09-13T00:00:00Z"}', 'expiresAt'],
    ['no end', '{"name":"n","expiresAt":null}', 'expiresAt'],
    ['two ends', '{"name":"n","expiresAt":"2030-01-01T00:00:00Z","expiresInSeconds":60}', 'expiresInSeconds'],
    ['addresses that are a text', '{"name":"n","allowedAddresses":"0.0.0.0/0"}', 'allowedAddresses'],
    ['no address', '{"name":"n","allowedAddresses":[]}', 'allowedAddresses'],
    ['every page', '{"name":"n","allowedOrigins":["*"]}', 'allowedOrigins.0'],
    ['an inside that is a text', '{"name":"n","internalOnly":"no"}', 'internalOnly'],
  ])('%s', async (_what, body, path) => {
    const answer = await unchanged(scene, 'POST', '/api-keys', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', errors: [{ path }] } });
  });

  it.each([
    'ownerId',
    'orgId',
    'createdBy',
    'parentIds',
    'ceiling',
    'kind',
    'id',
    'version',
    'enabled',
    'enabledAt',
    'internalOnly',
    'revokedAt',
    'secretHash',
    'previousSecretHash',
    'previousSecretExpiresAt',
    'createdAt',
    'expungeAt',
    'lifetimeMs',
    'defaultWorkspace',
    'useCount',
  ])('a change of %s', async (field) => {
    const answer = await unchanged(scene, 'PATCH', `/api-keys/${scene.me.id}`, { name: 'x', [field]: null });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: field, message: 'is not a known field' }] } });
  });

  it.each(['orgId', 'id', 'type', 'templateId', 'isBuiltIn', 'createdBy', 'version'])(
    'a change of a policy’s %s',
    async (field) => {
      const { id } = await scene.policy();
      const answer = await unchanged(scene, 'PATCH', `/policies/${id}`, { [field]: 'x' });
      expect(answer).toMatchObject({
        status: 400,
        body: { errors: [{ path: field, message: 'is not a known field' }] },
      });
    },
  );

  it('of two members of one name the last counts, for the check as for the record', async () => {
    const strongFirst = `{"name":"n","statements":${JSON.stringify(EVERYTHING)},"statements":[]}`;
    const made = await scene.app.call('POST', '/api-keys', scene.me.token, strongFirst);
    expect([made.status, made.body.statements]).toEqual([201, []]);
    const strongLast = `{"name":"n","statements":[],"statements":${JSON.stringify(EVERYTHING)}}`;
    expect((await unchanged(scene, 'POST', '/api-keys', strongLast)).status).toBe(403);
  });

  it.each([
    ['refreshCeiling', { refreshCeiling: 'yes' }],
    ['expiresAt', { expiresAt: '2040-01-01T00:00:00Z' }],
    ['expiresAt', { expiresInSeconds: 60 }],
  ])('%s of a session key: %j', async (path, body) => {
    const minted = await scene.app.call('POST', '/session-keys', scene.me.token, {});
    const answer = await unchanged(scene, 'PATCH', `/api-keys/${minted.body.id}`, body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  });
});

onEachStore('tricks with ids gain nothing:', (newScene) => {
  let scene: Scene;
  let strong: string;

  beforeAll(async () => {
    scene = await newScene();
    strong = (await scene.key({ statements: EVERYTHING })).key.id;
  });

  it.each<[string, (id: string) => string]>([
    ['percent-encoded', (id) => `%${id.charCodeAt(0).toString(16)}${id.slice(1)}`],
    ['with a stroke behind it', (id) => `${id}/`],
    ['with an unread query', (id) => `${id}?`],
  ])('the same key, %s, is as strong', async (_what, write) => {
    const { status } = await unchanged(scene, 'PATCH', `/api-keys/${write(strong)}`, { name: 'x' });
    expect(status).toBe(403);
  });

  it.each<[string, (id: string) => string]>([
    ['percent-encoded twice', (id) => `%25${id.charCodeAt(0).toString(16)}${id.slice(1)}`],
    ['with white space behind it', (id) => `${id}%20`],
    ['with a nought behind it', (id) => `${id}%00`],
    ['with a line break behind it', (id) => `${id}%0A`],
    ['with a format behind it', (id) => `${id}.json`],
    ['with a parameter behind it', (id) => `${id};v=1`],
    [
      'in other letters',
      (id) => id.replace(/[a-zA-Z]/, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())),
    ],
    ['in look-alike letters', (id) => `${encodeURIComponent('Ａ')}${id.slice(1)}`],
    ['within a path', (id) => `x%2F..%2F${id}`],
    ['in a hash tag', (id) => `%7B${id}%7D`],
    ['with a second one', (id) => `${id},${id}`],
    ['as a token', (id) => `lk_${id}`],
    ['of a property', () => '__proto__'],
    ['of nothing', () => 'undefined'],
    ['much too long', (id) => id.repeat(100)],
  ])('no key: the id %s', async (_what, write) => {
    for (const [method, path, body] of [
      ['PATCH', `/api-keys/${write(strong)}`, { name: 'x' }],
      ['DELETE', `/api-keys/${write(strong)}`, undefined],
      ['POST', `/api-keys/${write(strong)}/rotate`, {}],
      ['DELETE', `/session-keys/${write(strong)}`, undefined],
    ] as const) {
      expect([method, (await unchanged(scene, method, path, body)).status]).toEqual([method, 404]);
    }
  });

  it('an id that is no text at all is refused as such', async () => {
    const { status, body } = await unchanged(scene, 'DELETE', '/api-keys/%E0%A4%A');
    expect([status, body]).toMatchObject([400, { code: 'invalid_request' }]);
  });

  it.each([
    ['full%2Daccess', 409],
    ['FULL-ACCESS', 404],
    ['full-access%20', 404],
    ['__proto__', 404],
  ])('the policy %s: %i', async (id, status) => {
    const admin = await scene.key({ ownerId: 'root', statements: EVERYTHING });
    const asker = { id: admin.key.id, token: admin.token };
    const answer = await unchanged(scene, 'PATCH', `/policies/${id}`, { name: 'x' }, {}, asker);
    expect(answer.status).toBe(status);
  });

  it('a policy that a key cannot have: one of another organisation, a template, the statements of a session key', async () => {
    const foreign = await scene.policy({ orgId: scene.foreignOrgId });
    const template = await scene.policy({ type: 'template' });
    const { key } = await scene.app.latchkey.sessionKeys.mint(
      { userId: 'mallory', orgId: scene.orgId, statements: [ORDERS] },
      { by: 'test' },
    );
    const target = await scene.key({ statements: [] });
    for (const id of [foreign.id, template.id, key.id, 'A'.repeat(22)]) {
      const fault = { status: 400, body: { errors: [{ path: 'policyIds.0', message: 'names no policy' }] } };
      expect(await unchanged(scene, 'POST', '/api-keys', { ...NO_STATEMENTS, policyIds: [id] })).toMatchObject(fault);
      expect(await unchanged(scene, 'POST', '/session-keys', { policyIds: [id] })).toMatchObject(fault);
      expect(await unchanged(scene, 'PATCH', `/api-keys/${target.key.id}`, { policyIds: [id] })).toMatchObject(fault);
    }
  });

  it('a template of another organisation, or that is none', async () => {
    const foreign = await scene.policy({ orgId: scene.foreignOrgId, type: 'template' });
    const custom = await scene.policy();
    for (const templateId of [foreign.id, custom.id, 'full-access', 'A'.repeat(22)]) {
      const answer = await unchanged(scene, 'POST', '/policies', { name: 'n', templateId, workspace: 'w1' });
      expect(answer).toMatchObject({
        status: 400,
        body: { errors: [{ path: 'templateId', message: 'names no template' }] },
      });
    }
  });

  it('a policy of another organisation is not there, for whatever one does', async () => {
    const { id } = await scene.policy({ orgId: scene.foreignOrgId });
    expect((await unchanged(scene, 'GET', `/policies/${id}`)).status).toBe(404);
    expect((await unchanged(scene, 'PATCH', `/policies/${id}`, { name: 'x' })).status).toBe(404);
    expect((await unchanged(scene, 'DELETE', `/policies/${id}?detach=true`)).status).toBe(404);
  });
});

onEachStore('tricks with headers and queries gain nothing:', (newScene) => {
  let scene: Scene;
  let strong: string;
  let weak: string;

  beforeAll(async () => {
    scene = await newScene({ statements: [OFFICE, ORDERS] });
    strong = `/api-keys/${(await scene.key({ statements: EVERYTHING })).key.id}`;
    weak = `/api-keys/${(await scene.key({ statements: [] })).key.id}`;
  });

  it.each([
    '"2"',
    '"999"',
    'W/"1"',
    '"1", "2"',
    '"2", "1"',
    '1',
    '"01x"',
    '"-1"',
    '"1.0"',
    '"0x1"',
    '"',
    '""',
    '**',
    '',
    'undefined',
  ])('If-Match: %s is not the version that is there', async (version) => {
    const answer = await unchanged(scene, 'PATCH', weak, { name: 'x' }, { 'if-match': version });
    expect(answer).toMatchObject({ status: 412, body: { code: 'precondition_failed' } });
  });

  it('of any change, not only of this one', async () => {
    const { id } = await scene.policy();
    for (const [method, path, body] of [
      ['DELETE', weak],
      ['POST', `${weak}/rotate`, {}],
      ['POST', `${weak}/disable`],
      ['POST', `${weak}/enable`],
      ['PATCH', `/policies/${id}`, { name: 'x' }],
      ['DELETE', `/policies/${id}?detach=true`],
    ] as const) {
      const { status } = await unchanged(scene, method, path, body, { 'if-match': '"2"' });
      expect([method, path, status]).toEqual([method, path, 412]);
    }
  });

  it.each(['*', '"1"', ' "1" '])('If-Match: %s allows nobody more', async (version) => {
    expect((await unchanged(scene, 'PATCH', strong, { name: 'x' }, { 'if-match': version })).status).toBe(403);
    expect((await unchanged(scene, 'POST', `${strong}/rotate`, {}, { 'if-match': version })).status).toBe(403);
  });

  it.each<[string, Record<string, string>]>([
    ['another method in a header', { 'x-http-method-override': 'DELETE' }],
    ['another method in another header', { 'x-method-override': 'DELETE', 'x-http-method': 'DELETE' }],
    ['another path', { 'x-original-url': '/auth/policies', 'x-rewrite-url': '/auth/policies' }],
    ['another user', { 'x-user': 'root', 'x-forwarded-user': 'root', 'x-remote-user': 'root' }],
  ])('%s', async (_what, headers) => {
    const { status, body } = await unchanged(scene, 'GET', weak, undefined, headers);
    expect([status, body.ownerId, body.state]).toEqual([200, 'mallory', 'active']);
  });

  it('two credentials', async () => {
    const other = await scene.key({ statements: EVERYTHING });
    const mixed = Buffer.from(`${other.key.id}:${scene.me.token?.split('_').at(-1)}`).toString('base64');
    const both = { authorization: `ApiKey ${mixed}` };
    expect((await unchanged(scene, 'GET', '/whoami', undefined, both)).status).toBe(400);
    const nobody = { id: '', token: null };
    expect((await unchanged(scene, 'GET', '/whoami', undefined, both, nobody)).status).toBe(401);
  });

  it.each([
    'ownerId=mallory&ownerId=zoe',
    'ownerId[]=zoe',
    'ownerId[$ne]=mallory',
    '_method=DELETE',
    'orgId=other',
    'limit=201',
    'cursor=WyJjcmVhdGVkQXQiXQ',
  ])('the query ?%s', async (query) => {
    expect((await unchanged(scene, 'GET', `/api-keys?${query}`)).status).toBe(400);
    expect((await unchanged(scene, 'DELETE', `${weak}?${query}`)).status).toBe(400);
  });

  it.each<[object, string]>([
    [{ orgId: 'other' }, 'orgId'],
    [{ criteria: [{ field: 'orgId', test: 'equal', value: 'other' }] }, 'criteria.0.field'],
    [{ criteria: [{ field: 'secretHash', test: 'like', value: '%' }] }, 'criteria.0.field'],
    [{ criteria: [{ field: 'ceiling', test: 'null', value: true }] }, 'criteria.0.field'],
    [{ criteria: [{ field: 'constructor', test: 'null', value: false }] }, 'criteria.0.field'],
    [{ criteria: { 0: { field: 'id', test: 'null', value: false } } }, 'criteria'],
    [{ ownerId: ['mallory', 'zoe'] }, 'ownerId'],
    [{ maxItems: 201 }, 'maxItems'],
    [{ cursor: Buffer.from('["createdAt",true,"x"]').toString('base64url') }, 'cursor'],
  ])('the search %j', async (body, path) => {
    const answer = await unchanged(scene, 'POST', '/api-keys/search', body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } });
  });

  it('a cursor that was made up shows nothing of others', async () => {
    await scene.key({ ownerId: 'zoe' });
    await scene.key({ orgId: scene.foreignOrgId });
    const owner = await scene.key({ actions: ['keys:manage-own'] });
    const cursor = Buffer.from('["createdAt",true,"99999999999999:zzzz"]').toString('base64url');
    const { body } = await scene.app.call('GET', `/api-keys?cursor=${cursor}&limit=200`, owner.token);
    expect(body.items.length).toBeGreaterThan(1);
    expect(new Set(body.items.map(({ orgId, ownerId }) => `${orgId}/${ownerId}`))).toEqual(
      new Set([`${scene.orgId}/mallory`]),
    );
  });
});
