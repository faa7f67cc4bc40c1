import type { ChangeEvent } from '../../lib/index.js';
import { Clock } from '../lib/clock.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, addRights, startAdminApp } from '../support/admin-app.js';

const READS = { actions: ['orders:read'], resources: ['orders/*'], workspace: 'w1', description: 'Look' };
const WRITES = { ...READS, actions: ['orders:write'], description: '' };
const HOST = { id: 'house', name: 'Housekeeping', statements: [{ actions: ['rooms:*'] }] };

describe.each(STORE_KINDS)('the routes of /policies on $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let app: AdminApp;
  let orgs = 0;
  let orgId: string;
  let admin: string;
  let stranger: string;

  beforeAll(async () => {
    database = await open();
    clock = new Clock();
    app = await startAdminApp({ store: await database.connect(), now: clock.now, policies: [HOST] }, addRights);
  });
  afterAll(async () => {
    await app.close();
    await database.stop();
  });
  beforeEach(async () => {
    orgId = `acme-${orgs++}`; // every test has its own: the database is one
    admin = (await app.key({ ownerId: 'root', orgId, actions: ['*'] })).token;
    stranger = (await app.key({ ownerId: 'root', orgId: 'other', actions: ['*'] })).token;
  });

  async function make(fields: object = {}) {
    const answer = await app.call('POST', '/policies', admin, { name: 'Readers', statements: [READS], ...fields });
    expect(answer.status).toBe(201);
    return answer.body;
  }

  const keyWith = async (...policyIds: string[]) => {
    const made = await app.call('POST', '/api-keys', admin, { name: 'k', policyIds });
    expect(made.status).toBe(201);
    return made.body;
  };
  const may = async (token: string, action: string) =>
    (await app.callHost('GET', `/can/${action}`, token)).status === 200;

  it('POST makes one, which GET reads', async () => {
    const properties = { team: 'sales' };
    const body = { name: 'Readers', type: 'role', description: 'Who looks', statements: [READS], properties };
    const made = await app.call('POST', '/policies', admin, body);
    const { id } = made.body;
    expect(id).toMatch(/^[0-9A-Za-z]{22}$/);
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`/auth/policies/${id}`);
    expect(made.headers.get('etag')).toBe('"1"');
    expect(made.headers.get('cache-control')).toBe('no-store');
    const at = new Date(clock.nowAt).toISOString();
    expect(made.body).toEqual({
      ...body,
      id,
      version: 1,
      orgId,
      templateId: null,
      workspace: null,
      createdBy: 'root',
      createdAt: at,
      updatedAt: at,
      isBuiltIn: false,
    });
    const read = await app.call('GET', `/policies/${id}`, admin);
    expect([read.status, read.headers.get('etag'), read.body]).toEqual([200, '"1"', made.body]);
  });

  it('POST fills in what is left out', async () => {
    const { body } = await app.call('POST', '/policies', admin, { name: 'n' });
    expect(body).toMatchObject({ type: 'custom', description: '', statements: [], properties: {} });
    const { statements } = await make({ statements: [{ actions: ['a'] }] });
    expect(statements).toEqual([{ actions: ['a'], resources: ['*'], workspace: '*', description: '' }]);
  });

  it.each<[string, object, string, unknown]>([
    ['no name', { name: undefined }, 'name', expect.stringContaining('expected string')],
    ['an empty name', { name: '' }, 'name', 'must have 1 to 256 printable characters'],
    ['a long name', { name: 'n'.repeat(257) }, 'name', 'must have 1 to 256 printable characters'],
    ['a line break in the name', { name: 'a\nb' }, 'name', 'must have 1 to 256 printable characters'],
    ['a long description', { description: 'd'.repeat(1_001) }, 'description', 'must have at most 1000 characters'],
    ['a kind that is made with session keys', { type: 'internal' }, 'type', expect.any(String)],
    ['an unknown kind', { type: 'group' }, 'type', expect.any(String)],
    ['an organisation', { orgId: 'acme' }, 'orgId', 'is not a known field'],
    ['an unknown field', { effect: 'deny' }, 'effect', 'is not a known field'],
    [
      'an unknown field inside',
      { statements: [{ ...READS, effect: 'deny' }] },
      'statements.0.effect',
      'is not a known field',
    ],
    ['no action', { statements: [READS, { actions: [] }] }, 'statements.1.actions', 'must have 1 to 50 entries'],
    [
      'an action that is none',
      { statements: [{ actions: ['a', 'b c'] }] },
      'statements.0.actions.1',
      expect.stringContaining('must be like'),
    ],
    ['an action twice', { statements: [{ actions: ['a', 'a'] }] }, 'statements.0.actions', 'must hold no entry twice'],
    [
      'a resource with white space',
      { statements: [{ actions: ['a'], resources: ['x y'] }] },
      'statements.0.resources.0',
      expect.stringContaining('no white space'),
    ],
    [
      'a pattern of workspaces',
      { statements: [{ ...READS, workspace: 'w*' }] },
      'statements.0.workspace',
      'must be the id of one workspace, or "*" for all',
    ],
    [
      'too many statements',
      { statements: Array.from({ length: 101 }, () => ({ actions: ['a'] })) },
      'statements',
      'must have at most 100 entries',
    ],
    [
      'too many patterns',
      { statements: Array.from({ length: 100 }, (_, n) => ({ actions: ['a', 'b', 'c', 'd', `e${n}`] })) },
      'statements',
      'must have at most 500 actions and resources in all',
    ],
    [
      'a property that is no text',
      { properties: { a: 1 } },
      'properties.a',
      expect.stringContaining('expected string'),
    ],
    [
      'too long a property',
      { properties: { a: 'x'.repeat(513) } },
      'properties.a',
      expect.stringContaining('at most 512'),
    ],
    ['a workspace, without a template', { workspace: 'w1' }, 'workspace', 'must stand beside templateId only'],
    [
      'a template, without a workspace',
      { templateId: 'x', statements: undefined },
      'workspace',
      'must have 1 to 128 printable characters',
    ],
    [
      'a template that is not there',
      { templateId: 'x', workspace: 'w1', statements: undefined },
      'templateId',
      'names no template',
    ],
    [
      'a template beside statements',
      { templateId: 'x', workspace: 'w1' },
      'statements',
      'must not stand beside templateId: the template has them',
    ],
    [
      'a template of a template',
      { type: 'template', templateId: 'x', workspace: 'w1', statements: undefined },
      'templateId',
      'must not be set: a template has its own',
    ],
  ])('POST names the field for %s', async (_what, fields, path, message) => {
    const { status, body } = await app.call('POST', '/policies', admin, { name: 'n', statements: [READS], ...fields });
    expect([status, body.code, body.errors]).toEqual([400, 'invalid_request', [{ path, message }]]);
    expect(String(body.detail)).toContain(`${path} `);
  });

  it('PATCH changes what is given, and with If-Match only the version that was read', async () => {
    const { id, createdAt } = await make();
    const path = `/policies/${id}`;
    clock.advance(1_000);
    const changed = await app.call('PATCH', path, admin, { statements: [READS, WRITES] }, { 'if-match': '"1"' });
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
    expect(changed.body).toMatchObject({ name: 'Readers', statements: [READS, WRITES], version: 2, createdAt });
    expect(changed.body.updatedAt).toBe(new Date(clock.nowAt).toISOString());
    const late = await app.call('PATCH', path, admin, { name: 'Late' }, { 'if-match': '"1"' });
    expect([late.status, late.body.code]).toEqual([412, 'precondition_failed']);
    const fields = { name: 'Others', description: 'd', properties: { a: 'b' } };
    expect((await app.call('PATCH', path, admin, fields)).body).toMatchObject({
      ...fields,
      statements: [READS, WRITES],
    });
    expect((await app.call('GET', path, admin)).body.version).toBe(3);
  });

  it.each<[object, string]>([
    [{ name: '' }, 'name'],
    [{ type: 'role' }, 'type'],
    [{ templateId: 'x' }, 'templateId'],
    [{ workspace: 'w1' }, 'workspace'],
    [{ statements: [{ actions: ['a b'] }] }, 'statements.0.actions.0'],
    [{ statements: null }, 'statements'],
    [{ isBuiltIn: true }, 'isBuiltIn'],
  ])('PATCH names the field of %j', async (changes, path) => {
    const { id } = await make();
    const { status, body } = await app.call('PATCH', `/policies/${id}`, admin, changes);
    expect([status, body.errors.map((error) => error.path)]).toEqual([400, [path]]);
    expect((await app.call('GET', `/policies/${id}`, admin)).body.version).toBe(1);
  });

  it('of two changes of one version one is made, and of many changes at once none is lost', async () => {
    const { id } = await make();
    const path = `/policies/${id}`;
    const rivals = ['a', 'b', 'c'].map((name) => app.call('PATCH', path, admin, { name }, { 'if-match': '"1"' }));
    expect((await Promise.all(rivals)).map(({ status }) => status).sort()).toEqual([200, 412, 412]);
    const friends = Array.from({ length: 10 }, (_, n) => app.call('PATCH', path, admin, { description: `${n}` }));
    expect((await Promise.all(friends)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect((await app.call('GET', path, admin)).body.version).toBe(12);
  });

  it('a change is in force with its answer, for every key that has the policy', async () => {
    const { id } = await make();
    const keys = [await keyWith(id), await keyWith('auditor', id)];
    for (const [statements, reads, writes] of [
      [[READS], true, false],
      [[READS, WRITES], true, true],
      [[WRITES], false, true],
      [[], false, false],
    ] as const) {
      expect((await app.call('PATCH', `/policies/${id}`, admin, { statements })).status).toBe(200);
      expect(await may(keys[0]?.token ?? '', 'orders:read')).toBe(reads);
      for (const { token } of keys) expect(await may(token, 'orders:write')).toBe(writes);
    }
  });

  it('DELETE removes one that nobody uses', async () => {
    const { id } = await make();
    const path = `/policies/${id}`;
    expect((await app.call('DELETE', path, admin, undefined, { 'if-match': '"7"' })).status).toBe(412);
    const removed = await app.call('DELETE', path, admin, undefined, { 'if-match': '"1"' });
    expect([removed.status, removed.body]).toEqual([200, { detached: 0 }]);
    for (const method of ['GET', 'DELETE', 'PATCH']) {
      expect((await app.call(method, path, admin, method === 'PATCH' ? {} : undefined)).status).toBe(404);
    }
    expect((await app.call('POST', '/api-keys', admin, { name: 'k', policyIds: [id] })).status).toBe(400);
  });

  it('DELETE refuses one in use, with the count of the keys that still work; detach=true takes it from them', async () => {
    const { id } = await make();
    const path = `/policies/${id}`;
    const used = [await keyWith(id), await keyWith('house', id), await keyWith(id, 'auditor')];
    const revoked = await keyWith(id);
    await app.call('DELETE', `/api-keys/${revoked.id}`, admin);
    const minted = await app.call('POST', '/session-keys', admin, { policyIds: [id], durationSeconds: 60 });
    expect(minted.status).toBe(201);

    for (const query of ['', '?detach=false']) {
      const refused = await app.call('DELETE', path + query, admin);
      expect(refused).toMatchObject({
        status: 409,
        body: {
          code: 'conflict',
          detail: 'The policy is in use by 4 keys: detach it from them, or leave it.',
          errors: [{ path: 'users', message: '4' }],
        },
      });
    }
    clock.advance(60_000); // the session key ends
    expect((await app.call('DELETE', path, admin)).body.errors).toEqual([{ path: 'users', message: '3' }]);
    expect(await may(used[0]?.token ?? '', 'orders:read')).toBe(true);

    const events: ChangeEvent[] = [];
    app.latchkey.on('key.changed', (event) => void events.push(event));
    expect((await app.call('DELETE', `${path}?detach=true`, admin)).body).toEqual({ detached: 3 });
    expect(events.map((event) => ['keyId' in event && event.keyId, event.actorId]).sort()).toEqual(
      used.map((key) => [key.id, 'root']).sort(),
    );
    const left = await Promise.all(
      used.map(async (key) => (await app.call('GET', `/api-keys/${key.id}`, admin)).body.policyIds),
    );
    expect(left).toEqual([[], ['house'], ['auditor']]);
    expect(await may(used[0]?.token ?? '', 'orders:read')).toBe(false);
    expect((await app.call('GET', `/api-keys/${revoked.id}`, admin)).body.policyIds).toEqual([id]); // as it was
    expect((await app.call('GET', path, admin)).status).toBe(404);
  });

  it('DELETE names a wrong detach', async () => {
    const { id } = await make();
    for (const query of ['detach=yes', 'detach=1', 'detach', 'force=true']) {
      const { status, body } = await app.call('DELETE', `/policies/${id}?${query}`, admin);
      expect([status, body.errors[0]?.path]).toEqual([400, query.split('=')[0]]);
    }
  });

  it.each(['full-access', 'auditor', 'house'])('%s is built in: it can be read, and not changed', async (id) => {
    const read = await app.call('GET', `/policies/${id}`, admin);
    expect(read).toMatchObject({ status: 200, body: { id, type: 'role', isBuiltIn: true, orgId: null, version: 1 } });
    for (const [method, query, body] of [
      ['PATCH', '', { name: 'Mine' }],
      ['PATCH', '', { statements: [] }],
      ['DELETE', '', undefined],
      ['DELETE', '?detach=true', undefined],
    ] as const) {
      const answer = await app.call(method, `/policies/${id}${query}`, admin, body);
      expect(answer).toMatchObject({
        status: 409,
        body: { code: 'conflict', detail: 'The policy is built in: it cannot be changed or deleted.' },
      });
    }
    expect((await app.call('GET', `/policies/${id}`, admin)).body).toEqual(read.body);
  });

  it('another organisation sees nothing of them, and changes nothing', async () => {
    const { id, version } = await make();
    const path = `/policies/${id}`;
    expect((await app.call('GET', path, stranger)).status).toBe(404);
    expect((await app.call('PATCH', path, stranger, { name: 'x' })).status).toBe(404);
    expect((await app.call('DELETE', `${path}?detach=true`, stranger)).status).toBe(404);
    expect((await app.call('POST', '/api-keys', stranger, { name: 'k', policyIds: [id] })).body.errors).toEqual([
      { path: 'policyIds.0', message: 'names no policy' },
    ]);
    const { body } = await app.call('GET', '/policies', stranger);
    expect(body.items.map((policy) => policy.id)).toEqual(['auditor', 'full-access', 'house']);
    expect((await app.call('GET', path, admin)).body.version).toBe(version);
  });

  it('every change is in the trail, with what it was before and after', async () => {
    const { id } = await make();
    await app.call('PATCH', `/policies/${id}`, admin, { name: 'Lookers' });
    await app.call('DELETE', `/policies/${id}`, admin);
    const { body } = await app.call('GET', '/audit?type=policy.created,policy.changed,policy.deleted', admin);
    expect(body.items).toMatchObject([
      {
        type: 'policy.deleted',
        policyId: id,
        actorId: 'root',
        before: { name: 'Lookers', statements: [READS] },
        after: {},
      },
      { type: 'policy.changed', before: { name: 'Readers' }, after: { name: 'Lookers' } },
      { type: 'policy.created', before: {}, after: { name: 'Readers', statements: [READS], orgId } },
    ]);
    expect((await app.call('GET', '/audit', stranger)).text).not.toContain(id);
  });
});
