import type { Router } from 'express';
import { adminRouter } from '../../admin-router/index.js';
import { createLatchkey, FULL_ACCESS, MemoryStore } from '../../lib/index.js';
import { Clock } from '../lib/clock.js';
import { type AdminApp, type Answer, startAdminApp } from '../support/admin-app.js';
import { People } from '../support/people.js';
import { loginOptions, signIn, signInForToken } from '../support/signed-in.js';
import { CALLERS, type Caller, isRefused } from './access-callers.js';
import { expectedOf, PUBLIC_ROUTES, type Relation, RULES, type Rule, type Target } from './access-rules.js';

const OTHERS = { acme: 'other-person', other: 'other-stranger' };
const UNKNOWN_ID = 'A'.repeat(22);
const HEAD_CALLERS = ['nobody', 'a plain key', 'an owner', 'full access by policy'];

const nameOf = (caller: string) => caller.replaceAll(/[^a-z]+/g, '-');
const expectedFor = (rule: Rule, caller: Caller) =>
  isRefused(caller) && !PUBLIC_ROUTES.includes(rule.route) ? '401' : expectedOf(rule, caller);

const cases = RULES.flatMap((rule) =>
  Object.entries(CALLERS).map(
    ([name, caller]) => [rule.route, rule.of, name, expectedFor(rule, caller), rule] as const,
  ),
);

describe('who may do what', () => {
  const clock = new Clock();
  let store: MemoryStore;
  let app: AdminApp;

  beforeAll(async () => {
    const people = new People().set(OTHERS.acme).set(OTHERS.other, { orgId: 'other' });
    for (const [name, { orgId, comesWith, statements }] of Object.entries(CALLERS)) {
      const isSession = comesWith === 'session' || comesWith === 'session token';
      people.set(nameOf(name), { orgId, statements: isSession ? statements : [FULL_ACCESS] });
    }
    store = new MemoryStore({ now: clock.now });
    app = await startAdminApp({
      ...loginOptions(people),
      store,
      now: clock.now,
      lockout: { addressLimit: 1_000_000, secretLimit: 1_000_000 },
    });
  });
  afterAll(() => app.close());

  it('has a rule for every route of the router', async () => {
    const router = adminRouter(app.latchkey);
    const others = router.stack.filter(({ route }) => route === undefined);
    const known = ['latchkeyPage', 'refuseUndecodable', 'withoutPrompt', 'latchkeyErrorHandler'];
    expect(others.map(({ name }) => name)).toEqual(known); // a router inside would have routes, too
    const routes = await routesOf(router, app);
    expect(routes.length).toBeGreaterThan(25);
    expect([...new Set(RULES.map(({ route }) => route))].sort()).toEqual(routes.sort());
  });

  it('is asked about in many hundred ways', () => {
    expect(cases.length).toBeGreaterThan(1_000);
    expect(new Set(RULES.map((rule) => JSON.stringify([rule.route, rule.of, rule.ask.toString()]))).size).toBe(
      RULES.length,
    );
  });

  it.each(cases)('%s of %s by %s: %s', async (route, of, name, expected, rule) => {
    const caller = CALLERS[name] as Caller;
    const target = await targetOf(route, of, name, caller.orgId);
    const headers = await headersOf(name, caller);
    const before = await recordsOf(target);
    const [method, path, url, body] = requestOf(rule, target);
    const answer = await app.call(method, url, null, body, headers);
    expect(outcomeOf(route, answer)).toBe(expected);
    if (!/^2|^revoked$/.test(expected)) expect(await recordsOf(target)).toEqual(before);
    if (method === 'GET' && answer.status === 200) expectOnlyVisible(path, answer, name, caller);
  });

  const reads = cases.filter(([route, , name]) => route.startsWith('GET') && HEAD_CALLERS.includes(name));

  it.each(reads)('HEAD in place of %s of %s by %s: %s', async (route, of, name, expected, rule) => {
    const caller = CALLERS[name] as Caller;
    const target = await targetOf(route, of, name, caller.orgId);
    const [, , url] = requestOf(rule, target);
    const { status, text } = await app.call('HEAD', url, null, undefined, await headersOf(name, caller));
    expect([String(status), text]).toEqual([expected, '']);
  });

  /** The thing that the route is about, new. */
  async function targetOf(route: string, of: Relation, caller: string, orgId: 'acme' | 'other'): Promise<Target> {
    const elsewhere = orgId === 'acme' ? 'other' : 'acme';
    const org = of === 'another organisation’s' ? elsewhere : orgId;
    const userId = of === 'own' ? nameOf(caller) : of === 'unknown' ? 'nobody-there' : OTHERS[org];
    if (of === 'unknown') return { userId, id: UNKNOWN_ID };
    const { latchkey } = app;
    const by = { by: 'host' };
    const statements = [{ actions: ['orders:read'] }];
    if (/ \/policies\/:id\b/.test(route)) {
      if (of === 'built-in') return { userId, id: 'auditor' };
      if (of !== 'internal') return { userId, id: (await latchkey.policies.create({ name: 'p', orgId: org }, by)).id };
      return { userId, id: (await latchkey.sessionKeys.mint({ userId, orgId: org, statements }, by)).key.id };
    }
    if (/ \/session-keys\/:id$/.test(route)) {
      const issued = await latchkey.sessionKeys.mint({ userId: OTHERS[org], orgId: org }, { by: userId });
      return { userId, id: issued.key.id };
    }
    if (/ \/sessions\/:id$/.test(route)) return { userId, id: (await signIn(app, userId)).id };
    const input = { name: 'target', ownerId: userId, orgId: org, statements: [], lifetimeMs: 60_000 };
    return { userId, id: (await latchkey.apiKeys.create(input, by)).key.id };
  }

  /** A credential of its own for each case: some routes end it. */
  async function headersOf(name: string, caller: Caller): Promise<Record<string, string>> {
    const { comesWith, orgId, statements, policyIds, resources } = caller;
    const ownerId = nameOf(name);
    switch (comesWith) {
      case 'nothing':
        return {};
      case 'session':
        return (await signIn(app, ownerId)).headers;
      case 'session token':
        return (await signInForToken(app, ownerId)).headers;
      case 'session key': {
        const { token } = await app.latchkey.sessionKeys.mint({ userId: ownerId, orgId, statements }, { by: 'host' });
        return { 'x-api-key': token };
      }
      default: {
        const internalOnly = comesWith === 'internal key';
        const issued = await app.key({ ownerId, orgId, statements, policyIds, resources, internalOnly });
        return { 'x-api-key': issued.token };
      }
    }
  }

  async function recordsOf({ id }: Target): Promise<unknown[]> {
    const { apiKeys, policies } = store.records;
    return [await apiKeys.get(id), await policies.get(id), (await app.latchkey.sessions?.find(id)) ?? null];
  }

  /** A page, or a record, holds nothing of another organisation; and of another user only what may be read. */
  function expectOnlyVisible(path: string, { body }: Answer, name: string, { orgId, facts }: Caller): void {
    for (const item of body.items ?? [body]) {
      if (!item.isBuiltIn && 'orgId' in item) expect(item.orgId).toBe(orgId);
      const mayReadAll = facts.includes('keys:read') || facts.includes('keys:manage');
      if (path.startsWith('/api-keys') && !path.endsWith('/usage') && !mayReadAll)
        expect(item.ownerId).toBe(nameOf(name));
      if (path === '/session-keys' && !facts.includes('keys:read')) expect(item.createdBy).toBe(nameOf(name));
      if (path === '/audit' && !facts.includes('audit:read')) {
        expect([item.actorId, item.userId, item.ownerId]).toContain(nameOf(name));
      }
    }
  }
});

