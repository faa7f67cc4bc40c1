import type { Request } from 'express';
import { AuthError, type Authenticated, type Latchkey, type PasswordLogin } from '../lib/index.js';
import { validate } from './request-body.js';
import type { Route } from './route.js';
import { publicRoute } from './route.js';
import { loginSchema, newSessionSchema, passwordSchema } from './schemas.js';
import { sessionToWire, time } from './wire.js';

interface PasswordFields {
  readonly userName?: string | undefined;
  readonly password?: string | undefined;
  readonly tenant?: string | undefined;
  readonly mfaCode?: string | undefined;
}

const LOGIN_ERRORS = [
  'unauthenticated',
  'mfa_required',
  'tls_required',
  'too_many_attempts',
  'store_unavailable',
] as const;

/** `/login`, and the beginning of a session: for those who have nothing but a user name and a password. */
export function loginRoutes(latchkey: Latchkey): Route[] {
  const { logins, sessions } = latchkey;
  if (logins === null || sessions === null) return [];
  const refuse = refusingWith(latchkey.challenge('session-cookie'));
  return [
    publicRoute('POST', '/login', {
      operationId: 'logIn',
      summary: 'Exchange user name and password, in the body or as Basic, for a login token: single use, 30 seconds.',
      answer: [200, 'LoginToken'],
      errors: LOGIN_ERRORS,
      takesPassword: true,
      body: loginSchema,
      async handle({ body, address, req }) {
        sessions.demandTls(req, { token: true });
        const who = await logins.authenticate({ ...passwordOf(req, body), address }).catch(refuse);
        const { token, expiresAt } = await logins.issueToken(who);
        return { body: { loginToken: token, expiresAt: time(expiresAt) } };
      },
    }),
    publicRoute('POST', '/sessions', {
      operationId: 'createSession',
      summary:
        'Begin a session, with a login token or with user name and password; sets the cookie, or answers a token.',
      answer: [201, 'NewSession'],
      headers: ['Set-Cookie'],
      errors: [...LOGIN_ERRORS, 'conflict', 'not_durable'],
      takesPassword: true,
      body: newSessionSchema,
      async handle({ body, address, req, res }) {
        const { loginToken, token, idleSeconds, absoluteSeconds, ...password } = body;
        sessions.demandTls(req, { token });
        const authenticating: Promise<Authenticated> =
          loginToken === undefined
            ? logins.authenticate({ ...passwordOf(req, password), address })
            : logins.exchange(onlyToken(loginToken, password), address);
        const who = await authenticating.catch(refuse);
        const times = { idleMs: inMs(idleSeconds), absoluteMs: inMs(absoluteSeconds) };
        const { session, ...secrets } = await sessions.start(req, res, who, { token, ...times });
        const told = Object.fromEntries(Object.entries(secrets).filter(([, value]) => value !== null));
        return { status: 201, body: { ...sessionToWire(session), ...told } };
      },
    }),
  ];
}

/**
 * Every 401 tells how to authenticate (RFC 9110, 15.5.2). Not by Basic, although that is taken: browsers would ask the user
 * themselves, over the page that has sent the request.
 */
function refusingWith(challenge: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof AuthError) || error.status !== 401) throw error;
    const { code, message, reason, errors } = error;
    throw new AuthError(code, {
      message,
      reason,
      errors,
      headers: { ...error.headers, 'WWW-Authenticate': challenge },
    });
  };
}

/** From the body, else from Basic (RFC 7617). */
function passwordOf(
  req: Request,
  { userName, password, tenant, mfaCode }: PasswordFields,
): Omit<PasswordLogin, 'address'> {
  const [basicName, basicPassword] = readBasic(req.headers.authorization);
  const name = userName ?? basicName;
  const secret = userName === undefined ? (password ?? basicPassword) : password;
  if (name === undefined || secret === undefined) {
    const field = name === undefined ? 'userName' : 'password';
    throw new AuthError('invalid_request', {
      message: 'Send userName and password in the body, or as Basic.',
      errors: [{ path: field, message: 'is missing' }],
    });
  }
  const login = validate(passwordSchema, { userName: name, password: secret, tenant, mfaCode }); // Basic has bounds too
  return { ...login, tenant: login.tenant ?? null };
}

function readBasic(authorization: string | undefined): [userName?: string, password?: string] {
  const encoded = /^basic +([A-Za-z0-9+/]{1,2000}={0,2})$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return [];
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? [] : [pair.slice(0, colon), pair.slice(colon + 1)];
}

function onlyToken(loginToken: string, password: PasswordFields): string {
  const [path] = Object.entries(password).find(([, value]) => value !== undefined) ?? [];
  if (path === undefined) return loginToken;
  throw new AuthError('invalid_request', { errors: [{ path, message: 'must not stand beside loginToken' }] });
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}
