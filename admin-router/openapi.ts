import { STATUS_CODES } from 'node:http';
import type { CredentialNames } from '../lib/index.js';
import { errorReferences, errorResponses } from './openapi-errors.js';
import { ANSWER_EXAMPLES, REQUEST_EXAMPLES } from './openapi-examples.js';
import { bodyName, componentSchemas, queryParameters, refTo } from './openapi-schemas.js';
import { publicSecurity, securityOf, securitySchemes } from './openapi-security.js';
import type { Route } from './route.js';

/** Of the package; a test holds it to package.json. */
const VERSION = '0.1.0';

export type Operation = Readonly<Record<string, unknown>>;

/** OpenAPI 3.1, as far as its readers here need to know it. Without `servers`: where it is served decides. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly [part: string]: unknown;
}

const DESCRIPTION = `API keys, session keys, login sessions and policies.

Unless an operation says that it is public, a request needs one credential: a key as a raw header, as \`Authorization: ApiKey\`
or as Basic; a session token as Basic; or session cookie and request id. Two different ones are refused (400).

Answers are JSON; instants are RFC 3339 in UTC, durations seconds. Refusals are \`application/problem+json\` (RFC 9457) with a
stable \`code\`. Every answer has \`Cache-Control: no-store\`, but for this document. A method that a path does not have is 405
with \`Allow\`. Where GET is allowed, HEAD is. Answers may get further fields: ignore those that you do not know.

Rights are actions: \`keys:manage-own\`, \`keys:read\`, \`keys:manage\`, \`keys:grant\`, \`keys:introspect\`, \`session-keys:issue\`, \`sessions:manage\`,
\`policies:read\`, \`policies:manage\`, \`audit:read\`, \`health:read\`, inside one organisation. What may not be seen is 404.`;

/** By the first part of the path. */
const TAGS: Readonly<Record<string, { readonly name: string; readonly description: string }>> = {
  'api-keys': { name: 'API keys', description: 'Long-lived credentials. The secret is told once.' },
  'session-keys': { name: 'Session keys', description: 'Keys that a privileged key mints: they always expire.' },
  login: { name: 'Sessions', description: 'Logins of users, by cookie and request id or by session token.' },
  policies: { name: 'Policies', description: 'Named lists of statements; a role is one. Changes hold at once.' },
  leaked: { name: 'Leaked keys', description: 'For secret scanners.' },
  audit: { name: 'Audit', description: 'Who changed what, who was refused.' },
  whoami: { name: 'Caller', description: 'Who the credential is, and what it may do.' },
  health: { name: 'Health', description: 'The store, and what it finds out about itself.' },
  settings: { name: 'Settings', description: 'How this instance is set up, for the page and other clients.' },
  'openapi.json': { name: 'Document', description: 'This document.' },
};
const SAME_TAG: Readonly<Record<string, string>> = {
  can: 'whoami',
  introspect: 'api-keys',
  sessions: 'login',
  'sign-in-attempts': 'login',
};

const HEADERS = {
  ETag: always('The version of what is answered (RFC 9110); of a record, for `If-Match`.', '"3"'),
  Location: always('The path of what was made.', '/auth/api-keys/7Gk0xEo1mWq2RtYvUbNc3A'),
  'Retry-After': always('Seconds to wait.', '1'),
  'WWW-Authenticate': always(
    'How to authenticate: a challenge for each form that is accepted.',
    'ApiKey realm="api", header="X-API-Key"',
  ),
  RateLimit: sometimes('Of a key with `maxRequestsPerMinute` (draft-ietf-httpapi-ratelimit-headers-08).'),
  'RateLimit-Policy': sometimes('Of a key with `maxRequestsPerMinute` (draft-ietf-httpapi-ratelimit-headers-08).'),
  'Clear-Site-Data': always('Has browsers drop the answers that they have kept.', '"cache"'),
  'Set-Cookie': sometimes('The session cookie; not for a session token.'),
};

/** The document of these routes, from the schemas that validate what they get. */
export function describeRoutes(routes: readonly Route[], names: CredentialNames): OpenApiDocument {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const path = route.path.replace(':id', '{id}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  const used = new Set(routes.map((route) => tagOf(route).name));
  return {
    openapi: '3.1.1',
    info: {
      title: 'Latchkey admin API',
      version: VERSION,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    security: securityOf(names),
    tags: Object.values(TAGS).filter(({ name }) => used.has(name)),
    paths,
    components: {
      schemas: componentSchemas(routes),
      responses: errorResponses(routes),
      headers: HEADERS,
      parameters: PARAMETERS,
      securitySchemes: securitySchemes(names),
    },
  };
}

const PARAMETERS = {
  id: { name: 'id', in: 'path', required: true, schema: { type: 'string', minLength: 1 } },
  ifMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'The `ETag` that was read: only that version is changed, else 412. Left out or `*`: any.',
    schema: { type: 'string' },
    example: '"3"',
  },
};

function operationOf(route: Route): Operation {
  const { operationId, summary } = route;
  const security = publicSecurity(route);
  const parameters = [
    ...(route.path.includes(':id') ? [{ $ref: '#/components/parameters/id' }] : []),
    ...(route.ifMatch ? [{ $ref: '#/components/parameters/ifMatch' }] : []),
    ...queryParameters(route),
  ];
  return {
    operationId,
    tags: [tagOf(route).name],
    summary,
    ...(security !== null && { security }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body !== null && { requestBody: requestBodyOf(route, route.body) }),
    responses: { ...answerOf(route), ...errorReferences(route) },
  };
}

function requestBodyOf(route: Route, body: NonNullable<Route['body']>): object {
  const example = REQUEST_EXAMPLES[route.operationId];
  const content = { schema: refTo(bodyName(route)), ...(example !== undefined && { example }) };
  return {
    required: !body.safeParse({}).success, // an empty body stands for {}
    content: {
      'application/json': content,
      ...(route.takesForm && { 'application/x-www-form-urlencoded': content }),
    },
  };
}

function answerOf({ answer, headers = [], method }: Route): Record<string, object> {
  const [status, schema] = answer;
  const told =
    headers.length === 0 ? {} : { headers: Object.fromEntries(headers.map((name) => [name, headerRef(name)])) };
  const response = { description: STATUS_CODES[status], ...told };
  if (schema === undefined) return { [status]: response };
  const content = { 'application/json': { schema: refTo(schema), example: ANSWER_EXAMPLES[schema] } };
  const hasNotModified = method === 'GET' && headers.includes('ETag');
  return {
    [status]: { ...response, content },
    ...(hasNotModified && { 304: { description: 'Not Modified: `If-None-Match` names the version.', ...told } }),
  };
}

function headerRef(name: string): object {
  return { $ref: `#/components/headers/${name}` };
}

function tagOf({ path }: Route): { readonly name: string } {
  const first = path.split('/')[1] ?? '';
  const tag = TAGS[SAME_TAG[first] ?? first];
  if (tag === undefined) throw new TypeError(`openapi.ts has no tag for ${path}`);
  return tag;
}

function always(description: string, example: string): object {
  return { description, required: true, schema: { type: 'string' }, example };
}

function sometimes(description: string): object {
  return { description, schema: { type: 'string' } };
}
