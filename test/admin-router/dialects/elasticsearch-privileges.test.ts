import {
  applicationPermission,
  elasticsearch,
  indexPermission,
  roleStatements,
} from '../../../admin-router/dialects/elasticsearch.js';
import type { Principal } from '../../../lib/index.js';
import { apiKey, type Created, credentialOf, fault, illegal, makeKey, validation } from './elasticsearch-driver.js';
import { basic, type Headers, type Reply, type Stage, startStage } from './stage.js';
import type { Exact } from './story.js';

const HAS = '/_security/user/_has_privileges';
const LIST = '/_security/user/_privileges';
const KNOWN = { shop: { read: ['data:read/*'], manage: ['data:read/*', 'data:write/*'] } };
const exact = ({ status, body }: Reply): Exact => ({ status, body });

let stage: Stage;
let key: Created;
const carol = basic('carol');

beforeAll(async () => {
  stage = await startStage((app, latchkey) => {
    app.use('/', elasticsearch(latchkey, { applicationPrivileges: KNOWN }));
    app.get('/ask', latchkey.authenticate(), (req, res) => {
      const principal = req.user as unknown as Principal;
      res.json(principal.can(String(req.query.action), String(req.query.resource)));
    });
  });
  const role = {
    cluster: ['manage_own_api_key', 'monitor', 'manage_ml'],
    indices: [
      { names: ['logs-*', 'index-a'], privileges: ['read', 'manage'] },
      { names: ['filtered'], privileges: ['all'], query: '{"term":{"a":1}}' },
    ],
    applications: [
      { application: 'shop', privileges: ['read'], resources: ['orders/*'] },
      { application: 'shop', privileges: ['data:write/me'], resources: ['*'] },
      { application: 'app-*', privileges: ['x'], resources: ['r'] },
    ],
    run_as: ['bob'],
  };
  stage.people.set('carol', { statements: [...roleStatements(role, KNOWN)] });
  const role_descriptors = {
    r: { cluster: ['monitor'], indices: [{ names: ['index-a', 'index-b'], privileges: ['read'] }] },
  };
  key = await makeKey(stage, carol, { role_descriptors });
});
afterAll(() => stage.close());

const has = async (as: Headers, body: unknown, path = HAS) => exact(await stage.send('POST', path, as, body));
const held = async (as: Headers, body: object) => (await has(as, body)).body as Record<string, unknown>;

it('answers for the effective rights, in the product’s shape', async () => {
  const reply = await stage.send('GET', HAS, apiKey(credentialOf(key)), {
    cluster: ['monitor', 'manage_ml'],
    index: [
      { names: ['index-a', 'index-b'], privileges: ['read'] },
      { names: 'index-a', privileges: ['write'] },
      { names: ['*'], privileges: ['read'] },
    ],
    application: [{ application: 'shop', privileges: ['read'], resources: ['orders/1'] }],
  });
  expect(reply.text).toBe(
    '{"username":"carol","has_all_requested":false,"cluster":{"monitor":true,"manage_ml":false},' +
      '"index":{"index-a":{"read":true,"write":false},"index-b":{"read":false},"*":{"read":false}},' +
      '"application":{"shop":{"orders/1":{"read":false}}}}',
  );
});

it('knows what implies what', async () => {
  expect(await held(carol, { cluster: ['monitor_ml', 'manage_security', 'all', 'manage'] })).toMatchObject({
    cluster: { monitor_ml: true, manage_security: false, all: false, manage: false },
  });
  expect(
    await held(carol, {
      index: [{ names: ['logs-1'], privileges: ['view_index_metadata', 'monitor', 'write', 'all'] }],
    }),
  ).toMatchObject({
    index: { 'logs-1': { view_index_metadata: true, monitor: true, write: false, all: false } },
  });
  expect(await held(basic('ada'), { cluster: ['all', 'manage_security', 'monitor'] })).toMatchObject({
    has_all_requested: true,
  });
});

it('covers patterns by patterns, and restricted indices where they are meant', async () => {
  const index = async (names: string[], allow_restricted_indices = false, as = carol) =>
    (await held(as, { index: [{ names, privileges: ['read'], allow_restricted_indices }] })).index;
  expect(await index(['logs-*', 'logs-a*', 'lo*', '*'])).toEqual({
    'logs-*': { read: true },
    'logs-a*': { read: true },
    'lo*': { read: false },
    '*': { read: false },
  });
  stage.people.set('star', { statements: [...roleStatements({ indices: [{ names: ['*'], privileges: ['read'] }] })] });
  expect(await index(['*', '.security-7'], false, basic('star'))).toEqual({
    '*': { read: true },
    '.security-7': { read: false },
  });
  expect(await index(['*'], true, basic('star'))).toEqual({ '*': { read: false } });
  const restricted = { indices: [{ names: ['*'], privileges: ['read'], allow_restricted_indices: true }] };
  stage.people.set('restricted', { statements: [...roleStatements(restricted)] });
  expect(await index(['*', '.security-7'], true, basic('restricted'))).toEqual({
    '*': { read: true },
    '.security-7': { read: true },
  });
});

