import { trend } from '../../../admin-router/dialects/trend.js';
import type { EventOf, StatementInput } from '../../../lib/index.js';
import { type Headers, type Stage, startStage } from './stage.js';
import { makeKey, message, recordIdOf, signIn, TREND_OPTIONS, type TrendKey, withKey } from './trend-driver.js';

const VIEW = message(403, 'Not authorized to view API keys.');
const CREATE = message(403, 'Not authorized to create API keys.');
const MODIFY = message(403, 'Not authorized to modify API keys.');
const DELETE = message(403, 'Not authorized to delete API keys.');
const NEW_SECRET = message(403, 'Not authorized to generate API secret keys.');
const UNKNOWN = message(404, 'The API key does not exist.');

let stage: Stage;
let ada: Headers;
let forbidden: EventOf<'request.forbidden'>[];

beforeEach(async () => {
  stage = await startStage((app, latchkey) => void app.use('/', trend(latchkey, TREND_OPTIONS)));
  ada = await signIn(stage, 'ada');
  forbidden = [];
  stage.latchkey.on('request.forbidden', (event) => void forbidden.push(event));
});
afterEach(() => stage.close());

const post = (path: string, as: Headers, body?: unknown) => stage.send('POST', path, as, body);
const get = (path: string, as: Headers) => stage.send('GET', path, as);

/** Signs bob in, who may do this and nothing else. */
async function bobWith(...statements: StatementInput[]): Promise<Headers> {
  stage.people.set('bob', { statements });
  await stage.latchkey.userChanged('bob');
  return await signIn(stage, 'bob');
}

/** What each call answers to `as` about the key with this ID. */
async function outcomes(as: Headers, ID: number): Promise<Record<string, number>> {
  const asked = {
    list: await get('/api/apikeys', as),
    search: await post('/api/apikeys/search', as, {}),
    describe: await get(`/api/apikeys/${ID}`, as),
    create: await post('/api/apikeys', as, { keyName: 'k', roleID: 2 }),
    modify: await post(`/api/apikeys/${ID}`, as, { description: 'd' }),
    secret: await post(`/api/apikeys/${ID}/secretkey`, as),
    delete: await stage.send('DELETE', `/api/apikeys/${ID}`, as),
  };
  return Object.fromEntries(Object.entries(asked).map(([name, { status }]) => [name, status]));
}

const NOTHING = { list: 403, search: 403, describe: 403, create: 403, modify: 403, secret: 403, delete: 403 };
const READ = { actions: ['*:read'] };

