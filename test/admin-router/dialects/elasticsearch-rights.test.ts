import { elasticsearch, roleStatements } from '../../../admin-router/dialects/elasticsearch.js';
import type { ActivityEvent, LatchkeyEvent } from '../../../lib/index.js';
import { PASSWORD } from '../../support/people.js';
import {
  AUTHENTICATE,
  apiKey,
  type Created,
  credentialOf,
  fault,
  illegal,
  KEYS,
  makeKey,
  unauthorized,
} from './elasticsearch-driver.js';
import { basic, type Headers, type Reply, type Stage, startStage } from './stage.js';
import type { Exact } from './story.js';

let stage: Stage;
const ada = basic('ada');
const ACTION = 'cluster:admin/xpack/security/api_key/';
const MANAGING = 'manage_api_key,manage_security,all';
const OWN_TOO = `manage_own_api_key,${MANAGING}`;
const QUERY = '/_security/_query/api_key';
const HAS = '/_security/user/_has_privileges';

/** A user for each privilege. */
const PRIVILEGES = [
  'manage_own_api_key',
  'read_security',
  'manage_api_key',
  'grant_api_key',
  'manage_security',
  'monitor',
];

beforeAll(async () => {
  stage = await startStage((app, latchkey) => void app.use('/', elasticsearch(latchkey)));
  for (const name of PRIVILEGES) stage.people.set(name, { statements: [...roleStatements({ cluster: [name] })] });
  stage.people.set('everything', { statements: [...roleStatements({ cluster: ['all'] })] });
});
afterAll(() => stage.close());

const exact = ({ status, body }: Reply): Exact => ({ status, body });
const idsIn = ({ body }: Reply) => (body as { api_keys: { id: string }[] }).api_keys.map(({ id }) => id);
const asUser = (name: string) => `user [${name}] with effective roles [latchkey]`;
const withKey = (made: Created): Headers => apiKey(credentialOf(made));

