import type { EventOf } from '../../lib/index.js';
import { until } from '../conformance/store-suite.js';
import { Clock } from '../lib/clock.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, addRights, startAdminApp } from '../support/admin-app.js';

const READS = { actions: ['orders:read'], resources: ['orders/*'], workspace: '*', description: '' };
const WRITES = { ...READS, actions: ['orders:write'] };
const within = (workspace: string, ...statements: object[]) => statements.map((each) => ({ ...each, workspace }));

describe.each(STORE_KINDS)('templates, on $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let app: AdminApp;
  /** Another instance on the same database; on the memory store the same one. */
  let second: AdminApp;
  let admin: string;

  beforeEach(async () => {
    database = await open();
    clock = new Clock();
    const store = await database.connect();
    const other = await database.connect();
    app = await startAdminApp({ store, now: clock.now }, addRights);
    second = await startAdminApp({ store: other, now: clock.now }, addRights);
    await until('both hear of changes', () => store.changes.isLive && other.changes.isLive);
    admin = (await app.key({ ownerId: 'root', orgId: 'acme', actions: ['*'] })).token;
  });
  afterEach(async () => {
    await app.close();
    await second.close();
    await database.stop();
  });

  async function make(fields: object) {
    const { status, body, text } = await app.call('POST', '/policies', admin, { name: 'n', ...fields });
    if (status !== 201) throw new Error(`no policy: ${text}`);
    return body;
  }
  const template = (...statements: object[]) => make({ name: 'Base', type: 'template', statements });
  const follower = (templateId: string, workspace: string) =>
    make({ name: `In ${workspace}`, type: 'role', templateId, workspace });
  const change = (id: string, body: object) => app.call('PATCH', `/policies/${id}`, admin, body);
  const read = async (id: string) => (await app.call('GET', `/policies/${id}`, admin)).body;

  async function keyWith(policyId: string): Promise<string> {
    const made = await app.call('POST', '/api-keys', admin, { name: 'k', policyIds: [policyId] });
    expect(made.status).toBe(201);
    return made.body.token;
  }
  async function may(on: AdminApp, token: string, action: string, workspace: string): Promise<boolean> {
    const { status } = await on.callHost('GET', `/can/${action}?workspace=${workspace}`, token);
    expect([200, 403]).toContain(status);
    return status === 200;
  }

  it('a policy made from one has its statements, in its own workspace', async () => {
    const { id: templateId } = await template(READS, { ...WRITES, workspace: 'w9' });
    const made = await follower(templateId, 'w1');
    const statements = within('w1', READS, WRITES);
    expect(made).toMatchObject({ type: 'role', templateId, workspace: 'w1', statements });
    expect(await read(made.id)).toMatchObject({ statements });
    const { items } = (await app.call('GET', '/policies?type=role', admin)).body;
    expect(items).toContainEqual(expect.objectContaining({ id: made.id, statements }));
  });

  it('a change of the template is in force at once, in every workspace and in the other instance', async () => {
    const { id: templateId } = await template(READS);
    const followers = [await follower(templateId, 'w1'), await follower(templateId, 'w2')];
    const tokens = [await keyWith(followers[0]?.id ?? ''), await keyWith(followers[1]?.id ?? '')];
    const rights = async (on: AdminApp, action: string) => {
      const found = [];
      for (const token of tokens)
        for (const workspace of ['w1', 'w2']) found.push(await may(on, token, action, workspace));
      return found;
    };
    for (const on of [app, second]) {
      expect(await rights(on, 'orders:read')).toEqual([true, false, false, true]);
      expect(await rights(on, 'orders:write')).toEqual([false, false, false, false]);
    }
    expect((await change(templateId, { statements: [WRITES] })).status).toBe(200);
    expect(await rights(app, 'orders:write')).toEqual([true, false, false, true]);
    expect(await rights(app, 'orders:read')).toEqual([false, false, false, false]);
    await until('the other instance has heard of it', () => may(second, tokens[0] ?? '', 'orders:write', 'w1'));
    expect(await rights(second, 'orders:write')).toEqual([true, false, false, true]);
    expect(await rights(second, 'orders:read')).toEqual([false, false, false, false]);
    for (const { id, workspace, version } of followers) {
      expect(await read(id)).toMatchObject({ statements: within(String(workspace), WRITES), version });
    }
  });

  it('so is a change of the workspace', async () => {
    const { id: templateId } = await template(READS);
    const { id } = await follower(templateId, 'w1');
    const token = await keyWith(id);
    expect(await may(app, token, 'orders:read', 'w1')).toBe(true);
    expect((await change(id, { workspace: 'w2' })).body.statements).toEqual(within('w2', READS));
    expect([await may(app, token, 'orders:read', 'w1'), await may(app, token, 'orders:read', 'w2')]).toEqual([
      false,
      true,
    ]);
    expect((await change(id, { workspace: '*' })).body.statements).toEqual([READS]);
    expect(await may(app, token, 'orders:read', 'w7')).toBe(true);
  });

  it.each<[object, string, string]>([
    [{ statements: [READS] }, 'statements', 'must not stand beside templateId: the template has them'],
    [{ statements: [] }, 'statements', 'must not stand beside templateId: the template has them'],
    [{ workspace: null }, 'workspace', 'must have 1 to 128 printable characters'],
    [{ workspace: '' }, 'workspace', 'must have 1 to 128 printable characters'],
    [{ templateId: null }, 'templateId', 'is not a known field'],
  ])('of a policy that follows one, %j cannot be set', async (changes, path, message) => {
    const { id: templateId } = await template(READS);
    const { id } = await follower(templateId, 'w1');
    expect(await change(id, changes)).toMatchObject({ status: 400, body: { errors: [{ path, message }] } });
    expect(await read(id)).toMatchObject({ version: 1, templateId });
  });

  it('is given to no key itself', async () => {
    const { id } = await template(READS);
    const { status, body } = await app.call('POST', '/api-keys', admin, { name: 'k', policyIds: [id] });
    expect([status, body.errors]).toEqual([400, [{ path: 'policyIds.0', message: 'names no policy' }]]);
  });

  it('is not removed while policies follow it; detached, they keep what they have', async () => {
    const { id: templateId } = await template(READS);
    const followers = [await follower(templateId, 'w1'), await follower(templateId, 'w2')];
    const token = await keyWith(followers[0]?.id ?? '');
    const refused = await app.call('DELETE', `/policies/${templateId}`, admin);
    expect(refused).toMatchObject({
      status: 409,
      body: {
        detail: 'The policy is in use by 2 policies: detach it from them, or leave it.',
        errors: [{ path: 'users', message: '2' }],
      },
    });
    const changes: EventOf<'policy.changed'>[] = [];
    app.latchkey.on('policy.changed', (event) => void changes.push(event));
    const removed = await app.call('DELETE', `/policies/${templateId}?detach=true`, admin);
    expect([removed.status, removed.body]).toEqual([200, { detached: 2 }]);
    expect(changes.map(({ policyId, actorId }) => [policyId, actorId]).sort()).toEqual(
      followers.map(({ id }) => [id, 'root']).sort(),
    );
    const [first, other] = followers;
    const alone = { templateId: null, workspace: null, version: 2 };
    expect(await read(first?.id ?? '')).toMatchObject({ ...alone, statements: within('w1', READS) });
    expect(await read(other?.id ?? '')).toMatchObject({ ...alone, statements: within('w2', READS) });
    expect(await may(app, token, 'orders:read', 'w1')).toBe(true);
    expect((await change(first?.id ?? '', { statements: [WRITES] })).status).toBe(200); // its own from now on
    expect(await may(app, token, 'orders:write', 'w2')).toBe(true);
    expect((await app.call('GET', `/policies/${templateId}`, admin)).status).toBe(404);
  });

  it('a policy that follows one is removed without it', async () => {
    const { id: templateId } = await template(READS);
    const { id } = await follower(templateId, 'w1');
    const token = await keyWith(id);
    expect((await app.call('DELETE', `/policies/${id}`, admin)).body.errors).toEqual([{ path: 'users', message: '1' }]);
    expect((await app.call('DELETE', `/policies/${id}?detach=true`, admin)).body).toEqual({ detached: 1 });
    expect(await may(app, token, 'orders:read', 'w1')).toBe(false);
    expect((await app.call('DELETE', `/policies/${templateId}`, admin)).body).toEqual({ detached: 0 });
  });

  it('of another organisation is followed by nobody, and not seen', async () => {
    const { id: templateId } = await template(READS);
    const stranger = (await app.key({ ownerId: 'root', orgId: 'other', actions: ['*'] })).token;
    const foreign = await app.call('POST', '/policies', stranger, { name: 'n', templateId, workspace: 'w1' });
    expect(foreign.body.errors).toEqual([{ path: 'templateId', message: 'names no template' }]);
    expect((await app.call('GET', `/policies/${templateId}`, stranger)).status).toBe(404);
    expect((await app.call('DELETE', `/policies/${templateId}?detach=true`, stranger)).status).toBe(404);
  });
});
