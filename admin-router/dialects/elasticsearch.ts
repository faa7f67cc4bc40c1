import type { Request } from 'express';
import { AuthError, type Latchkey, type StatementInput } from '../../lib/index.js';
import { type DialectAnswer, type DialectMethod, type DialectRouter, dialectRouter } from './dialect.js';
import { accountRoutes } from './elasticsearch/account.js';
import { cloneRoutes } from './elasticsearch/clone.js';
import { Credentials } from './elasticsearch/credentials.js';
import { errorBody, toAnswer } from './elasticsearch/errors.js';
import { grantRoutes } from './elasticsearch/grant.js';
import { keyByIdRoutes, keyRoutes } from './elasticsearch/key-routes.js';
import { actionOf, resourceOf } from './elasticsearch/names.js';
import { type ElasticsearchOptions, resolveOptions, type Setting } from './elasticsearch/options.js';
import { present } from './elasticsearch/presentation.js';
import { queryRoutes } from './elasticsearch/query-route.js';
import { DescriptorError, parseDescriptor } from './elasticsearch/role-descriptors.js';
import { type EsRoute, rememberCaller } from './elasticsearch/routing.js';
import { serverRoutes } from './elasticsearch/server-routes.js';
import { type ApplicationPrivileges, folderOf, indexResource, toStatements } from './elasticsearch/statements.js';
import { UserNames } from './elasticsearch/user-names.js';

export type { ElasticsearchOptions, ServerInfo, UserProfile } from './elasticsearch/options.js';
export { CLUSTER_PRIVILEGES, INDEX_PRIVILEGES } from './elasticsearch/privileges.js';
export { NATIVE_RIGHTS, RIGHTS } from './elasticsearch/rights.js';
export type { ApplicationPrivileges } from './elasticsearch/statements.js';

/**
 * The security API of Elasticsearch 8 and 9, as far as it is about API keys: `app.use('/', elasticsearch(latchkey))`. Callers
 * send `Authorization: ApiKey ...` or, as users of the host's directory, Basic; a password is checked with every request.
 *
 * Rights are statements on actions and resources of this product (see `roleStatements`): whoever has the cluster privilege
 * `manage_api_key` has the action `elasticsearch:cluster:manage_api_key`. The rights of the native admin API that mean the
 * same are taken as well: see `NATIVE_RIGHTS`.
 * @throws TypeError naming the option that is wrong.
 */
export function elasticsearch(latchkey: Latchkey, options: ElasticsearchOptions = {}): DialectRouter {
  const setting = resolveOptions(latchkey, options);
  const names = new UserNames(setting);
  const credentials = new Credentials(setting, names);
  const routes = routesOf(setting, credentials, names);
  const actions = new Map(routes.map((route) => [route as object, route.action]));
  return dialectRouter(latchkey, {
    routes,
    body: { maxBytes: MAX_BODY, accepts: isAccepted },
    before: (_req, res) => void res.setHeader('X-elastic-product', 'Elasticsearch'),
    async authenticate({ req }, route) {
      const action =
        (route === null ? undefined : actions.get(route)) ?? 'cluster:admin/xpack/security/user/authenticate';
      const caller = await credentials.authenticate(req, action);
      rememberCaller(req, caller);
      return caller.principal;
    },
    toAnswer: refused,
    present: (answer, { originalUrl }) => present(answer, new URLSearchParams(originalUrl.replace(/^[^?]*/, ''))),
    unknownPath: ({ path, method, originalUrl }) =>
      path === '/_security' || path.startsWith('/_security/')
        ? { status: 400, body: { error: `no handler found for uri [${originalUrl}] and method [${method}]` } }
        : null,
    wrongMethod,
  });
}

/** What is not here, and why. */
export const LEFT_OUT: readonly { readonly call: string; readonly why: string }[] = [
  {
    call: 'POST /_security/cross_cluster/api_key, PUT /_security/cross_cluster/api_key/{id}',
    why: 'there are no other clusters to give access to',
  },
  {
    call: 'POST and DELETE /_security/oauth2/token, grant_type access_token',
    why: 'sessions of users are the native admin API’s: no access tokens are given out',
  },
  { call: 'profile_uid', why: 'the host’s directory has no profiles: with_profile_uid is taken, the field never sent' },
  { call: 'removal of ended keys after 7 days', why: 'the host decides: keys.retentionMs, 90 days by default' },
];

