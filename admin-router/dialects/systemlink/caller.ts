import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { AuthError, type Latchkey, type Principal, Refusal } from '../../../lib/index.js';
import { basicIn, readSecret, resolvePair } from '../credential.js';
import type { DialectError, DialectRequest, DialectRoute } from '../dialect.js';
import { BASIC_CHALLENGE, challengeOf, refuse } from './errors.js';
import { userIdOf } from './key-extras.js';
import type { SystemLinkSettings } from './options.js';
import { WHITELISTED, whitelistedPrincipal } from './whitelisted.js';

const HEADER = 'x-ni-api-key';
const MAX_KEY = 2_048;

/** The calls that whitelisted keys are for, and the one that says that they are no session keys. */
export interface SpecialRoutes {
  readonly mint: DialectRoute;
  readonly endSelf: DialectRoute;
}

/** Reads the key, from the header before the query, or else Basic; and refuses what may not be called with it. */
export function callerOf(latchkey: Latchkey, settings: SystemLinkSettings, special: SpecialRoutes) {
  const { dialects, logins } = latchkey;
  const isWhitelisted = whitelistOf(settings.whitelist);
  const whitelisted = whitelistedPrincipal(null, []); // it mints as the host, and has no rights of its own

  async function ofKey(req: Request, text: string): Promise<Principal> {
    const pair = await resolvePair(dialects, readSecret(dialects.prefix, text));
    const verdict = await dialects.verifyKey(req, pair);
    if (verdict instanceof Refusal || !(await isForSomebody(verdict))) throw refuse('unauthorized');
    return verdict;
  }

  /** A session key that exceeds its user ends with them, too: the core does not know that there is one. */
  async function isForSomebody({ id, ownerKind, orgId, credential }: Principal): Promise<boolean> {
    if (ownerKind !== 'service' || id !== WHITELISTED) return true;
    const key = await latchkey.apiKeys.get(credential.id);
    if (key === null) return false;
    const userId = userIdOf(key);
    const user = userId === null ? null : await dialects.findUser(userId);
    return userId === null || (user?.isEnabled === true && user.orgId === orgId);
  }

  async function ofPassword(asked: DialectRequest): Promise<Principal> {
    const { req, address } = asked;
    const pair = basicIn(req);
    const isEmpty = pair === null || pair.userName === '' || pair.password === '';
    if (isEmpty || logins === null) throw refuse('unauthorized', { headers: challengeFor(req) });
    dialects.demandTls(req);
    try {
      const { user } = await logins.authenticate({ ...pair, address });
      const principal = await dialects.principalOfUser(user);
      if (principal !== null) return principal;
    } catch (error) {
      if (!(error instanceof AuthError) || error.status !== 401) throw error;
    }
    throw refuse('unauthorized', { headers: BASIC_CHALLENGE });
  }

  return async (asked: DialectRequest, route: DialectRoute | null): Promise<Principal> => {
    const { req } = asked;
    if (route === special.mint && !settings.whitelistedRoutes) throw refuse('notAllowed'); // whatever the key
    const text = keyIn(asked, settings.keyInQuery);
    if (text !== null && isWhitelisted(text)) {
      dialects.demandTls(req);
      if (route === special.mint || route === special.endSelf) return whitelisted;
      throw notAllowed(req, whitelisted);
    }
    const principal = text === null ? await ofPassword(asked) : await ofKey(req, text);
    if (route === special.mint) throw notAllowed(req, principal);
    return principal;
  };
}

/** The log is told who it was. */
function notAllowed(req: Request, principal: Principal): DialectError {
  req.user = principal;
  return refuse('notAllowed', { headers: challengeOf(principal) });
}

/** A header that is empty is none. */
function keyIn({ req, query }: DialectRequest, inQuery: boolean): string | null {
  const header = req.headers[HEADER];
  if (typeof header === 'string' && header !== '') return header;
  if (!inQuery || req.method !== 'GET') return null;
  const values = query.getAll(HEADER).filter((value) => value !== '');
  if (values.length > 1) throw refuse('unauthorized');
  return values[0] ?? null;
}

function challengeFor({ headers: { authorization = '' } }: Request) {
  return /^basic\b/i.test(authorization) ? BASIC_CHALLENGE : {};
}

/** Whether a text, or the text and a line feed, has one of the hashes: the published way of making them adds one. */
function whitelistOf(hashes: readonly Buffer[]): (text: string) => boolean {
  if (hashes.length === 0) return () => false;
  return (text) => {
    if (text.length > MAX_KEY) return false;
    const digests = [text, `${text}\n`].map((each) => createHash('sha512').update(each).digest());
    return hashes.some((hash) => digests.some((digest) => timingSafeEqual(hash, digest)));
  };
}
