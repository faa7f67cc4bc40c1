import { trend } from '../../../admin-router/dialects/trend.js';
import { PASSWORD } from '../../support/people.js';
import { type Headers, type Stage, startStage } from './stage.js';
import { makeKey, message, signIn, TREND_OPTIONS, type TrendKey, VERSION, withKey } from './trend-driver.js';

const START_AT = 1_760_000_000_000;
const FORTNIGHT_MS = 14 * 86_400_000;

let stage: Stage;
let nowAt: number;
let ada: Headers;

beforeEach(async () => {
  nowAt = START_AT;
  const options = { now: () => nowAt, keys: { allowNever: true }, usage: { flushIntervalMs: 10 } };
  stage = await startStage((app, latchkey) => void app.use('/', trend(latchkey, TREND_OPTIONS)), options);
  ada = await signIn(stage, 'ada');
});
afterEach(() => stage.close());

const post = (path: string, as: Headers, body?: unknown) => stage.send('POST', path, as, body);
const get = (path: string, as: Headers) => stage.send('GET', path, as);

describe('the worked examples of the guide', () => {
  it('signs in', async () => {
    const reply = await post('/api/sessions', VERSION, { userName: 'ada', password: PASSWORD });
    expect(reply.status).toBe(200);
    expect(reply.text).toMatch(
      /^\{"administratorID":1,"created":1760000000000,"lastActivity":1760000000000,"accessType":"webService","RID":"[0-9A-F]{32}"\}$/,
    );
    expect(reply.headers['set-cookie']).toEqual([expect.stringMatching(/^sID=[0-9A-F]{32}; Path=\/; HttpOnly$/)]);
    expect(reply.headers).toMatchObject({
      'content-type': 'application/json',
      'x-frame-options': 'SAMEORIGIN',
      'x-xss-protection': '1;mode=block',
      'cache-control': 'no-cache,no-store',
      pragma: 'no-cache',
    });
  });

  it('makes the first key with the session', async () => {
    const body = { keyName: 'First Key', description: 'Created using a request ID', roleID: 1 };
    const reply = await post('/api/apikeys', ada, body);
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
    const { secretKey, ID } = reply.body as TrendKey;
    expect(reply.text).toBe(
      `{"keyName":"First Key","description":"Created using a request ID","locale":"en-US","roleID":1,` +
        `"timeZone":"America/New_York","active":true,"created":1760000000000,"unsuccessfulSignInAttempts":0,` +
        `"secretKey":"${secretKey}","serviceAccount":false,"ID":${ID}}`,
    );
    expect(secretKey).toMatch(new RegExp(`^${ID}:[A-Za-z0-9+/]{43}=$`));
  });

  it('finds a role by its name with the key', async () => {
    const { secretKey } = await makeKey(stage, ada, {});
    const searchCriteria = [{ fieldName: 'name', stringTest: 'equal', stringValue: 'Auditor' }];
    const reply = await post('/api/roles/search', withKey(secretKey), { searchCriteria });
    expect(reply.text).toBe(
      '{"roles":[{"name":"Auditor","description":"","urn":"urn:tmds:identity:local:1:role/Auditor","immutable":false,' +
        '"canOnlyManipulateUsersWithEqualOrLesserRights":true,"allComputers":true,"allPolicies":true,"allowUserInterface":true,' +
        '"allowWebService":true,"rights":{"platformRights":{"apikeyRights":{"canCreateNewApiKeys":false,"canDeleteApiKeys":false,' +
        '"canEditApiKeyProperties":false,"canViewApiKeys":false},"administratorRoleRights":{"canCreateNewAdministratorRoles":false,' +
        '"canDeleteAdministratorRoles":false,"canEditAdministratorRoleProperties":false,"canViewAdministratorRoles":true}}},"ID":2}]}',
    );
  });

  it('makes the audit key of the SDK, with the role as a text, locks it out, and removes its end', async () => {
    const expiryDate = START_AT + FORTNIGHT_MS;
    const asked = { keyName: 'Audit key', roleID: '2', locale: 'en-US', timeZone: 'Asia/Tokyo', expiryDate };
    const { ID, secretKey } = await makeKey(stage, ada, asked);
    nowAt += 3_600_000;
    expect((await get('/api/apikeys/current', withKey(secretKey))).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 100)); // the use is written
    ada = await signIn(stage, 'ada');
    const off = await post(`/api/apikeys/${ID}`, ada, { active: false });
    expect(off.text).toBe(
      `{"keyName":"Audit key","description":"","locale":"en-US","roleID":2,"timeZone":"Asia/Tokyo","active":false,` +
        `"created":1760000000000,"lastSignIn":1760003600000,"unsuccessfulSignInAttempts":0,"expiryDate":1761209600000,` +
        `"serviceAccount":false,"ID":${ID}}`,
    );
    expect(await get('/api/apikeys', withKey(secretKey))).toMatchObject(message(401, 'Authentication failed.'));
    const on = await post(`/api/apikeys/${ID}`, ada, { active: true, expiryDate: 0 });
    expect(on.body).toMatchObject({ active: true, unsuccessfulSignInAttempts: 0 });
    expect(on.body).not.toHaveProperty('expiryDate');
    expect(await get('/api/apikeys', withKey(secretKey))).toMatchObject(
      message(403, 'Not authorized to view API keys.'),
    );
  });

  it('knows no key 7777', async () => {
    const reply = await post('/api/apikeys/7777/secretkey', { ...ada, 'content-length': '0' });
    expect([reply.status, reply.text]).toEqual([404, '{"message":"The API key does not exist."}']);
  });
});

