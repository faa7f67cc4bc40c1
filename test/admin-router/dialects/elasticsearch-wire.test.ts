import { gzipSync } from 'node:zlib';
import type { Express } from 'express';
import { elasticsearch } from '../../../admin-router/dialects/elasticsearch.js';
import { type Latchkey, MemoryStore } from '../../../lib/index.js';
import {
  AUTHENTICATE,
  apiKey,
  CHALLENGES,
  credentialOf,
  FAILED,
  fault,
  illegal,
  KEYS,
  makeKey,
  refusedKey,
  unauthenticated,
} from './elasticsearch-driver.js';
import { basic, type Headers, type Reply, type Stage, startStage } from './stage.js';
import type { Exact } from './story.js';

let stage: Stage;
let nowAt = Date.now();
const ada = basic('ada');

beforeAll(async () => {
  const now = () => nowAt;
  stage = await startStage((app, latchkey) => void app.use('/', elasticsearch(latchkey)), {
    store: new MemoryStore({ now }),
    now,
  });
});
afterAll(() => stage.close());

const exact = ({ status, body }: Reply): Exact => ({ status, body });
const send = (...args: Parameters<Stage['send']>) => stage.send(...args);
const whoAmI = (headers: Headers, path = AUTHENTICATE) => send('GET', path, headers);

describe('transport', () => {
  it('names the product on every status', async () => {
    const replies = [
      await whoAmI(ada),
      await whoAmI({}),
      await send('POST', KEYS, basic('bob'), { name: 'x' }),
      await send('GET', '/_security/x'),
      await send('PATCH', KEYS),
      await send('HEAD', '/', ada),
      await send('POST', KEYS, { ...ada, 'content-type': 'text/plain' }, 'x'),
    ];
    expect(replies.map(({ status }) => status)).toEqual([200, 401, 403, 400, 405, 200, 406]);
    for (const { headers } of replies) expect(headers['x-elastic-product']).toBe('Elasticsearch');
    for (const { headers, text } of replies)
      if (text !== '') expect(headers['content-type']).toMatch(/^application\/json/);
  });

  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/vnd.elasticsearch+json; compatible-with=8',
    'application/vnd.elasticsearch+json;compatible-with=9',
  ])('reads %s', async (type) => {
    expect((await send('PUT', KEYS, { ...ada, 'content-type': type }, '{"name":"t"}')).status).toBe(200);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/vnd.elasticsearch+json; compatible-with=7'])(
    'answers 406 for %s',
    async (type) => {
      const reply = await send('PUT', KEYS, { ...ada, 'content-type': type }, '{"name":"t"}');
      expect(exact(reply)).toEqual({
        status: 406,
        body: { error: `Content-Type header [${type}] is not supported`, status: 406 },
      });
    },
  );

  it('takes empty bodies with and without a type, and gzip', async () => {
    const query = '/_security/_query/api_key';
    expect((await send('POST', query, { ...ada, 'content-length': '0' })).status).toBe(200);
    expect(
      (await send('POST', query, { ...ada, 'content-length': '0', 'content-type': 'application/json' })).status,
    ).toBe(200);
    expect((await send('GET', KEYS, { ...ada, 'content-type': 'application/json' })).status).toBe(200);
    expect((await send('GET', query, ada, { size: 0 })).body).toMatchObject({ count: 0 });
    const headers = { ...ada, 'content-encoding': 'gzip', 'content-type': 'application/json' };
    expect((await send('POST', query, headers, gzipSync('{"size":0}') as unknown)).body).toMatchObject({ count: 0 });
  });

  it('tells paths and methods that it does not know', async () => {
    expect(exact(await send('GET', '/_security/x'))).toEqual({
      status: 400,
      body: { error: 'no handler found for uri [/_security/x] and method [GET]' },
    });
    const reply = await send('PATCH', KEYS);
    expect(exact(reply)).toEqual({
      status: 405,
      body: {
        error: `Incorrect HTTP method for uri [${KEYS}] and method [PATCH], allowed: [GET, PUT, POST, DELETE]`,
        status: 405,
      },
    });
    expect(reply.headers.allow).toBe('GET, PUT, POST, DELETE');
    expect((await send('DELETE', `${KEYS}/grant`)).headers.allow).toBe('PUT, POST');
    expect((await send('GET', '/elsewhere')).headers['x-elastic-product']).toBeUndefined();
  });

  it('takes the common parameters, and no others', async () => {
    const common = '?pretty&human&error_trace=true&format=json';
    const pretty = await whoAmI(ada, `${AUTHENTICATE}${common}`);
    expect(pretty.text).toContain('{\n  "username": "ada",\n');
    expect(pretty.headers['content-type']).toMatch(/^application\/json/);
    expect((await whoAmI(ada, `${AUTHENTICATE}?filter_path=username,auth*.type`)).body).toEqual({
      username: 'ada',
      authentication_realm: { type: 'native' },
    });
    expect((await whoAmI({}, `${AUTHENTICATE}?filter_path=status`)).body).toEqual({ status: 401 });
    expect(exact(await send('GET', `${KEYS}?foo=1`, ada))).toEqual(
      illegal(`request [${KEYS}] contains unrecognized parameter: [foo]`),
    );
    expect(exact(await send('GET', `${KEYS}?owner=x`, ada))).toEqual(
      illegal('Failed to parse value [x] as only [true] or [false] are allowed.'),
    );
    for (const refresh of ['true', 'false', 'wait_for']) {
      expect((await send('POST', `${KEYS}?refresh=${refresh}`, ada, { name: 'r' })).status).toBe(200);
    }
  });

  it('answers a body that cannot be read', async () => {
    const json = { ...ada, 'content-type': 'application/json' };
    const broken = await send('POST', KEYS, json, '{"name": x}');
    expect(exact(broken)).toEqual(
      fault(
        400,
        'x_content_parse_exception',
        'The request is not valid: the body must be valid JSON, near position 9.',
      ),
    );
    expect((await send('POST', KEYS, json, `"${'x'.repeat(300_000)}"`)).status).toBe(413);
    expect(exact(await send('POST', KEYS, json, '[]'))).toEqual(
      fault(400, 'x_content_parse_exception', '[api_key_request] Expected START_OBJECT but was: START_ARRAY'),
    );
  });
});

