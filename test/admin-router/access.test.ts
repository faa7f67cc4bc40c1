import { type AdminApp, startAdminApp } from '../support/admin-app.js';

/** Who asks. All in organisation `acme` but `stranger`. */
const CALLERS = {
  nobody: null,
  reader: { ownerId: 'alice', actions: ['orders:read'] },
  owner: { ownerId: 'alice', actions: ['keys:manage-own'] },
  auditor: { ownerId: 'carol', actions: ['keys:read'] },
  manager: { ownerId: 'dora', actions: ['keys:manage'] },
  granter: { ownerId: 'emil', actions: ['keys:manage', 'keys:grant'] },
  admin: { ownerId: 'root', actions: ['*'] },
  stranger: { ownerId: 'root', actions: ['*'], orgId: 'other' },
} as const;
type Caller = keyof typeof CALLERS;

/** The status for a key of alice's with no rights, by caller in the order of CALLERS. */
const TABLE: readonly (readonly [string, (id: string) => [string, string, object?], readonly number[]])[] = [
  ['who am I', () => ['GET', '/whoami'], [401, 200, 200, 200, 200, 200, 200, 200]],
  ['read', (id) => ['GET', `/api-keys/${id}`], [401, 404, 200, 200, 200, 200, 200, 404]],
  ['change', (id) => ['PATCH', `/api-keys/${id}`, { name: 'x' }], [401, 404, 200, 403, 200, 200, 200, 404]],
  ['rotate', (id) => ['POST', `/api-keys/${id}/rotate`, {}], [401, 404, 200, 403, 403, 200, 200, 404]],
  ['disable', (id) => ['POST', `/api-keys/${id}/disable`], [401, 404, 200, 403, 200, 200, 200, 404]],
  ['enable', (id) => ['POST', `/api-keys/${id}/enable`], [401, 404, 200, 403, 200, 200, 200, 404]],
  ['revoke', (id) => ['DELETE', `/api-keys/${id}`], [401, 404, 200, 403, 200, 200, 200, 404]],
  ['make for oneself', () => ['POST', '/api-keys', { name: 'x' }], [401, 403, 201, 403, 201, 201, 201, 201]],
  [
    'make for another',
    () => ['POST', '/api-keys', { name: 'x', ownerId: 'zoe' }],
    [401, 403, 403, 403, 403, 201, 201, 201],
  ],
  ['list', () => ['GET', '/api-keys'], [401, 403, 200, 200, 200, 200, 200, 200]],
  ['list another’s', () => ['GET', '/api-keys?ownerId=zoe'], [401, 403, 403, 200, 200, 200, 200, 200]],
  ['search', () => ['POST', '/api-keys/search', {}], [401, 403, 200, 200, 200, 200, 200, 200]],
];

describe('who may do what', () => {
  let app: AdminApp;
  const tokens = new Map<Caller, string | null>();

  beforeAll(async () => {
    app = await startAdminApp();
    for (const [name, caller] of Object.entries(CALLERS)) {
      const issued = caller === null ? null : await app.key({ orgId: 'acme', ...caller, actions: [...caller.actions] });
      tokens.set(name as Caller, issued?.token ?? null);
    }
  });
  afterAll(() => app.close());

  const cases = TABLE.flatMap(([what, request, statuses]) =>
    (Object.keys(CALLERS) as Caller[]).map((caller, index) => [what, caller, statuses[index], request] as const),
  );

  it.each(cases)('%s by %s: %i', async (_what, caller, status, request) => {
    const { key } = await app.key({ ownerId: 'alice', orgId: 'acme', statements: [], lifetimeMs: 60_000 });
    const [method, path, body] = request(key.id);
    const answer = await app.call(method, path, tokens.get(caller) ?? null, body);
    expect(answer.status).toBe(status);
  });

  it('shows a list only what may be read', async () => {
    const mine = await app.call('GET', '/api-keys?limit=200', tokens.get('owner') ?? null);
    expect(new Set(mine.body.items.map((key) => key.ownerId))).toEqual(new Set(['alice']));
    const all = await app.call('GET', '/api-keys?limit=200', tokens.get('auditor') ?? null);
    expect(new Set(all.body.items.map((key) => key.orgId))).toEqual(new Set(['acme']));
  });

  it('answers the same for an unknown key, another’s and another organisation’s', async () => {
    const { key } = await app.key({ ownerId: 'zoe', orgId: 'acme' });
    const { key: foreign } = await app.key({ ownerId: 'alice', orgId: 'other' });
    const owner = tokens.get('owner') ?? null;
    const answers = [];
    for (const id of [key.id, foreign.id, 'A'.repeat(22), 'no-id', '%7B%7D']) {
      const { status, text } = await app.call('GET', `/api-keys/${id}`, owner);
      answers.push([status, text]);
    }
    const problem = { type: 'about:blank', title: 'Not Found', status: 404, code: 'not_found' };
    const text = JSON.stringify({ ...problem, detail: 'There is no such thing here.' });
    expect(new Set(answers.map(String))).toEqual(new Set([`404,${text}`]));
  });

  it('does not let the owner of a weak key rotate a strong one of theirs', async () => {
    const { key } = await app.key({ ownerId: 'alice', orgId: 'acme', actions: ['*'] });
    const owner = tokens.get('owner') ?? null;
    for (const [method, path, body] of [
      ['POST', `/api-keys/${key.id}/rotate`, {}],
      ['PATCH', `/api-keys/${key.id}`, { name: 'x' }],
      ['POST', `/api-keys/${key.id}/enable`],
    ] as const) {
      const answer = await app.call(method, path, owner, body);
      expect([answer.status, answer.body.detail]).toEqual([403, 'The key would have more rights than the credential.']);
    }
    expect((await app.call('POST', `/api-keys/${key.id}/disable`, owner)).status).toBe(200);
  });
});
