import { Redis } from 'ioredis';
import { elasticsearch, roleStatements } from '../../../admin-router/dialects/elasticsearch.js';
import { MemoryStore, type Store } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
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
const EMPTY_ROLE = {
  cluster: [],
  indices: [],
  applications: [],
  run_as: [],
  metadata: {},
  transient_metadata: { enabled: true },
};

describe.each<[string, () => Store]>([
  ['memory', () => new MemoryStore()],
  ['redis', () => new RedisStore(client, { ...PATIENT, keyPrefix: `es${Math.random()}:` })],
])('the calls about keys on %s', (_name, makeStore) => {
  let stage: Stage;
  const send = (method: string, path: string, headers: Headers, body?: unknown) =>
    stage.send(method, path, headers, body);
  const create = async (body: unknown, as = ada) => exact(await send('POST', KEYS, as, body));
  const idsIn = ({ body }: Reply) => (body as { api_keys: { id: string }[] }).api_keys.map(({ id }) => id);

  beforeAll(async () => {
    stage = await startStage((app, latchkey) => void app.use('/', elasticsearch(latchkey)), { store: makeStore() });
    stage.people.set('carol', { statements: [...roleStatements({ cluster: ['manage_own_api_key', 'monitor'] })] });
  });
  afterAll(() => stage.close());

  describe('create', () => {
    it('answers its members in order', async () => {
      for (const method of ['PUT', 'POST']) {
        const reply = await send(method, KEYS, ada, { name: 'n', expiration: '1d' });
        const made = reply.body as Created;
        expect(reply.text).toBe(
          `{"id":"${made.id}","name":"n","expiration":${made.expiration},"api_key":"${made.api_key}","encoded":"${made.encoded}"}`,
        );
        expect(made.id).toMatch(/^[\w-]{20}$/);
        expect(made.api_key).toMatch(/^[\w-]{22}$/);
        expect(Buffer.from(made.encoded, 'base64').toString()).toBe(credentialOf(made));
        expect(Math.abs((made.expiration ?? 0) - Date.now() - 86_400_000)).toBeLessThan(60_000);
      }
    });

    it('takes a name twice, and one of 256 characters', async () => {
      const [one, two] = [await makeKey(stage, ada, { name: 'same' }), await makeKey(stage, ada, { name: 'same' })];
      expect(one.id).not.toBe(two.id);
      expect((await makeKey(stage, ada, { name: 'x'.repeat(256) })).name).toHaveLength(256);
    });

    const parseFault = (reason: string, type: string, cause: string) =>
      fault(400, 'x_content_parse_exception', reason, {}, { type, reason: cause });

    it.each<[unknown, Exact]>([
      [{}, illegal('Required [name]')],
      [undefined, illegal('Required [name]')],
      [{ name: null }, illegal('Required [name]')],
      [{ name: '' }, validation('api key name is required')],
      [{ name: 'x'.repeat(257) }, validation('api key name may not be more than 256 characters long')],
      [{ name: ' x' }, validation('api key name may not begin or end with whitespace')],
      [{ name: 'x\t' }, validation('api key name may not begin or end with whitespace')],
      [{ name: '_x' }, validation('api key name may not begin with an underscore')],
      [{ name: 'x', metadata: { _a: 1 } }, validation('API key metadata keys may not start with [_]')],
      [
        { name: '_x ', metadata: { _a: 1 } },
        validation(
          'api key name may not begin or end with whitespace',
          'api key name may not begin with an underscore',
          'API key metadata keys may not start with [_]',
        ),
      ],
      [
        {
          name: 'x',
          role_descriptors: { a: { restriction: { workflows: ['w'] } }, b: { restriction: { workflows: ['w'] } } },
        },
        validation('more than one role descriptor with restriction is not supported'),
      ],
      [
        { name: 'x', role_descriptors: { a: { restriction: { workflows: ['w'] } }, b: {} } },
        validation('combining role descriptors with and without restriction is not supported'),
      ],
      [{ name: 'x', foo: 1 }, fault(400, 'x_content_parse_exception', '[api_key_request] unknown field [foo]')],
      [
        { name: 5 },
        fault(400, 'x_content_parse_exception', "[api_key_request] name doesn't support values of type: VALUE_NUMBER"),
      ],
      [
        { name: 'x', role_descriptors: { x: { description: 'd' } } },
        parseFault(
          '[api_key_request] failed to parse field [role_descriptors]',
          'parse_exception',
          'failed to parse role [x]. unexpected field [description]',
        ),
      ],
      [
        { expiration: '1x', name: 'x' },
        parseFault(
          'Failed to build [api_key_request] after last required field arrived',
          'illegal_argument_exception',
          'failed to parse setting [expiration] with value [1x] as a time value: unit is missing or unrecognized',
        ),
      ],
      [
        { name: 'x', role_descriptors: {}, metadata: {}, expiration: '1.5d' },
        parseFault(
          '[api_key_request] failed to parse field [expiration]',
          'illegal_argument_exception',
          'failed to parse [1.5d], fractional time values are not supported',
        ),
      ],
    ])('refuses %j', async (body, answer) => {
      expect(await create(body)).toEqual(answer);
    });

    it('refuses an unknown privilege, naming those that there are', async () => {
      const { status, body } = await create({ name: 'x', role_descriptors: { r: { cluster: ['x'] } } });
      const { type, reason } = (body as { error: { type: string; reason: string } }).error;
      expect([status, type]).toEqual([400, 'action_request_validation_exception']);
      expect(reason).toMatch(
        /^Validation Failed: 1: unknown cluster privilege \[x\]\. a privilege must be either one of the predefined cluster privilege names \[all,.*monitor,.*\] or a pattern over one of the available cluster actions;$/,
      );
      const action = { name: 'x', role_descriptors: { r: { cluster: ['cluster:admin/xpack/*'] } } };
      expect((await create(action)).status).toBe(200);
    });

    it('keeps what was given, as the product normalises it', async () => {
      const made = await makeKey(stage, ada, {
        name: 'full',
        role_descriptors: { r: { index: { names: 'a', privileges: 'read' } } },
      }).catch(() => null);
      expect(made).toBeNull(); // an entry is an object in a list
      const { id } = await makeKey(stage, ada, {
        name: 'full',
        metadata: { team: 'b1', deep: { a: [1, null, true] } },
        role_descriptors: { r: { index: [{ names: 'a', privileges: 'read' }] } },
      });
      const key = await readKey(stage, ada, id);
      expect(Object.keys(key)).toEqual([
        ...['id', 'name', 'type', 'creation', 'expiration', 'invalidated', 'username', 'realm', 'realm_type'],
        ...['metadata', 'role_descriptors'],
      ]);
      expect(key).toMatchObject({
        name: 'full',
        type: 'rest',
        invalidated: false,
        username: 'ada',
        realm: 'default_native',
        realm_type: 'native',
        metadata: { team: 'b1', deep: { a: [1, null, true] } },
        role_descriptors: {
          r: { ...EMPTY_ROLE, indices: [{ names: ['a'], privileges: ['read'], allow_restricted_indices: false }] },
        },
      });
    });

    it('cuts a descriptor down to what its owner may do', async () => {
      const role_descriptors = { r: { cluster: ['all'], indices: [{ names: ['*'], privileges: ['read'] }] } };
      const made = await makeKey(stage, carol, { role_descriptors });
      const { body } = await send('POST', '/_security/user/_has_privileges', apiKey(credentialOf(made)), {
        cluster: ['monitor', 'manage_api_key'],
        index: [{ names: ['x'], privileges: ['read'] }],
      });
      expect(body).toMatchObject({
        cluster: { monitor: true, manage_api_key: false },
        index: { x: { read: false } },
      });
      expect((await readKey(stage, ada, made.id)).role_descriptors).toMatchObject({ r: { cluster: ['all'] } });
    });
  });

  describe('get', () => {
    let own: Created;
    let other: Created;
    beforeAll(async () => {
      own = await makeKey(stage, carol, { name: 'carol-1' });
      other = await makeKey(stage, ada, { name: 'ada-1' });
    });

    it('answers 404 with an empty list for an id that is not there', async () => {
      for (const id of ['no-such-key', 'ü', '%27', 'x'.repeat(500)]) {
        const reply = await send('GET', `${KEYS}?id=${encodeURIComponent(id)}`, ada);
        expect([reply.status, reply.text]).toEqual([404, '{"api_keys":[]}']);
      }
      const none = await send('GET', `${KEYS}?name=none`, ada);
      expect([none.status, none.text]).toEqual([200, '{"api_keys":[]}']);
    });

    it('finds by name, owner, user and realm', async () => {
      expect(idsIn(await send('GET', `${KEYS}?name=carol-1`, ada))).toEqual([own.id]);
      expect(idsIn(await send('GET', `${KEYS}?name=carol-*`, ada))).toEqual([own.id]);
      expect(idsIn(await send('GET', `${KEYS}?name=*`, ada))).toEqual(expect.arrayContaining([own.id, other.id]));
      expect(idsIn(await send('GET', `${KEYS}?name=carol*1`, ada))).toEqual([]);
      expect(idsIn(await send('GET', `${KEYS}?owner`, carol))).toContain(own.id);
      expect(idsIn(await send('GET', `${KEYS}?owner=true`, carol))).not.toContain(other.id);
      expect(idsIn(await send('GET', `${KEYS}?username=carol`, ada))).toContain(own.id);
      expect(idsIn(await send('GET', `${KEYS}?username=carol&realm_name=default_native`, carol))).toContain(own.id);
      expect(idsIn(await send('GET', `${KEYS}?username=carol&realm_name=other`, ada))).toEqual([]);
      expect(idsIn(await send('GET', `${KEYS}?username=eve`, ada))).toEqual([]);
      expect(idsIn(await send('GET', `${KEYS}?realm_name=default_native`, ada))).toContain(own.id);
    });

    it('returns ended keys unless active ones are asked for', async () => {
      const ended = await makeKey(stage, carol, { name: 'ended' });
      await send('DELETE', KEYS, ada, { ids: [ended.id] });
      expect(idsIn(await send('GET', `${KEYS}?name=ended`, ada))).toEqual([ended.id]);
      expect(idsIn(await send('GET', `${KEYS}?name=ended&active_only`, ada))).toEqual([]);
      const key = await readKey(stage, ada, ended.id);
      expect(key).toMatchObject({ invalidated: true, invalidation: expect.any(Number) });
      expect(Object.keys(key).indexOf('invalidation')).toBe(Object.keys(key).indexOf('invalidated') + 1);
    });

    it('shows the snapshot of the owner where that is asked for', async () => {
      const key = await readKey(stage, ada, own.id, '&with_limited_by=true&with_profile_uid=true');
      expect(key.limited_by).toEqual([{ latchkey: { ...EMPTY_ROLE, cluster: ['manage_own_api_key', 'monitor'] } }]);
      expect(Object.keys(key).at(-1)).toBe('limited_by');
      const [role] = (await readKey(stage, ada, other.id, '&with_limited_by')).limited_by as object[];
      expect(role).toMatchObject({ superuser: { cluster: ['all'] } });
      expect(key).not.toHaveProperty('profile_uid');
    });

    it.each<[string, string[]]>([
      [
        'id=a&username=b',
        ['username or realm name must not be specified when the api key id or api key name is specified'],
      ],
      [
        'name=a&realm_name=b',
        ['username or realm name must not be specified when the api key id or api key name is specified'],
      ],
      ['owner&username=b', ['neither username nor realm-name may be specified when retrieving owned API keys']],
      ['id=a&name=b', ['only one of [api key id, api key name] can be specified']],
      [
        'id=a&name=b&realm_name=c&owner',
        [
          'username or realm name must not be specified when the api key id or api key name is specified',
          'neither username nor realm-name may be specified when retrieving owned API keys',
          'only one of [api key id, api key name] can be specified',
        ],
      ],
    ])('refuses %s', async (query, messages) => {
      expect(exact(await send('GET', `${KEYS}?${query}`, ada))).toEqual(validation(...messages));
    });

    it('shows keys that were made natively, with their rights as a role', async () => {
      const { key } = await stage.latchkey.apiKeys.create(
        {
          name: 'native',
          ownerId: 'carol',
          properties: { team: 'n' },
          statements: [{ actions: ['orders:read'] }, ...roleStatements({ cluster: ['monitor'] })],
        },
        { by: 'test' },
      );
      expect(await readKey(stage, ada, key.id)).toMatchObject({
        metadata: { team: 'n' },
        role_descriptors: { latchkey: { cluster: ['monitor'] } },
      });
      expect((await send('PUT', `${KEYS}/${key.id}`, carol, { metadata: { a: 1 } })).body).toEqual({ updated: true });
      const changed = await stage.latchkey.apiKeys.get(key.id);
      expect(changed?.statements).toEqual(key.statements);
      expect(await readKey(stage, ada, key.id)).toMatchObject({
        metadata: { a: 1 },
        role_descriptors: { latchkey: {} },
      });
    });

    it('shows other rights than those of the descriptors once they were changed natively', async () => {
      const { id } = await makeKey(stage, ada, { role_descriptors: { r: { cluster: ['monitor'] } } });
      const statements = roleStatements({ cluster: ['manage_ml'] });
      await stage.latchkey.apiKeys.update(id, { statements: [...statements] }, { by: 'test' });
      expect((await readKey(stage, ada, id)).role_descriptors).toEqual({
        latchkey: { ...EMPTY_ROLE, cluster: ['manage_ml'] },
      });
    });
  });

  describe('invalidate', () => {
    const end = async (body: unknown, as = ada) => exact(await send('DELETE', KEYS, as, body));
    const done = (...ids: string[]): Exact => ({
      status: 200,
      body: { invalidated_api_keys: ids, previously_invalidated_api_keys: [], error_count: 0 },
    });

    it('ends keys for good, and passes over those that are not there', async () => {
      const [one, two] = [await makeKey(stage, ada), await makeKey(stage, carol)];
      expect(await end({ ids: [two.id, 'none', one.id, two.id] })).toEqual(done(two.id, one.id));
      expect(await end({ ids: [one.id] })).toEqual(done());
      expect((await send('GET', AUTHENTICATE, apiKey(credentialOf(one)))).status).toBe(401);
    });

    it('ends keys by name, owner and user; a star in a name is a star', async () => {
      const name = `batch-${Math.random()}`;
      const keys = [await makeKey(stage, ada, { name }), await makeKey(stage, carol, { name })] as const;
      expect(await end({ name: 'batch-*' })).toEqual(done());
      expect(await end({ name, owner: 'true' })).toEqual(done(keys[0].id));
      expect(await end({ name })).toEqual(done(keys[1].id));
      const mine = await makeKey(stage, carol, { name });
      const { body } = await end({ owner: true }, carol);
      expect((body as { invalidated_api_keys: string[] }).invalidated_api_keys).toContain(mine.id);
      const next = await makeKey(stage, carol, { name });
      expect(await end({ username: 'carol', realm_name: 'default_native' }, carol)).toEqual(done(next.id));
      expect(await end({ username: 'carol', realm_name: 'other' })).toEqual(done());
      expect(await end({ username: 'eve' })).toEqual(done());
    });

    it('takes the old single id', async () => {
      const { id } = await makeKey(stage, ada);
      expect(await end({ id })).toEqual(done(id));
      expect(await end({ id, ids: [id] })).toEqual(illegal('Must use either [id] or [ids], not both at the same time'));
    });

    const ONE = 'One of [api key id(s), api key name, username, realm name] must be specified if [owner] flag is false';
    it.each<[unknown, string[]]>([
      [{}, [ONE]],
      [undefined, [ONE]],
      [{ owner: false }, [ONE]],
      [
        { ids: ['a'], username: 'b' },
        ['username or realm name must not be specified when the api key id(s) or api key name are specified'],
      ],
      [
        { owner: true, realm_name: 'b' },
        ['neither username nor realm-name may be specified when invalidating owned API keys'],
      ],
      [{ ids: ['a'], name: 'b' }, ['only one of [api key id(s), api key name] can be specified']],
      [{ ids: [] }, ['Field [ids] cannot be an empty array']],
      [{ ids: [' '] }, ['Field [ids] must not contain blank id, but got blank id at index position: [0]']],
    ])('refuses %j', async (body, messages) => {
      expect(await end(body)).toEqual(validation(...messages));
    });
  });
});
