import { type Attempt, describeAttempts, type KeyFields, MODEST, OFFICE, ORDERS } from '../support/attempts.js';

const EVERYTHING = [{ actions: ['*'] }];
const HOUR_MS = 3_600_000;
const from = (ms: number) => new Date(Date.now() + ms).toISOString();

/** A change of the key that asks. */
function widenOneself(what: string, body: object, fields: string[], as?: KeyFields): Attempt {
  return {
    what,
    ...(as && { as }),
    fields,
    ask: ({ me }) => ({ method: 'PATCH', path: `/api-keys/${me.id}`, body }),
  };
}

/** A change of another key of the same user. */
function changeSibling(what: string, of: KeyFields, body: object, fields: string[], as?: KeyFields): Attempt {
  return {
    what,
    ...(as && { as }),
    fields,
    ask: async ({ key }) => ({ method: 'PATCH', path: `/api-keys/${(await key(of)).key.id}`, body }),
  };
}

function toSibling(act: 'rotate' | 'enable', what: string, of: KeyFields, fields: string[], as?: KeyFields): Attempt {
  return {
    what,
    ...(as && { as }),
    fields,
    async ask({ key, app }) {
      const { id } = (await key(of)).key;
      if (act === 'enable') await app.latchkey.apiKeys.disable(id, { by: 'test' });
      return { method: 'POST', path: `/api-keys/${id}/${act}`, body: {} };
    },
  };
}

const DAY: KeyFields = { statements: [MODEST, ORDERS], lifetimeMs: 24 * HOUR_MS };
const TIED: KeyFields = { statements: EVERYTHING, resources: ['api-keys*', 'orders/1*'] };
const LOCAL: KeyFields = { actions: ['*'], allowedAddresses: ['127.0.0.0/8', '2001:db8::/32'] };
const SLOW: KeyFields = { actions: ['*'], maxRequestsPerMinute: 50 };
const USED: KeyFields = { actions: ['*'], disableUnusedAfterMs: 2 * HOUR_MS };

const READERS = { id: 'readers', name: 'Readers', statements: [ORDERS] };

describeAttempts(
  'a key cannot widen itself',
  [
    widenOneself('by every action', { statements: EVERYTHING }, ['statements.0']),
    widenOneself('by a statement behind its own', { statements: [OFFICE, ORDERS, { actions: ['keys:grant'] }] }, [
      'statements.2',
    ]),
    widenOneself('by a statement before its own', { statements: [{ actions: ['orders:write'] }, ORDERS] }, [
      'statements.0',
    ]),
    widenOneself('by another workspace', { statements: [OFFICE, { ...ORDERS, workspace: 'w2' }] }, ['statements.1']),
    widenOneself('by all resources', { statements: [OFFICE, { actions: ['orders:read'], workspace: 'w1' }] }, [
      'statements.1',
    ]),
    widenOneself('by full access', { policyIds: ['full-access'] }, ['policyIds.0']),
    {
      what: 'by full access beside a policy that it has',
      as: { statements: [MODEST], policyIds: ['readers'] },
      fields: ['policyIds.1'],
      ask: ({ me }) => ({
        method: 'PATCH',
        path: `/api-keys/${me.id}`,
        body: { policyIds: ['readers', 'full-access'] },
      }),
    },
    widenOneself('by reading', { policyIds: ['auditor'] }, ['policyIds.0']),
    widenOneself('while its rights are refreshed', { policyIds: ['full-access'], refreshCeiling: true }, [
      'policyIds.0',
    ]),
    widenOneself('while its name is changed', { name: 'harmless', statements: EVERYTHING }, ['statements.0']),
    widenOneself('by a tie to nothing', { resources: null }, ['resources'], TIED),
    widenOneself('by a tie to everything', { resources: ['*'] }, ['resources'], TIED),
    widenOneself('by a looser tie', { resources: ['api-keys*', 'orders/*'] }, ['resources'], TIED),
    widenOneself('by all addresses', { allowedAddresses: null }, ['allowedAddresses'], LOCAL),
    widenOneself('by every IPv4 address', { allowedAddresses: ['0.0.0.0/0'] }, ['allowedAddresses'], LOCAL),
    widenOneself('by its own range as IPv6', { allowedAddresses: ['::/0'] }, ['allowedAddresses'], LOCAL),
    widenOneself('by one more address', { allowedAddresses: ['127.0.0.0/8', '10.0.0.1'] }, ['allowedAddresses'], LOCAL),
    widenOneself('by any number of requests', { maxRequestsPerMinute: null }, ['maxRequestsPerMinute'], SLOW),
    widenOneself('by more requests', { maxRequestsPerMinute: 51 }, ['maxRequestsPerMinute'], SLOW),
    widenOneself('by going unused for ever', { disableUnusedAfterSeconds: null }, ['disableUnusedAfterSeconds'], USED),
    widenOneself('by going unused longer', { disableUnusedAfterSeconds: 7_201 }, ['disableUnusedAfterSeconds'], USED),
    widenOneself('by a later end', { expiresAt: from(25 * HOUR_MS) }, ['expiresAt'], DAY),
    widenOneself('by a longer life', { expiresInSeconds: 25 * 3_600 }, ['expiresAt'], DAY),
    ...[null, ['https://evil.example.com'], ['https://app.example.com', 'https://b.example.com']].map(
      (allowedOrigins): Attempt => ({
        what: `by the origins ${allowedOrigins}`,
        as: { actions: ['*'], allowedOrigins: ['https://app.example.com'] },
        fields: ['allowedOrigins'],
        ask: ({ me }) => ({
          method: 'PATCH',
          path: `/api-keys/${me.id}`,
          body: { allowedOrigins },
          headers: { origin: 'https://app.example.com' },
        }),
      }),
    ),
  ],
  { policies: [READERS] },
);

