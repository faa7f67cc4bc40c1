import { Client, errors } from '@elastic/elasticsearch';
import { Redis } from 'ioredis';
import { elasticsearch, indexPermission, roleStatements } from '../../../admin-router/dialects/elasticsearch.js';
import { adminRouter } from '../../../admin-router/index.js';
import { MemoryStore, type Store } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { PASSWORD } from '../../support/people.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { type Stage, startStage } from './stage.js';

let server: RedisServer;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});
afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

/** What a call was refused with. */
async function refusalOf(
  call: Promise<unknown>,
): Promise<{ status: number | undefined; type: string; reason: string }> {
  const error: unknown = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof errors.ResponseError)) throw error ?? new Error('the call was let through');
  const { type, reason } = error.body.error;
  return { status: error.statusCode, type, reason };
}

const KEY = 'cluster:admin/xpack/security/api_key/';

describe.each<[string, () => Store]>([
  ['memory', () => new MemoryStore()],
  ['redis', () => new RedisStore(redis, { ...PATIENT, keyPrefix: `es${Math.random()}:` })],
])('the official client on %s', (_name, makeStore) => {
  let stage: Stage;
  const clients: Client[] = [];

  function clientOf(auth: NonNullable<ConstructorParameters<typeof Client>[0]['auth']>): Client {
    const client = new Client({ node: stage.url, auth, maxRetries: 0, requestTimeout: 20_000 });
    clients.push(client);
    return client;
  }
  const basicOf = (username: string) => clientOf({ username, password: PASSWORD });

  beforeAll(async () => {
    const mount = (app: import('express').Express, latchkey: import('../../../lib/index.js').Latchkey) => {
      app.use('/auth', adminRouter(latchkey));
      app.use('/', elasticsearch(latchkey));
      const { action, resource } = indexPermission('read', 'logs-1');
      app.get('/logs', latchkey.authenticate(), latchkey.requirePermission(action, resource), (_req, res) => {
        res.json({ hits: [] });
      });
      app.use(latchkey.errorHandler());
    };
    stage = await startStage(mount, { store: makeStore() });
    const descriptor = {
      cluster: ['manage_own_api_key', 'monitor'],
      indices: [{ names: ['logs-*'], privileges: ['read', 'write'] }],
      applications: [{ application: 'shop', privileges: ['data:read/*'], resources: ['orders/*'] }],
    };
    stage.people.set('carol', { statements: [...roleStatements(descriptor)] });
  });
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await stage.close();
  });

  it('pings, and learns what it talks to', async () => {
    const ada = basicOf('ada');
    expect(await ada.ping()).toBe(true);
    const info = await ada.info();
    expect(info.version.number).toBe('9.1.0');
    expect(info.tagline).toBe('You Know, for Search');
  });

  it('does the whole story by Basic', async () => {
    const carol = basicOf('carol');
    const me = await carol.security.authenticate();
    expect([me.username, me.authentication_type, me.roles]).toEqual(['carol', 'realm', ['latchkey']]);

    const made = await carol.security.createApiKey({
      name: 'report-reader',
      expiration: '1d',
      role_descriptors: { r: { indices: [{ names: ['logs-1', 'secret'], privileges: ['read'] }] } },
      metadata: { team: 'b1' },
    });
    expect(Object.keys(made)).toEqual(['id', 'name', 'expiration', 'api_key', 'encoded']);
    expect([made.id.length, made.api_key.length]).toEqual([20, 22]);
    expect(Buffer.from(made.encoded, 'base64').toString()).toBe(`${made.id}:${made.api_key}`);

    const own = await carol.security.getApiKey({ owner: true, id: made.id });
    expect(own.api_keys).toHaveLength(1);
    expect(own.api_keys[0]).toMatchObject({ username: 'carol', realm: 'default_native', metadata: { team: 'b1' } });

    const asKey = clientOf({ apiKey: made.encoded });
    const who = await asKey.security.authenticate();
    expect([who.authentication_type, who.api_key]).toEqual([
      'api_key',
      { id: made.id, name: 'report-reader', managed_by: 'elasticsearch' },
    ]);
    const held = await asKey.security.hasPrivileges({
      cluster: ['monitor'],
      index: [{ names: ['logs-1', 'logs-*', 'secret'], privileges: ['read', 'write'] }],
    });
    expect(held).toEqual({
      username: 'carol',
      has_all_requested: false,
      cluster: { monitor: false },
      index: {
        'logs-1': { read: true, write: false },
        'logs-*': { read: false, write: false },
        secret: { read: false, write: false },
      },
      application: {},
    });
    // The same engine answers the host's own route.
    const bearer = { authorization: `ApiKey ${made.encoded}` };
    expect((await stage.send('GET', '/logs', bearer)).status).toBe(200);

    expect(await carol.security.updateApiKey({ id: made.id, metadata: { team: 'b2' } })).toEqual({ updated: true });
    expect(await carol.security.updateApiKey({ id: made.id, metadata: { team: 'b2' } })).toEqual({ updated: false });
    const bulk = await carol.security.bulkUpdateApiKeys({
      ids: [made.id, 'no-such-key'],
      role_descriptors: { none: {} },
    });
    expect(bulk).toEqual({
      updated: [made.id],
      noops: [],
      errors: {
        count: 1,
        details: {
          'no-such-key': {
            type: 'resource_not_found_exception',
            reason: 'no API key owned by requesting user found for ID [no-such-key]',
          },
        },
      },
    });
    expect((await stage.send('GET', '/logs', bearer)).status).toBe(403);

    const found = await carol.security.queryApiKeys({
      query: { bool: { must: [{ prefix: { name: 'report-' } }, { term: { invalidated: false } }] } },
      sort: [{ creation: 'desc' }],
      aggs: { by_owner: { terms: { field: 'username' } } },
    });
    expect([found.total, found.count]).toEqual([1, 1]);
    expect(found.aggregations).toEqual({
      by_owner: {
        doc_count_error_upper_bound: 0,
        sum_other_doc_count: 0,
        buckets: [{ key: 'carol', doc_count: 1 }],
      },
    });

    expect(await refusalOf(carol.security.invalidateApiKey({ ids: [made.id] }))).toEqual({
      status: 403,
      type: 'security_exception',
      reason: `action [${KEY}invalidate] is unauthorized for user [carol] with effective roles [latchkey], this action is granted by the cluster privileges [manage_api_key,manage_security,all]`,
    });
    const ended = await carol.security.invalidateApiKey({ ids: [made.id], owner: true });
    expect(ended).toEqual({ invalidated_api_keys: [made.id], previously_invalidated_api_keys: [], error_count: 0 });
    expect(await refusalOf(asKey.security.authenticate())).toMatchObject({ status: 401, type: 'security_exception' });
  });

  it('does the whole story by API key', async () => {
    const ada = basicOf('ada');
    const boss = await ada.security.createApiKey({
      name: 'boss',
      role_descriptors: { r: { cluster: ['manage_api_key'] } },
    });
    const asBoss = clientOf({ apiKey: { id: boss.id, api_key: boss.api_key } });

    const derived = await asBoss.security.createApiKey({ name: 'derived', role_descriptors: { none: {} } });
    expect(await refusalOf(asBoss.security.createApiKey({ name: 'more' }))).toEqual({
      status: 400,
      type: 'illegal_argument_exception',
      reason: 'creating derived api keys requires an explicit role descriptor that is empty (has no privileges)',
    });
    const asDerived = clientOf({ apiKey: derived.encoded });
    expect((await asDerived.security.authenticate()).api_key?.id).toBe(derived.id);
    expect(await refusalOf(asDerived.security.getApiKey({ id: derived.id }))).toMatchObject({ status: 403 });

    const granted = await asBoss.security.grantApiKey({
      grant_type: 'password',
      username: 'carol',
      password: PASSWORD,
      api_key: { name: 'for carol', expiration: '1h' },
    });
    const asCarol = clientOf({ apiKey: granted.encoded });
    expect((await asCarol.security.authenticate()).username).toBe('carol');
    expect(
      await refusalOf(
        asBoss.security.grantApiKey({
          grant_type: 'password',
          username: 'carol',
          password: 'wrong',
          api_key: { name: 'x' },
        }),
      ),
    ).toEqual({ status: 403, type: 'security_exception', reason: 'Failed to authenticate api key grant' });

    expect(await refusalOf(asBoss.security.updateApiKey({ id: boss.id }))).toMatchObject({
      status: 400,
      reason: 'authentication via API key not supported: only the owner user can update an API key',
    });
    expect((await asBoss.security.clearApiKeyCache({ ids: '*' }).catch((error) => error)).statusCode).toBe(403);
    expect((await ada.security.clearApiKeyCache({ ids: [boss.id, derived.id] }))._nodes).toEqual({
      total: 1,
      successful: 1,
      failed: 0,
    });
    const privileges = await basicOf('carol').security.getUserPrivileges();
    expect(privileges.cluster).toEqual(['manage_own_api_key', 'monitor']);

    const all = await asBoss.security.queryApiKeys({ size: 100, sort: 'name' });
    expect(all.api_keys.map(({ name }) => name)).toEqual(expect.arrayContaining(['boss', 'derived', 'for carol']));
    const ended = await asBoss.security.invalidateApiKey({ ids: [granted.id, derived.id] });
    expect(ended.invalidated_api_keys).toEqual([granted.id, derived.id]);
    expect(await refusalOf(asCarol.security.authenticate())).toMatchObject({ status: 401 });
  });

  it('clones', async () => {
    const carol = basicOf('carol');
    const made = await carol.security.createApiKey({ name: 'source', metadata: { a: 1 } });
    const body = { api_key: made.encoded, name: 'copy', metadata: { b: 2 } };
    const copy = await carol.transport.request<{ id: string; encoded: string }>({
      method: 'POST',
      path: '/_security/api_key/clone',
      body,
    });
    const { api_keys } = await carol.security.getApiKey({ owner: true, id: copy.id });
    expect(api_keys[0]?.metadata).toEqual({ b: 2, _cloned_from: made.id });
    expect((await clientOf({ apiKey: copy.encoded }).security.authenticate()).username).toBe('carol');
  });

  it('is refused with a wrong password and without a right', async () => {
    const wrong = clientOf({ username: 'ada', password: 'wrong' });
    expect(await refusalOf(wrong.security.authenticate())).toEqual({
      status: 401,
      type: 'security_exception',
      reason: 'unable to authenticate user [ada] for REST request [/_security/_authenticate]',
    });
    expect(await refusalOf(basicOf('bob').security.createApiKey({ name: 'x' }))).toMatchObject({ status: 403 });
    expect(
      await basicOf('bob')
        .ping()
        .catch((error) => error.statusCode),
    ).toBe(403);
  });
});
