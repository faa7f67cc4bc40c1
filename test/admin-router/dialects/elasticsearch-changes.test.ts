import { Redis } from 'ioredis';
import { elasticsearch, roleStatements } from '../../../admin-router/dialects/elasticsearch.js';
import { MemoryStore, type Store } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { PASSWORD } from '../../support/people.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import {
  AUTHENTICATE,
  apiKey,
  type Created,
  credentialOf,
  fault,
  illegal,
  KEYS,
  makeKey,
  readKey,
  unauthorized,
  validation,
} from './elasticsearch-driver.js';
import { basic, type Headers, type Reply, type Stage, startStage } from './stage.js';
import type { Exact } from './story.js';

let server: RedisServer;
let client: Redis;

beforeAll(async () => {
  server = await startRedis();
  client = new Redis(server.url);
});
afterAll(async () => {
  client.disconnect();
  await server.stop();
});

const exact = ({ status, body }: Reply): Exact => ({ status, body });
const ada = basic('ada');
const carol = basic('carol');
describe.each<[string, () => Store]>([
  ['memory', () => new MemoryStore()],
  ['redis', () => new RedisStore(client, { ...PATIENT, keyPrefix: `es${Math.random()}:` })],
])('the calls that change and give keys on %s', (_name, makeStore) => {
  let stage: Stage;
  const send = (method: string, path: string, headers: Headers, body?: unknown) =>
    stage.send(method, path, headers, body);

  beforeAll(async () => {
    stage = await startStage((app, latchkey) => void app.use('/', elasticsearch(latchkey)), { store: makeStore() });
    stage.people.set('carol', { statements: [...roleStatements({ cluster: ['manage_own_api_key', 'monitor'] })] });
  });
  afterAll(() => stage.close());

  describe('update', () => {
    const update = async (id: string, body: unknown, as = carol) => exact(await send('PUT', `${KEYS}/${id}`, as, body));
    const updated = (is: boolean): Exact => ({ status: 200, body: { updated: is } });

    it('changes what is given, and tells whether anything changed', async () => {
      const { id, name } = await makeKey(stage, carol, { metadata: { a: 1, b: 2 } });
      expect(await update(id, undefined)).toEqual(updated(false));
      expect(await update(id, {})).toEqual(updated(false));
      expect(await update(id, { metadata: { c: 3 } })).toEqual(updated(true));
      expect(await update(id, { metadata: { c: 3 } })).toEqual(updated(false));
      const role_descriptors = { r: { cluster: ['monitor'] } };
      expect(await update(id, { role_descriptors })).toEqual(updated(true));
      expect(await update(id, { role_descriptors })).toEqual(updated(false));
      const key = await readKey(stage, ada, id);
      expect(key).toMatchObject({ name, metadata: { c: 3 }, role_descriptors: { r: { cluster: ['monitor'] } } });
      expect(await update(id, { role_descriptors: {} })).toEqual(updated(true));
      expect((await readKey(stage, ada, id)).role_descriptors).toEqual({});
      expect(await update(id, { expiration: '2d' })).toEqual(updated(true));
      expect(await update(id, { expiration: '2d' })).toEqual(updated(true));
    });

    it('takes the snapshot of the owner anew: more rights, and fewer', async () => {
      stage.people.set('dave', { statements: [...roleStatements({ cluster: ['manage_own_api_key', 'monitor'] })] });
      const dave = basic('dave');
      const made = await makeKey(stage, dave);
      const part = await makeKey(stage, dave, { role_descriptors: { r: { cluster: ['manage_ml', 'monitor'] } } });
      const has = async (key: Created, name: string) => {
        const asked = { cluster: [name] };
        const { body } = await send('POST', '/_security/user/_has_privileges', apiKey(credentialOf(key)), asked);
        return (body as { has_all_requested: boolean }).has_all_requested;
      };
      expect([await has(made, 'monitor'), await has(made, 'manage_ml')]).toEqual([true, false]);
      const more = { cluster: ['manage_own_api_key', 'monitor', 'manage_ml'] };
      stage.people.set('dave', { statements: [...roleStatements(more)] });
      await stage.latchkey.userChanged('dave');
      expect(await has(made, 'manage_ml')).toBe(false);
      expect(await update(made.id, undefined, dave)).toEqual(updated(true));
      expect(await update(part.id, undefined, dave)).toEqual(updated(true));
      expect([await has(made, 'manage_ml'), await has(part, 'manage_ml')]).toEqual([true, true]);
      stage.people.set('dave', { statements: [...roleStatements({ cluster: ['manage_own_api_key'] })] });
      await stage.latchkey.userChanged('dave');
      expect(await update(made.id, undefined, dave)).toEqual(updated(true));
      expect([await has(made, 'manage_ml'), await has(made, 'monitor')]).toEqual([false, false]);
      const [role] = (await readKey(stage, ada, made.id, '&with_limited_by')).limited_by as object[];
      expect(role).toMatchObject({ latchkey: { cluster: ['manage_own_api_key'] } });
    });

    it('refuses what is not one’s own, or has ended', async () => {
      const notFound = (id: string) =>
        fault(404, 'resource_not_found_exception', `no API key owned by requesting user found for ID [${id}]`);
      const own = await makeKey(stage, ada);
      expect(await update(own.id, {})).toEqual(notFound(own.id));
      const others = await makeKey(stage, carol);
      expect(await update(others.id, {}, ada)).toEqual(notFound(others.id));
      expect(await update('none', {})).toEqual(notFound('none'));
      await send('DELETE', KEYS, ada, { ids: [others.id] });
      expect(await update(others.id, {})).toEqual(illegal(`cannot update invalidated API key [${others.id}]`));
      const past = await makeKey(stage, carol, { expiration: '0' });
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await update(past.id, {})).toEqual(illegal(`cannot update expired API key [${past.id}]`));
    });

    it('loses none of two changes at once', async () => {
      const { id } = await makeKey(stage, carol, { metadata: { a: 1 } });
      const role_descriptors = { r: { cluster: ['monitor'] } };
      const both = await Promise.all([update(id, { metadata: { b: 2 } }), update(id, { role_descriptors })]);
      expect(both).toEqual([updated(true), updated(true)]);
      expect(await readKey(stage, ada, id)).toMatchObject({ metadata: { b: 2 }, role_descriptors: { r: {} } });
    });

    it.each(['0', '-1'])('refuses an expiration that is none: %s', async (expiration) => {
      const { id } = await makeKey(stage, carol);
      expect(await update(id, { expiration })).toEqual(validation('API key expiration must be in the future'));
    });

    it('changes several at once', async () => {
      const keys = [
        await makeKey(stage, carol, { metadata: { x: 1 } }),
        await makeKey(stage, carol),
        await makeKey(stage, ada),
      ];
      const [noop = '', changed = '', foreign = ''] = keys.map(({ id }) => id);
      const reply = await send('POST', `${KEYS}/_bulk_update`, carol, {
        ids: [noop, foreign, changed, changed],
        metadata: { x: 1 },
      });
      const reason = `no API key owned by requesting user found for ID [${foreign}]`;
      expect(reply.text).toBe(
        `{"updated":["${changed}"],"noops":["${noop}"],"errors":{"count":1,"details":{"${foreign}":{"type":"resource_not_found_exception","reason":"${reason}"}}}}`,
      );
      const all = await send('POST', `${KEYS}/_bulk_update`, carol, { ids: [noop] });
      expect(all.text).toBe(`{"updated":[],"noops":["${noop}"]}`);
      const bulk = async (body: unknown) => exact(await send('POST', `${KEYS}/_bulk_update`, carol, body));
      expect(await bulk({})).toEqual(illegal('Required [ids]'));
      expect(await bulk({ ids: [] })).toEqual(validation('Field [ids] cannot be empty'));
    });
  });

  describe('grant', () => {
    const api_key = { name: 'granted' };
    const grant = async (body: object, as = ada) => exact(await send('POST', `${KEYS}/grant`, as, body));
    const password = { grant_type: 'password', username: 'carol', password: PASSWORD };

    it('makes a key that belongs to the user', async () => {
      const { body } = await grant({ ...password, api_key });
      const made = body as Created;
      expect(Object.keys(made)).toEqual(['id', 'name', 'expiration', 'api_key', 'encoded']);
      expect((await send('GET', AUTHENTICATE, apiKey(credentialOf(made)))).body).toMatchObject({ username: 'carol' });
    });

    it('acts for a third one where the granted user may', async () => {
      const refused = await grant({ ...password, run_as: 'bob', api_key });
      expect(refused).toEqual(
        fault(
          403,
          'security_exception',
          'action [cluster:admin/xpack/security/user/authenticate] is unauthorized for user [carol] with effective roles [latchkey], because user [carol] is unauthorized to run as [bob]',
        ),
      );
      stage.people.set('runner', { statements: [...roleStatements({ run_as: ['carol'] })] });
      const { status, body } = await grant({ ...password, username: 'runner', run_as: 'carol', api_key });
      expect(status).toBe(200);
      expect((await readKey(stage, ada, (body as Created).id)).username).toBe('carol');
    });

    it('answers 403 for a wrong credential, also of another organisation', async () => {
      const refused = fault(403, 'security_exception', 'Failed to authenticate api key grant');
      expect(await grant({ ...password, password: 'wrong', api_key })).toEqual(refused);
      expect(await grant({ ...password, username: 'eve', api_key })).toEqual(refused);
      expect(await grant({ grant_type: 'access_token', access_token: 'x', api_key })).toEqual(refused);
    });

    it.each<[object, string[]]>([
      [{ api_key }, ['[grant_type] is required']],
      [{ grant_type: 'x', api_key }, ['grant_type [x] is not supported']],
      [
        { grant_type: 'password', api_key },
        ['[username] is required for grant_type [password]', '[password] is required for grant_type [password]'],
      ],
      [{ ...password, access_token: 'x', api_key }, ['[access_token] is not supported for grant_type [password]']],
      [
        { grant_type: 'access_token', access_token: 'x', username: 'u', api_key },
        ['[username] is not supported for grant_type [access_token]'],
      ],
      [password, ['api key name is required']],
      [{ ...password, api_key: { name: '_x' } }, ['api key name may not begin with an underscore']],
    ])('refuses %j', async (body, messages) => {
      expect(await grant(body)).toEqual(validation(...messages));
    });

    it('refuses client authentication of an opaque token', async () => {
      const client_authentication = { scheme: 'SharedSecret', value: 'x' };
      expect(await grant({ grant_type: 'access_token', access_token: 'x', client_authentication, api_key })).toEqual(
        fault(400, 'security_exception', '[client_authentication] not supported with the supplied access_token type'),
      );
    });
  });

  describe('grant of several keys', () => {
    const bulk = (body: object, as = ada) => send('POST', `${KEYS}/_bulk_grant`, as, body);
    const password = { grant_type: 'password', username: 'carol', password: PASSWORD };

    it('makes them in order, and tells those that cannot be made', async () => {
      const api_keys = [{ name: 'one' }, { name: 'two', expiration: '100000d' }, { name: 'three' }];
      const { status, body } = await bulk({ ...password, api_keys });
      const { created } = body as { created: Created[] };
      expect([status, created.map(({ name }) => name)]).toEqual([200, ['one', 'two', 'three']]);
      expect(Object.keys(body as object)).toEqual(['created']);
      for (const made of created) {
        expect((await send('GET', AUTHENTICATE, apiKey(credentialOf(made)))).body).toMatchObject({ username: 'carol' });
      }
      const names = Array.from({ length: 600 }, (_, index) => `i-${index}`);
      const role_descriptors = { r: { indices: [{ names, privileges: ['read'] }] } };
      const some = await bulk({ ...password, api_keys: [{ name: 'one', role_descriptors }, { name: 'two' }] });
      expect(some.body).toMatchObject({
        created: [{ name: 'two' }],
        errors: { count: 1, details: { 0: { type: 'illegal_argument_exception', reason: expect.any(String) } } },
      });
    });

    it('is refused as a grant of one is', async () => {
      expect(exact(await bulk({ ...password, api_keys: [] }))).toEqual(validation('[api_keys] must not be empty'));
      expect(exact(await bulk(password))).toEqual(validation('[api_keys] must not be empty'));
      const wrong = await bulk({ ...password, password: 'wrong', api_keys: [{ name: 'x' }] });
      expect(exact(wrong)).toEqual(fault(403, 'security_exception', 'Failed to authenticate api key grant'));
      expect(exact(await bulk({ ...password, api_keys: [{ name: 'x' }] }, carol))).toEqual(
        unauthorized(
          'cluster:admin/xpack/security/api_key/grant/bulk',
          'user [carol] with effective roles [latchkey]',
          'grant_api_key,manage_api_key,manage_security,all',
        ),
      );
    });
  });

  describe('clone', () => {
    const clone = async (body: object, as = carol) => exact(await send('POST', `${KEYS}/clone`, as, body));

    it('copies rights, owner and end', async () => {
      const role_descriptors = { r: { cluster: ['monitor'] } };
      const made = await makeKey(stage, carol, {
        name: 'source',
        expiration: '2h',
        role_descriptors,
        metadata: { a: 1 },
      });
      const { status, body } = await clone({ api_key: made.encoded, name: 'copy' });
      const copy = body as Created;
      expect([status, copy.expiration, copy.name]).toEqual([200, made.expiration, 'copy']);
      expect(await readKey(stage, ada, copy.id)).toMatchObject({
        username: 'carol',
        metadata: { _cloned_from: made.id },
        role_descriptors: { r: { cluster: ['monitor'] } },
      });
      const shorter = (await clone({ api_key: made.encoded, name: 'copy', expiration: '1h' })).body as Created;
      expect(shorter.expiration).toBeLessThan(made.expiration ?? 0);
    });

    it('copies the rights of policies, which a key cannot come to by it', async () => {
      const statements = [...roleStatements({ cluster: ['monitor'] })];
      const policy = await stage.latchkey.policies.create(
        { type: 'role', name: 'p', orgId: 'acme', statements },
        { by: 'test' },
      );
      const made = await stage.latchkey.apiKeys.create(
        { name: 'native', ownerId: 'carol', policyIds: [policy.id], statements: [] },
        { by: 'test' },
      );
      const api_key = Buffer.from(`${made.key.id}:${made.secret}`).toString('base64');
      const copy = (await clone({ api_key, name: 'copy' })).body as Created;
      expect(await readKey(stage, ada, copy.id)).toMatchObject({
        role_descriptors: { latchkey: { cluster: ['monitor'] } },
      });
      const role_descriptors = { r: { cluster: ['manage_own_api_key'] } };
      const limited = apiKey(credentialOf(await makeKey(stage, carol, { role_descriptors })));
      expect((await clone({ api_key, name: 'copy' }, limited)).status).toBe(400);
    });

    it('refuses what is no key, or none that is accepted', async () => {
      const made = await makeKey(stage, carol);
      expect(await clone({ api_key: 'a-b', name: 'x' })).toEqual(
        illegal('invalid API key credential: Illegal base64 character 2d'),
      );
      const wrong = Buffer.from(`${made.id}:${'x'.repeat(22)}`).toString('base64');
      const refused = fault(403, 'security_exception', 'Failed to clone API key');
      expect(await clone({ api_key: wrong, name: 'x' })).toEqual(refused);
      const foreign = await makeKey(stage, basic('eve'));
      expect(await clone({ api_key: foreign.encoded, name: 'x' })).toEqual(refused);
      expect(await clone({ name: 'x' })).toEqual(illegal('Required [api_key]'));
      expect(await clone({ api_key: made.encoded })).toEqual(illegal('Required [name]'));
    });
  });
});
