import { randomBytes } from 'node:crypto';
import type { Request } from 'express';
import { AuthError, type Latchkey, type Principal, type User } from '../../../lib/index.js';
import { authorizationIn, basicIn } from '../credential.js';
import { call, type DialectCall, type DialectRoute, type PublicDialectCall, publicCall } from '../dialect.js';
import { invalid, refuse } from './answers.js';
import { callerOf, demandSelf, numberOfOrg, numberOfUser, rolesOf } from './caller.js';
import type { IllumioSettings } from './options.js';

const MINUTE_MS = 60_000;
const TOKEN_BYTES = 20;

/** The calls to log in and out. */
export function loginRoutes(latchkey: Latchkey, settings: IllumioSettings): DialectRoute[] {
  const { dialects, logins } = latchkey;
  const callerBy = callerOf(latchkey, settings);

  /** Step 1: a token of single use, for 30 seconds, against name and password. */
  async function authenticate({ req, query, address }: PublicDialectCall) {
    const fqdn = query.get('pce_fqdn');
    if (fqdn === null || fqdn === '') {
      throw invalid(
        "The property '#/' did not contain a required property of 'pce_fqdn' in schema login_users_authenticate_post.schema.json",
      );
    }
    if (settings.pceFqdn !== null && fqdn !== settings.pceFqdn) throw refuse('notFound');
    const basic = basicIn(req);
    if (basic === null || logins === null) throw refuse('unauthenticated');
    dialects.demandTls(req);
    const who = await logins.authenticate({ ...basic, address });
    const { token } = await logins.issueToken(who);
    return { body: { auth_token: token } };
  }

  /** Step 2: session credentials against the token; or, with a key, the same without them. */
  async function login(asked: PublicDialectCall) {
    const { req, address } = asked;
    const [, token] = /^token +token="?([0-9A-Za-z]+)"?$/i.exec(authorizationIn(req)) ?? [];
    if (token === undefined) return await describeKey(asked);
    if (logins === null || dialects.sessions === null) throw refuse('unauthenticated');
    dialects.demandTls(req);
    const who = await logins.exchange(token, address);
    const principal = await dialects.principalOfUser(who.user);
    if (principal === null) throw refuse('unauthenticated');
    const sessionId = randomBytes(TOKEN_BYTES).toString('hex');
    const { idleMs, absoluteMs } = settings;
    const session = await dialects.sessions.open(req, who, { sessionId, requestId: null, idleMs, absoluteMs });
    const number = await numberOfUser(dialects, who.user.id);
    const credentials = { auth_username: `user_${number}`, minutes: Math.floor(idleMs / MINUTE_MS), sessionId };
    return { body: await userObject(who.user, principal, credentials, session.createdAt, address) };
  }

  async function describeKey(asked: PublicDialectCall) {
    const principal = await callerBy(asked);
    const isUsersKey = principal.credential.kind !== 'session' && principal.ownerKind === 'user';
    const user = isUsersKey ? await dialects.findUser(principal.id) : null;
    if (user === null) throw refuse('forbidden');
    const credentials = { auth_username: `api_${principal.credential.id}`, minutes: null, sessionId: null };
    return { body: await userObject(user, principal, credentials, dialects.now(), asked.address) };
  }

  async function userObject(
    user: User,
    principal: Principal,
    credentials: { auth_username: string; minutes: number | null; sessionId: string | null },
    loggedInAt: number,
    address: string | null,
  ): Promise<object> {
    const [number, org, name, profile] = await Promise.all([
      numberOfUser(dialects, user.id),
      numberOfOrg(dialects, user.orgId),
      settings.orgNameOf(user.orgId),
      settings.profileOf(user),
    ]);
    const { version, build } = settings.productVersion;
    const isLocal = profile.isExternal !== true;
    const time = new Date(loggedInAt).toISOString();
    return {
      full_name: profile.fullName ?? user.userName,
      local: isLocal,
      type: isLocal ? 'local' : 'external',
      href: `/users/${number}`,
      auth_username: credentials.auth_username,
      ...(credentials.minutes !== null && { inactivity_expiration_minutes: credentials.minutes }),
      start: `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`,
      time_zone: profile.timeZone ?? 'UTC',
      last_login_ip_address: address,
      last_login_on: time,
      certificate: { expiration: null, generated: false },
      login_url: settings.loginUrl,
      orgs: [
        {
          org_id: org,
          org_href: `/orgs/${org}`,
          display_name: name,
          role_scopes: rolesOf(principal).map((role) => ({
            role: { href: `/orgs/${org}/roles/${role}` },
            scope: [],
            href: `/orgs/${org}/users/${number}/role_scopes/${number}`,
          })),
        },
      ],
      ...(credentials.sessionId !== null && { session_token: credentials.sessionId }),
      version_tag: 'v2',
      version_date: 'Mon Jan 12 00:00:00 2026 +0000',
      product_version: { version, build, long_display: `${version}-${build}`, short_display: version },
    };
  }

  /** Ends this session; the user's others stay. Keys are persistent credentials: nothing to log out of. */
  async function logout(asked: DialectCall) {
    const { req, principal } = asked;
    if (principal.credential.kind !== 'session') throw refuse('forbidden');
    await demandSelf(latchkey, asked);
    await dialects.sessions?.end(req, tokenIn(req), principal.id);
    return {};
  }

  return [
    publicCall('POST', '/api/v2/login_users/authenticate', 'auth token for name and password', authenticate),
    publicCall('GET', '/api/v2/users/login', 'session credentials for an auth token', login),
    call('PUT', '/api/v2/users/:user/logout', 'log out', 'session', logout),
  ];
}

function tokenIn(req: Request): string {
  const basic = basicIn(req);
  if (basic === null) throw new AuthError('unauthenticated');
  return basic.password;
}
