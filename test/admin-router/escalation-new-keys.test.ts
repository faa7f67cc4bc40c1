import { type Attempt, describeAttempts, type KeyFields, MODEST, OFFICE, ORDERS } from '../support/attempts.js';

/** A key that is made with `body`. */
function make(what: string, body: object, fields: string[], as?: KeyFields): Attempt {
  return {
    what,
    ...(as && { as }),
    fields,
    ask: () => ({ method: 'POST', path: '/api-keys', body: { name: 'n', ...body } }),
  };
}

/** A key with one statement that goes beyond mallory's. */
function state(what: string, fields: object): Attempt {
  return make(what, { statements: [{ ...ORDERS, actions: ['orders:read'], ...fields }] }, ['statements.0']);
}

const HOUR_MS = 3_600_000;
const from = (ms: number) => new Date(Date.now() + ms).toISOString();

describeAttempts('a key cannot make a key with more rights, by statements', [
  state('another action', { actions: ['orders:write'] }),
  state('one action of several', { actions: ['orders:read', 'orders:write'] }),
  state('every action', { actions: ['*'] }),
  state('every action in parts', { actions: ['*:*'] }),
  state('every action of a service', { actions: ['orders:*'] }),
  state('an action on every service', { actions: ['*:read'] }),
  state('a pattern that begins like its own', { actions: ['orders:read*'] }),
  state('a pattern that ends like its own', { actions: ['*rders:read'] }),
  state('a pattern wider than its own', { actions: ['users:r*'] }),
  state('a pattern that overlaps its own', { actions: ['users:*d'] }),
  state('the letters in another case', { actions: ['Orders:read'] }),
  state('a longer action', { actions: ['orders:read:all'] }),
  state('a service alone', { actions: ['orders'] }),
  state('all resources, by leaving them out', { resources: undefined }),
  state('all resources, by name', { resources: ['*'] }),
  state('a resource outside', { resources: ['users/1'] }),
  state('one resource outside of several', { resources: ['orders/1', 'users/1'] }),
  state('a pattern one letter shorter', { resources: ['orders*'] }),
  state('a pattern of resources that overlaps its own', { resources: ['*/1'] }),
  state('a resource in another case', { resources: ['ORDERS/1'] }),
  state('a look-alike letter', { resources: ['оrders/1'] }), // a Cyrillic o
  state('another workspace', { workspace: 'w2' }),
  state('all workspaces, by leaving it out', { workspace: undefined }),
  state('all workspaces, by name', { workspace: '*' }),
  state('a workspace that begins like its own', { workspace: 'w11' }),
  state('its rights in the office, tied to nothing, and more', {
    actions: ['keys:*'],
    resources: ['*'],
    workspace: '*',
  }),
  make('the third of three statements', { statements: [OFFICE, ORDERS, { actions: ['*'] }] }, ['statements.2']),
  make('two of three statements', { statements: [{ actions: ['a'] }, ORDERS, { actions: ['b'] }] }, [
    'statements.0',
    'statements.2',
  ]),
  make('a third from halves of two', { statements: [{ actions: ['a'], resources: ['r2'] }] }, ['statements.0'], {
    statements: [MODEST, { actions: ['a'], resources: ['r1'] }, { actions: ['b'], resources: ['r2'] }],
  }),
]);

describeAttempts('a key cannot make a key with more rights, by policies', [
  make('full access', { policyIds: ['full-access'] }, ['policyIds.0']),
  make('reading, of which it has a part', { policyIds: ['auditor'] }, ['policyIds.0']),
  make('beside statements that it has', { statements: [ORDERS], policyIds: ['full-access'] }, ['policyIds.0']),
  {
    what: 'the second of two',
    fields: ['policyIds.1'],
    async ask({ policy }) {
      const [weak, strong] = [
        await policy({ statements: [ORDERS] }),
        await policy({ statements: [{ actions: ['*'] }] }),
      ];
      return { method: 'POST', path: '/api-keys', body: { name: 'n', policyIds: [weak.id, strong.id] } };
    },
  },
  {
    what: 'one that follows a template in another workspace',
    fields: ['policyIds.0'],
    async ask({ policy }) {
      const template = await policy({ type: 'template', statements: [ORDERS] });
      const { id } = await policy({ templateId: template.id, workspace: 'w2' });
      return { method: 'POST', path: '/api-keys', body: { name: 'n', policyIds: [id] } };
    },
  },
]);