describe('the rules of transport', () => {
  it.each(['', 'v2', 'V1', 'v1, v1'])('refuses the version %j, before anything else', async (version) => {
    const { 'api-version': _, ...rest } = ada;
    const headers = version === '' ? rest : { ...rest, 'api-version': version };
    const reply = await get('/api/apikeys', headers);
    const text = '{"message":"The api-version header is missing or not supported."}';
    expect([reply.status, reply.headers['content-type'], reply.text]).toEqual([400, 'application/json', text]);
  });

  it.each(['rID', 'rid', 'RID'])('takes the request id as %s', async (name) => {
    const { rID = '', ...rest } = ada;
    expect((await get('/api/apikeys', { ...rest, [name]: rID })).status).toBe(200);
  });

  it.each<[what: string, headers: Headers, body: string | undefined]>([
    ['nothing, with Content-Length 0', { 'content-length': '0' }, undefined],
    ['null', {}, 'null'],
    ['{}', {}, '{}'],
  ])('searches for everything where the body is %s', async (_what, headers, body) => {
    await makeKey(stage, ada, {});
    const reply = await post('/api/apikeys/search', { ...ada, ...headers }, body);
    expect([reply.status, (reply.body as { apiKeys: object[] }).apiKeys.length]).toEqual([200, 1]);
  });

  it('takes a body on GET and DELETE, and DELETE without a length', async () => {
    const one = await makeKey(stage, ada, {});
    const other = await makeKey(stage, ada, {});
    expect((await stage.send('GET', '/api/apikeys', ada, {})).status).toBe(200);
    expect((await stage.send('DELETE', `/api/apikeys/${one.ID}`, ada, {})).status).toBe(204);
    const { 'content-type': _, ...bare } = ada;
    const reply = await stage.send('DELETE', `/api/apikeys/${other.ID}`, bare);
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect(await stage.send('DELETE', `/api/apikeys/${other.ID}`, ada)).toMatchObject(
      message(404, 'The API key does not exist.'),
    );
    expect((await get('/api/apikeys', ada)).text).toBe('{"apiKeys":[]}');
  });

  it('ignores members that it does not know, and those that are only read', async () => {
    const readOnly = { ID: 77, created: 1, lastSignIn: 2, unlockTime: 3, unsuccessfulSignInAttempts: 4 };
    const asked = { ...readOnly, secretKey: '77:x', serviceAccount: true, max_items: 1, sort_by_object_id: true };
    const made = await makeKey(stage, ada, asked);
    expect(made).toMatchObject({ created: START_AT, unsuccessfulSignInAttempts: 0, serviceAccount: false });
    expect([made.ID === 77, made.secretKey === '77:x']).toEqual([false, false]);
    const changed = await post(`/api/apikeys/${made.ID}`, ada, readOnly);
    expect(changed.body).toEqual({ ...made, secretKey: undefined });
  });

  it.each([
    ['PUT', '/api/apikeys', 405, 'Method not allowed.'],
    ['PUT', '/api/apikeys/1', 405, 'Method not allowed.'],
    ['GET', '/api/apikeys/1/other', 404, 'Not found.'],
    ['GET', '/api/roles/1/2', 404, 'Not found.'],
    ['GET', '/api/sessions/1', 404, 'Not found.'],
    ['GET', '/api/apikeys/x1', 404, 'The API key does not exist.'],
    ['GET', '/api/apikeys/-1', 404, 'The API key does not exist.'],
    ['GET', '/api/apikeys/%31%30%30', 404, 'The API key does not exist.'],
    ['GET', '/api/apikeys/99999999999999999999', 404, 'The API key does not exist.'],
    ['GET', '/api/apikeys/%zz', 400, 'The request is not valid.'],
    ['GET', '/api/roles/99', 404, 'The administrator role does not exist.'],
  ])('answers %s %s in JSON', async (method, path, status, text) => {
    const reply = await stage.send(method, path, ada);
    expect(reply).toMatchObject(message(status, text));
    expect(reply.headers['content-type']).toBe('application/json');
  });

  it('leaves other paths under /api to the app', async () => {
    const reply = await get('/api/computers', ada);
    expect([reply.status, reply.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
  });

  it('answers HEAD as GET without the body', async () => {
    const reply = await stage.send('HEAD', '/api/apikeys', ada);
    expect([reply.status, reply.text, reply.headers['content-length']]).toEqual([200, '', '14']);
  });

  it.each([
    ['{"keyName": "First Key",\n"description": "d",\n"roleID: 1\n}', 55],
    ['{"keyName": "First Key", "roleID": }', 35],
    ['{"keyName": "First Key"', 23],
  ])('says where JSON breaks: %j', async (body, position) => {
    expect(await post('/api/apikeys', ada, body)).toMatchObject(
      message(400, `The request is not valid: the body must be valid JSON, near position ${position}.`),
    );
  });

  it('refuses a body that is no JSON by its type, or no object', async () => {
    const reply = await post('/api/apikeys', { ...ada, 'content-type': 'text/plain' }, '{}');
    expect(reply).toMatchObject(message(415, 'Send the request body as application/json.'));
    for (const body of ['[]', '"x"', '1', 'true']) {
      expect(await post('/api/apikeys', ada, body)).toMatchObject(
        message(400, 'The request body must be a JSON object.'),
      );
    }
  });
});

describe('what is asked of a key', () => {
  it.each<[member: string, body: object]>([
    ['keyName', { roleID: 1 }],
    ['keyName', { keyName: '', roleID: 1 }],
    ['keyName', { keyName: 7, roleID: 1 }],
    ['keyName', { keyName: 'x'.repeat(257), roleID: 1 }],
    ['keyName', { keyName: 'half \ud800', roleID: 1 }],
    ['roleID', { keyName: 'k' }],
    ['roleID', { keyName: 'k', roleID: 99 }],
    ['roleID', { keyName: 'k', roleID: 0 }],
    ['roleID', { keyName: 'k', roleID: -1 }],
    ['roleID', { keyName: 'k', roleID: 1.5 }],
    ['roleID', { keyName: 'k', roleID: 'one' }],
    ['roleID', { keyName: 'k', roleID: [1] }],
    ['locale', { keyName: 'k', roleID: 1, locale: 'de-DE' }],
    ['timeZone', { keyName: 'k', roleID: 1, timeZone: 'Mars/Olympus' }],
    ['active', { keyName: 'k', roleID: 1, active: 'true' }],
    ['active', { keyName: 'k', roleID: 1, active: 1 }],
    ['expiryDate', { keyName: 'k', roleID: 1, expiryDate: START_AT - 1 }],
    ['expiryDate', { keyName: 'k', roleID: 1, expiryDate: 'soon' }],
    ['expiryDate', { keyName: 'k', roleID: 1, expiryDate: 1e300 }],
    ['description', { keyName: 'k', roleID: 1, description: 'x'.repeat(1_001) }],
    ['description', { keyName: 'k', roleID: 1, description: {} }],
  ])('names %s of %j', async (member, body) => {
    const reply = await post('/api/apikeys', ada, body);
    expect([reply.status, reply.text]).toEqual([400, `{"message":"Invalid value for ${member}."}`]);
    expect((await get('/api/apikeys', ada)).text).toBe('{"apiKeys":[]}');
  });

  it('takes null for not given', async () => {
    const made = await makeKey(stage, ada, { description: null, locale: null, expiryDate: null, active: null });
    expect(made).toMatchObject({ description: '', locale: 'en-US', active: true });
  });

  it('makes one that is locked out from the beginning', async () => {
    const made = await makeKey(stage, ada, { active: false });
    expect(made.active).toBe(false);
    expect((await get('/api/apikeys/current', withKey(made.secretKey))).status).toBe(401);
  });

  it('has names that are not unique, and IDs that ascend', async () => {
    const IDs = [await makeKey(stage, ada, {}), await makeKey(stage, ada, {})].map(({ ID }) => ID);
    expect(IDs[1]).toBe((IDs[0] as number) + 1);
  });
});
