import { type AdminApp, startAdminApp } from '../support/admin-app.js';
import { People } from '../support/people.js';
import { loginOptions, signIn, signInForToken } from '../support/signed-in.js';

type Headers = Record<string, string>;

/** Who asks. All in organisation `acme` but `stranger`; a name with "key" comes with an API key of that user. */
const CALLERS = [
  'nobody',
  'alice',
  'alice, token',
  'carol',
  'root',
  'stranger',
  'key of alice',
  'key of root',
] as const;
type Caller = (typeof CALLERS)[number];

interface Targets {
  /** A session of alice's. */
  readonly session: string;
  /** A session key for alice, issued by root. */
  readonly key: string;
}

type Request = (targets: Targets) => readonly [method: string, path: string, body?: object];

/** The status of each request about alice, by caller in the order of CALLERS. */
const TABLE: readonly (readonly [string, Request, readonly number[]])[] = [
  ['list one’s own sessions', () => ['GET', '/sessions'], [401, 200, 200, 200, 200, 200, 403, 200]],
  ['list alice’s sessions', () => ['GET', '/sessions?userId=alice'], [401, 200, 200, 403, 200, 200, 403, 200]],
  ['read the current session', () => ['GET', '/sessions/current'], [401, 200, 200, 200, 200, 200, 404, 404]],
  ['log out', () => ['DELETE', '/sessions/current'], [401, 204, 204, 204, 204, 204, 404, 404]],
  ['end a session of alice’s', (on) => ['DELETE', `/sessions/${on.session}`], [401, 204, 204, 404, 204, 404, 404, 204]],
  ['end alice’s sessions', () => ['DELETE', '/sessions?userId=alice'], [401, 200, 200, 403, 200, 200, 403, 200]],
  [
    'read alice’s failed sign-ins',
    () => ['GET', '/sign-in-attempts?userName=alice'],
    [401, 200, 200, 404, 200, 404, 404, 200],
  ],
  [
    'mint a session key for alice',
    () => ['POST', '/session-keys', { userId: 'alice' }],
    [401, 403, 403, 403, 201, 400, 403, 201],
  ],
  [
    'mint one of organisation acme',
    () => ['POST', '/session-keys', { userId: 'alice', orgId: 'acme' }],
    [401, 403, 403, 403, 201, 403, 403, 201],
  ],
  [
    'mint one of organisation other',
    () => ['POST', '/session-keys', { userId: 'alice', orgId: 'other' }],
    [401, 403, 403, 403, 403, 400, 403, 403],
  ],
  ['list session keys', () => ['GET', '/session-keys'], [401, 403, 403, 403, 200, 200, 403, 200]],
  ['revoke one for alice', (on) => ['DELETE', `/session-keys/${on.key}`], [401, 404, 404, 404, 200, 404, 404, 200]],
  ['revoke one’s own session key', () => ['DELETE', '/session-keys/self'], [401, 404, 404, 404, 404, 404, 404, 404]],
];

describe('who may do what with sessions and session keys', () => {
  let app: AdminApp;
  let headersOf: Record<Caller, () => Promise<Headers>>;

  beforeAll(async () => {
    const everything = [{ actions: ['*'] }];
    const people = new People()
      .set('alice', { statements: [{ actions: ['orders:read', 'keys:manage-own'] }] })
      .set('carol', { statements: [{ actions: ['orders:read'] }] })
      .set('root', { statements: everything })
      .set('stranger', { orgId: 'other', statements: everything });
    app = await startAdminApp({ ...loginOptions(people), lockout: { addressLimit: 10_000 } });
    const keyOf = async (ownerId: string, actions: string[]): Promise<Headers> => ({
      'x-api-key': (await app.key({ ownerId, orgId: 'acme', actions })).token,
    });
    const cookieOf = async (userName: string): Promise<Headers> => (await signIn(app, userName)).headers;
    headersOf = {
      nobody: async () => ({}),
      alice: () => cookieOf('alice'),
      'alice, token': async () => (await signInForToken(app, 'alice')).headers,
      carol: () => cookieOf('carol'),
      root: () => cookieOf('root'),
      stranger: () => cookieOf('stranger'),
      'key of alice': () => keyOf('alice', ['orders:read', 'keys:manage-own']),
      'key of root': () => keyOf('root', ['*']),
    };
  });
  afterAll(() => app.close());

  const cases = TABLE.flatMap(([what, request, statuses]) =>
    CALLERS.map((caller, index) => [what, caller, statuses[index] as number, request] as const),
  );

  it.each(cases)('%s, by %s: %i', async (_what, caller, status, request) => {
    const session = (await signIn(app, 'alice')).id;
    const issued = await app.latchkey.sessionKeys.mint({ userId: 'alice', orgId: 'acme' }, { by: 'root' });
    const headers = await headersOf[caller]();
    const [method, path, body] = request({ session, key: issued.key.id });
    const answer = await app.call(method, path, null, body, headers);
    expect(answer.status).toBe(status);
    const changes = method !== 'GET' && status < 300;
    if (!changes) {
      expect(await app.latchkey.sessions?.find(session)).not.toBeNull();
      expect((await app.latchkey.apiKeys.get(issued.key.id))?.state).toBe('active');
    }
  });

  it('a stranger who may manage sessions sees and ends nothing of another organisation', async () => {
    const { id } = await signIn(app, 'alice');
    const headers = await headersOf.stranger();
    expect((await app.call('GET', '/sessions?userId=alice', null, undefined, headers)).body.items).toEqual([]);
    expect((await app.call('DELETE', '/sessions?userId=alice', null, undefined, headers)).body).toEqual({ ended: 0 });
    expect(await app.latchkey.sessions?.find(id)).not.toBeNull();
    expect((await app.call('GET', '/session-keys', null, undefined, headers)).body.items).not.toContainEqual(
      expect.objectContaining({ orgId: 'acme' }),
    );
  });
});