it('takes names and actions of applications', async () => {
  const application = async (privileges: string[], resources: string[], name = 'shop') =>
    (await held(carol, { application: [{ application: name, privileges, resources }] })).application;
  expect(await application(['read', 'manage', 'data:read/me', 'data:write/me', 'data:write/x'], ['orders/1'])).toEqual({
    shop: {
      'orders/1': { read: true, manage: false, 'data:read/me': true, 'data:write/me': true, 'data:write/x': false },
    },
  });
  expect(await application(['read'], ['*', 'orders/*', 'items/1'])).toEqual({
    shop: { '*': { read: false }, 'orders/*': { read: true }, 'items/1': { read: false } },
  });
  expect(await application(['x'], ['r', 'r/x'], 'app-1')).toEqual({ 'app-1': { r: { x: true }, 'r/x': { x: false } } });
});

it('answers as the host’s own routes do', async () => {
  const ask = async ({ action, resource }: { action: string; resource: string }, made = key) => {
    const path = `/ask?action=${encodeURIComponent(action)}&resource=${encodeURIComponent(resource)}`;
    return (await stage.send('GET', path, apiKey(credentialOf(made)))).body;
  };
  expect(await ask(indexPermission('read', 'index-a'))).toBe(true);
  expect(await ask(indexPermission('read', 'index-b'))).toBe(false);
  expect(await ask({ action: 'elasticsearch:cluster:monitor', resource: '*' })).toBe(true);
  const whole = await makeKey(stage, carol);
  expect(await ask(applicationPermission('shop', 'data:read/me', 'orders/1'), whole)).toBe(true);
  // A part of an index is not the index, for who asks for the index; the product's own question counts it.
  expect(await ask(indexPermission('read', 'filtered'), whole)).toBe(false);
  const filtered = { index: [{ names: ['filtered'], privileges: ['read'] }] };
  expect(await held(apiKey(credentialOf(whole)), filtered)).toMatchObject({ has_all_requested: true });
  expect(() => applicationPermission('shop', 'a*b', 'x')).toThrow(TypeError);
});

it('is asked about oneself', async () => {
  const body = { cluster: ['monitor'] };
  expect((await has(carol, body, '/_security/user/carol/_has_privileges')).status).toBe(200);
  expect((await has(carol, body, '/_security/user/ada/_has_privileges')).status).toBe(403);
  expect(await has(basic('ada'), body, '/_security/user/carol/_has_privileges')).toEqual(
    illegal('users may only check the privileges of their own account'),
  );
});

it.each<[unknown, Exact]>([
  [{}, validation('must specify at least one privilege')],
  [undefined, validation('must specify at least one privilege')],
  [
    { application: [{ application: 'a*', privileges: ['x'], resources: ['*'] }] },
    validation("Application names may not contain '*' (found 'a*')"),
  ],
  [
    { cluster: 'monitor', foo: 1 },
    fault(400, 'x_content_parse_exception', '[has_privileges_request] unknown field [foo]'),
  ],
  [
    { index: [{ names: ['a'], privileges: ['read'], query: 'x' }] },
    fault(400, 'x_content_parse_exception', '[has_privileges_request] unknown field [query]'),
  ],
])('refuses %j', async (body, answer) => {
  expect(await has(carol, body)).toEqual(answer);
});

it('writes to no object by a name that a caller sent', async () => {
  const names = ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty'];
  const body = {
    cluster: ['monitor'],
    index: [{ names, privileges: ['read'] }],
    application: names.map((application) => ({
      application,
      privileges: names,
      resources: [...names, 'assign', 'keys'],
    })),
  };
  const { status, text } = await stage.send('POST', HAS, carol, body);
  expect(status).toBe(200);
  expect(text).toContain('"__proto__":{"read":false}');
  expect([typeof Object.assign, typeof Object.keys, ({} as Record<string, unknown>).read]).toEqual([
    'function',
    'function',
    undefined,
  ]);
});

it('lists the privileges of a user', async () => {
  const reply = await stage.send('GET', LIST, carol);
  expect(reply.status).toBe(200);
  expect(reply.body).toEqual({
    cluster: ['manage_ml', 'manage_own_api_key', 'monitor'],
    global: [],
    indices: [
      { names: ['logs-*', 'index-a'], privileges: ['manage', 'read'], allow_restricted_indices: false },
      {
        names: ['filtered'],
        privileges: ['all'],
        field_security: [{ grant: [] }],
        allow_restricted_indices: false,
      },
    ],
    applications: [
      { application: 'shop', privileges: ['data:read/*', 'read'], resources: ['orders/*'] },
      { application: 'shop', privileges: ['data:write/me'], resources: ['*'] },
      { application: 'app-*', privileges: ['x'], resources: ['r'] },
    ],
    run_as: ['bob'],
  });
  expect((await stage.send('GET', LIST, basic('ada'))).body).toMatchObject({ cluster: ['all'], run_as: ['*'] });
});

it('lists those of a key that has what its owner may do, and of no other', async () => {
  const whole = await makeKey(stage, carol);
  expect((await stage.send('GET', LIST, apiKey(credentialOf(whole)))).body).toMatchObject({ run_as: ['bob'] });
  expect(exact(await stage.send('GET', LIST, apiKey(credentialOf(key))))).toEqual(
    illegal(
      'Cannot retrieve privileges for API keys with assigned role descriptors. Please use the Get API key information API https://ela.st/es-api-get-api-key',
    ),
  );
});