describe('users with one privilege', () => {
  const grant = { grant_type: 'password', username: 'bob', password: PASSWORD, api_key: { name: 'granted' } };
  /** What each may do: create, get all, query, invalidate another's, update another's, grant, clear the cache, GET /. */
  it.each<[string, number[]]>([
    ['manage_own_api_key', [200, 403, 200, 403, 404, 403, 403, 403]],
    ['read_security', [403, 200, 200, 403, 403, 403, 403, 403]],
    ['manage_api_key', [200, 200, 200, 200, 404, 200, 403, 403]],
    ['grant_api_key', [403, 403, 403, 403, 403, 200, 403, 403]],
    ['manage_security', [200, 200, 200, 200, 404, 200, 200, 403]],
    ['everything', [200, 200, 200, 200, 404, 200, 200, 200]],
    ['monitor', [403, 403, 403, 403, 403, 403, 403, 200]],
    ['bob', [403, 403, 403, 403, 403, 403, 403, 403]],
  ])('%s', async (name, expected) => {
    const as = basic(name);
    const others = await makeKey(stage, ada);
    const replies = [
      await stage.send('POST', KEYS, as, { name: 'x' }),
      await stage.send('GET', KEYS, as),
      await stage.send('POST', QUERY, as, {}),
      await stage.send('DELETE', KEYS, as, { ids: [others.id] }),
      await stage.send('PUT', `${KEYS}/${others.id}`, as, {}),
      await stage.send('POST', `${KEYS}/grant`, as, grant),
      await stage.send('POST', `${KEYS}/*/_clear_cache`, as),
      await stage.send('GET', '/', as),
    ];
    expect(replies.map(({ status }) => status)).toEqual(expected);
    expect((await stage.send('GET', AUTHENTICATE, as)).status).toBe(200);
  });

  it('are told which privileges would do, the weakest first', async () => {
    const refused = async (method: string, path: string, body?: unknown) =>
      exact(await stage.send(method, path, basic('monitor'), body));
    const text = (action: string, list: string) => unauthorized(`${ACTION}${action}`, asUser('monitor'), list);
    const reading = `read_security,${MANAGING}`;
    expect(await refused('POST', KEYS, { name: 'x' })).toEqual(text('create', OWN_TOO));
    expect(await refused('POST', `${KEYS}/clone`, {})).toEqual(text('clone', OWN_TOO));
    expect(await refused('GET', KEYS)).toEqual(text('get', reading));
    expect(await refused('GET', `${KEYS}?owner`)).toEqual(text('get', `manage_own_api_key,${reading}`));
    expect(await refused('POST', QUERY, {})).toEqual(text('query', `manage_own_api_key,${reading}`));
    expect(await refused('DELETE', KEYS, { owner: true })).toEqual(text('invalidate', OWN_TOO));
    expect(await refused('DELETE', KEYS, { ids: ['x'] })).toEqual(text('invalidate', MANAGING));
    expect(await refused('PUT', `${KEYS}/x`, {})).toEqual(text('update', OWN_TOO));
    expect(await refused('POST', `${KEYS}/_bulk_update`, {})).toEqual(text('bulk_update', OWN_TOO));
    expect(await refused('POST', `${KEYS}/grant`, {})).toEqual(text('grant', `grant_api_key,${MANAGING}`));
    expect(await refused('POST', `${KEYS}/*/_clear_cache`)).toEqual(text('cache/clear', MANAGING));
  });

  it('see with manage_own_api_key their own keys only', async () => {
    const as = basic('manage_own_api_key');
    const [own, other] = [await makeKey(stage, as), await makeKey(stage, ada)];
    const found = idsIn(await stage.send('POST', QUERY, as, { size: 1_000 }));
    expect(found).toContain(own.id);
    expect(found).not.toContain(other.id);
    expect((await stage.send('GET', `${KEYS}?id=${own.id}`, as)).status).toBe(403);
    expect(idsIn(await stage.send('GET', `${KEYS}?id=${own.id}&owner`, as))).toEqual([own.id]);
    expect((await stage.send('GET', `${KEYS}?id=${other.id}&owner`, as)).status).toBe(404);
    expect((await stage.send('GET', `${KEYS}?username=ada&realm_name=default_native`, as)).status).toBe(403);
    expect((await stage.send('GET', `${KEYS}?username=manage_own_api_key`, as)).status).toBe(403);
    const { body } = await stage.send('DELETE', KEYS, as, { ids: [other.id], owner: true });
    expect(body).toMatchObject({ invalidated_api_keys: [] });
    expect((await stage.send('GET', AUTHENTICATE, withKey(other))).status).toBe(200);
  });

  it('may do what the native rights of the same meaning allow', async () => {
    const allowed = async (right: string, method: string, path: string, body?: unknown) => {
      const name = right.replace(':', '-');
      stage.people.set(name, { statements: [{ actions: [right], resources: ['api-keys'] }] });
      return (await stage.send(method, path, basic(name), body)).status;
    };
    expect(await allowed('keys:manage-own', 'POST', KEYS, { name: 'n' })).toBe(200);
    expect(await allowed('keys:manage-own', 'GET', KEYS)).toBe(403);
    expect(await allowed('keys:read', 'GET', KEYS)).toBe(200);
    expect(await allowed('keys:read', 'POST', KEYS, { name: 'n' })).toBe(403);
    expect(await allowed('keys:manage', 'DELETE', KEYS, { ids: ['x'] })).toBe(200);
    expect(await allowed('keys:grant', 'POST', `${KEYS}/grant`, grant)).toBe(200);
    expect(await allowed('keys:grant', 'GET', KEYS)).toBe(403);
  });

  it('may be given a pattern of actions', async () => {
    stage.people.set('pattern', { statements: [...roleStatements({ cluster: [`${ACTION}que*`] })] });
    expect((await stage.send('POST', QUERY, basic('pattern'), {})).status).toBe(200);
    expect((await stage.send('GET', KEYS, basic('pattern'))).status).toBe(403);
  });
});