describe('authentication', () => {
  it('takes a password with every request', async () => {
    stage.people.drainGuesses();
    const reply = await whoAmI(ada);
    await whoAmI(ada);
    expect(stage.people.drainGuesses()).toBe(2);
    expect(reply.text).toBe(
      '{"username":"ada","roles":["superuser"],"full_name":null,"email":null,"metadata":{},"enabled":true,' +
        '"authentication_realm":{"name":"default_native","type":"native"},' +
        '"lookup_realm":{"name":"default_native","type":"native"},"authentication_type":"realm"}',
    );
  });

  it('takes a key, whatever the case of the scheme', async () => {
    const made = await makeKey(stage, ada, { metadata: { secret: 'not shown' } });
    const encoded = Buffer.from(credentialOf(made)).toString('base64');
    const { text } = await whoAmI({ authorization: `aPiKeY ${encoded}` });
    expect(text).toBe(
      '{"username":"ada","roles":[],"full_name":null,"email":null,"metadata":{},"enabled":true,' +
        '"authentication_realm":{"name":"_es_api_key","type":"_es_api_key"},' +
        '"lookup_realm":{"name":"_es_api_key","type":"_es_api_key"},"authentication_type":"api_key",' +
        `"api_key":{"id":"${made.id}","name":"a key","managed_by":"elasticsearch"}}`,
    );
  });

  it('tells that nothing was sent', async () => {
    const reply = await whoAmI({}, `${AUTHENTICATE}?pretty=false`);
    expect(exact(reply)).toEqual(
      unauthenticated(`missing authentication credentials for REST request [${AUTHENTICATE}?pretty=false]`),
    );
    expect(reply.headers['www-authenticate']).toBe(CHALLENGES.join(', '));
    expect(exact(await whoAmI({ authorization: 'ApiKey ' }))).toEqual(
      unauthenticated(`missing authentication credentials for REST request [${AUTHENTICATE}]`),
    );
    expect((await whoAmI({ authorization: 'Digest x' })).status).toBe(401);
    expect(exact(await whoAmI({ authorization: 'Bearer x' }))).toEqual(unauthenticated(FAILED));
  });

  it('has each challenge in a line of its own', async () => {
    const { request } = await import('node:http');
    const lines = await new Promise<string[]>((resolve) => {
      request(`${stage.url}${AUTHENTICATE}`, (res) => {
        res.resume();
        resolve(res.rawHeaders.filter((_, index) => res.rawHeaders[index - 1]?.toLowerCase() === 'www-authenticate'));
      }).end();
    });
    expect(lines).toEqual(CHALLENGES);
  });

  it.each(['wrong', ''])('tells a wrong password %j, and no more', async (password) => {
    for (const user of ['ada', 'nobody']) {
      expect(exact(await whoAmI(basic(user, password)))).toEqual(
        unauthenticated(`unable to authenticate user [${user}] for REST request [${AUTHENTICATE}]`),
      );
    }
  });

  it.each<[string, string, string]>([
    ['unknown id', 'ApiKey', Buffer.from('no-such-id-of-a-key0:1234567890123456789012').toString('base64')],
    ['no colon', 'ApiKey', Buffer.from('abc').toString('base64')],
    ['colon first', 'ApiKey', Buffer.from(':abc').toString('base64')],
    ['empty secret', 'ApiKey', Buffer.from('abc:').toString('base64')],
    ['no base64', 'ApiKey', 'ab-c'],
    ['two spaces', 'ApiKey', ' abc'],
    ['underscore', 'ApiKey', 'a_bc'],
  ])('tells why a key is refused: %s', async (what, scheme, value) => {
    const why = {
      'unknown id': 'unable to find apikey with id no-such-id-of-a-key0',
      'no colon': 'invalid ApiKey value',
      'colon first': 'invalid ApiKey value',
      'empty secret': 'api key is empty',
      'no base64': 'Illegal base64 character 2d',
      'two spaces': 'Illegal base64 character 20',
      underscore: 'Illegal base64 character 5f',
    }[what];
    const reply = await whoAmI({ authorization: `${scheme} ${value}` });
    expect(exact(reply)).toEqual(refusedKey(why ?? ''));
  });

  it('answers the worked example of an invalidated key to the letter', async () => {
    const made = await makeKey(stage, ada);
    expect((await send('DELETE', KEYS, ada, { ids: [made.id], owner: true })).text).toBe(
      `{"invalidated_api_keys":["${made.id}"],"previously_invalidated_api_keys":[],"error_count":0}`,
    );
    const members =
      `"type":"security_exception","reason":"${FAILED}",` +
      `"additional_unsuccessful_credentials":"API key: api key [${made.id}] has been invalidated",` +
      '"header":{"WWW-Authenticate":["Basic realm=\\"security\\", charset=\\"UTF-8\\"","ApiKey"]}';
    expect((await whoAmI(apiKey(credentialOf(made)))).text).toBe(
      `{"error":{"root_cause":[{${members}}],${members}},"status":401}`,
    );
  });

  it('refuses a key from the very millisecond of its end', async () => {
    const made = await makeKey(stage, ada, { expiration: '1s' });
    expect(made.expiration).toBe(nowAt + 1_000);
    nowAt += 999;
    expect((await whoAmI(apiKey(credentialOf(made)))).status).toBe(200);
    nowAt += 1;
    expect(exact(await whoAmI(apiKey(credentialOf(made))))).toEqual(refusedKey('api key is expired'));
  });

  it.each(['1ms', '0', '-1'])('makes a key that ends at once: %s', async (expiration) => {
    const made = await makeKey(stage, ada, { expiration });
    nowAt += 1;
    expect(exact(await whoAmI(apiKey(credentialOf(made))))).toEqual(refusedKey('api key is expired'));
  });

  it('does not tell a disabled key from a wrong secret, nor one whose owner is gone', async () => {
    const made = await makeKey(stage, ada);
    await stage.latchkey.apiKeys.disable(made.id, { by: 'test' });
    expect(exact(await whoAmI(apiKey(credentialOf(made))))).toEqual(
      refusedKey(`invalid credentials for API key [${made.id}]`),
    );
  });

  it('refuses a header that came twice', async () => {
    const { connect } = await import('node:net');
    const { hostname, port } = new URL(stage.url);
    const text = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), hostname);
      let got = '';
      socket.on('data', (chunk) => {
        got += chunk.toString();
      });
      socket.on('close', () => resolve(got));
      const line = `Authorization: ${ada.authorization}\r\n`;
      socket.end(`GET ${AUTHENTICATE} HTTP/1.1\r\nHost: x\r\n${line}${line}Connection: close\r\n\r\n`);
    });
    expect(text).toMatch(/^HTTP\/1.1 400 /);
    expect(text).toContain('multiple values for single-valued header [authorization].');
  });

  it('locks out who guesses, with the time to wait', async () => {
    stage.people.set('target');
    const statuses: number[] = [];
    for (let tries = 0; tries < 12; tries++) statuses.push((await whoAmI(basic('target', `guess ${tries}`))).status);
    expect(statuses.at(-1)).toBe(429);
    const { status, headers, body } = await whoAmI(basic('target'));
    expect([status, Number(headers['retry-after']) > 0]).toEqual([429, true]);
    expect(body).toMatchObject({ error: { type: 'security_exception' }, status: 429 });
  });
});

