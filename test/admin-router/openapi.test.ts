import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { Router } from 'express';
import { apiKeyRoutes } from '../../admin-router/api-keys.js';
import { auditRoutes } from '../../admin-router/audit.js';
import { adminRouter } from '../../admin-router/index.js';
import { leakedRoutes } from '../../admin-router/leaked.js';
import { loginRoutes } from '../../admin-router/logins.js';
import type { OpenApiDocument } from '../../admin-router/openapi.js';
import { FIELD_DESCRIPTIONS } from '../../admin-router/openapi-fields.js';
import { policyRoutes } from '../../admin-router/policies.js';
import type { Route } from '../../admin-router/route.js';
import { sessionKeyRoutes } from '../../admin-router/session-keys.js';
import { sessionRoutes } from '../../admin-router/sessions.js';
import { whoamiRoutes } from '../../admin-router/whoami.js';
import { createLatchkey, EVENT_TYPES, type Latchkey } from '../../lib/index.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';
import { schemasIn } from '../support/documented-answers.js';
import { People } from '../support/people.js';
import { loginOptions } from '../support/signed-in.js';

const ROOT = join(__dirname, '..', '..');

/** An ES module, and Jest knows only CommonJS. */
const VALIDATE = `
import { Validator } from '@seriousme/openapi-schema-validator';
import { json } from 'node:stream/consumers';
const validator = new Validator();
const { valid, errors } = await validator.validate(await json(process.stdin));
console.log(JSON.stringify({ valid, errors, version: validator.version }));`;

interface Media {
  readonly schema: { readonly $ref: string };
  readonly example?: object;
}
interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly required: boolean; readonly content: { readonly 'application/json': Media } };
  readonly responses: Readonly<Record<string, { readonly content?: { readonly 'application/json': Media } }>>;
}
interface EntryShape {
  readonly properties: { readonly type: { readonly enum?: readonly string[]; readonly const?: string } };
}
type Document = OpenApiDocument & {
  readonly servers: readonly { readonly url: string }[];
  readonly components: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly info: { readonly version: string };
};

