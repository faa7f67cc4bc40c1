import express, { type Request, type Response } from 'express';
import { AuthError, type Latchkey, type Principal, Refusal } from '../../lib/index.js';
import { bodyReader } from '../request-body.js';
import { readSecret, resolvePair } from './credential.js';
import type { DialectRoute, DialectRouter, PublicDialectCall } from './dialect.js';
import { call, dialectRouter, publicCall } from './dialect.js';
import { answerOf, refuse, toAnswer } from './plexus/answers.js';
import { ADMINISTRATOR, fieldsOf, toTime } from './plexus/keys.js';
import { managementRoutes, managerOf } from './plexus/management.js';
import { isIdList, MAX_BODY, MAX_SCHEMAS, type PlexusOptions, type PlexusSettings, settle } from './plexus/options.js';
import { type KeySession, PlexusSessions, type VerifiedKey } from './plexus/sessions.js';

export type { PlexusOptions, PlexusPaths, PlexusSchema } from './plexus/options.js';

/** The calls of the product that are not offered. */
export const LEFT_OUT = [
  { call: 'form, view and data calls of Connect', why: 'the host’s own routes, behind `router.authenticate`' },
] as const;

/** A router, and what the host's own routes need. */
export interface PlexusRouter extends DialectRouter {
  /** Middleware after `authenticate`: 403 unless the session is bound to the schema. */
  requireSchema(schemaOf: (req: Request) => string): (req: Request, res: Response, next: () => void) => void;
}

/**
 * Login by API key as Plexus Connect has it, and the management of keys: `app.use('/', plexus(latchkey, options))`. Keys are
 * managed with a login session of Latchkey's own (cookie and request id, or session token), never with a key.
 * @throws TypeError naming the option that is wrong.
 */
export function plexus(latchkey: Latchkey, options: PlexusOptions = {}): PlexusRouter {
  const settings = settle(options);
  const sessions = new PlexusSessions(latchkey.dialects, settings);
  const entered = new WeakMap<object, KeySession>();
  const keyRoutes = managementRoutes(latchkey, settings);

  async function enter(req: Request): Promise<Principal> {
    const session = await sessions.verify(req);
    if (session === null) throw refuse('notLoggedIn');
    if (session === 'wrongToken') throw refuse('badToken');
    entered.set(req, session);
    return session.principal;
  }

  const manager = managerOf(latchkey, enter);

  const router = dialectRouter(latchkey, {
    routes: [...loginRoutes(latchkey, settings, sessions, entered), ...keyRoutes],
    body: readBody,
    contentType: 'application/json',
    before: (_req, res) => void res.setHeader('Cache-Control', 'no-store'),
    async authenticate({ req, res }, route) {
      if (route === null || !keyRoutes.includes(route)) return await enter(req);
      if (!settings.keyManagement) throw refuse('notFound'); // the flag is off: as if there were no such path
      return await manager(req, res);
    },
    toAnswer,
    unknownPath: () => null,
    wrongMethod: () => answerOf('notFound'),
  });
  return Object.assign(router, {
    requireSchema: (schemaOf: (req: Request) => string) => (req: Request, res: Response, next: () => void) => {
      if (entered.get(req)?.schemaIds.includes(schemaOf(req)) === true) {
        next();
        return;
      }
      latchkey.tellForbidden(req, new AuthError('forbidden', { message: 'The session is not bound to the schema.' }));
      res.statusCode = 403;
      res.setHeader('Content-Type', 'application/json');
      res.end(JSON.stringify(answerOf('forbidden').body));
    },
  });
}

