import { trend } from '../../../admin-router/dialects/trend.js';
import { FULL_ACCESS } from '../../../lib/index.js';
import { type Headers, type Stage, startStage } from './stage.js';
import { makeKey, message, recordIdOf, signIn, TREND_OPTIONS, type TrendKey, withKey } from './trend-driver.js';

const DAY_MS = 86_400_000;

let stage: Stage;
let ada: Headers;

beforeEach(async () => {
  const options = { keys: { allowNever: true }, usage: { flushIntervalMs: 10 } };
  stage = await startStage((app, latchkey) => void app.use('/', trend(latchkey, TREND_OPTIONS)), options);
  ada = await signIn(stage, 'ada');
});
afterEach(() => stage.close());

const post = (path: string, as: Headers, body?: unknown) => stage.send('POST', path, as, body);
const get = (path: string, as: Headers) => stage.send('GET', path, as);

describe('a change', () => {
  it('leaves what is not sent, and raises no version where nothing changes', async () => {
    const made = await makeKey(stage, ada, { description: 'd', timeZone: 'Asia/Tokyo', locale: 'ja-JP' });
    const changed = await post(`/api/apikeys/${made.ID}`, ada, { keyName: 'renamed' });
    expect(changed.body).toEqual({ ...made, keyName: 'renamed', secretKey: undefined });
    await post(`/api/apikeys/${made.ID}`, ada, {});
    expect((await stage.latchkey.apiKeys.get(await recordIdOf(stage, made.ID)))?.version).toBe(2);
  });

  it('takes the whole key back, also one that has expired', async () => {
    const made = await makeKey(stage, ada, { expiryDate: Date.now() + 300 });
    await new Promise((resolve) => setTimeout(resolve, 400));
    const { body } = await get(`/api/apikeys/${made.ID}`, ada);
    expect((await post(`/api/apikeys/${made.ID}`, ada, { ...(body as TrendKey), keyName: 'n' })).body).toEqual({
      ...(body as TrendKey),
      keyName: 'n',
    });
  });

  it('of the role works at once', async () => {
    const made = await makeKey(stage, ada, { roleID: 2 });
    expect((await get('/api/apikeys', withKey(made.secretKey))).status).toBe(403);
    expect((await post(`/api/apikeys/${made.ID}`, ada, { roleID: '1' })).body).toMatchObject({ roleID: 1 });
    expect((await get('/api/apikeys', withKey(made.secretKey))).status).toBe(200);
    await post(`/api/apikeys/${made.ID}`, ada, { roleID: 2 });
    expect((await get('/api/apikeys', withKey(made.secretKey))).status).toBe(403);
  });

  it('gives a key of other rights those of the role, and no others', async () => {
    const by = { by: 'test' };
    const { key } = await stage.latchkey.apiKeys.create(
      { name: 'native', ownerId: 'ada', statements: [FULL_ACCESS] },
      by,
    );
    const { apiKeys } = (await get('/api/apikeys', ada)).body as { apiKeys: TrendKey[] };
    expect(apiKeys[0]).toMatchObject({ keyName: 'native', active: true });
    expect(apiKeys[0]).not.toHaveProperty('roleID');
    const { ID } = apiKeys[0] as TrendKey;
    expect((await post(`/api/apikeys/${ID}`, ada, { roleID: 2 })).body).toMatchObject({ roleID: 2 });
    const changed = await stage.latchkey.apiKeys.get(key.id);
    expect([changed?.statements, changed?.policyIds]).toEqual([[], ['auditor']]);
  });

  it('refused in one member changes nothing', async () => {
    const made = await makeKey(stage, ada, {});
    for (const fault of [{ roleID: 99 }, { active: 'no' }, { timeZone: 'x' }, { expiryDate: 1 }, { locale: 'x' }]) {
      const [member] = Object.keys(fault);
      const reply = await post(`/api/apikeys/${made.ID}`, ada, {
        keyName: 'changed',
        description: 'changed',
        ...fault,
      });
      expect(reply).toMatchObject(message(400, `Invalid value for ${member}.`));
    }
    expect((await get(`/api/apikeys/${made.ID}`, ada)).body).toEqual({ ...made, secretKey: undefined });
  });
});

describe('a new secret', () => {
  it('ends the old one at once, and is shown once', async () => {
    const made = await makeKey(stage, ada, {});
    const reply = await post(`/api/apikeys/${made.ID}/secretkey`, ada);
    const renewed = reply.body as TrendKey;
    expect(renewed).toEqual({ ...made, secretKey: expect.stringMatching(new RegExp(`^${made.ID}:.{44}$`)) });
    expect((await get('/api/apikeys', withKey(made.secretKey))).status).toBe(401);
    expect((await get('/api/apikeys', withKey(renewed.secretKey))).status).toBe(200);
    for (const [path, body] of [
      ['/api/apikeys/search', {}],
      [`/api/apikeys/${made.ID}`, { description: 'x' }],
    ] as const) {
      expect((await post(path, ada, body)).text).not.toContain('secretKey');
    }
    expect((await get(`/api/apikeys/${made.ID}`, ada)).text).not.toContain('secretKey');
  });

  it('is kept as a hash of what stands after the colon', async () => {
    const made = await makeKey(stage, ada, {});
    const id = await recordIdOf(stage, made.ID);
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    const credential = Buffer.from(`${id}:${made.secretKey.split(':')[1]}`).toString('base64');
    expect((await get('/api/apikeys', withKey(credential))).status).toBe(200);
  });
});

