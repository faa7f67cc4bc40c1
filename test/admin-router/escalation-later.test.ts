import { FULL_ACCESS } from '../../lib/index.js';
import { Clock, DAY_MS } from '../lib/clock.js';
import { MODEST, OFFICE, ORDERS, onEachStore, type Scene } from '../support/attempts.js';
import { People } from '../support/people.js';

const READS = { ...ORDERS, actions: ['orders:read'] };
const WRITES = { ...ORDERS, actions: ['orders:write'] };
const EVERYTHING = [{ actions: ['*'] }];

/** Which of reading and writing orders, and writing those of another workspace, a token may do; `refused`: it is not let in. */
async function rightsOf({ app }: Scene, token: string): Promise<string> {
  const names = [];
  for (const [name, path] of [
    ['read', 'orders:read'],
    ['write', 'orders:write'],
    ['write elsewhere', 'orders:write?workspace=w2'],
    ['delete', 'orders:delete'],
  ] as const) {
    const { status } = await app.callHost('GET', `/can/${path}`, token);
    if (status === 401) return 'refused';
    if (status === 200) names.push(name);
  }
  return names.join(', ');
}

/** A call that must succeed. */
async function ok({ app }: Scene, method: string, path: string, as: string | null, body?: unknown) {
  const answer = await app.call(method, path, as, body);
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

onEachStore('what was within its maker’s rights does not grow beyond them', (newScene) => {
  let scene: Scene;
  let me: string;
  let admin: string;

  beforeEach(async () => {
    scene = await newScene();
    me = scene.me.token ?? '';
    admin = (await scene.key({ ownerId: 'root', statements: EVERYTHING })).token;
  });

  it('when a policy grows that a key was made with', async () => {
    const { id } = await scene.policy({ statements: [READS] });
    const made = await ok(scene, 'POST', '/api-keys', me, { name: 'n', policyIds: [id] });
    const minted = await ok(scene, 'POST', '/session-keys', me, { policyIds: [id] });
    const ofAdmin = await ok(scene, 'POST', '/api-keys', admin, { name: 'n', policyIds: [id] });
    await ok(scene, 'PATCH', `/policies/${id}`, admin, { statements: EVERYTHING });
    expect(await rightsOf(scene, made.token)).toBe('read');
    expect(await rightsOf(scene, minted.token)).toBe('read');
    expect(await rightsOf(scene, ofAdmin.token)).toBe('read, write, write elsewhere, delete');
  });

  it('when a policy grows that a key was given later', async () => {
    const { id } = await scene.policy({ statements: [READS] });
    const target = await scene.key({ statements: [] });
    await ok(scene, 'PATCH', `/api-keys/${target.key.id}`, me, { policyIds: [id] });
    await ok(scene, 'PATCH', `/policies/${id}`, admin, { statements: EVERYTHING });
    expect(await rightsOf(scene, target.token)).toBe('read');
  });

  it('when the template grows that its policy follows', async () => {
    const template = await scene.policy({ type: 'template', statements: [READS] });
    const { id } = await scene.policy({ templateId: template.id, workspace: 'w1' });
    const made = await ok(scene, 'POST', '/api-keys', me, { name: 'n', policyIds: [id] });
    await ok(scene, 'PATCH', `/policies/${template.id}`, admin, { statements: EVERYTHING });
    expect(await rightsOf(scene, made.token)).toBe('read');
    expect((await ok(scene, 'GET', `/policies/${id}`, admin)).statements).toEqual([
      { ...FULL_ACCESS, workspace: 'w1' },
    ]);
  });

  it('when its maker grows', async () => {
    const made = await ok(scene, 'POST', '/api-keys', me, { name: 'n' });
    await ok(scene, 'PATCH', `/api-keys/${scene.me.id}`, admin, { statements: [OFFICE, ...EVERYTHING] });
    expect(await rightsOf(scene, me)).toBe('read, write, write elsewhere, delete');
    expect(await rightsOf(scene, made.token)).toBe('read');
  });

  it('when a key within a key grows', async () => {
    const { id } = await scene.policy({ statements: [MODEST, READS] });
    const child = await ok(scene, 'POST', '/api-keys', me, {
      name: 'n',
      statements: [{ actions: ['keys:manage-own'] }, READS],
    });
    const grandchild = await ok(scene, 'POST', '/api-keys', child.token, { name: 'n' });
    expect((await scene.app.call('PATCH', `/api-keys/${grandchild.id}`, child.token, { policyIds: [id] })).status).toBe(
      403,
    );
    await ok(scene, 'PATCH', `/api-keys/${grandchild.id}`, me, { policyIds: [id] });
    await ok(scene, 'PATCH', `/policies/${id}`, admin, { statements: EVERYTHING });
    expect(await rightsOf(scene, grandchild.token)).toBe('read');
    expect((await scene.app.call('GET', '/session-keys', grandchild.token)).status).toBe(403);
  });

  it('when its bound is refreshed by itself or by its maker; an administrator can', async () => {
    const made = await ok(scene, 'POST', '/api-keys', me, { name: 'n', statements: [MODEST, READS] });
    const { id } = await scene.policy({ statements: [READS] });
    await ok(scene, 'PATCH', `/api-keys/${made.id}`, me, { policyIds: [id] });
    await ok(scene, 'PATCH', `/policies/${id}`, admin, { statements: [READS, WRITES] });
    for (const token of [made.token, me]) {
      await ok(scene, 'PATCH', `/api-keys/${made.id}`, token, { refreshCeiling: true });
      expect(await rightsOf(scene, made.token)).toBe('read');
    }
    await ok(scene, 'PATCH', `/api-keys/${made.id}`, admin, { refreshCeiling: true });
    expect(await rightsOf(scene, made.token)).toBe('read, write');
  });

  it('when its policy is taken away, and its statements with it', async () => {
    const { id } = await scene.policy({ statements: [READS] });
    const made = await ok(scene, 'POST', '/api-keys', me, { name: 'n', policyIds: [id] });
    expect(await ok(scene, 'DELETE', `/policies/${id}?detach=true`, me)).toEqual({ detached: 1 });
    expect(await rightsOf(scene, made.token)).toBe('');
    expect(await ok(scene, 'GET', `/api-keys/${made.id}`, me)).toMatchObject({ policyIds: [], statements: [] });
    await ok(scene, 'PATCH', `/api-keys/${made.id}`, me, { refreshCeiling: true });
    expect(await rightsOf(scene, made.token)).toBe('');
  });

  it('when the template of its policy is taken away: it keeps what it had, and follows no more', async () => {
    const template = await scene.policy({ type: 'template', statements: [READS] });
    const { id } = await scene.policy({ templateId: template.id, workspace: 'w1' });
    const ofAdmin = await ok(scene, 'POST', '/api-keys', admin, { name: 'n', policyIds: [id] });
    expect(await ok(scene, 'DELETE', `/policies/${template.id}?detach=true`, me)).toEqual({ detached: 1 });
    expect(await rightsOf(scene, ofAdmin.token)).toBe('read');
    const changed = await scene.app.call('PATCH', `/policies/${template.id}`, admin, { statements: EVERYTHING });
    expect(changed.status).toBe(404);
  });
});

const clock = new Clock();

onEachStore(
  'where keys end with the key that made them',
  (newScene) => {
    let scene: Scene;
    let parent: string;
    let path: string;
    let admin: string;
    let child: { id: string; token: string };
    let grandchild: { id: string; token: string };

    beforeEach(async () => {
      clock.nowAt = Date.now();
      scene = await newScene({ statements: [MODEST, READS], lifetimeMs: 30 * DAY_MS });
      parent = scene.me.token ?? '';
      path = `/api-keys/${scene.me.id}`;
      admin = (await scene.key({ ownerId: 'root', statements: EVERYTHING, lifetimeMs: 60 * DAY_MS })).token;
      child = await ok(scene, 'POST', '/api-keys', parent, { name: 'child' });
      grandchild = await ok(scene, 'POST', '/session-keys', child.token, { statements: [MODEST, READS] });
    });

    const both = async () => [await rightsOf(scene, child.token), await rightsOf(scene, grandchild.token)];

    it('a revoked one ends them all, for every route, and for good', async () => {
      await ok(scene, 'DELETE', path, admin);
      expect(await both()).toEqual(['refused', 'refused']);
      for (const token of [child.token, grandchild.token]) {
        expect((await scene.app.call('POST', '/api-keys', token, { name: 'n' })).status).toBe(401);
        expect((await scene.app.call('GET', '/whoami', token)).status).toBe(401);
      }
      expect((await ok(scene, 'GET', `/api-keys/${child.id}`, admin)).state).toBe('active');
      expect((await scene.app.call('POST', `${path}/enable`, admin)).status).toBe(409);
    });

    it('one that has expired ends them, whatever their own end', async () => {
      await ok(scene, 'PATCH', `/api-keys/${child.id}`, admin, { expiresInSeconds: 50 * 86_400 });
      clock.advance(30 * DAY_MS - 1);
      expect(await rightsOf(scene, child.token)).toBe('read');
      clock.advance(1);
      expect(await rightsOf(scene, child.token)).toBe('refused');
    });

    it('a disabled one refuses them for now', async () => {
      await ok(scene, 'POST', `${path}/disable`, admin);
      expect(await both()).toEqual(['refused', 'refused']);
      await ok(scene, 'POST', `${path}/enable`, admin);
      expect(await both()).toEqual(['read', 'read']);
    });

    it('a new secret of it ends none of them, and theirs do not free them', async () => {
      await ok(scene, 'POST', `${path}/rotate`, parent, {});
      const rotated = await ok(scene, 'POST', `/api-keys/${child.id}/rotate`, child.token, {});
      expect(await rightsOf(scene, rotated.token)).toBe('read');
      await ok(scene, 'DELETE', path, admin);
      expect(await rightsOf(scene, rotated.token)).toBe('refused');
    });

    it('who made a key cannot be changed', async () => {
      for (const body of [{ parentIds: [] }, { createdBy: 'root' }, { name: 'x', parentIds: null }]) {
        const { status } = await scene.app.call('PATCH', `/api-keys/${child.id}`, parent, body);
        expect(status).toBe(400);
      }
      expect((await ok(scene, 'GET', `/api-keys/${grandchild.id}`, admin)).parentIds).toEqual([child.id, scene.me.id]);
    });
  },
  { keyRules: { endWithParent: true }, now: clock.now },
);

const people = new People().set('mallory').set('root');

onEachStore(
  'with the host’s directory',
  (newScene) => {
    it('a key loses at once what its owner loses, and gets no more than it was made with', async () => {
      const scene = await newScene({ statements: [READS] });
      const told = async (statements: readonly object[]) => {
        people.set('mallory', { orgId: scene.orgId, statements: statements as typeof EVERYTHING });
        await scene.app.latchkey.userChanged('mallory');
      };
      await told([READS, { actions: ['keys:manage-own'] }]);
      const { token } = await scene.key({ statements: [READS, WRITES] });
      expect(await rightsOf(scene, token)).toBe('read');
      await told(EVERYTHING);
      expect(await rightsOf(scene, token)).toBe('read'); // its ceiling is of the time when it was made
      await told([WRITES]);
      expect(await rightsOf(scene, token)).toBe('');
      people.set('mallory', { isEnabled: false });
      await scene.app.latchkey.userChanged('mallory');
      expect(await rightsOf(scene, token)).toBe('refused');
      people.set('mallory', { isEnabled: true });
    });
  },
  { users: people },
);