describeAttempts('a key cannot make another key of its user stronger than itself', [
  changeSibling('by statements', {}, { statements: EVERYTHING }, ['statements.0']),
  changeSibling('by policies', { statements: [ORDERS] }, { policyIds: ['full-access'] }, ['policyIds.0']),
  changeSibling('by loosening its tie', { resources: ['orders/10'] }, { resources: ['users/1'] }, ['resources'], TIED),
  changeSibling('by untying it', { resources: ['orders/10'] }, { resources: null }, ['resources'], TIED),
  changeSibling('by a longer life', { lifetimeMs: HOUR_MS }, { expiresInSeconds: 25 * 3_600 }, ['expiresAt'], DAY),
  changeSibling(
    'by all addresses',
    { allowedAddresses: ['127.0.0.1'] },
    { allowedAddresses: null },
    ['allowedAddresses'],
    LOCAL,
  ),
  changeSibling(
    'by more requests',
    { maxRequestsPerMinute: 1 },
    { maxRequestsPerMinute: null },
    ['maxRequestsPerMinute'],
    SLOW,
  ),
]);

describeAttempts('a key cannot touch a stronger one of its user', [
  changeSibling('not its name', { statements: EVERYTHING }, { name: 'x' }, ['statements.0']),
  changeSibling('not its third statement', { statements: [OFFICE, ORDERS, { actions: ['x'] }] }, { name: 'x' }, [
    'statements.2',
  ]),
  changeSibling('not its name, of one that a policy makes strong', { policyIds: ['full-access'] }, { name: 'x' }, [
    'policyIds',
  ]),
  changeSibling('not to lower it, and then to take it', { statements: EVERYTHING }, { statements: [ORDERS] }, [
    'statements.0',
  ]),
  changeSibling('not to take its policy away', { policyIds: ['full-access'] }, { policyIds: [] }, ['policyIds']),
  changeSibling('not to tie it', {}, { resources: ['orders/10'] }, ['resources'], TIED),
  changeSibling('not one that is accepted from elsewhere', {}, { name: 'x' }, ['allowedAddresses'], LOCAL),
  toSibling('rotate', 'not to rotate it', { statements: EVERYTHING }, ['statements.0']),
  toSibling('rotate', 'not to rotate one that a policy makes strong', { policyIds: ['full-access'] }, ['policyIds']),
  toSibling('rotate', 'not to rotate one that lives longer', { statements: [ORDERS] }, ['expiresAt'], DAY),
  toSibling('rotate', 'not to rotate one that is tied to nothing', { statements: [] }, ['resources'], TIED),
  toSibling('rotate', 'not to rotate one that is accepted from elsewhere', {}, ['allowedAddresses'], LOCAL),
  toSibling('rotate', 'not to rotate one that may go unused', {}, ['disableUnusedAfterSeconds'], USED),
  toSibling('rotate', 'not to rotate one without a limit', {}, ['maxRequestsPerMinute'], SLOW),
  toSibling('enable', 'not to enable it', { statements: EVERYTHING }, ['statements.0']),
  toSibling('enable', 'not to enable one that a policy makes strong', { policyIds: ['full-access'] }, ['policyIds']),
  toSibling('enable', 'not to enable one that lives longer', { statements: [ORDERS] }, ['expiresAt'], DAY),
  toSibling('enable', 'not to enable one that is tied to nothing', { statements: [] }, ['resources'], TIED),
  toSibling('enable', 'not to enable one that is accepted from elsewhere', {}, ['allowedAddresses'], LOCAL),
  toSibling('enable', 'not to enable one without a limit', {}, ['maxRequestsPerMinute'], SLOW),
]);