describe('the rules', () => {
  it('miss a route that the table does not name', async () => {
    const latchkey = createLatchkey();
    const router = adminRouter(latchkey);
    router.route('/novelties').all((_req, res) => void res.end());
    expect(pathsOf(router)).toContain('/novelties');
    expect(RULES.map(({ route }) => route)).not.toContain('GET /novelties');
    await latchkey.close();
  });

  it('take the first clause that holds', () => {
    const rule = { expected: '200 if a and b; 403 if b or c; else 404' } as Rule;
    const outcome = (...facts: string[]) => expectedOf(rule, { facts } as unknown as Caller);
    expect([outcome('a', 'b'), outcome('b'), outcome('c'), outcome('a'), outcome()]).toEqual([
      '200',
      '403',
      '403',
      '404',
      '404',
    ]);
  });
});

function pathsOf(router: Router): string[] {
  return router.stack.flatMap(({ route }) => (route === undefined ? [] : [route.path]));
}

/** As the router itself tells them: the paths it has, and for each the methods that it allows. */
async function routesOf(router: Router, app: AdminApp): Promise<string[]> {
  const routes: string[] = [];
  for (const path of pathsOf(router)) {
    const { headers } = await app.call('OPTIONS', path.replace(':id', UNKNOWN_ID), null);
    const methods = (headers.get('allow') ?? '')
      .split(', ')
      .filter((method) => method !== 'HEAD' && method !== 'OPTIONS');
    routes.push(...methods.map((method) => `${method} ${path}`));
  }
  return routes;
}

function requestOf({ route, ask }: Rule, target: Target): [method: string, path: string, url: string, body?: object] {
  const [method = '', path = ''] = route.split(' ');
  const { query = '', body } = ask(target);
  const url = path.replace(':id', target.id) + query;
  return body === undefined ? [method, path, url] : [method, path, url, body];
}

/** The status; where an answer tells of each key, what it tells. */
function outcomeOf(route: string, { status, body }: Answer): string {
  if (route !== 'POST /api-keys/revoke' || status !== 200) return String(status);
  return String((body.results as { outcome: string }[])[0]?.outcome);
}