describe('a key', () => {
  const NOT_EMPTY = 'creating derived api keys requires an explicit role descriptor that is empty (has no privileges)';

  async function keyWith(...cluster: string[]): Promise<Created> {
    return await makeKey(stage, ada, { role_descriptors: { r: { cluster } } });
  }

  it('with manage_own_api_key sees and ends itself only', async () => {
    const made = await keyWith('manage_own_api_key');
    const [as, other] = [withKey(made), await makeKey(stage, ada)];
    expect(idsIn(await stage.send('GET', `${KEYS}?id=${made.id}`, as))).toEqual([made.id]);
    const who = `API key id [${made.id}] of user [ada]`;
    expect(exact(await stage.send('GET', `${KEYS}?id=${made.id}&with_limited_by`, as))).toEqual(
      unauthorized(`${ACTION}get`, who, `read_security,${MANAGING}`),
    );
    for (const query of [`id=${other.id}`, 'owner', '', 'username=ada&realm_name=default_native']) {
      expect((await stage.send('GET', `${KEYS}?${query}`, as)).status).toBe(403);
    }
    expect(idsIn(await stage.send('POST', QUERY, as, {}))).toEqual([made.id]);
    expect((await stage.send('POST', `${QUERY}?with_limited_by`, as, {})).status).toBe(403);
    for (const body of [
      { ids: [other.id] },
      { ids: [made.id, other.id] },
      { owner: true },
      { username: 'ada', realm_name: 'default_native' },
    ]) {
      expect(exact(await stage.send('DELETE', KEYS, as, body))).toEqual(
        unauthorized(`${ACTION}invalidate`, who, MANAGING),
      );
    }
    expect((await stage.send('DELETE', KEYS, as, { ids: [made.id] })).body).toMatchObject({
      invalidated_api_keys: [made.id],
    });
    expect((await stage.send('GET', AUTHENTICATE, as)).status).toBe(401);
  });

  it.each<[string, object | undefined]>([
    ['no descriptor', undefined],
    ['none at all', {}],
    ['a privilege', { r: { cluster: ['monitor'] } }],
    ['one of two', { none: {}, r: { run_as: ['x'] } }],
    ['a remote one', { r: { remote_indices: [{ clusters: 'c', names: 'n', privileges: 'read' }] } }],
  ])('makes no key with %s', async (_what, role_descriptors) => {
    for (const privilege of ['manage_own_api_key', 'manage_api_key', 'all']) {
      const as = withKey(await keyWith(privilege));
      expect(exact(await stage.send('POST', KEYS, as, { name: 'x', role_descriptors }))).toEqual(illegal(NOT_EMPTY));
    }
  });

  it('makes keys that may do nothing, and not more by cloning', async () => {
    const parent = await keyWith('manage_own_api_key');
    const derived = await makeKey(stage, withKey(parent), { role_descriptors: { none: {} } });
    const { body } = await stage.send('POST', HAS, withKey(derived), { cluster: ['monitor', 'manage_own_api_key'] });
    expect(body).toMatchObject({ cluster: { monitor: false, manage_own_api_key: false } });
    const clone = (api_key: string, as = withKey(parent)) =>
      stage.send('POST', `${KEYS}/clone`, as, { name: 'c', api_key });
    expect(exact(await clone(parent.encoded))).toEqual(illegal(NOT_EMPTY));
    expect((await clone(derived.encoded)).status).toBe(200);
    expect((await clone(derived.encoded, withKey(derived))).status).toBe(403);
  });

  it('does not outlive itself in a clone or a derived key', async () => {
    const short = await makeKey(stage, ada, {
      expiration: '1h',
      role_descriptors: { r: { cluster: ['manage_own_api_key'] } },
    });
    for (const expiration of ['2h', '100d']) {
      const body = { name: 'c', api_key: short.encoded, expiration };
      expect((await stage.send('POST', `${KEYS}/clone`, ada, body)).status).toBe(403);
      const derived = { name: 'd', role_descriptors: { none: {} }, expiration };
      expect((await stage.send('POST', KEYS, withKey(short), derived)).status).toBe(403);
    }
    const derived = await makeKey(stage, withKey(short), { role_descriptors: { none: {} } });
    expect(derived.expiration).toBeLessThanOrEqual(short.expiration ?? 0);
  });

  it('changes no key, not even itself', async () => {
    const made = await keyWith('all');
    const refused = illegal('authentication via API key not supported: only the owner user can update an API key');
    const body = { role_descriptors: {} };
    expect(exact(await stage.send('PUT', `${KEYS}/${made.id}`, withKey(made), body))).toEqual(refused);
    const bulk = await stage.send('POST', `${KEYS}/_bulk_update`, withKey(made), { ids: [made.id], ...body });
    expect(exact(bulk)).toEqual(refused);
  });

  it('stays within what its owner may do now', async () => {
    stage.people.set('falling', { statements: [...roleStatements({ cluster: ['manage_api_key'] })] });
    const made = await makeKey(stage, basic('falling'));
    expect((await stage.send('GET', KEYS, withKey(made))).status).toBe(200);
    stage.people.set('falling', { statements: [] });
    await stage.latchkey.userChanged('falling');
    expect((await stage.send('GET', KEYS, withKey(made))).status).toBe(403);
  });

  it('with a restriction may do nothing', async () => {
    const restriction = { workflows: ['search_application_query'] };
    const made = await makeKey(stage, ada, { role_descriptors: { r: { cluster: ['all'], restriction } } });
    expect((await stage.send('GET', KEYS, withKey(made))).status).toBe(403);
  });

  it('that is tied to resources is not free of them here', async () => {
    const { token } = await stage.latchkey.apiKeys.create(
      { name: 'tied', ownerId: 'ada', statements: [{ actions: ['*'] }], resources: ['projects/1'] },
      { by: 'test' },
    );
    const [, id = '', secret = ''] = token.split('_');
    expect((await stage.send('GET', KEYS, apiKey(`${id}:${secret}`))).status).toBe(403);
  });

  it('that is native makes keys no less bound than itself', async () => {
    const { key, secret } = await stage.latchkey.apiKeys.create(
      {
        name: 'bound',
        ownerId: 'ada',
        statements: [{ actions: ['*'] }],
        allowedAddresses: ['127.0.0.0/8', '::1'],
        maxRequestsPerMinute: 500,
      },
      { by: 'test' },
    );
    const as = apiKey(`${key.id}:${secret}`);
    const derived = await makeKey(stage, as, { role_descriptors: { none: {} } });
    const record = await stage.latchkey.apiKeys.get(derived.id);
    expect(record).toMatchObject({
      allowedAddresses: ['127.0.0.0/8', '::1'],
      maxRequestsPerMinute: 500,
      parentIds: [key.id],
    });
  });
});

