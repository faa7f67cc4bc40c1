import type { Request } from 'express';
import { AuthError, type KeyPair, Principal, Refusal } from '../../../lib/index.js';
import { readPair, resolvePair } from '../credential.js';
import { DialectError } from '../dialect.js';
import { type Caller, keyCaller, userCaller } from './caller.js';
import { type Extra, errorBody, illegalArgument } from './errors.js';
import type { Setting } from './options.js';
import { mayRunAs, runAsRefusal } from './rights.js';
import type { UserNames } from './user-names.js';

export const CHALLENGES = ['Basic realm="security", charset="UTF-8"', 'ApiKey'] as const;

const FAILED = 'unable to authenticate with provided credentials and anonymous access is not allowed for this request';

/** 401 with the challenges, in the header and in the body. */
export function unauthenticated(reason: string, extra: Extra = {}): DialectError {
  const members = { ...extra, header: { 'WWW-Authenticate': CHALLENGES } };
  const body = errorBody(401, 'security_exception', reason, members);
  return new DialectError({ status: 401, headers: { 'WWW-Authenticate': CHALLENGES }, body }, reason);
}

/** Reads and checks what a request carries: a key, or a user's name and password; then for whom it acts. */
export class Credentials {
  readonly #setting: Setting;
  readonly #names: UserNames;

  constructor(setting: Setting, names: UserNames) {
    this.#setting = setting;
    this.#names = names;
  }

  /** @throws DialectError 401 or 403; AuthError 403 over plain HTTP, 429, 503. */
  async authenticate(req: Request, action: string): Promise<Caller> {
    const caller = await this.#authenticate(req);
    const wanted = single(req, 'es-security-runas-user');
    if (wanted === undefined) return caller;
    req.user = caller.principal; // a refusal is told of with who asked
    return await this.runAs(req, caller, wanted, action);
  }

  async #authenticate(req: Request): Promise<Caller> {
    const header = single(req, 'authorization');
    const [, scheme = '', value = ''] = /^(ApiKey|Basic|Bearer) (.+)$/is.exec(header ?? '') ?? [];
    switch (scheme.toLowerCase()) {
      case 'apikey':
        return await this.#byKey(req, value);
      case 'basic':
        return await this.#byPassword(req, value);
      case 'bearer':
        throw unauthenticated(FAILED);
      default:
        throw unauthenticated(`missing authentication credentials for REST request [${req.originalUrl}]`);
    }
  }

  async #byKey(req: Request, value: string): Promise<Caller> {
    const pair = readApiKey(value);
    if (typeof pair === 'string') throw this.#refused(pair);
    const principal = await this.verifyKey(req, pair);
    if (principal instanceof Refusal) throw this.#refused(whyRefused(principal, pair.id));
    return keyCaller(principal, await this.#names.of(principal.ownerKind, principal.id));
  }

  #refused(why: string): Error {
    const isTold = this.#setting.revealReasons;
    return unauthenticated(FAILED, isTold ? { additional_unsuccessful_credentials: `API key: ${why}` } : {});
  }

  /** A pair of whatever product. */
  async verifyKey(req: Request, { id, secret }: KeyPair): Promise<Principal | Refusal> {
    const { dialects } = this.#setting.latchkey;
    const pair = readPair(id, secret);
    const resolved = pair === null ? null : await resolvePair(dialects, pair);
    return await dialects.verifyKey(req, resolved ?? { id, secret });
  }

  async #byPassword(req: Request, value: string): Promise<Caller> {
    const pair = decodeBasic(value);
    if (pair === null) throw unauthenticated('invalid basic authentication header encoding');
    const caller = await this.byPassword(req, pair.id, pair.secret);
    if (caller !== null) return caller;
    throw unauthenticated(`unable to authenticate user [${pair.id}] for REST request [${req.originalUrl}]`);
  }

  /** Null for a user who is not let in. Asks the directory every time: nothing is kept. */
  async byPassword(req: Request, userName: string, password: string): Promise<Caller | null> {
    const { latchkey, tenantOf } = this.#setting;
    const { logins, dialects } = latchkey;
    dialects.demandTls(req);
    if (logins === null) return null;
    try {
      const login = { userName, password, tenant: tenantOf(req), address: dialects.addressOf(req) };
      const { user } = await logins.authenticate(login);
      const principal = await dialects.principalOfUser(user);
      return principal === null ? null : userCaller(this.#setting, user, principal, 'realm');
    } catch (error) {
      if (error instanceof AuthError && error.status === 401) return null;
      throw error;
    }
  }

  /** @throws DialectError 403 unless the caller may act for that user, who must be enabled and of the same organisation. */
  async runAs(req: Request, caller: Caller, userName: string, action: string): Promise<Caller> {
    const { latchkey, tenantOf } = this.#setting;
    if (!mayRunAs(caller, userName)) throw runAsRefusal(caller, userName, action);
    const user = await latchkey.dialects.findUserByName(userName, tenantOf(req));
    const principal = user === null ? null : await latchkey.dialects.principalOfUser(user);
    // A directory may take a name for another: the right is asked for the one that it found, too.
    const isAllowed = user !== null && principal?.orgId === caller.principal.orgId && mayRunAs(caller, user.userName);
    if (!isAllowed || principal === null) throw runAsRefusal(caller, userName, action);
    return userCaller(this.#setting, user, behind(caller.principal, principal), caller.cameWith);
  }
}

/** The user's rights behind the credential that was sent: what it makes is bound as it is, and the audit trail names it. */
function behind(sender: Principal, user: Principal): Principal {
  const { credential, resources } = sender;
  return new Principal({ ...user, credential, resources }, undefined, sender.lineage());
}

/** The value of a header that may be there once. @throws DialectError */
function single(req: Request, name: string): string | undefined {
  const count = req.rawHeaders.filter((each, index) => index % 2 === 0 && each.toLowerCase() === name).length;
  if (count > 1) throw illegalArgument(`multiple values for single-valued header [${name}].`);
  return req.get(name);
}

/** The pair in the product's form, or what is wrong with it. */
export function readApiKey(value: string): KeyPair | string {
  const bytes = decodeBase64(value);
  if (typeof bytes === 'string') return bytes;
  const text = bytes.toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return 'invalid ApiKey value';
  const [id, secret] = [text.slice(0, colon), text.slice(colon + 1)];
  return secret === '' ? 'api key is empty' : { id, secret };
}

/** Strict: standard alphabet, nothing else. A text says what is wrong. */
function decodeBase64(value: string): Buffer | string {
  const bare = value.replace(/={1,2}$/, '');
  const bad = /[^A-Za-z0-9+/]/.exec(bare)?.[0];
  if (bad !== undefined) return `Illegal base64 character ${(Buffer.from(bad)[0] ?? 0).toString(16)}`;
  if (bare.length % 4 === 1 || (bare.length < value.length && value.length % 4 !== 0)) {
    return 'Input byte array has wrong 4-byte ending unit';
  }
  return Buffer.from(bare, 'base64');
}

function decodeBasic(value: string): KeyPair | null {
  const bytes = decodeBase64(value.trim());
  const text = typeof bytes === 'string' ? '' : bytes.toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? null : { id: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** What the product tells of a key that was refused. Of a reason that it does not know, it is not told. */
function whyRefused({ reason }: Refusal, id: string): string {
  switch (reason) {
    case 'unknown_id':
    case 'malformed':
      return `unable to find apikey with id ${id}`;
    case 'revoked':
      return `api key [${id}] has been invalidated`;
    case 'expired':
      return 'api key is expired';
    default:
      return `invalid credentials for API key [${id}]`;
  }
}