describe('the OpenAPI document', () => {
  let app: AdminApp;
  let document: Document;
  let operations: readonly (readonly [route: string, operation: Described])[];

  beforeAll(async () => {
    app = await startAdminApp(loginOptions(new People().set('alice')));
    document = await documentOf(app);
    operations = operationsOf(document);
  });
  afterAll(() => app.close());

  it('is OpenAPI 3.1, says a validator that knows nothing of us', async () => {
    expect(await validate(document)).toEqual({ valid: true, version: '3.1' });
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
    expect(await validate({ ...document, paths: { '/x': { get: { responses: 1 } } } })).toMatchObject({ valid: false });
  });

  it('has every route of the router, and no other', async () => {
    const routes = await routesOf(adminRouter(app.latchkey), app);
    expect(routes.length).toBeGreaterThan(30);
    expect(operations.map(([route]) => route).sort()).toEqual(routes.sort());
  });

  it('gives every operation a name of its own, a summary, a tag that it explains and the refusals of its kind', () => {
    const names = operations.map(([, { operationId }]) => operationId);
    expect(new Set(names).size).toBe(names.length);
    const tags = (document.tags as { name: string }[]).map(({ name }) => name);
    expect([...new Set(operations.flatMap(([, operation]) => operation.tags))].sort()).toEqual(tags.sort());
    for (const [route, { summary, security, responses, requestBody, parameters = [] }] of operations) {
      expect(summary).toMatch(/\.$/);
      const expected = [
        '400',
        ...(security === undefined ? ['401', '403', '429', '503'] : []),
        ...(requestBody === undefined ? [] : ['413', '415']),
        ...(parameters.some(({ name }) => name === 'If-Match') ? ['412'] : []),
      ];
      expect([route, Object.keys(responses)]).toEqual([route, expect.arrayContaining(expected)]);
    }
  });

  it('calls public what is public, and nothing else', () => {
    const open = operations.filter(([, { security }]) => security !== undefined);
    expect(Object.fromEntries(open.map(([route, { security }]) => [route, security]))).toEqual({
      'POST /login': [{}, { basic: [] }],
      'POST /sessions': [{}, { basic: [] }],
      'POST /leaked': [],
      'GET /openapi.json': [],
      'GET /settings': [],
    });
  });

  it('has no reference to nowhere, and no component that nothing refers to', () => {
    const text = JSON.stringify(document);
    const used = [...new Set(Array.from(text.matchAll(/"#\/components\/(\w+\/[\w-]+)"/g), ([, name]) => name ?? ''))];
    const kinds = ['schemas', 'responses', 'headers', 'parameters'];
    const there = kinds.flatMap((kind) =>
      Object.keys(document.components[kind] ?? {}).map((name) => `${kind}/${name}`),
    );
    expect(used.filter((name) => !there.includes(name))).toEqual([]);
    expect(there.filter((name) => !used.includes(name))).toEqual([]);
  });

  it('has examples that its own schemas accept', () => {
    const ajv = schemasIn(document);
    const media = operations.flatMap(([route, { requestBody, responses }]) => [
      ...(requestBody === undefined ? [] : [[route, requestBody.content['application/json']] as const]),
      ...Object.values(responses).flatMap(({ content }) =>
        content === undefined ? [] : [[route, content['application/json']] as const],
      ),
    ]);
    expect(media.length).toBeGreaterThan(40);
    for (const [route, { schema, example }] of media) {
      ajv.validate(`document${schema.$ref}`, example ?? 'no example');
      expect([route, ajv.errors]).toEqual([route, null]);
    }
  });

  it('says of a body what the router itself checks', () => {
    const ajv = schemasIn(document);
    const described = new Map(operations);
    let refused = 0;
    for (const { method, path, body } of routesWith(app.latchkey)) {
      const { requestBody } = described.get(`${method} ${path}`) as Described;
      expect([path, requestBody === undefined]).toEqual([path, body === null]);
      if (body === null || requestBody === undefined) continue;
      const { schema, example = {} } = requestBody.content['application/json'];
      for (const input of variationsOf(example)) {
        const says = ajv.validate(`document${schema.$ref}`, input);
        expect([path, input, says]).toEqual([path, input, body.safeParse(input).success]);
        if (!says) refused++;
      }
    }
    expect(refused).toBeGreaterThan(100);
  });

  it('explains no field that is not there', () => {
    const text = JSON.stringify({ ...document, info: {} });
    const isThere = (name: string) => text.includes(`"${name}":{"description"`) || text.includes(`"name":"${name}"`);
    expect(Object.keys(FIELD_DESCRIPTIONS).filter((name) => !isThere(name))).toEqual([]);
  });

  it('has a shape for every kind of entry of the audit trail', () => {
    const entry = document.components.schemas?.AuditEntry as Record<string, EntryShape[]> | undefined;
    const types = (entry?.anyOf ?? entry?.oneOf ?? []).flatMap(
      ({ properties: { type } }) => type.enum ?? [type.const ?? ''],
    );
    expect([...types].sort()).toEqual([...EVENT_TYPES].sort());
  });

  it('has the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(document.info.version).toBe(version);
  });
});