describe('the server', () => {
  it('tells of itself to who may monitor', async () => {
    expect((await send('GET', '/', ada)).body).toEqual({
      name: 'latchkey',
      cluster_name: 'latchkey',
      cluster_uuid: expect.any(String),
      version: {
        number: '9.1.0',
        build_flavor: 'default',
        build_type: 'docker',
        build_hash: expect.any(String),
        build_date: expect.any(String),
        build_snapshot: false,
        lucene_version: expect.any(String),
        minimum_wire_compatibility_version: expect.any(String),
        minimum_index_compatibility_version: expect.any(String),
      },
      tagline: 'You Know, for Search',
    });
    const head = await send('HEAD', '/', ada);
    expect([head.status, head.text]).toEqual([200, '']);
    expect(exact(await send('GET', '/', basic('bob')))).toEqual(
      fault(
        403,
        'security_exception',
        'action [cluster:monitor/main] is unauthorized for user [bob] with effective roles [], this action is granted by the cluster privileges [monitor,manage,all]',
      ),
    );
  });

  it('clears the cache of keys, which is nothing to do', async () => {
    for (const ids of ['*', 'a%2Cb', 'a,b']) {
      const { status, body } = await send('POST', `${KEYS}/${ids}/_clear_cache`, { ...ada, 'content-length': '0' });
      expect([status, body]).toEqual([
        200,
        {
          _nodes: { total: 1, successful: 1, failed: 0 },
          cluster_name: 'latchkey',
          nodes: { AAAAAAAAAAAAAAAAAAAAAA: { name: 'latchkey' } },
        },
      ]);
    }
  });
});