const OF_ZOE: KeyFields = { ownerId: 'zoe', statements: [ORDERS] };

describeAttempts('whoever may manage keys cannot use another user’s', [
  changeSibling('by making it stronger than itself', OF_ZOE, { statements: EVERYTHING }, ['statements.0']),
  changeSibling('by giving it a policy', OF_ZOE, { policyIds: ['full-access'] }, ['policyIds.0']),
  changeSibling('not a stronger one', { ownerId: 'zoe', statements: EVERYTHING }, { name: 'x' }, ['statements.0']),
  {
    what: 'by a new secret, without keys:grant',
    lacks: 'keys:grant',
    ask: async ({ key }) => ({ method: 'POST', path: `/api-keys/${(await key(OF_ZOE)).key.id}/rotate`, body: {} }),
  },
  {
    what: 'by a new secret of a stronger one, with keys:grant',
    as: { statements: [OFFICE, ORDERS, { actions: ['keys:grant'] }] },
    fields: ['statements.0'],
    async ask({ key }) {
      const { id } = (await key({ ownerId: 'zoe', statements: EVERYTHING })).key;
      return { method: 'POST', path: `/api-keys/${id}/rotate`, body: {} };
    },
  },
  ...(['PATCH', 'DELETE', 'POST'] as const).map(
    (method): Attempt => ({
      what: `${method} by whoever may only read keys`,
      as: { actions: ['keys:read'] },
      lacks: 'keys:manage',
      async ask({ key }) {
        const path = `/api-keys/${(await key(OF_ZOE)).key.id}`;
        if (method === 'POST') return { method, path: `${path}/disable` };
        return { method, path, ...(method === 'PATCH' && { body: { name: 'x' } }) };
      },
    }),
  ),
]);

describeAttempts(
  'where keys end with the key that made them, a key cannot outlive its own end',
  [
    toSibling('rotate', 'by a new secret of a key that does not end with it', { lifetimeMs: HOUR_MS }, [], DAY),
    {
      what: 'by a new secret of the key that made it',
      as: { statements: [MODEST] },
      async with({ app, me }) {
        const { body } = await app.call('POST', '/api-keys', me.token, { name: 'child' });
        return { id: body.id, token: body.token };
      },
      async ask({ app, me }) {
        const [parentId] = (await app.latchkey.apiKeys.get(me.id))?.parentIds ?? [];
        return { method: 'POST', path: `/api-keys/${parentId}/rotate`, body: {} };
      },
    },
  ],
  { keyRules: { endWithParent: true } },
);

describeAttempts(
  'where keys may live for ever, one that ends cannot',
  [
    widenOneself('make itself endless', { expiresAt: null }, ['expiresAt'], DAY),
    changeSibling('make another one endless', { lifetimeMs: HOUR_MS }, { expiresAt: null }, ['expiresAt'], DAY),
    toSibling('rotate', 'get the secret of an endless one', { expiresAt: null }, ['expiresAt'], DAY),
    {
      what: 'make an endless one',
      as: DAY,
      fields: ['expiresAt'],
      ask: () => ({ method: 'POST', path: '/api-keys', body: { name: 'n', expiresAt: null } }),
    },
  ],
  { keys: { allowNever: true } },
);

const INSIDE: KeyFields = { actions: ['*'], internalOnly: true };

describeAttempts(
  'a key that is accepted inside only cannot',
  [
    {
      what: 'make one that is accepted everywhere',
      as: INSIDE,
      fields: ['internalOnly'],
      ask: () => ({ method: 'POST', path: '/api-keys', body: { name: 'n', internalOnly: false } }),
    },
    toSibling('rotate', 'get the secret of one that is accepted everywhere', {}, ['internalOnly'], INSIDE),
    toSibling('enable', 'have one accepted again that is accepted everywhere', {}, ['internalOnly'], INSIDE),
    changeSibling('change one that is accepted everywhere', {}, { name: 'x' }, ['internalOnly'], INSIDE),
  ],
  { isInside: true },
);