describeAttempts('a key cannot make a key for whom it may not', [
  {
    what: 'for another user',
    lacks: 'keys:grant',
    ask: () => ({ method: 'POST', path: '/api-keys', body: { name: 'n', ownerId: 'zoe', statements: [] } }),
  },
  {
    what: 'for another user, the own name standing before',
    lacks: 'keys:grant',
    ask: () => ({ method: 'POST', path: '/api-keys', body: '{"name":"n","ownerId":"mallory","ownerId":"zoe"}' }),
  },
  {
    what: 'for a user whose name differs by case',
    lacks: 'keys:grant',
    ask: () => ({ method: 'POST', path: '/api-keys', body: { name: 'n', ownerId: 'Mallory' } }),
  },
  {
    what: 'at all',
    as: { statements: [{ actions: ['keys:read', 'keys:grant'] }] },
    lacks: 'keys:manage-own',
    ask: () => ({ method: 'POST', path: '/api-keys', body: { name: 'n' } }),
  },
  ...[{ statements: [{ actions: ['*'] }] }, { statements: [], policyIds: ['full-access'] }].map(
    (rights): Attempt => ({
      what: `for another user with more than it has: ${Object.keys(rights).at(-1)}`,
      as: { statements: [OFFICE, ORDERS, { actions: ['keys:grant'] }] },
      fields: [rights.policyIds === undefined ? 'statements.0' : 'policyIds.0'],
      ask: () => ({ method: 'POST', path: '/api-keys', body: { name: 'n', ownerId: 'zoe', ...rights } }),
    }),
  ),
]);

const DAY: KeyFields = { statements: [MODEST, ORDERS], lifetimeMs: 24 * HOUR_MS };
const TIED: KeyFields = { statements: [{ actions: ['*'] }], resources: ['api-keys', 'orders/1*'] };
const LOCAL: KeyFields = { actions: ['*'], allowedAddresses: ['127.0.0.0/8', '2001:db8::/32'] };
const IN_PAGES: KeyFields = { actions: ['*'], allowedOrigins: ['https://app.example.com', 'https://b.example.com'] };
const SLOW: KeyFields = { actions: ['*'], maxRequestsPerMinute: 50 };

/** Made from a page that it is allowed in. */
function makeInPage(what: string, allowedOrigins: string[]): Attempt {
  const headers = { origin: 'https://app.example.com' };
  const attempt = make(what, { allowedOrigins }, ['allowedOrigins'], IN_PAGES);
  return {
    ...attempt,
    ask: () => ({ method: 'POST', path: '/api-keys', body: { name: 'n', allowedOrigins }, headers }),
  };
}

describeAttempts('a key cannot make a key that is bound less than itself', [
  make('one that lives longer', { expiresInSeconds: 25 * 3_600 }, ['expiresAt'], DAY),
  make('one that ends later', { expiresAt: from(25 * HOUR_MS) }, ['expiresAt'], DAY),
  make(
    'one that begins after its own end',
    { notBefore: from(24.5 * HOUR_MS), expiresAt: from(25 * HOUR_MS) },
    ['expiresAt'],
    DAY,
  ),
  make('one tied to everything', { resources: ['*'] }, ['resources'], TIED),
  make('one tied more loosely', { resources: ['orders/*'] }, ['resources'], TIED),
  make('one tied to another resource besides', { resources: ['orders/10', 'users/1'] }, ['resources'], TIED),
  make('one for all addresses', { allowedAddresses: ['0.0.0.0/0'] }, ['allowedAddresses'], LOCAL),
  make('one for a wider range', { allowedAddresses: ['126.0.0.0/7'] }, ['allowedAddresses'], LOCAL),
  make('one for another address besides', { allowedAddresses: ['127.0.0.1', '10.0.0.1'] }, ['allowedAddresses'], LOCAL),
  make('one for all IPv6 addresses', { allowedAddresses: ['::/0'] }, ['allowedAddresses'], LOCAL),
  make('one for a wider IPv6 range', { allowedAddresses: ['2001:db8::/31'] }, ['allowedAddresses'], LOCAL),
  makeInPage('one for another origin', ['https://evil.example.com']),
  makeInPage('one for another origin besides', ['https://app.example.com', 'https://app.example.com:8443']),
  make('one that may go unused longer', { disableUnusedAfterSeconds: 7_201 }, ['disableUnusedAfterSeconds'], {
    actions: ['*'],
    disableUnusedAfterMs: 2 * HOUR_MS,
  }),
  make('one for more requests', { maxRequestsPerMinute: 51 }, ['maxRequestsPerMinute'], SLOW),
]);
