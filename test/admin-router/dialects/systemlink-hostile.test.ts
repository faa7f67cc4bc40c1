import { type SystemLinkOptions, systemlink } from '../../../admin-router/dialects/systemlink.js';
import { FULL_ACCESS, type LatchkeyEvent, Principal } from '../../../lib/index.js';
import { basic, type Reply, type Stage, startStage } from './stage.js';
import {
  BASE,
  invalidValue,
  mountBoth,
  NOT_ALLOWED,
  type SkylineKey,
  SUPER_USER,
  UNAUTHORIZED,
  withKey,
} from './systemlink-driver.js';

const KEYS = `${BASE}/keys`;
const ada = basic('ada');
const by = { by: 'test' };
const workspaces = Array.from({ length: 1_000 }, (_, n) => ({ id: `w${n}`, name: `Workspace ${n}` }));

let stage: Stage;

beforeEach(async () => {
  stage = await startStage((app, latchkey) => mountBoth(app, latchkey, { workspacesOf: async () => workspaces }));
});
afterEach(() => stage.close());

const exact = ({ status, body }: Reply) => ({ status, body });
const make = async (body: object) => (await stage.send('POST', KEYS, ada, body)).body as SkylineKey;

it('a name too long to be searched for is a fault of the name', async () => {
  const { id } = await make({ name: 'k' });
  for (const length of [257, 513, 60_000]) {
    const name = 'n'.repeat(length);
    expect(exact(await stage.send('POST', KEYS, ada, { name }))).toEqual(invalidValue('name'));
    expect(exact(await stage.send('PUT', `${KEYS}/${id}`, ada, { name }))).toEqual(invalidValue('name'));
  }
});

it.each(['', 'w'.repeat(129), 'a\u0000b'])(
  'a workspace cannot be %j, in a change neither',
  async (defaultWorkspace) => {
    const { id } = await make({ name: 'k' });
    const answer = invalidValue('defaultWorkspace');
    expect(exact(await stage.send('POST', KEYS, ada, { name: 'n', defaultWorkspace }))).toEqual(answer);
    expect(exact(await stage.send('PUT', `${KEYS}/${id}`, ada, { defaultWorkspace }))).toEqual(answer);
  },
);

it('a key of another organisation is asked for: the listeners are told', async () => {
  const { id } = await make({ name: 'k' });
  const told: LatchkeyEvent[] = [];
  stage.latchkey.on('request.forbidden', (event) => void told.push(event));
  for (const asked of [id, '00000000-0000-4000-8000-000000000000']) {
    expect((await stage.send('DELETE', `${KEYS}/${asked}`, basic('eve'))).status).toBe(404);
  }
  expect(told).toMatchObject([{ actorId: 'eve', detail: 'Key of another organisation', path: `${KEYS}/${id}` }]);
});

it('who am I asks so many questions at most, whatever the key has that its owner may not do', async () => {
  const actions = Array.from({ length: 50 }, (_, n) => `service:Act${n}`);
  const resources = Array.from({ length: 100 }, (_, n) => `r/${n}/*`);
  const statements = [
    { actions, resources },
    { ...FULL_ACCESS, workspace: 'w7' },
  ];
  const create = (ownerId: string) => stage.latchkey.apiKeys.create({ name: 'k', ownerId, statements }, by);
  const [bobs, adas] = [await create('bob'), await create('ada')];
  const can = jest.spyOn(Principal.prototype, 'can');
  const shown = async ({ token }: { token: string }) => {
    const { body } = await stage.send('GET', `${BASE}/auth`, withKey(token));
    return (body as { workspaces: { id: string }[] }).workspaces.length;
  };
  expect(await shown(bobs)).toBe(0);
  expect(can.mock.calls.length).toBeLessThanOrEqual(50_000);
  expect(await shown(adas)).toBe(1_000);
  can.mockRestore();
});

it('a change that is refused changes nothing', async () => {
  stage.people.set('kim', { statements: [{ actions: ['niauth:*'] }] });
  const { id, secret } = await make({ name: 'k', policyIds: [] });
  const asked = { enabled: false, policyIds: [SUPER_USER], properties: { a: 'b' } };
  expect(exact(await stage.send('PUT', `${KEYS}/${id}`, basic('kim'), asked))).toEqual(NOT_ALLOWED);
  expect((await stage.latchkey.apiKeys.get(id))?.version).toBe(1);
  expect((await stage.send('GET', `${BASE}/auth`, withKey(secret))).status).toBe(200);
});

it('a whole key, sent back with one member changed, takes no right to let it in, as long as it is', async () => {
  const manager = { name: 'm', ownerId: 'ada', statements: [{ actions: ['niauth:*'] }], lifetimeMs: 1e8 };
  const { token } = await stage.latchkey.apiKeys.create(manager, by);
  const { id } = await make({ name: 'k', policyIds: [] });
  const sendBack = async (changed: object) => {
    const { policies: _, ...whole } = (await stage.send('GET', `${KEYS}/${id}`, withKey(token))).body as SkylineKey;
    return await stage.send('PUT', `${KEYS}/${id}`, withKey(token), { ...whole, ...changed });
  };
  expect(await sendBack({ name: 'renamed' })).toMatchObject({ status: 200, body: { name: 'renamed', enabled: true } });
  expect((await sendBack({ enabled: false })).body).toMatchObject({ enabled: false });
  expect(exact(await sendBack({ enabled: true }))).toEqual(NOT_ALLOWED); // it would outlive the key that asks
});

it('what is no key at all is told of, as a key that is refused', async () => {
  const told: LatchkeyEvent[] = [];
  stage.latchkey.on('request.refused', (event) => void told.push(event));
  for (const text of ['nonsense', `999:${'A'.repeat(43)}=`]) {
    expect(exact(await stage.send('GET', `${BASE}/auth`, withKey(text)))).toEqual(UNAUTHORIZED);
  }
  expect(told).toMatchObject([
    { reason: 'malformed', credentialId: null },
    { reason: 'malformed', credentialId: null },
  ]);
});

it.each(['whitelistedRoutes', 'sessionKeysExceedUsers', 'keyInQuery'])('%s is true or false, and no text', (name) => {
  const open = (value: unknown) => systemlink(stage.latchkey, { [name]: value } as SystemLinkOptions);
  expect(() => open('false')).toThrow(new TypeError(`systemlink: ${name} must be true or false`));
  expect(() => open(undefined)).not.toThrow();
});
