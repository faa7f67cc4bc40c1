import type { NewPolicy } from '../../lib/index.js';
import {
  type Attempt,
  describeAttempts,
  everythingIn,
  type KeyFields,
  OFFICE,
  ORDERS,
  onEachStore,
  type Scene,
} from '../support/attempts.js';

const EVERYTHING = [{ actions: ['*'] }];
const WRITES = { ...ORDERS, actions: ['orders:write'] };
const READS = { ...ORDERS, actions: ['orders:read'] };
const ELSEWHERE = { ...READS, workspace: 'w2' };
const EVERYWHERE = { ...READS, workspace: '*' };
/** All rights of the admin API, and everything on a few things. */
const TIED: KeyFields = { statements: EVERYTHING, resources: ['policies*', 'orders/1*'] };

function make(what: string, body: object, fields: string[], as?: KeyFields): Attempt {
  return {
    what,
    ...(as && { as }),
    fields,
    ask: () => ({ method: 'POST', path: '/policies', body: { name: 'n', ...body } }),
  };
}

type Existing = (scene: Scene) => Promise<{ readonly id: string }>;

const existing =
  (fields: Partial<NewPolicy>): Existing =>
  ({ policy }) =>
    policy(fields);

const follower =
  (template: Partial<NewPolicy>, workspace: string): Existing =>
  async ({ policy }) =>
    await policy({ templateId: (await policy({ type: 'template', ...template })).id, workspace });

const template =
  (fields: Partial<NewPolicy>, ...followedIn: string[]): Existing =>
  async ({ policy }) => {
    const made = await policy({ type: 'template', ...fields });
    for (const workspace of followedIn) await policy({ templateId: made.id, workspace });
    return made;
  };

function change(what: string, of: Existing, body: object, fields: string[], as?: KeyFields): Attempt {
  const ask: Attempt['ask'] = async (scene) => ({ method: 'PATCH', path: `/policies/${(await of(scene)).id}`, body });
  return { what, ...(as && { as }), fields, ask };
}

describeAttempts('a key cannot make a policy beyond itself', [
  make('with every action', { statements: EVERYTHING }, ['statements.0']),
  make('with another action', { statements: [WRITES] }, ['statements.0']),
  make('with another action, behind what it has', { statements: [OFFICE, READS, WRITES] }, ['statements.2']),
  make('with a wider pattern', { statements: [{ ...ORDERS, actions: ['users:*'] }] }, ['statements.0']),
  make('with another resource', { statements: [{ ...READS, resources: ['users/1'] }] }, ['statements.0']),
  make('in another workspace', { statements: [ELSEWHERE] }, ['statements.0']),
  make('in all workspaces', { statements: [EVERYWHERE] }, ['statements.0']),
  make('as a role', { type: 'role', statements: EVERYTHING }, ['statements.0']),
  make('as a template', { type: 'template', statements: EVERYTHING }, ['statements.0']),
  make('as a template, which may be followed in all workspaces', { type: 'template', statements: [READS] }, [
    'statements.0',
  ]),
  make(
    'with resources that it is not tied to',
    { statements: [{ actions: ['x'], resources: ['users/1'] }] },
    ['resources'],
    TIED,
  ),
  make(
    'with one such resource of several',
    { statements: [{ actions: ['x'], resources: ['orders/1', 'orders/*'] }] },
    ['resources'],
    TIED,
  ),
  make('with all resources, by leaving them out', { statements: [{ actions: ['x'] }] }, ['resources'], TIED),
  ...[
    ['of a template beyond itself', [WRITES], 'w1'],
    ['of a template within itself, in another workspace', [READS], 'w2'],
    ['of a template within itself, in all workspaces', [READS], '*'],
  ].map(
    ([what, statements, workspace]): Attempt => ({
      what: String(what),
      fields: ['statements.0'],
      async ask({ policy }) {
        const { id } = await policy({ type: 'template', statements: statements as NewPolicy['statements'] });
        return { method: 'POST', path: '/policies', body: { name: 'n', templateId: id, workspace } };
      },
    }),
  ),
  {
    what: 'without the right to',
    as: { statements: [{ actions: ['policies:read', 'keys:*'] }] },
    lacks: 'policies:manage',
    ask: () => ({ method: 'POST', path: '/policies', body: { name: 'n' } }),
  },
]);