function loginRoutes(
  latchkey: Latchkey,
  settings: PlexusSettings,
  sessions: PlexusSessions,
  entered: WeakMap<object, KeySession>,
): DialectRoute[] {
  const { paths } = settings;

  async function login({ req, res, body }: PublicDialectCall) {
    const before = await sessions.anonymous(req);
    if (before === null) throw refuse('badToken');
    const asked = loginBody(body);
    if (asked === null) throw refuse('badRequest');
    const waitMs = await sessions.attempt(before);
    if (waitMs > 0) throw refuse('tooMany', { 'Retry-After': String(Math.ceil(waitMs / 1_000)) });
    const verified = await verify(latchkey, req, asked.apiKey);
    if (verified === null) throw refuse('badKey');
    const { principal } = verified;
    const fault = await faultOf(latchkey, settings, principal, asked.schemaIds);
    if (fault !== null) {
      req.user = principal; // for the log, which is told the true reason
      latchkey.tellForbidden(req, new AuthError('forbidden', { message: fault }));
      throw refuse('badKey');
    }
    const session = await sessions.begin(res, before, verified, asked.schemaIds);
    latchkey.dialects.tellLogin(req, principal);
    return { body: await userObject(latchkey, session) };
  }

  return [
    publicCall('GET', paths.token, 'anonymous session and XSRF token', async ({ req, res }) => {
      await sessions.hello(req, res);
      return {};
    }),
    publicCall('POST', paths.login, 'log in with a key and schema ids', login),
    call('GET', paths.current, 'who is logged in', '', async ({ req }) => ({
      body: await userObject(latchkey, entered.get(req) as KeySession),
    })),
    call('POST', paths.logout, 'log out', '', async ({ req, res }) => {
      await sessions.end(req, res);
      return {};
    }),
  ];
}

/** Refused for whatever reason: null. The log is told which, also of what is no key at all. */
async function verify({ dialects }: Latchkey, req: Request, apiKey: string): Promise<VerifiedKey | null> {
  const pair = await resolvePair(dialects, readSecret(dialects.prefix, apiKey));
  const verdict = await dialects.verifyKey(req, pair);
  if (verdict instanceof Refusal) return null;
  const stamp = await dialects.stampOf(pair);
  return stamp === null ? null : { principal: verdict, stamp };
}

/**
 * Why a key may not log in with these schemas; null when it may. One made here is linked to its set; one made elsewhere to the
 * schemas that its owner may select.
 */
async function faultOf(
  { apiKeys }: Latchkey,
  { schemasOf }: PlexusSettings,
  { id, ownerKind, credential }: Principal,
  schemaIds: readonly string[],
): Promise<string | null> {
  if (ownerKind !== 'user') return 'The key is that of a service: only users log in here.';
  const key = await apiKeys.get(credential.id);
  const fields = key === null ? null : fieldsOf(key);
  const linked = fields?.schemaIds ?? (await schemasOf(id)).map((schema) => schema.id);
  return schemaIds.every((schemaId) => linked.includes(schemaId))
    ? null
    : 'The key is not linked to a schema it named.';
}

async function userObject(
  { dialects }: Latchkey,
  { principal, keyId, schemaIds, expiresAt }: KeySession,
): Promise<object> {
  const [user, [apiKeyId]] = await Promise.all([
    dialects.findUser(principal.id),
    dialects.numbers.of('api-key', [keyId]),
  ]);
  return {
    user: { name: user?.userName ?? principal.id, administrator: principal.can(ADMINISTRATOR, 'api-keys') },
    authenticatedBy: 'apiKey',
    apiKeyId,
    schemaIds,
    expires: toTime(expiresAt),
  };
}

function loginBody(body: unknown): { apiKey: string; schemaIds: string[] } | null {
  const { apiKey, schemaIds } = Object(body) as { apiKey?: unknown; schemaIds?: unknown };
  const ids = typeof schemaIds === 'string' ? [schemaIds] : schemaIds;
  if (typeof apiKey !== 'string' || apiKey === '' || !isIdList(ids)) return null;
  return { apiKey, schemaIds: ids };
}

const readJson = bodyReader({ maxBytes: MAX_BODY });
const readForm = express.urlencoded({ extended: false, limit: MAX_BODY, parameterLimit: MAX_SCHEMAS + 10 });

/** JSON, or the fields of a form. */
async function readBody(req: Request, res: Response): Promise<unknown> {
  if (!req.is('application/x-www-form-urlencoded')) return await readJson(req, res);
  await new Promise<void>((resolve, reject) => {
    readForm(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(refuse('badRequest'))));
  });
  return req.body as unknown;
}
