import { trend } from '../../../admin-router/dialects/trend.js';
import { AuthError } from '../../../lib/index.js';
import { type Headers, type Stage, startStage } from './stage.js';
import { makeKey, message, signIn, TREND_OPTIONS, VERSION, withKey } from './trend-driver.js';

const EDIT = message(403, 'Not authorized to edit administrator roles.');
const UNKNOWN = message(404, 'The administrator role does not exist.');

interface Role {
  readonly name: string;
  readonly rights: { platformRights: { apikeyRights: Record<string, boolean> } };
  readonly ID: number;
}

let stage: Stage;
let ada: Headers;

beforeEach(async () => {
  const hostPolicies = [{ id: 'operators', name: 'Operators', statements: [{ actions: ['orders:*'] }] }];
  stage = await startStage(
    (app, latchkey) => void app.use('/', trend(latchkey, { ...TREND_OPTIONS, region: 'us-1' })),
    {
      policies: hostPolicies,
    },
  );
  ada = await signIn(stage, 'ada');
});
afterEach(() => stage.close());

const post = (path: string, body: unknown, as = ada) => stage.send('POST', path, as, body);
const get = (path: string, as = ada) => stage.send('GET', path, as);
const rightsTo = (...names: string[]) => ({
  platformRights: { apikeyRights: Object.fromEntries(names.map((name) => [name, true])) },
});

async function make(body: object): Promise<Role> {
  const reply = await post('/api/roles', { name: 'a role', ...body });
  if (reply.status !== 200) throw new Error(reply.text);
  return reply.body as Role;
}

it('lists the built-in ones as 1 and 2, and others after them by number', async () => {
  const made = await make({ name: 'Viewers' });
  const { roles } = (await get('/api/roles')).body as { roles: Role[] };
  expect(roles.map(({ name, ID }) => [ID, name]).slice(0, 2)).toEqual([
    [1, 'Full Access'],
    [2, 'Auditor'],
  ]);
  expect(roles.map(({ name }) => name).sort()).toEqual(['Auditor', 'Full Access', 'Operators', 'Viewers']);
  expect(roles.find(({ ID }) => ID === made.ID)?.name).toBe('Viewers');
  expect((await get('/api/roles/1')).body).toMatchObject({
    immutable: true,
    urn: 'urn:tmds:identity:us-1:1:role/Full Access',
    rights: {
      platformRights: {
        apikeyRights: {
          canCreateNewApiKeys: true,
          canDeleteApiKeys: true,
          canEditApiKeyProperties: true,
          canViewApiKeys: true,
        },
        administratorRoleRights: {
          canCreateNewAdministratorRoles: true,
          canDeleteAdministratorRoles: true,
          canEditAdministratorRoleProperties: true,
          canViewAdministratorRoles: true,
        },
      },
    },
  });
});

it('makes one, whose rights its keys have, changes and deletes it', async () => {
  const rights = rightsTo('canViewApiKeys');
  const made = await make({ name: 'Viewers', description: 'd', rights, ID: 99, urn: 'x', immutable: true });
  expect(JSON.stringify(made)).toBe(
    `{"name":"Viewers","description":"d","urn":"urn:tmds:identity:us-1:1:role/Viewers","immutable":false,` +
      '"canOnlyManipulateUsersWithEqualOrLesserRights":true,"allComputers":true,"allPolicies":true,"allowUserInterface":true,' +
      '"allowWebService":true,"rights":{"platformRights":{"apikeyRights":{"canCreateNewApiKeys":false,"canDeleteApiKeys":false,' +
      '"canEditApiKeyProperties":false,"canViewApiKeys":true},"administratorRoleRights":{"canCreateNewAdministratorRoles":false,' +
      '"canDeleteAdministratorRoles":false,"canEditAdministratorRoleProperties":false,"canViewAdministratorRoles":false}}},' +
      `"ID":${made.ID}}`,
  );
  const { secretKey, ID } = await makeKey(stage, ada, { roleID: made.ID });
  const key = withKey(secretKey);
  const statuses = async () => [
    (await get('/api/apikeys', key)).status,
    (await stage.send('POST', `/api/apikeys/${ID}`, key, {})).status,
    (await stage.send('POST', '/api/apikeys', key, { keyName: 'k', roleID: made.ID })).status,
    (await get('/api/roles', key)).status,
  ];
  expect(await statuses()).toEqual([200, 403, 403, 403]);
  const changed = await post(`/api/roles/${made.ID}`, { rights: rightsTo('canEditApiKeyProperties') });
  expect((changed.body as Role).rights.platformRights.apikeyRights).toEqual({
    canCreateNewApiKeys: false,
    canDeleteApiKeys: false,
    canEditApiKeyProperties: true,
    canViewApiKeys: true,
  });
  expect(await statuses()).toEqual([200, 200, 403, 403]);
  const off = { platformRights: { apikeyRights: { canViewApiKeys: false } } };
  expect((await post(`/api/roles/${made.ID}`, { name: 'Editors', rights: off })).body).toMatchObject({
    name: 'Editors',
  });
  expect(await statuses()).toEqual([403, 200, 403, 403]);

  const inUse = await stage.send('DELETE', `/api/roles/${made.ID}`, ada);
  expect(inUse).toMatchObject(message(409, expect.stringContaining('in use by 1 key') as string));
  await stage.send('DELETE', `/api/apikeys/${ID}`, ada);
  const deleted = await stage.send('DELETE', `/api/roles/${made.ID}`, ada);
  expect([deleted.status, deleted.text]).toEqual([204, '']);
  expect(await stage.send('DELETE', `/api/roles/${made.ID}`, ada)).toMatchObject(UNKNOWN);
  expect(await get(`/api/roles/${made.ID}`)).toMatchObject(UNKNOWN);
  expect(await stage.send('POST', '/api/apikeys', ada, { keyName: 'k', roleID: made.ID })).toMatchObject(
    message(400, 'Invalid value for roleID.'),
  );
});

