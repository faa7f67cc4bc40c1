import type { OpenApiDocument } from '../../admin-router/openapi.js';
import { MemoryStore } from '../../lib/index.js';
import { Clock } from '../lib/clock.js';
import { type AdminApp, type Answer, startAdminApp } from '../support/admin-app.js';
import { DocumentedAnswers } from '../support/documented-answers.js';
import { MFA_CODE, PASSWORD, People } from '../support/people.js';
import { basic, loginOptions, signIn, signInForToken } from '../support/signed-in.js';

const EVERYTHING = [{ actions: ['*'] }];
const UNKNOWN = 'A'.repeat(22);
/** What takes trouble, a race, production or other options: tests that bring these about hold their answers against it, too. */
const RARE = /^(?:tls_required|conflict|store_unavailable|not_durable|rate_limited|too_many_attempts)$/;

describe('the answers of the admin router', () => {
  const clock = new Clock();
  let app: AdminApp;
  let documented: DocumentedAnswers;
  let admin: string;
  let plain: string;

  beforeAll(async () => {
    const people = new People().set('alice', { statements: EVERYTHING }).set('bob', { requiresMfa: true });
    app = await startAdminApp({ ...loginOptions(people), store: new MemoryStore({ now: clock.now }), now: clock.now });
    const { body } = await app.call('GET', '/openapi.json', null);
    documented = new DocumentedAnswers(body as unknown as OpenApiDocument);
    admin = (await app.key({ orgId: 'acme', actions: ['*'] })).token;
    plain = (await app.key({ orgId: 'acme', actions: ['orders:read'] })).token;
  });
  afterAll(() => app.close());

  async function ask(...call: Parameters<AdminApp['call']>): Promise<Answer> {
    const answer = await app.call(...call);
    expect(documented.faultsOf(call[0], call[1], answer)).toEqual([]);
    return answer;
  }

  it('are as documented: keys', async () => {
    const made = await ask('POST', '/api-keys', admin, {
      name: 'k',
      statements: [{ actions: ['a:b'] }],
      properties: { a: 'b' },
    });
    const path = `/api-keys/${made.body.id}`;
    await ask('GET', path, admin);
    await ask('HEAD', path, admin);
    await ask('PATCH', path, admin, {
      disableUnusedAfterSeconds: 7_200,
      allowedAddresses: ['127.0.0.0/8'],
      maxRequestsPerMinute: 100,
    });
    const whole = { expiresInSeconds: 60, locale: 'de', timeZone: 'Europe/Berlin', resources: ['orders/*'] };
    const second = await ask('POST', '/api-keys', admin, { name: 'k2', policyIds: ['auditor'], ...whole });
    await ask('GET', '/whoami', made.body.token);
    await ask('GET', '/whoami', second.body.token);
    await ask('POST', `${path}/rotate`, admin, { graceSeconds: 60 });
    await ask('POST', `${path}/disable`, admin);
    await ask('POST', `${path}/enable`, admin);
    await ask('GET', '/api-keys?limit=1', admin);
    await ask('POST', '/api-keys/search', admin, { criteria: [{ field: 'name', test: 'like', value: 'k%' }] });
    await ask('POST', '/api-keys/revoke', admin, { ids: [second.body.id, UNKNOWN] });
    await ask('POST', `${path}/can`, admin, { action: 'a:b' });
    await ask('POST', `/api-keys/${UNKNOWN}/can`, admin, { action: 'a:b' }); // 404
    await ask('GET', `${path}/audit?limit=1`, admin);
    await ask('GET', `${path}/usage`, admin);
    await ask('DELETE', `${path}?reason=over`, admin);
    await ask('POST', `${path}/can`, admin, { action: 'a:b', resource: 'r', workspace: 'w' });
    await ask('GET', path, admin);
    await ask('POST', `${path}/rotate`, admin); // 409
    await ask('PATCH', path, admin, { name: 'x' }); // 409
  });

  it('are as documented: session keys', async () => {
    const minted = await ask('POST', '/session-keys', admin, {
      statements: [{ actions: ['a:b'] }],
      policyIds: ['auditor'],
    });
    await ask('GET', '/session-keys', admin);
    await ask('GET', '/whoami', minted.body.token);
    await ask('DELETE', `/session-keys/${minted.body.id}`, admin);
    const self = await ask('POST', '/session-keys', admin, {});
    await ask('DELETE', '/session-keys/self', self.body.token);
    await ask('DELETE', '/session-keys/self', admin); // 404
  });

  it('are as documented: policies', async () => {
    const { body } = await ask('POST', '/policies', admin, {
      name: 'p',
      type: 'role',
      statements: [{ actions: ['a:b'] }],
    });
    await ask('GET', `/policies/${body.id}`, admin);
    await ask('PATCH', `/policies/${body.id}`, admin, { description: 'd' });
    await ask('GET', '/policies', admin);
    await ask('POST', '/policies/search', admin, {});
    await ask('POST', '/api-keys', admin, { name: 'user of it', policyIds: [body.id] });
    await ask('GET', `/policies/${body.id}/users`, admin);
    await ask('GET', '/policies?grantable=true&templateId=t', admin);
    await ask('DELETE', `/policies/${body.id}`, admin); // 409
    await ask('DELETE', `/policies/${body.id}?detach=true`, admin);
    await ask('PATCH', '/policies/auditor', admin, { name: 'x' }); // 409
  });

  it('are as documented: logins and sessions', async () => {
    const who = { userName: 'alice', password: PASSWORD };
    const { body } = await ask('POST', '/login', null, who);
    await ask('POST', '/login', null, undefined, basic('alice', PASSWORD));
    await ask('POST', '/sessions', null, { loginToken: body.loginToken, token: true });
    await ask('POST', '/sessions', null, { ...who, mfaCode: MFA_CODE });
    await ask('POST', '/sessions', null, { ...who, password: 'wrong' });
    await ask('POST', '/login', null, { ...who, password: 'wrong' }); // 401
    for (const route of ['/login', '/sessions']) await ask('POST', route, null, { ...who, userName: 'bob' }); // mfa_required
    const { headers } = await signIn(app, 'alice');
    const byToken = await signInForToken(app, 'alice');
    await ask('GET', '/sessions', null, undefined, headers);
    await ask('GET', '/sessions/current', null, undefined, headers);
    await ask('GET', '/sessions/users?limit=1', admin);
    await ask('GET', '/whoami', null, undefined, headers);
    await ask('GET', '/sign-in-attempts?userName=alice', null, undefined, headers);
    await ask('DELETE', `/sessions/${byToken.id}`, null, undefined, headers);
    await ask('DELETE', '/sessions?except=current', null, undefined, headers);
    await ask('DELETE', '/sessions/current', null, undefined, headers);
    await ask('GET', '/sessions/current', admin); // 404
    await ask('GET', '/sign-in-attempts?userName=nobody', admin); // 404
  });

  it('are as documented: what is left', async () => {
    const { token } = await app.key({ orgId: 'acme' });
    await ask('POST', '/leaked', null, { token });
    await ask('POST', '/leaked', null, { token: 'nothing of ours' });
    await ask('GET', '/openapi.json', null);
    await ask('POST', '/can', admin, { action: 'a:b' });
    const another = (await app.key({ orgId: 'acme' })).token;
    for (const each of [another, 'nothing of ours']) await ask('POST', '/introspect', admin, { token: each });
    await ask('POST', '/introspect', plain, { token: another }); // 403
    await ask('POST', '/introspect', admin, 'token=x', { 'content-type': 'text/plain' }); // 415
    await ask('GET', '/health', admin);
    await ask('GET', '/whoami', token); // 401
    for (let cursor = ''; ; ) {
      const page = await ask('GET', `/audit?limit=20${cursor}`, admin);
      if (page.body.nextCursor === null) break;
      cursor = `&cursor=${page.body.nextCursor}`;
    }
  });

  it('are as documented: refusals of every route', async () => {
    const { body } = await app.call('GET', '/openapi.json', null);
    for (const [path, methods] of Object.entries((body as unknown as OpenApiDocument).paths)) {
      for (const method of Object.keys(methods).map((name) => name.toUpperCase())) {
        const url = path.replace('{id}', UNKNOWN);
        const sends = method === 'POST' || method === 'PATCH';
        await ask(method, url, null); // 401, or of a public one 400
        await ask(method, url, plain, sends ? {} : undefined); // 403, 404, 400
        await ask(method, `${url}?surely=unknown`, admin, sends ? {} : undefined); // 400
        await ask(method, url, admin, undefined, { authorization: 'ApiKey YTpi' }); // 400
        if (!sends) continue;
        await ask(method, url, admin, '{', { 'content-type': 'application/json' }); // 400
        await ask(method, url, admin, 'x=1', { 'content-type': 'application/x-www-form-urlencoded' }); // 415
        await ask(method, url, admin, { name: 'x'.repeat(70_000) }); // 413
      }
    }
  });

  it('are as documented: what may be seen and not changed, and what was changed meanwhile', async () => {
    const reader = (await app.key({ orgId: 'acme', actions: ['keys:read', 'policies:read'] })).token;
    const { id: key } = (await app.key({ orgId: 'acme' })).key;
    const { id: policy } = await app.latchkey.policies.create({ name: 'q', orgId: 'acme' }, { by: 'test' });
    const changes = [
      ...['rotate', 'disable', 'enable'].map((verb) => ['POST', `/api-keys/${key}/${verb}`] as const),
      ...[`/api-keys/${key}`, `/policies/${policy}`].flatMap((path) => [
        ['PATCH', path] as const,
        ['DELETE', path] as const,
      ]),
    ];
    for (const [method, path] of changes) {
      const body = method === 'DELETE' ? undefined : {};
      expect((await ask(method, path, reader, body)).status).toBe(403);
      expect((await ask(method, path, admin, body, { 'if-match': '"99"' })).status).toBe(412);
    }
    for (const path of ['/api-keys', '/policies']) {
      expect((await ask('POST', path, reader, { name: 'x' })).status).toBe(403);
    }
  });

  it('were, of every operation, seen when all went well, and of every status but the rare ones', async () => {
    const { body } = await app.call('GET', '/openapi.json', null);
    const { paths, components } = body as unknown as OpenApiDocument;
    const { responses: shared } = components as {
      responses: Record<string, { content: Record<string, { examples: object }> }>;
    };
    const missing: string[] = [];
    for (const { operationId, responses } of Object.values(paths).flatMap((methods) => Object.values(methods)) as {
      operationId: string;
      responses: Record<string, { $ref?: string; content?: object }>;
    }[]) {
      for (const [status, { $ref, content }] of Object.entries(responses)) {
        const codes =
          $ref === undefined
            ? ['']
            : Object.keys(shared[$ref.split('/').at(-1) ?? '']?.content['application/problem+json']?.examples ?? {});
        for (const code of codes.filter((each) => !RARE.test(each) && (content !== undefined || $ref !== undefined))) {
          const wanted = `${operationId} ${status} ${code}`.trim();
          if (!documented.seen.has(wanted)) missing.push(wanted);
        }
      }
    }
    expect(missing).toEqual([]);
  });
});