describe('a right', () => {
  it.each<[actions: string[], changed: Partial<typeof NOTHING>]>([
    [[], {}],
    [['trend:apikeyRights:canViewApiKeys'], { list: 200, search: 200, describe: 200 }],
    [['trend:apikeyRights:canCreateNewApiKeys'], { create: 200 }],
    [['trend:apikeyRights:canEditApiKeyProperties'], { modify: 200, secret: 200 }],
    [['trend:apikeyRights:canDeleteApiKeys'], { delete: 204 }],
    [['trend:administratorRoleRights:*'], {}],
    [['keys:manage-own', 'keys:read', 'keys:grant'], {}],
    [['keys:manage'], { ...{ list: 200, search: 200, describe: 200 }, ...{ create: 200, modify: 200, delete: 204 } }],
    [['trend:*'], { list: 200, search: 200, describe: 200, create: 200, modify: 200, secret: 200, delete: 204 }],
  ])('%j opens %j', async (actions, changed) => {
    const { ID } = await makeKey(stage, ada, { roleID: 2 });
    const bob = await bobWith(READ, ...(actions.length === 0 ? [] : [{ actions }]));
    expect(await outcomes(bob, ID)).toEqual({ ...NOTHING, ...changed });
  });

  it('that is missing is told in the words of the call, and to the listeners', async () => {
    const { ID } = await makeKey(stage, ada, {});
    const bob = await bobWith(READ);
    expect(await get('/api/apikeys', bob)).toMatchObject(VIEW);
    expect(await get(`/api/apikeys/${ID}`, bob)).toMatchObject(VIEW);
    expect(await get('/api/apikeys/999', bob)).toMatchObject(VIEW);
    expect(await post('/api/apikeys', bob, { keyName: 'k', roleID: 2 })).toMatchObject(CREATE);
    expect(await post(`/api/apikeys/${ID}`, bob, {})).toMatchObject(MODIFY);
    expect(await stage.send('DELETE', `/api/apikeys/${ID}`, bob)).toMatchObject(DELETE);
    expect(await post('/api/apikeys/999/secretkey', bob)).toMatchObject(NEW_SECRET);
    expect(forbidden).toHaveLength(7);
    expect(forbidden[0]).toMatchObject({
      actorId: 'bob',
      path: '/api/apikeys',
      detail: expect.stringContaining('canViewApiKeys'),
    });
  });

  it('to one key by its resource is one to that key', async () => {
    const [one, other] = [await makeKey(stage, ada, { roleID: 2 }), await makeKey(stage, ada, { roleID: 2 })];
    const resources = [`api-keys/${await recordIdOf(stage, one.ID)}`];
    const bob = await bobWith({ actions: ['trend:apikeyRights:canViewApiKeys'], resources });
    expect((await get(`/api/apikeys/${one.ID}`, bob)).status).toBe(200);
    expect(await get(`/api/apikeys/${other.ID}`, bob)).toMatchObject(VIEW);
    expect(await get('/api/apikeys', bob)).toMatchObject(VIEW);
  });

  it('of the keys of somebody else to a new secret natively takes keys:grant', async () => {
    const { ID } = await makeKey(stage, ada, { roleID: 2 });
    const manager = await bobWith(READ, { actions: ['keys:manage'] });
    const own = await makeKey(stage, manager, { roleID: 2 });
    expect(await post(`/api/apikeys/${ID}/secretkey`, manager)).toMatchObject(NEW_SECRET);
    expect((await post(`/api/apikeys/${own.ID}/secretkey`, manager)).status).toBe(200);
    const granter = await bobWith(READ, { actions: ['keys:manage', 'keys:grant'] });
    expect((await post(`/api/apikeys/${ID}/secretkey`, granter)).status).toBe(200);
  });
});

describe('a key of a service', () => {
  it('has none that are its own, but itself', async () => {
    const input = { ownerId: 'robot', ownerKind: 'service' as const, orgId: 'acme', statements: [READ] };
    const manager = { ...input, name: 'manager', statements: [READ, { actions: ['keys:manage'] }] };
    const { key: asked } = await stage.latchkey.apiKeys.create({ ...input, name: 'other' }, { by: 'test' });
    const { token } = await stage.latchkey.apiKeys.create(manager, { by: 'test' });
    const [ID] = await stage.latchkey.dialects.numbers.of('api-key', [asked.id]);
    expect(await post(`/api/apikeys/${ID}/secretkey`, withKey(token))).toMatchObject(NEW_SECRET);
    expect((await post('/api/apikeys/current/secretkey', withKey(token))).status).toBe(200);
  });
});

describe('a whole key, sent back with one member changed', () => {
  it('takes no right to let it in, as long as it is', async () => {
    const rights = { platformRights: { apikeyRights: { canViewApiKeys: true, canEditApiKeyProperties: true } } };
    const { ID: roleID } = (await post('/api/roles', ada, { name: 'editors', rights })).body as { ID: number };
    const editor = withKey((await makeKey(stage, ada, { roleID, expiryDate: Date.now() + 1e8 })).secretKey);
    const { ID } = await makeKey(stage, ada, { roleID });
    const sendBack = async (changed: object) => {
      const { expiryDate: _, ...whole } = (await get(`/api/apikeys/${ID}`, editor)).body as TrendKey;
      return await post(`/api/apikeys/${ID}`, editor, { ...whole, ...changed });
    };
    expect(await sendBack({ description: 'd' })).toMatchObject({
      status: 200,
      body: { description: 'd', active: true },
    });
    expect((await sendBack({ active: false })).body).toMatchObject({ active: false });
    expect(await sendBack({ active: true })).toMatchObject(MODIFY); // it would outlive the key that asks
  });
});