describe('the key that asks', () => {
  it('reads itself, with its role and its tenant', async () => {
    const made = await makeKey(stage, ada, { roleID: 2, description: 'mine' });
    const reply = await get('/api/apikeys/current', withKey(made.secretKey));
    const { lastSignIn } = reply.body as TrendKey;
    expect(reply.text).toBe(
      JSON.stringify({
        ...{ keyName: 'a key', description: 'mine', locale: 'en-US', roleID: 2, timeZone: 'America/New_York' },
        ...{ active: true, created: (made as unknown as { created: number }).created, lastSignIn },
        ...{ unsuccessfulSignInAttempts: 0, serviceAccount: false },
        ...{ roleURN: 'urn:tmds:identity:local:1:role/Auditor', tenantID: 1, ID: made.ID },
      }),
    );
    expect(lastSignIn).toBeGreaterThan(0);
  });

  it('changes what people see of it, and brings its end forward', async () => {
    const expiryDate = Date.now() + DAY_MS;
    const made = await makeKey(stage, ada, { roleID: 2, expiryDate });
    const own = withKey(made.secretKey);
    const current = (await get('/api/apikeys/current', own)).body as TrendKey;
    const sooner = expiryDate - 3_600_000;
    const changes = { keyName: 'n', description: 'd', locale: 'ja-JP', timeZone: 'Asia/Tokyo', expiryDate: sooner };
    const changed = await post('/api/apikeys/current', own, { ...current, ...changes }); // the rest as it was
    expect(changed).toMatchObject({ status: 200, body: { ...changes, roleID: 2, active: true, tenantID: 1 } });
  });

  it.each([[{ roleID: 2 }], [{ active: false }], [{ expiryDate: 0 }], [{ expiryDate: Date.now() + 3 * DAY_MS }]])(
    'may not change %j of itself',
    async (changes) => {
      const made = await makeKey(stage, ada, { expiryDate: Date.now() + DAY_MS });
      const reply = await post('/api/apikeys/current', withKey(made.secretKey), { description: 'x', ...changes });
      expect(reply).toMatchObject(message(403, 'Not authorized to modify API keys.'));
      expect((await get(`/api/apikeys/${made.ID}`, ada)).body).toMatchObject({
        description: '',
        active: true,
        roleID: 1,
      });
    },
  );

  it('may give itself an end where it has none, and a new secret whatever its role', async () => {
    const made = await makeKey(stage, ada, { roleID: 2 });
    const expiryDate = Date.now() + DAY_MS;
    expect((await post('/api/apikeys/current', withKey(made.secretKey), { expiryDate })).body).toMatchObject({
      expiryDate,
    });
    const renewed = await post('/api/apikeys/current/secretkey', withKey(made.secretKey));
    expect(renewed.status).toBe(200);
    expect(renewed.body).not.toHaveProperty('tenantID');
    expect((await get('/api/apikeys/current', withKey(made.secretKey))).status).toBe(401);
    expect((await get('/api/apikeys/current', withKey((renewed.body as TrendKey).secretKey))).status).toBe(200);
  });

  it('is none where a session asks', async () => {
    expect(await get('/api/apikeys/current', ada)).toMatchObject(message(403, 'Not authorized to view API keys.'));
    expect(await post('/api/apikeys/current', ada, {})).toMatchObject(
      message(403, 'Not authorized to modify API keys.'),
    );
    expect(await post('/api/apikeys/current/secretkey', ada)).toMatchObject(
      message(403, 'Not authorized to generate API secret keys.'),
    );
  });
});

describe('a key without an end', () => {
  it('ends as the host says where the host allows none without', async () => {
    const strict = await startStage((app, latchkey) => void app.use('/', trend(latchkey, TREND_OPTIONS)), { keys: {} });
    const as = await signIn(strict, 'ada');
    const made = await makeKey(strict, as, {});
    expect(Math.abs((made.expiryDate ?? 0) - Date.now() - 180 * DAY_MS)).toBeLessThan(60_000);
    const never = await strict.send('POST', `/api/apikeys/${made.ID}`, as, { expiryDate: 0 });
    expect(never).toMatchObject(message(400, 'Invalid value for expiryDate.'));
    await strict.close();
  });

  it('made by a key that has one and may not manage all keys ends with it', async () => {
    stage.people.set('bob', { statements: [{ actions: ['trend:*'] }] });
    const bob = await signIn(stage, 'bob');
    const role = await post('/api/roles', bob, { name: 'makers', rights: rightsTo('canCreateNewApiKeys') });
    const { ID: roleID } = role.body as { ID: number };
    const expiryDate = Date.now() + DAY_MS;
    const maker = await makeKey(stage, bob, { roleID, expiryDate });
    expect(await makeKey(stage, withKey(maker.secretKey), { roleID })).toMatchObject({ expiryDate });
    const longer = await post('/api/apikeys', withKey(maker.secretKey), {
      keyName: 'k',
      roleID,
      expiryDate: expiryDate + 1,
    });
    expect(longer).toMatchObject(message(403, 'Not authorized to create API keys.'));
  });
});

function rightsTo(...names: string[]) {
  return { platformRights: { apikeyRights: Object.fromEntries(names.map((name) => [name, true])) } };
}
