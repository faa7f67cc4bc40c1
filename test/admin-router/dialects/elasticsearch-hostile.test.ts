import { Redis } from 'ioredis';
import { elasticsearch, roleStatements } from '../../../admin-router/dialects/elasticsearch.js';
import { adminRouter } from '../../../admin-router/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { EXPRESS_VERSIONS } from '../../express/express-versions.js';
import { startRedis } from '../../support/redis-server.js';
import { AUTHENTICATE, apiKey, type Created, credentialOf, KEYS, makeKey } from './elasticsearch-driver.js';
import { basic, type Headers, type Reply, type Stage, startStage } from './stage.js';

const ada = basic('ada');
const QUERY = '/_security/_query/api_key';
const HAS = '/_security/user/_has_privileges';

/** The one shape of errors, whatever was sent. */
function expectRefused({ status, body }: Reply): void {
  expect([400, 403, 404, 413]).toContain(status);
  expect(body).toMatchObject({
    error: { root_cause: [{ type: expect.any(String) }], type: expect.any(String) },
    status,
  });
}

describe('hostile input', () => {
  let stage: Stage;
  const logged = jest.spyOn(console, 'error').mockImplementation(() => {});

  beforeAll(async () => {
    stage = await startStage((app, latchkey) => void app.use('/', elasticsearch(latchkey)));
  });
  afterAll(async () => {
    expect(logged).not.toHaveBeenCalled();
    logged.mockRestore();
    await stage.close();
  });

  const ODD: readonly unknown[] = [
    null,
    true,
    0,
    -1,
    1e308,
    '',
    'x',
    '\ud800',
    [],
    [[]],
    [null],
    {},
    { a: {} },
    'x'.repeat(70_000),
  ];
  const FIELDS: readonly (readonly [method: string, path: string, fields: readonly string[]])[] = [
    ['POST', KEYS, ['name', 'expiration', 'role_descriptors', 'metadata']],
    ['DELETE', KEYS, ['id', 'ids', 'name', 'owner', 'realm_name', 'username']],
    ['PUT', `${KEYS}/none`, ['expiration', 'role_descriptors', 'metadata']],
    ['POST', `${KEYS}/_bulk_update`, ['ids', 'expiration', 'role_descriptors', 'metadata']],
    [
      'POST',
      `${KEYS}/grant`,
      ['grant_type', 'username', 'password', 'access_token', 'run_as', 'client_authentication', 'api_key'],
    ],
    ['POST', `${KEYS}/clone`, ['api_key', 'name', 'expiration', 'metadata']],
    ['POST', QUERY, ['query', 'aggs', 'aggregations', 'from', 'size', 'sort', 'search_after']],
    ['POST', HAS, ['cluster', 'index', 'application']],
  ];

  it.each(FIELDS)(
    '%s %s: no value of any field is a fault of the server',
    async (method, path, fields) => {
      for (const field of fields) {
        for (const value of ODD) {
          const body = { ...(path === KEYS && method === 'POST' && { name: 'odd' }), [field]: value };
          const reply = await stage.send(
            method,
            path,
            { ...ada, 'content-type': 'application/json' },
            JSON.stringify(body),
          );
          if (reply.status !== 200) expectRefused(reply);
        }
      }
    },
    60_000,
  );

  it('in role descriptors is refused, or does no harm', async () => {
    const members = [
      'cluster',
      'indices',
      'index',
      'applications',
      'run_as',
      'global',
      'metadata',
      'remote_indices',
      'remote_cluster',
      'restriction',
    ];
    for (const member of members) {
      for (const value of [
        ...ODD,
        [{ names: ODD, privileges: ODD }],
        [{ application: {}, privileges: 'x', resources: 'y' }],
      ]) {
        const reply = await stage.send('POST', KEYS, ada, {
          name: 'odd',
          role_descriptors: { r: { [member]: value } },
        });
        if (reply.status !== 200) expectRefused(reply);
      }
    }
  });

  it('with names of Object’s own is taken as any other', async () => {
    const metadata = { constructor: 'a', toString: 'b', hasOwnProperty: { valueOf: 1 } };
    const made = await makeKey(stage, ada, { name: 'constructor', metadata, role_descriptors: { constructor: {} } });
    const { body } = await stage.send('POST', QUERY, ada, {
      query: { term: { 'metadata.hasOwnProperty.valueOf': 1 } },
    });
    expect(body).toMatchObject({ total: 1, api_keys: [{ id: made.id, metadata }] });
    const json = { ...ada, 'content-type': 'application/json' };
    for (const text of [
      '{"name":"x","metadata":{"__proto__":{"a":1}}}',
      '{"name":"x","role_descriptors":{"__proto__":{}}}',
    ]) {
      expectRefused(await stage.send('POST', KEYS, json, text));
    }
  });

  it('that is too much is refused', async () => {
    const json = { ...ada, 'content-type': 'application/json' };
    const names = Array.from({ length: 2_000 }, (_, index) => `i-${index}`);
    const role = { indices: [{ names, privileges: ['read'] }] };
    expectRefused(await stage.send('POST', KEYS, ada, { name: 'x', role_descriptors: { role } }));
    expectRefused(await stage.send('POST', KEYS, ada, { name: 'x', metadata: { a: 'x'.repeat(100_000) } }));
    expectRefused(await stage.send('POST', KEYS, ada, { name: 'x', metadata: nested(100) }));
    expectRefused(
      await stage.send('POST', KEYS, json, `{"name":"x","metadata":${'['.repeat(60_000)}${']'.repeat(60_000)}}`),
    );
    expectRefused(await stage.send('DELETE', KEYS, ada, { ids: names }));
    expectRefused(await stage.send('POST', `${KEYS}/_bulk_update`, ada, { ids: names }));
    const asked = { index: [{ names, privileges: ['read', 'write', 'all', 'none', 'manage', 'index'] }] };
    expectRefused(await stage.send('POST', HAS, ada, asked));
    expectRefused(await stage.send('POST', KEYS, json, `"${'x'.repeat(300_000)}"`));
  });

  it('in paths and parameters is refused, or finds nothing', async () => {
    for (const path of [`${KEYS}/%ff`, `${KEYS}/%E0%A4%A`]) expectRefused(await stage.send('PUT', path, ada, {}));
    for (const id of ['%00', '..%2f..', "'", '%F0%9F%98%80', 'a'.repeat(3_000)]) {
      expectRefused(await stage.send('PUT', `${KEYS}/${id}`, ada, {}));
      expect((await stage.send('GET', `${KEYS}?id=${id}`, ada)).status).toBe(404);
      expect((await stage.send('GET', `${KEYS}?name=${id}`, ada)).status).toBe(200);
      expect((await stage.send('GET', `${KEYS}?username=${id}`, ada)).status).toBe(200);
      expect((await stage.send('POST', `${KEYS}/${id}/_clear_cache`, ada)).status).toBe(200);
    }
    const paths = `${AUTHENTICATE}?filter_path=${'**.'.repeat(2_000)}x`;
    expect((await stage.send('GET', paths, ada)).status).toBe(200);
    expect((await stage.send('GET', `${AUTHENTICATE}?filter_path=__proto__,constructor`, ada)).text).toBe('{}');
  });

  it('in credentials is refused', async () => {
    const odd = [
      'ApiKey',
      'ApiKey =',
      'ApiKey ====',
      'ApiKey AAAA',
      `ApiKey ${'A'.repeat(8_000)}`,
      'Basic',
      'Basic =',
      'Basic AAAA',
      'Basic OjpeOg==',
      'ApiKey\tAAAA',
      'apikeyAAAA',
      'Basic //79Og==',
    ];
    for (const authorization of odd) {
      expect((await stage.send('GET', AUTHENTICATE, { authorization })).status).toBe(401);
    }
    const long = { authorization: `Basic ${Buffer.from(`${'x'.repeat(5_000)}:y`).toString('base64')}` };
    expect((await stage.send('GET', AUTHENTICATE, long)).status).toBe(401);
  });

  it('cannot make a filter cost more than a moment', async () => {
    await makeKey(stage, ada, { metadata: nested(17) });
    const startedAt = performance.now();
    const path = `${KEYS}?filter_path=${Array.from({ length: 50 }, () => '**.**.**.**.**.x').join(',')}`;
    expect((await stage.send('GET', path, ada)).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});

function nested(depth: number): object {
  return depth === 0 ? {} : { a: nested(depth - 1) };
}

describe('when something is down', () => {
  it('everything is 503 within a bounded time, and nothing is let through', async () => {
    const server = await startRedis();
    const client = new Redis(server.url);
    client.on('error', () => {});
    const stage = await startStage((app, latchkey) => void app.use('/', elasticsearch(latchkey)), {
      store: new RedisStore(client),
    });
    const made = await makeKey(stage, ada);
    const key = apiKey(credentialOf(made));
    await server.kill();
    const wrong = apiKey('no-such-id-of-a-key0:1234567890123456789012');
    const asked: readonly (readonly [string, string, Headers, unknown?])[] = [
      ['GET', AUTHENTICATE, wrong],
      ['GET', AUTHENTICATE, ada],
      ['GET', KEYS, key],
      ['POST', KEYS, key, { name: 'x', role_descriptors: { none: {} } }],
      ['DELETE', KEYS, key, { ids: [made.id] }],
      ['POST', QUERY, key, {}],
    ];
    for (const [method, path, headers, body] of asked) {
      const startedAt = performance.now();
      const reply = await stage.send(method, path, headers, body);
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect([method, path, reply.status]).toEqual([method, path, 503]);
      expect(reply.body).toMatchObject({ error: { type: 'unavailable_shards_exception' }, status: 503 });
      expect([reply.headers['retry-after'], reply.headers['x-elastic-product']]).toEqual(['1', 'Elasticsearch']);
    }
    client.disconnect();
    await stage.close().catch(() => {});
    await server.stop();
  }, 60_000);

  it('a directory that does not answer is 503, never 401', async () => {
    const stage = await startStage((app, latchkey) => void app.use('/', elasticsearch(latchkey)));
    stage.people.faults = { findByUserName: () => Promise.reject(new Error('down')) };
    expect((await stage.send('GET', AUTHENTICATE, ada)).status).toBe(503);
    await stage.close();
  });

  it('a fault of the server tells no details', async () => {
    const stage = await startStage((app, latchkey) => void app.use('/', elasticsearch(latchkey)));
    const logged = jest.spyOn(console, 'error').mockImplementation(() => {});
    jest.spyOn(stage.latchkey.apiKeys, 'list').mockRejectedValue(new Error('a bug, with details'));
    const reply = await stage.send('GET', KEYS, ada);
    expect([reply.status, reply.text.includes('details')]).toEqual([500, false]);
    expect(logged).toHaveBeenCalledWith(new Error('a bug, with details'));
    jest.restoreAllMocks();
    await stage.close();
  });
});

describe.each(EXPRESS_VERSIONS)('in an app on $name', ({ express }) => {
  it('stands beside the native router, on the same keys, and lets in on the host’s own routes', async () => {
    const stage = await startStage(
      (app, latchkey) => {
        app.use('/auth', adminRouter(latchkey));
        const router = elasticsearch(latchkey);
        app.use('/', router);
        app.get('/logs/_search', router.authenticate, (req, res) => {
          res.json((req.user as unknown as { id: string }).id);
        });
      },
      {},
      express,
    );
    stage.people.set('carol', { statements: [...roleStatements({ cluster: ['manage_own_api_key'] })] });
    const made: Created = await makeKey(stage, ada, { name: 'both' });
    const native = { authorization: `ApiKey ${made.encoded}` };
    expect((await stage.send('GET', '/auth/whoami', native)).body).toMatchObject({ id: 'ada' });
    const { status, body } = await stage.send('POST', '/auth/api-keys', native, { name: 'native' });
    expect(status).toBe(201);
    const { id, encoded } = body as { id: string; encoded: string };
    const found = await stage.send('GET', `${KEYS}?id=${id}`, { authorization: `ApiKey ${encoded}` });
    expect(found.body).toMatchObject({ api_keys: [{ id, name: 'native' }] });
    expect((await stage.send('DELETE', KEYS, ada, { ids: [id] })).status).toBe(200);
    expect((await stage.send('GET', '/auth/whoami', { authorization: `ApiKey ${encoded}` })).status).toBe(401);
    expect((await stage.send('GET', '/logs/_search', native)).body).toBe('ada');
    const refused = await stage.send('GET', '/logs/_search');
    expect([refused.status, refused.headers['x-elastic-product']]).toEqual([401, 'Elasticsearch']);
    await stage.send('DELETE', `/auth/api-keys/${made.id}`, ada);
    expect((await stage.send('HEAD', '/', basic('carol'))).status).toBe(403);
    await stage.close();
  });
});
