import type { StatementInput } from '../../lib/index.js';
import {
  type Asker,
  type Attempt,
  asking,
  describeAttempts,
  type KeyFields,
  MODEST,
  OFFICE,
  ORDERS,
  type Scene,
} from '../support/attempts.js';
import { People } from '../support/people.js';
import { loginOptions, signIn, signInForToken } from '../support/signed-in.js';

const EVERYTHING = [{ actions: ['*'] }];
const READS = { ...ORDERS, actions: ['orders:read'] };
const WRITES = { ...ORDERS, actions: ['orders:write'] };
const GRANTING: KeyFields = { statements: [OFFICE, ORDERS, { actions: ['keys:grant'] }] };
const MINUTES: KeyFields = { statements: [MODEST, ORDERS], lifetimeMs: 600_000 };
const LOCAL: KeyFields = { actions: ['*'], allowedAddresses: ['127.0.0.0/8'] };

function mint(what: string, body: object, fields: string[], as?: KeyFields): Attempt {
  return { what, ...(as && { as }), fields, ask: () => ({ method: 'POST', path: '/session-keys', body }) };
}

describeAttempts('an issuer of session keys cannot mint one', [
  mint('with every action', { statements: EVERYTHING }, ['statements.0']),
  mint('with another action, behind what it has', { statements: [READS, WRITES] }, ['statements.1']),
  mint('with full access', { policyIds: ['full-access'] }, ['policyIds.0']),
  mint('with reading', { statements: [READS], policyIds: ['auditor'] }, ['policyIds.0']),
  mint(
    'for another user, with more than it has',
    { userId: 'zoe', statements: EVERYTHING },
    ['statements.0'],
    GRANTING,
  ),
  mint('for another user, with full access', { userId: 'zoe', policyIds: ['full-access'] }, ['policyIds.0'], GRANTING),
  mint('for a longer time than it lives', { durationSeconds: 601 }, ['expiresAt'], MINUTES),
  mint('for an hour, by leaving it out', {}, ['expiresAt'], MINUTES),
  mint('for other addresses', { allowedAddresses: ['0.0.0.0/0'] }, ['allowedAddresses'], LOCAL),
  mint('for more than one organisation', { orgId: 'other' }, []),
  mint('for no organisation', { orgId: null }, []),
  {
    what: 'for another user',
    lacks: 'keys:grant',
    ask: () => ({ method: 'POST', path: '/session-keys', body: { userId: 'zoe', statements: [] } }),
  },
  {
    what: 'at all, without the right to',
    as: { actions: ['keys:manage', 'keys:grant'] },
    lacks: 'session-keys:issue',
    ask: () => ({ method: 'POST', path: '/session-keys', body: {} }),
  },
]);

/** A session key of mallory's for ten minutes, minted by the host. */
const sessionKey =
  (...statements: StatementInput[]) =>
  async ({ app, orgId }: Scene): Promise<Asker> =>
    asking(
      await app.latchkey.sessionKeys.mint(
        { userId: 'mallory', orgId, statements, durationMs: 600_000 },
        { by: 'test' },
      ),
    );

function withSessionKey(what: string, ask: Attempt['ask'], fields: string[]): Attempt[] {
  return [
    { what, with: sessionKey(MODEST, ORDERS), ask, fields },
    { what: `${what}, not even where it may manage all keys`, with: sessionKey(OFFICE, ORDERS), ask, fields },
  ];
}

describeAttempts('a session key cannot', [
  ...withSessionKey(
    'mint one that lives longer',
    () => ({ method: 'POST', path: '/session-keys', body: { durationSeconds: 601 } }),
    ['expiresAt'],
  ),
  ...withSessionKey(
    'mint a stronger one',
    () => ({ method: 'POST', path: '/session-keys', body: { statements: EVERYTHING } }),
    ['statements.0'],
  ),
  ...withSessionKey(
    'make a key that outlives it',
    () => ({ method: 'POST', path: '/api-keys', body: { name: 'n', expiresInSeconds: 3_600 } }),
    ['expiresAt'],
  ),
  ...withSessionKey(
    'make a stronger key',
    () => ({ method: 'POST', path: '/api-keys', body: { name: 'n', policyIds: ['full-access'] } }),
    ['policyIds.0'],
  ),
  ...withSessionKey(
    'widen itself',
    ({ me }) => ({ method: 'PATCH', path: `/api-keys/${me.id}`, body: { statements: EVERYTHING } }),
    ['statements.0'],
  ),
  ...withSessionKey(
    'get the secret of a lasting key of its user',
    async ({ key }) => ({ method: 'POST', path: `/api-keys/${(await key()).key.id}/rotate`, body: {} }),
    ['expiresAt'],
  ),
  ...withSessionKey(
    'have a lasting key of its user accepted again',
    async ({ key, app }) => {
      const { id } = (await key()).key;
      await app.latchkey.apiKeys.disable(id, { by: 'test' });
      return { method: 'POST', path: `/api-keys/${id}/enable`, body: {} };
    },
    ['expiresAt'],
  ),
  ...withSessionKey(
    'put off the end of a key of its user',
    async ({ key }) => ({
      method: 'PATCH',
      path: `/api-keys/${(await key({ lifetimeMs: 300_000 })).key.id}`,
      body: { expiresInSeconds: 3_600 },
    }),
    ['expiresAt'],
  ),
  {
    what: 'make a lasting key by way of a key that it has made',
    async with(scene) {
      const { token } = await sessionKey(OFFICE, ORDERS)(scene);
      const { app } = scene;
      const made = await app.call('POST', '/api-keys', token, { name: 'between', expiresInSeconds: 60 });
      expect(made.status).toBe(201);
      return { id: made.body.id, token: made.body.token };
    },
    ask: () => ({ method: 'POST', path: '/api-keys', body: { name: 'n', expiresInSeconds: 3_600 } }),
    fields: ['expiresAt'],
  },
]);