describe('GET /openapi.json', () => {
  let app: AdminApp;
  let renamed: Latchkey;

  beforeAll(async () => {
    renamed = createLatchkey({ http: { headers: ['X-Key', 'X-Other'] } });
    app = await startAdminApp(loginOptions(new People().set('alice')), (host) => {
      host.use('/here/:tenant', adminRouter(renamed));
    });
  });
  afterAll(async () => {
    await app.close();
    await renamed.close();
  });

  it('needs no credential, and looks at none', async () => {
    for (const headers of [{}, { 'x-api-key': 'nonsense' }, { authorization: 'Basic x' }] as Record<string, string>[]) {
      expect((await app.call('GET', '/openapi.json', null, undefined, headers)).status).toBe(200);
    }
  });

  it('names where the router is mounted', async () => {
    expect((await documentOf(app)).servers).toEqual([{ url: '/auth' }]);
    const { body } = await app.callHost('GET', '/here/a%22b/openapi.json', null);
    expect((body as unknown as Document).servers).toEqual([{ url: '/here/a%22b' }]);
  });

  it('names the headers and the cookie that this instance takes', async () => {
    const { body } = await app.callHost('GET', '/here/x/openapi.json', null);
    const { components, security, paths } = body as unknown as Document & { security: object[] };
    expect(components.securitySchemes).toMatchObject({
      apiKeyHeader: { type: 'apiKey', in: 'header', name: 'X-Key' },
      apiKeyHeader2: { type: 'apiKey', in: 'header', name: 'X-Other' },
      apiKey: { type: 'apiKey', in: 'header', name: 'Authorization' },
      basic: { type: 'http', scheme: 'basic' },
    });
    expect(security).toEqual([{ apiKeyHeader: [] }, { apiKeyHeader2: [] }, { apiKey: [] }, { basic: [] }]);
    expect(Object.keys(paths).filter((path) => /login|sessions/.test(path))).toEqual([]); // nobody logs in there
    const withLogins = await documentOf(app);
    expect(withLogins.components.securitySchemes).toMatchObject({
      sessionCookie: { in: 'cookie', name: 'sID' },
      requestId: { in: 'header', name: 'rID' },
    });
    expect(withLogins.security).toContainEqual({ sessionCookie: [], requestId: [] });
  });

  it('is answered with 304 to who has it, to HEAD without a body, and 405 to what is no reading', async () => {
    const { headers } = await app.call('GET', '/openapi.json', null);
    expect(headers.get('cache-control')).toBe('no-cache');
    // fetch would forbid the cache by itself
    const again = request(`${app.url}/openapi.json`, { headers: { 'if-none-match': headers.get('etag') ?? '' } }).end();
    const [{ statusCode }] = (await once(again, 'response')) as [IncomingMessage];
    expect(statusCode).toBe(304);
    const head = await app.call('HEAD', '/openapi.json', null);
    expect([head.status, head.text]).toEqual([200, '']);
    const options = await app.call('OPTIONS', '/openapi.json', null);
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
    const token = (await app.key({ actions: ['*'] })).token;
    expect((await app.call('POST', '/openapi.json', token, {})).status).toBe(405);
  });

  it('refuses what it does not know', async () => {
    const { status, body } = await app.call('GET', '/openapi.json?format=yaml', null);
    expect([status, body.errors]).toEqual([400, [{ path: 'format', message: 'is not a known field' }]]);
  });
});

describe('the admin router', () => {
  it('loads nothing of the document until somebody asks for it', () => {
    jest.isolateModules(() => {
      const loaded: string[] = [];
      for (const name of ['openapi', 'openapi-examples', 'wire-schemas']) {
        jest.doMock(`../../admin-router/${name}`, () => {
          loaded.push(name);
          return jest.requireActual(`../../admin-router/${name}`);
        });
      }
      const { adminRouter: fresh } = require('../../admin-router/index') as { adminRouter: typeof adminRouter };
      const latchkey = createLatchkey();
      fresh(latchkey);
      expect(loaded).toEqual([]);
      require('../../admin-router/openapi');
      expect(loaded).toContain('openapi');
      void latchkey.close();
    });
  });
});

async function documentOf(app: AdminApp): Promise<Document> {
  const { status, body } = await app.call('GET', '/openapi.json', null);
  expect(status).toBe(200);
  return body as unknown as Document;
}

function operationsOf({ paths }: OpenApiDocument): (readonly [string, Described])[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, operation]) =>
        [`${method.toUpperCase()} ${path.replace('{id}', ':id')}`, operation as unknown as Described] as const,
    ),
  );
}

/** As the router itself tells them. */
async function routesOf(router: Router, app: AdminApp): Promise<string[]> {
  const paths = router.stack.flatMap(({ route }) => (route === undefined ? [] : [route.path]));
  const routes: string[] = [];
  for (const path of paths) {
    const { headers } = await app.call('OPTIONS', path.replace(':id', 'x'), null);
    const methods = (headers.get('allow') ?? '').split(', ').filter((name) => name !== 'HEAD' && name !== 'OPTIONS');
    routes.push(...methods.map((method) => `${method} ${path}`));
  }
  return routes;
}

function routesWith(latchkey: Latchkey): Route[] {
  const makers = [apiKeyRoutes, sessionKeyRoutes, loginRoutes, sessionRoutes, policyRoutes, leakedRoutes, auditRoutes];
  return [...makers.flatMap((make) => make(latchkey)), ...whoamiRoutes()];
}

/** The example, nothing, a field that nobody knows, and each field of the example left out or of another kind. */
function variationsOf(example: object): unknown[] {
  const changes = Object.keys(example).flatMap((name) => [
    { ...example, [name]: undefined },
    ...[{ surely: 'wrong' }, [[]], -1, true, null].map((value) => ({ ...example, [name]: value })),
  ]);
  const sent = [example, {}, { ...example, surelyUnknown: 1 }, [], 'text', null, ...changes];
  return sent.map((input) => JSON.parse(JSON.stringify(input)));
}

async function validate(document: object): Promise<unknown> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', VALIDATE], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(document));
  return await json(child.stdout);
}