describe('acting for another user', () => {
  const RUN = 'es-security-runas-user';
  const as = (name: string, headers: Headers = basic('runner')) => ({ ...headers, [RUN]: name });
  const refused = (who: string, user: string, to: string) =>
    fault(
      403,
      'security_exception',
      `action [cluster:admin/xpack/security/user/authenticate] is unauthorized for ${who}, because user [${user}] is unauthorized to run as [${to}]`,
    );

  beforeAll(() => {
    const role = { cluster: ['manage_own_api_key'], run_as: ['bo*', 'gone', 'eve', 'off', 'manage_own_api_key'] };
    stage.people.set('runner', { statements: [...roleStatements(role)] });
    stage.people.set('off', { isEnabled: false });
  });

  it('takes the right to', async () => {
    const { body } = await stage.send('GET', AUTHENTICATE, as('bob'));
    expect(body).toMatchObject({
      username: 'bob',
      authentication_type: 'realm',
      lookup_realm: { name: 'default_native' },
    });
    expect(exact(await stage.send('GET', AUTHENTICATE, as('ada')))).toEqual(refused(asUser('runner'), 'runner', 'ada'));
    expect((await stage.send('GET', AUTHENTICATE, as('bob', basic('bob')))).status).toBe(403);
  });

  it.each(['gone', 'eve', 'off', '', '*', 'bo*'])('is refused for a user who is not there: %j', async (name) => {
    const reply = await stage.send('GET', AUTHENTICATE, as(name));
    expect(exact(reply)).toEqual(refused(asUser('runner'), 'runner', name));
  });

  it('gives the rights of that user, and no others', async () => {
    expect((await stage.send('POST', KEYS, as('bob'), { name: 'x' })).status).toBe(403);
    const made = await makeKey(stage, as('manage_own_api_key'));
    expect((await stage.latchkey.apiKeys.get(made.id))?.ownerId).toBe('manage_own_api_key');
    expect(
      (await stage.send('PUT', `${KEYS}/${made.id}`, as('manage_own_api_key'), { metadata: { a: 1 } })).status,
    ).toBe(200);
    expect((await stage.send('PUT', `${KEYS}/${made.id}`, basic('runner'), { metadata: { a: 2 } })).status).toBe(404);
  });

  it('is a right that a key can have, or lack', async () => {
    const may = await makeKey(stage, basic('runner'), { role_descriptors: { r: { run_as: ['bob', 'ada'] } } });
    const mayNot = await makeKey(stage, basic('runner'), {
      role_descriptors: { r: { cluster: ['manage_own_api_key'] } },
    });
    expect((await stage.send('GET', AUTHENTICATE, as('bob', withKey(may)))).body).toMatchObject({
      username: 'bob',
      authentication_type: 'api_key',
    });
    expect(exact(await stage.send('GET', AUTHENTICATE, as('ada', withKey(may))))).toEqual(
      refused(`API key id [${may.id}] of user [runner]`, 'runner', 'ada'),
    );
    expect((await stage.send('GET', AUTHENTICATE, as('bob', withKey(mayNot)))).status).toBe(403);
  });
});

