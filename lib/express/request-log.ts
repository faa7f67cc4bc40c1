import type { Request } from 'express';
import { type AuthError, isForbidden } from '../errors.js';
import type { EventOf, Events } from '../events.js';
import { Principal } from '../principal.js';
import { addressOf } from './address.js';

/** Characters of what is told. */
const MAX_PATH = 200;
const MAX_DETAIL = 300;
/** Faults whose paths are told. */
const MAX_FAULTS = 10;

/** Why a request was refused, and what it came with. */
export type RefusedRequest = Pick<
  EventOf<'request.refused'>,
  'orgId' | 'ownerId' | 'reason' | 'scheme' | 'credentialId'
>;

/** Tells of the requests that were not let through: the only place where such events are made. */
export class RequestLog {
  readonly #events: Events;
  readonly #now: () => number;
  readonly #isSecret: ((word: string) => boolean) | null;
  /** The refusal that was told last of each request: it can come by twice. */
  readonly #told = new WeakMap<object, AuthError>();

  /**
   * @param isSecret whether a word of a path can be a secret of another form than ours, which nobody may read there; null: there
   * are none.
   */
  constructor(events: Events, now: () => number, isSecret: ((word: string) => boolean) | null = null) {
    this.#events = events;
    this.#now = now;
    this.#isSecret = isSecret;
  }

  /** Whether anybody listens to what `refused` would tell. */
  get isRead(): boolean {
    return this.#events.isHeard('request.refused');
  }

  /** Nobody was let in. */
  refused(req: Request, { orgId, ownerId, credentialId, reason, scheme }: RefusedRequest): void {
    const { at, address, method, path } = this.#place(req);
    const type = 'request.refused';
    this.#events.emit({ type, at, address, method, path, orgId, ownerId, credentialId, reason, scheme });
  }

  /**
   * Somebody was let in and may not do this: each such refusal of a request is told once, also where it was answered as if
   * there were nothing. Other errors are not told.
   */
  forbidden<Params>(req: Request<Params>, error: AuthError): void {
    if (!isForbidden(error) || this.#told.get(req) === error || !this.#events.isHeard('request.forbidden')) return;
    this.#told.set(req, error);
    const user: unknown = req.user;
    const { id, orgId, credential } = user instanceof Principal ? user : NOBODY;
    const doer = { orgId, actorId: id, credentialId: credential.id };
    this.#events.emit({ type: 'request.forbidden', ...doer, detail: detailOf(error), ...this.#place(req) });
  }

  #place<Params>(req: Request<Params>): { at: number; address: string | null; method: string; path: string } {
    const path = this.#withoutOthers(pathOf(req));
    return { at: this.#now(), address: addressOf(req), method: req.method, path };
  }

  #withoutOthers(path: string): string {
    const isSecret = this.#isSecret;
    if (isSecret === null) return path;
    const words = path.split('/').map((word) => (isSecret(decoded(word)) ? '...' : word));
    return words.join('/');
  }
}

const NOBODY = { id: null, orgId: null, credential: { id: null } };

function detailOf({ message, errors }: AuthError): string {
  const paths = errors.slice(0, MAX_FAULTS).map(({ path }) => path);
  return withoutSecrets(paths.length === 0 ? message : `${message} (${paths.join(', ')})`, MAX_DETAIL);
}

/** Without the query. Outside Express there is none. */
function pathOf<Params>({ baseUrl = '', path = '' }: Partial<Request<Params>>): string {
  return withoutSecrets(baseUrl + path, MAX_PATH);
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

/**
 * What looks like a secret of ours: the last part of a token (also one that was cut off or percent-encoded), `id:secret` in
 * base64, a session id. Public ids are shorter. A word is looked at from its beginning only: strangers choose the text.
 */
const SECRET = /(?<![0-9A-Za-z])(?:[0-9A-Za-z]{43,}(?:\.[0-9a-z]*)+|[0-9A-Za-z]{44,})/g;

/** What looks like a secret that was drawn in the form of another product, each by itself where it can be told from an id. */
const DRAWN = [
  // 32 bytes in base64, with what a path does to it.
  /(?:[0-9A-Za-z+/]|%2[BbFf]){43}(?:=|%3[Dd])/g,
  // `id:secret`. Names of rights, in lower case and without digits, are left.
  /(?<![\w-])(?=[^\s/]*[0-9A-Z])[\w-]{8,64}(?::|%3[Aa])[^\s/]{20,}/g,
  // 40 digits in hexadecimal (Illumio's session tokens).
  /(?<![0-9A-Za-z])[0-9a-f]{40}(?![0-9A-Za-z])/g,
  // 42 characters of base64url (SystemLink); public ids of sessions have 43.
  /(?<![\w-])[\w-]{42}(?![\w-])/g,
  // 32 letters and digits (Plexus), unless they are a hash or a UUID in hexadecimal.
  /(?<![0-9A-Za-z])(?!(?:[0-9a-f]{32}|[0-9A-F]{32})(?![0-9A-Za-z]))[0-9A-Za-z]{32}(?![0-9A-Za-z])/g,
];
/** What is shorter holds none of these: as most paths are. The shortest has 8 characters, a colon and 20. */
const SHORTEST_SECRET = 29;
const LAST_PART = /[0-9A-Za-z][^\s/]*$/;

/** At most `length` characters, in which what looks like a secret is `...`. Where it is cut, it is cut before a part of the path. */
export function withoutSecrets(text: string, length: number): string {
  if (text.length < Math.min(SHORTEST_SECRET, length)) return text;
  const short = text.length <= length ? text : text.slice(0, length - 3).replace(LAST_PART, '...');
  return DRAWN.reduce((left, drawn) => left.replace(drawn, '...'), short.replace(SECRET, '...'));
}