describe('options', () => {
  it('hide reasons, switch keys off, and leave the root to the app', async () => {
    const other = await startStage((app, latchkey) => {
      app.use('/es', elasticsearch(latchkey, { revealReasons: false, apiKeysEnabled: false, root: false }));
      app.use((_req, res) => void res.status(299).end());
    });
    try {
      const wrong = apiKey('no-such-id-of-a-key0:1234567890123456789012');
      expect(exact(await other.send('GET', `/es${AUTHENTICATE}`, wrong))).toEqual(unauthenticated(FAILED));
      for (const [method, path] of [
        ['GET', KEYS],
        ['POST', '/_security/_query/api_key'],
        ['DELETE', KEYS],
      ] as const) {
        expect(exact(await other.send(method, `/es${path}`, ada))).toEqual(
          fault(400, 'feature_not_enabled_exception', 'api keys are not enabled', { 'disabled.feature': 'api_keys' }),
        );
      }
      expect((await other.send('GET', '/es/', ada)).status).toBe(299);
      expect((await other.send('GET', '/es/_security/x', ada)).text).toContain('[/es/_security/x]');
    } finally {
      await other.close();
    }
  });

  it('have keys never end, but for those that a key with an end makes', async () => {
    const mount = (app: Express, latchkey: Latchkey) =>
      void app.use('/', elasticsearch(latchkey, { withoutExpiration: 'never' }));
    const other = await startStage(mount);
    try {
      expect(await makeKey(other, ada)).not.toHaveProperty('expiration');
      const role_descriptors = { r: { cluster: ['manage_own_api_key'] } };
      const short = await makeKey(other, ada, { expiration: '1h', role_descriptors });
      const derived = await makeKey(other, apiKey(credentialOf(short)), { role_descriptors: { none: {} } });
      expect(derived.expiration).toBeLessThanOrEqual(short.expiration ?? 0);
    } finally {
      await other.close();
    }
  });

  it.each<[object, string]>([
    [{ reveal: true }, 'has no option reveal'],
    [{ maxKeys: 0 }, 'maxKeys'],
    [{ withoutExpiration: 'x' }, 'withoutExpiration'],
    [{ revealReasons: 'no' }, 'revealReasons'],
    [{ realm: {} }, 'realm'],
    [{ applicationPrivileges: { shop: { read: 'x' } } }, 'applicationPrivileges'],
  ])('are checked: %j', (options, message) => {
    expect(() => elasticsearch(stage.latchkey, options as never)).toThrow(message);
  });
});