it('keeps what only the product knows', async () => {
  const fields = {
    allComputers: false,
    computerIDs: [1, '2'],
    allPolicies: false,
    policyIDs: [],
    allowUserInterface: false,
  };
  const made = await make(fields);
  expect(made).toMatchObject({ allComputers: false, computerIDs: [1, 2], computerGroupIDs: [], policyIDs: [] });
  const changed = await post(`/api/roles/${made.ID}`, { allPolicies: true });
  expect(changed.body).toMatchObject({ allComputers: false, computerIDs: [1, 2], allowUserInterface: false });
  expect(changed.body).not.toHaveProperty('policyIDs');
});

it('gives no rights while it may not use the web service, and remembers them', async () => {
  const rights = rightsTo('canViewApiKeys');
  const made = await make({ rights, allowWebService: false });
  expect(made.rights.platformRights.apikeyRights).toMatchObject({ canViewApiKeys: true });
  const { secretKey } = await makeKey(stage, ada, { roleID: made.ID });
  expect((await get('/api/apikeys', withKey(secretKey))).status).toBe(403);
  expect((await post(`/api/roles/${made.ID}`, { allowWebService: true })).status).toBe(200);
  expect((await get('/api/apikeys', withKey(secretKey))).status).toBe(200);
  expect((await post(`/api/roles/${made.ID}`, { allowWebService: false })).status).toBe(200);
  expect((await get('/api/apikeys', withKey(secretKey))).status).toBe(403);
});

it('leaves the other statements of a policy alone, and says what it cannot take away', async () => {
  const statements = [
    { actions: ['orders:read', 'trend:apikeyRights:canViewApiKeys'] },
    { actions: ['trend:apikeyRights:canDeleteApiKeys'], resources: ['api-keys/one'] },
    { actions: ['keys:manage'] },
  ];
  const policy = await stage.latchkey.policies.create({ name: 'native', statements, orgId: 'acme' }, { by: 'test' });
  const { roles } = (await get('/api/roles')).body as { roles: Role[] };
  const { ID } = roles.find(({ name }) => name === 'native') as Role;
  const add = { platformRights: { administratorRoleRights: { canViewAdministratorRoles: true } } };
  expect((await post(`/api/roles/${ID}`, { rights: add })).status).toBe(200);
  expect((await stage.latchkey.policies.get(policy.id, 'acme'))?.statements.map(({ actions }) => actions)).toEqual([
    ...statements.map(({ actions }) => actions),
    expect.arrayContaining(['trend:administratorRoleRights:canViewAdministratorRoles']),
  ]);
  const off = { platformRights: { apikeyRights: { canViewApiKeys: false } } };
  expect(await post(`/api/roles/${ID}`, { rights: off })).toMatchObject(message(400, 'Invalid value for rights.'));
  expect(await post(`/api/roles/${ID}`, { allowWebService: false })).toMatchObject(
    message(400, 'Invalid value for allowWebService.'),
  );
});

it('does not give a right anew that it has otherwise', async () => {
  const statements = [{ actions: ['keys:manage'], resources: ['api-keys'] }];
  const policy = await stage.latchkey.policies.create({ name: 'native', statements, orgId: 'acme' }, { by: 'test' });
  const { roles } = (await get('/api/roles')).body as { roles: Role[] };
  const { ID } = roles.find(({ name }) => name === 'native') as Role;
  const add = { platformRights: { administratorRoleRights: { canViewAdministratorRoles: true } } };
  expect((await post(`/api/roles/${ID}`, { rights: add })).status).toBe(200);
  const after = await stage.latchkey.policies.get(policy.id, 'acme');
  expect(after?.statements.map(({ actions }) => actions)).toEqual([
    ['keys:manage'],
    ['trend:administratorRoleRights:canViewAdministratorRoles'],
  ]);
});