/**
 * A role of the product as statements, for what a user directory answers: a role descriptor as `create` takes it. What a
 * privilege implies is written out, so that a key can be given a part of it. Throws a TypeError for what is no descriptor.
 *
 * | of the descriptor | action | resource |
 * |---|---|---|
 * | `cluster` | `elasticsearch:cluster:<privilege>` | `*` |
 * | `indices` | `elasticsearch:index:<privilege>`, or `index-filtered` where `query` or `field_security` hold it to a part | `indices/<name>`, with `allow_restricted_indices` also `restricted-indices/<name>` |
 * | `applications` | `elasticsearch:application:<privilege>` | `applications/<application>/<resource>` |
 * | `run_as` | `elasticsearch:run-as` | `users/<user name>` |
 *
 * `all` is `*`. In names, `/` and what an action or a resource cannot hold are escaped: ask by `indexPermission` and
 * `applicationPermission`. Nothing comes of `global`, `remote_*`, and of a descriptor with a `restriction`.
 */
export function roleStatements(
  descriptor: Readonly<Record<string, unknown>>,
  applicationPrivileges: ApplicationPrivileges = {},
): readonly StatementInput[] {
  try {
    const { statements, faults } = toStatements([parseDescriptor('role', descriptor)], applicationPrivileges);
    if (faults.length === 0) return statements;
    throw new TypeError(faults[0]);
  } catch (error) {
    throw error instanceof DescriptorError ? new TypeError(error.message) : error;
  }
}

/** What to ask for: `latchkey.requirePermission(action, resource)` on a privilege on an index. @throws TypeError */
export function indexPermission(
  privilege: string,
  index: string,
): { readonly action: string; readonly resource: string } {
  return asked(actionOf('index', privilege), indexResource(folderOf(index), index));
}

/** The same for a privilege, or an action, of an application. @throws TypeError */
export function applicationPermission(
  application: string,
  privilege: string,
  resource: string,
): { readonly action: string; readonly resource: string } {
  return asked(actionOf('application', privilege), resourceOf('applications', application, resource));
}

function asked(action: string | null, resource: string | null): { readonly action: string; readonly resource: string } {
  if (action === null || resource === null)
    throw new TypeError('the privilege or the name cannot be asked for: too long, or a * within');
  return { action, resource };
}

/** A literal segment stands before a variable one. */
function routesOf(setting: Setting, credentials: Credentials, names: UserNames): EsRoute[] {
  return [
    ...keyRoutes(setting, names),
    ...grantRoutes(setting, credentials),
    ...cloneRoutes(setting, credentials),
    ...queryRoutes(setting, names),
    ...accountRoutes(setting),
    ...keyByIdRoutes(setting),
    ...serverRoutes(setting),
  ];
}

/** Bytes. */
const MAX_BODY = 262_144;

function isAccepted(req: Request): boolean {
  const type = (req.get('content-type') ?? '').toLowerCase();
  return /^application\/(json|vnd\.elasticsearch\+json)\s*(;|$)/.test(type) && !/compatible-with=(?![89]\b)/.test(type);
}

function refused(error: unknown, req: Request): DialectAnswer {
  if (error instanceof AuthError && error.code === 'unsupported_media_type') {
    const type = (req.get('content-type') ?? '').slice(0, 200);
    return { status: 406, body: { error: `Content-Type header [${type}] is not supported`, status: 406 } };
  }
  return isBodyFault(error) ? unreadable(error) : toAnswer(error);
}

/** What the reader of bodies throws: it names no field, or `__proto__`. */
function isBodyFault(error: unknown): error is AuthError {
  if (!(error instanceof AuthError) || error.code !== 'invalid_request') return false;
  const [fault] = error.errors;
  return fault !== undefined && (fault.message.startsWith('must be valid JSON') || fault.path.endsWith('__proto__'));
}

function unreadable({ message }: AuthError): DialectAnswer {
  return { status: 400, body: errorBody(400, 'x_content_parse_exception', message) };
}

const METHOD_ORDER: readonly DialectMethod[] = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD'];

function wrongMethod({ originalUrl, method }: Request, methods: readonly DialectMethod[]): DialectAnswer {
  const allowed = METHOD_ORDER.filter((each) => methods.includes(each));
  const error = `Incorrect HTTP method for uri [${originalUrl}] and method [${method}], allowed: [${allowed.join(', ')}]`;
  return { status: 405, headers: { Allow: allowed.join(', ') }, body: { error, status: 405 } };
}