describeAttempts('a key cannot change a policy into more than itself', [
  change('by every action', existing({ statements: [READS] }), { statements: EVERYTHING }, ['statements.0']),
  change('by a statement behind its own', existing({ statements: [READS] }), { statements: [READS, WRITES] }, [
    'statements.1',
  ]),
  change('by another workspace', existing({ statements: [READS] }), { statements: [ELSEWHERE] }, ['statements.0']),
  change('an empty one', existing({}), { statements: [EVERYWHERE] }, ['statements.0']),
  change(
    'by resources that it is not tied to',
    existing({}),
    { statements: [{ actions: ['x'] }] },
    ['resources'],
    TIED,
  ),
  change('by another workspace of one that follows', follower({ statements: [READS] }, 'w1'), { workspace: 'w2' }, [
    'statements.0',
  ]),
  change('by all workspaces of one that follows', follower({ statements: [READS] }, 'w1'), { workspace: '*' }, [
    'statements.0',
  ]),
  change('by a template', template({}), { statements: EVERYTHING }, ['statements.0']),
  change('by a template that nobody follows', template({}), { statements: [READS] }, ['statements.0']),
  change('by a template that is followed elsewhere', template({}, 'w1', 'w2'), { statements: [READS] }, [
    'statements.0',
  ]),
  change('by a template that is followed everywhere', template({}, '*'), { statements: [READS] }, ['statements.0']),
  {
    what: 'one that it has itself',
    fields: ['statements.1'],
    async ask({ app, policy, me }) {
      const own = await policy({ statements: [READS] });
      await app.latchkey.apiKeys.update(me.id, { policyIds: [own.id] }, { by: 'test' });
      return { method: 'PATCH', path: `/policies/${own.id}`, body: { statements: [READS, WRITES] } };
    },
  },
]);

describeAttempts('a key cannot touch a policy that goes beyond it', [
  change('not its name', existing({ statements: EVERYTHING }), { name: 'x' }, ['statements.0']),
  change('not its second statement', existing({ statements: [READS, WRITES] }), { statements: [READS] }, [
    'statements.1',
  ]),
  change('not to lower it', existing({ statements: EVERYTHING }), { statements: [READS] }, ['statements.0']),
  change('not with a right version', existing({ statements: EVERYTHING }), { description: '' }, ['statements.0']),
  change('not one beyond its ties', existing({ statements: [{ actions: ['x'] }] }), { name: 'x' }, ['resources'], TIED),
  change('not one that follows a stronger template', follower({ statements: [WRITES] }, 'w1'), { name: 'x' }, [
    'statements.0',
  ]),
  change(
    'not one that is followed elsewhere, to move it here',
    follower({ statements: [READS] }, 'w2'),
    { workspace: 'w1' },
    ['statements.0'],
  ),
  change('not a stronger template', template({ statements: [WRITES] }, 'w1'), { statements: [READS] }, [
    'statements.0',
  ]),
  ...(['PATCH', 'DELETE'] as const).map(
    (method): Attempt => ({
      what: `${method} without the right to`,
      as: { statements: [{ actions: ['policies:read'] }, READS] },
      lacks: 'policies:manage',
      ask: async ({ policy }) => ({
        method,
        path: `/policies/${(await policy({ statements: [READS] })).id}${method === 'DELETE' ? '?detach=true' : ''}`,
        ...(method === 'PATCH' && { body: { name: 'x' } }),
      }),
    }),
  ),
]);

onEachStore('a policy that may not be seen', (newScene) => {
  it.each(['GET', 'PATCH', 'DELETE'])('%s: answered as if there were none, and told of as refused', async (method) => {
    const scene = await newScene({ actions: ['keys:*'] });
    const { id } = await scene.policy();
    const told: string[] = [];
    scene.app.latchkey.on('request.forbidden', ({ path }) => void told.push(path));
    const ask = (policyId: string) =>
      scene.app.call(method, `/policies/${policyId}`, scene.me.token, method === 'PATCH' ? { name: 'x' } : undefined);
    const unknown = await ask('A'.repeat(22));
    const before = await everythingIn(scene);
    for (const hiddenId of [id, 'full-access']) {
      const { status, text } = await ask(hiddenId);
      expect([status, text]).toEqual([404, unknown.text]);
    }
    expect(await everythingIn(scene)).toEqual(before);
    expect(told).toEqual([`/auth/policies/${id}`, '/auth/policies/full-access']);
  });
});