it('loses no change that is made at the same time', async () => {
  const { ID } = await make({ rights: rightsTo('canEditApiKeyProperties', 'canViewApiKeys') });
  const { policies } = stage.latchkey;
  const update = policies.update.bind(policies);
  const off = { platformRights: { apikeyRights: { canEditApiKeyProperties: false } } };
  const delayed = jest.spyOn(policies, 'update').mockImplementationOnce(async (...asked) => {
    await post(`/api/roles/${ID}`, { rights: off });
    return await update(...asked);
  });
  const changed = await post(`/api/roles/${ID}`, { rights: rightsTo('canDeleteApiKeys') });
  expect(changed).toMatchObject({
    status: 200,
    body: {
      rights: {
        platformRights: {
          apikeyRights: { canDeleteApiKeys: true, canEditApiKeyProperties: false, canViewApiKeys: true },
        },
      },
    },
  });
  expect(delayed).toHaveBeenCalledTimes(3);
  const always = async () => Promise.reject(new AuthError('precondition_failed'));
  delayed.mockReset().mockImplementation(always);
  expect((await post(`/api/roles/${ID}`, { name: 'x' })).status).toBe(412);
  expect(delayed).toHaveBeenCalledTimes(5);
  delayed.mockRestore();
});

it.each<[member: string, body: object]>([
  ['name', {}],
  ['name', { name: '' }],
  ['name', { name: 1 }],
  ['rights', { name: 'r', rights: 'all' }],
  ['platformRights', { name: 'r', rights: { platformRights: [] } }],
  ['apikeyRights', { name: 'r', rights: { platformRights: { apikeyRights: true } } }],
  ['canViewApiKeys', { name: 'r', rights: { platformRights: { apikeyRights: { canViewApiKeys: 'true' } } } }],
  ['allComputers', { name: 'r', allComputers: 1 }],
  ['computerIDs', { name: 'r', computerIDs: 'all' }],
  ['computerIDs', { name: 'r', computerIDs: [{}] }],
  ['computerIDs', { name: 'r', computerIDs: Array.from({ length: 1_001 }, (_, id) => id) }],
])('names %s of %j', async (member, body) => {
  expect(await post('/api/roles', body)).toMatchObject(message(400, `Invalid value for ${member}.`));
});

it('has built-in ones, and those of the app, that cannot be changed', async () => {
  const { roles } = (await get('/api/roles')).body as { roles: Role[] };
  for (const { ID } of roles) {
    expect(await post(`/api/roles/${ID}`, { name: 'x' })).toMatchObject(EDIT);
    expect(await stage.send('DELETE', `/api/roles/${ID}`, ada)).toMatchObject(EDIT);
  }
});

it('takes a right for each call', async () => {
  const made = await make({});
  const bob = await signIn(stage, 'bob');
  const view = message(403, 'Not authorized to view administrator roles.');
  expect(await get('/api/roles', bob)).toMatchObject(view);
  expect(await get(`/api/roles/${made.ID}`, bob)).toMatchObject(view);
  expect(await get('/api/roles/99', bob)).toMatchObject(view);
  expect(await post('/api/roles', { name: 'r' }, bob)).toMatchObject(EDIT);
  expect(await post(`/api/roles/${made.ID}`, { name: 'r' }, bob)).toMatchObject(EDIT);
  expect(await stage.send('DELETE', `/api/roles/${made.ID}`, bob)).toMatchObject(EDIT);
  expect(await get('/api/roles', VERSION)).toMatchObject(message(401, 'Authentication failed.'));
});

it('is not seen, given or changed from another organisation', async () => {
  const made = await make({});
  const eve = await signIn(stage, 'eve');
  const { roles } = (await get('/api/roles', eve)).body as { roles: Role[] };
  expect(roles.map(({ name }) => name).sort()).toEqual(['Auditor', 'Full Access', 'Operators']);
  expect(await get(`/api/roles/${made.ID}`, eve)).toMatchObject(UNKNOWN);
  expect(await post(`/api/roles/${made.ID}`, { name: 'x' }, eve)).toMatchObject(UNKNOWN);
  expect(await stage.send('DELETE', `/api/roles/${made.ID}`, eve)).toMatchObject(UNKNOWN);
  expect(await post('/api/apikeys', { keyName: 'k', roleID: made.ID }, eve)).toMatchObject(
    message(400, 'Invalid value for roleID.'),
  );
});

it('hides templates and the statements of session keys, which no key can have', async () => {
  const by = { by: 'test' };
  await stage.latchkey.policies.create({ name: 'template', type: 'template', orgId: 'acme' }, by);
  const input = { userId: 'ada', statements: [{ actions: ['orders:read'] }], durationMs: 60_000 };
  const { key } = await stage.latchkey.sessionKeys.mint(input as never, by);
  const [number = 0] = await stage.latchkey.dialects.numbers.of('policy', [key.id]);
  expect(await get(`/api/roles/${number + 2}`)).toMatchObject(UNKNOWN);
  expect((await get('/api/roles')).text).not.toContain('template');
});