describe('nobody gets more than they have', () => {
  const ALL = { actions: ['trend:*'] };

  it('by making a key of a stronger role, or raising one to it', async () => {
    const bob = await bobWith(READ, ALL);
    expect(await post('/api/apikeys', bob, { keyName: 'k', roleID: 1 })).toMatchObject(CREATE);
    const own = await makeKey(stage, bob, { roleID: 2 });
    expect(await post(`/api/apikeys/${own.ID}`, bob, { roleID: 1 })).toMatchObject(MODIFY);
    expect(await post('/api/apikeys/current', withKey(own.secretKey), { roleID: 1 })).toMatchObject(MODIFY);
    expect((await get(`/api/apikeys/${own.ID}`, ada)).body).toMatchObject({ roleID: 2 });
  });

  it('by a new secret of a stronger key, or by changing or unlocking one', async () => {
    const strong = await makeKey(stage, ada, { roleID: 1 });
    const off = await makeKey(stage, ada, { roleID: 1, active: false });
    const bob = await bobWith(READ, ALL);
    expect(await post(`/api/apikeys/${strong.ID}/secretkey`, bob)).toMatchObject(NEW_SECRET);
    expect(await post(`/api/apikeys/${strong.ID}`, bob, { expiryDate: Date.now() + 1e9 })).toMatchObject(MODIFY);
    expect(await post(`/api/apikeys/${strong.ID}`, bob, { roleID: 2 })).toMatchObject(MODIFY);
    expect(await post(`/api/apikeys/${off.ID}`, bob, { active: true })).toMatchObject(MODIFY);
    expect((await get('/api/apikeys/current', withKey(strong.secretKey))).status).toBe(200);
    expect((await get('/api/apikeys/current', withKey(off.secretKey))).status).toBe(401);
  });

  it('by a role with rights that they lack, or one that grows later', async () => {
    const bob = await bobWith({
      actions: [
        'trend:administratorRoleRights:*',
        'trend:apikeyRights:canViewApiKeys',
        'trend:apikeyRights:canCreateNewApiKeys',
      ],
    });
    const rights = (...names: string[]) => ({
      rights: { platformRights: { apikeyRights: Object.fromEntries(names.map((name) => [name, true])) } },
    });
    const edit = message(403, 'Not authorized to edit administrator roles.');
    expect(await post('/api/roles', bob, { name: 'r', ...rights('canDeleteApiKeys') })).toMatchObject(edit);
    const made = await post('/api/roles', bob, { name: 'r', ...rights('canViewApiKeys') });
    const { ID: roleID } = made.body as { ID: number };
    expect(await post(`/api/roles/${roleID}`, bob, rights('canDeleteApiKeys'))).toMatchObject(edit);
    const { ID, secretKey } = await makeKey(stage, bob, { roleID });
    expect((await post(`/api/roles/${roleID}`, ada, rights('canDeleteApiKeys'))).status).toBe(200);
    expect(await stage.send('DELETE', `/api/apikeys/${ID}`, withKey(secretKey))).toMatchObject(DELETE);
    expect((await get('/api/apikeys', withKey(secretKey))).status).toBe(200);
  });

  it('by what a key makes: it acts with its role, and its owner may do it, too', async () => {
    const bob = await bobWith(READ, ALL);
    const role = await post('/api/roles', bob, {
      name: 'makers',
      rights: { platformRights: { apikeyRights: { canCreateNewApiKeys: true, canEditApiKeyProperties: true } } },
    });
    const { ID: roleID } = role.body as { ID: number };
    const maker = await makeKey(stage, bob, { roleID });
    const other = await makeKey(stage, bob, { roleID: 2 });
    const as = withKey(maker.secretKey);
    expect(await post('/api/apikeys', as, { keyName: 'k', roleID: 2 })).toMatchObject(CREATE);
    expect(await post(`/api/apikeys/${other.ID}/secretkey`, as)).toMatchObject(NEW_SECRET);
    const child = await makeKey(stage, as, { roleID });
    expect((await get('/api/apikeys/current', withKey(child.secretKey))).status).toBe(200);
    await bobWith(READ);
    expect(await post('/api/apikeys', as, { keyName: 'k', roleID })).toMatchObject(CREATE);
  });

  it('by putting off the end of their own key, while somebody else brings it nearer', async () => {
    const nowAt = Date.now();
    const { ID, secretKey } = await makeKey(stage, ada, { roleID: 2, expiryDate: nowAt + 1e9 });
    const { apiKeys } = stage.latchkey;
    const update = apiKeys.update.bind(apiKeys);
    jest.spyOn(apiKeys, 'update').mockImplementationOnce(async (...asked) => {
      await post(`/api/apikeys/${ID}`, ada, { expiryDate: nowAt + 1e6 });
      return await update(...asked);
    });
    const own = { expiryDate: nowAt + 1e9 - 1 };
    expect(await post('/api/apikeys/current', withKey(secretKey), own)).toMatchObject(MODIFY);
    expect((await get(`/api/apikeys/${ID}`, ada)).body).toMatchObject({ expiryDate: nowAt + 1e6 });
    jest.restoreAllMocks();
  });

  it('by members that the core would know: an owner, an organisation, statements, policies', async () => {
    const bob = await bobWith(READ, ALL);
    const more = {
      ...{
        ownerId: 'ada',
        orgId: 'umbrella',
        ownerKind: 'service',
        statements: [{ actions: ['*'] }],
        policyIds: ['full-access'],
      },
      ...{
        internalOnly: false,
        refreshCeiling: true,
        dialects: { trend: { x: 1 } },
        createdBy: 'ada',
        kind: 'session-key',
      },
    };
    const made = await makeKey(stage, bob, { roleID: 2, ...more });
    await post(`/api/apikeys/${made.ID}`, bob, { description: 'd', ...more });
    expect(await stage.latchkey.apiKeys.get(await recordIdOf(stage, made.ID))).toMatchObject({
      ...{ ownerId: 'bob', orgId: 'acme', ownerKind: 'user', statements: [], policyIds: ['auditor'], createdBy: 'bob' },
      ...{ dialects: {}, kind: 'api-key', description: 'd' },
    });
  });
});