describe('the check of answers', () => {
  it('finds what the document does not say', async () => {
    const app = await startAdminApp();
    const { body } = await app.call('GET', '/openapi.json', null);
    await app.close();
    const check = new DocumentedAnswers(body as unknown as OpenApiDocument);
    const answer = (status: number, json: object, headers: Record<string, string> = {}) => {
      const type = status < 300 ? 'application/json' : 'application/problem+json';
      return { status, text: JSON.stringify(json), headers: new Headers({ 'content-type': type, ...headers }) };
    };
    const faults = (...given: Parameters<typeof answer>) => check.faultsOf('GET', '/api-keys', answer(...given));
    expect(faults(200, { items: [], nextCursor: null })).toEqual([]);
    expect(faults(200, { items: [], nextCursor: null, more: 1 })).toEqual([
      'listApiKeys 200  Unrecognized key: "more"',
    ]);
    expect(faults(200, { items: [{}], nextCursor: null }).join()).toContain(
      "/items/0 must have required property 'id'",
    );
    expect(faults(409, {}).join()).toContain('listApiKeys may not answer 409');
    const problem = { type: 'about:blank', title: 'Forbidden', status: 403, detail: 'x' };
    expect(faults(403, { ...problem, code: 'forbidden' })).toEqual([]);
    expect(faults(403, { ...problem, code: 'conflict' }).join()).toContain('/code must be equal to one of');
    expect(faults(401, { ...problem, code: 'unauthenticated' })).toEqual([
      'listApiKeys 401 lacks the header WWW-Authenticate',
    ]);
  });
});