const people = new People().set('mallory').set('zoe').set('root');

/** Has all of them in the organisation of the scene, mallory with the rights of `SERVANT`. */
async function enrol({ app, orgId }: Scene): Promise<void> {
  for (const id of ['mallory', 'zoe', 'root']) {
    people.set(id, { orgId, statements: id === 'mallory' ? [OFFICE, ORDERS] : EVERYTHING });
    await app.latchkey.userChanged(id);
  }
}

async function logIn(scene: Scene, how: typeof signIn): Promise<Asker> {
  await enrol(scene);
  const { id, headers } = await how(scene.app, 'mallory');
  return { id, token: null, headers };
}

function withLogin(what: string, ask: Attempt['ask'], refused: Pick<Attempt, 'fields' | 'lacks'>): Attempt[] {
  return [
    { what: `${what}, by cookie`, with: (scene) => logIn(scene, signIn), ask, ...refused },
    { what: `${what}, by token`, with: (scene) => logIn(scene, signInForToken), ask, ...refused },
  ];
}

const post = (path: string, body: object) => () => ({ method: 'POST', path, body });

describeAttempts(
  'a user who has logged in cannot',
  [
    ...withLogin('make a stronger key', post('/api-keys', { name: 'n', statements: EVERYTHING }), {
      fields: ['statements.0'],
    }),
    ...withLogin('make one with full access', post('/api-keys', { name: 'n', policyIds: ['full-access'] }), {
      fields: ['policyIds.0'],
    }),
    ...withLogin('make a key for another', post('/api-keys', { name: 'n', ownerId: 'zoe' }), { lacks: 'keys:grant' }),
    ...withLogin('mint a stronger session key', post('/session-keys', { policyIds: ['full-access'] }), {
      fields: ['policyIds.0'],
    }),
    ...withLogin('make a stronger policy', post('/policies', { name: 'n', statements: [WRITES] }), {
      fields: ['statements.0'],
    }),
    ...withLogin('see another’s sessions', () => ({ method: 'GET', path: '/sessions?userId=zoe' }), {
      lacks: 'sessions:manage',
    }),
    ...withLogin('end another’s sessions', () => ({ method: 'DELETE', path: '/sessions?userId=zoe' }), {
      lacks: 'sessions:manage',
    }),
    ...withLogin(
      'take a key from when they had more rights',
      async ({ app, key }) => {
        const told = (statements: StatementInput[]) => {
          people.set('mallory', { statements });
          return app.latchkey.userChanged('mallory');
        };
        await told(EVERYTHING);
        const { id } = (await key({ statements: EVERYTHING })).key;
        await told([OFFICE, ORDERS]);
        return { method: 'POST', path: `/api-keys/${id}/rotate`, body: {} };
      },
      { fields: ['statements.0'] },
    ),
    ...withLogin(
      'strengthen a key that is theirs',
      async ({ key }) => ({
        method: 'PATCH',
        path: `/api-keys/${(await key({ statements: [READS] })).key.id}`,
        body: { policyIds: ['full-access'], refreshCeiling: true },
      }),
      { fields: ['policyIds.0'] },
    ),
    {
      what: 'see their sessions with a key',
      async with(scene) {
        await enrol(scene);
        return asking(await scene.key({ statements: [OFFICE] }));
      },
      lacks: 'sessions:manage',
      ask: () => ({ method: 'GET', path: '/sessions' }),
    },
  ],
  loginOptions(people),
);

function lacking(what: string, right: string, as: string[], ask: Attempt['ask']): Attempt {
  return { what, as: { actions: as }, lacks: right, ask };
}

const get = (path: string) => () => ({ method: 'GET', path });

describeAttempts('lists do not show more than may be seen:', [
  lacking('keys, to a plain key', 'keys:manage-own', ['orders:read'], get('/api-keys')),
  lacking('another’s keys, by a parameter', 'keys:read', ['keys:manage-own'], get('/api-keys?ownerId=zoe')),
  lacking(
    'another’s keys, by a search',
    'keys:read',
    ['keys:manage-own'],
    post('/api-keys/search', { ownerId: 'zoe' }),
  ),
  lacking('keys, to who may only grant them', 'keys:manage-own', ['keys:grant'], post('/api-keys/search', {})),
  lacking('keys, to who may read some', 'keys:manage-own', ['keys:rea'], get('/api-keys')),
  lacking('session keys, to who may manage keys', 'session-keys:issue', ['keys:manage'], get('/session-keys')),
  lacking('policies', 'policies:read', ['keys:*'], get('/policies')),
  lacking('policies, by a search', 'policies:read', ['keys:*'], post('/policies/search', {})),
  lacking('the trail', 'audit:read', ['keys:read', 'keys:manage'], get('/audit?actor=zoe')),
]);