describe('another organisation', () => {
  it('sees no key of this one, and is told that there is none, the listeners the truth', async () => {
    const made = await makeKey(stage, ada, {});
    const eve = await signIn(stage, 'eve');
    forbidden.length = 0;
    expect(await get(`/api/apikeys/${made.ID}`, eve)).toMatchObject(UNKNOWN);
    expect(await post(`/api/apikeys/${made.ID}`, eve, { active: false })).toMatchObject(UNKNOWN);
    expect(await post(`/api/apikeys/${made.ID}/secretkey`, eve)).toMatchObject(UNKNOWN);
    expect(await stage.send('DELETE', `/api/apikeys/${made.ID}`, eve)).toMatchObject(UNKNOWN);
    expect((await get('/api/apikeys', eve)).text).toBe('{"apiKeys":[]}');
    const searchCriteria = [{ idTest: 'equal', idValue: made.ID }];
    expect((await post('/api/apikeys/search', eve, { searchCriteria })).text).toBe('{"apiKeys":[]}');
    expect(forbidden).toHaveLength(4);
    expect((await get('/api/apikeys/current', withKey(made.secretKey))).body).toMatchObject({ tenantID: 1 });
    const other = await makeKey(stage, eve, {});
    expect((await get('/api/apikeys/current', withKey(other.secretKey))).body as TrendKey).toMatchObject({
      tenantID: 2,
    });
  });
});