describe('from another organisation', () => {
  it('nothing of the keys is seen, changed or ended', async () => {
    const eve = basic('eve');
    const made = await makeKey(stage, ada, { name: 'acme' });
    expect(idsIn(await stage.send('GET', KEYS, eve))).not.toContain(made.id);
    expect((await stage.send('GET', `${KEYS}?id=${made.id}`, eve)).text).toBe('{"api_keys":[]}');
    expect(idsIn(await stage.send('GET', `${KEYS}?username=ada`, eve))).toEqual([]);
    expect(idsIn(await stage.send('POST', QUERY, eve, { query: { ids: { values: [made.id] } } }))).toEqual([]);
    expect((await stage.send('PUT', `${KEYS}/${made.id}`, eve, {})).status).toBe(404);
    for (const body of [{ ids: [made.id] }, { name: 'acme' }, { username: 'ada' }, { realm_name: 'default_native' }]) {
      expect((await stage.send('DELETE', KEYS, eve, body)).body).toMatchObject({ invalidated_api_keys: [] });
    }
    expect((await stage.send('GET', AUTHENTICATE, withKey(made))).status).toBe(200);
  });
});

describe('what is told', () => {
  it('names who did what, and no secret', async () => {
    const events: LatchkeyEvent[] = [];
    const off = stage.latchkey.on('*', (event) => events.push(event));
    const made = await makeKey(stage, ada, { metadata: { note: 'hush-hush' } });
    await stage.send('GET', KEYS, basic('bob'));
    await stage.send('GET', AUTHENTICATE, apiKey(`${made.id}:${'x'.repeat(22)}`));
    await stage.send('POST', `${KEYS}/grant`, ada, {
      grant_type: 'password',
      username: 'ada',
      password: PASSWORD,
      api_key: { name: 'g' },
    });
    off();
    const types = events.map(({ type }) => type);
    expect(types).toEqual(expect.arrayContaining(['key.created', 'request.forbidden', 'request.refused']));
    const forbidden = events.find(({ type }) => type === 'request.forbidden') as ActivityEvent & { actorId?: string };
    expect(JSON.stringify(forbidden)).toContain('bob');
    const tried = { ...basic('runner'), 'es-security-runas-user': 'ada' };
    const stop = stage.latchkey.on('request.forbidden', (event) => events.push(event));
    await stage.send('GET', AUTHENTICATE, tried);
    stop();
    expect(JSON.stringify(events.at(-1))).toContain('runner');
    const { items } = await stage.latchkey.audit.list({ orgId: 'acme' });
    const told = JSON.stringify([events, items]);
    for (const secret of [made.api_key, made.encoded, PASSWORD, 'hush-hush']) expect(told).not.toContain(secret);
  });
});
