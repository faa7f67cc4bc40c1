import type { Request } from 'express';
import { AuthError, Principal } from '../../../lib/index.js';
import { type DialectAnswer, DialectError, type DialectRoute } from '../dialect.js';

/** Name, code, template of the message, and the status that goes with it. */
const CATALOGUE = {
  unauthorized: ['SkylineWebServices.Unauthorized', -252229, 'User is not authorized.', 401],
  notAllowed: ['Unauthorized', -254850, 'Not allowed to access resource.', 401],
  malformedBody: ['SkylineWebServices.MalformedJsonRequestBody', -252204, 'Malformed JSON request body.', 400],
  missingKey: ['SkylineWebServices.MissingRequiredJsonKey', -252205, "Missing required JSON key: '{0}'.", 400],
  invalidValue: ['SkylineWebServices.InvalidJsonValueForKey', -252206, "Invalid JSON value for key '{0}'.", 400],
  invalidType: [
    'SkylineWebServices.InvalidJsonDataTypeForKey',
    -252207,
    "Invalid JSON data type for for key '{0}'.", // twice "for", as published
    400,
  ],
  emptyBody: ['SkylineWebServices.EmptyRequestBody', -252212, 'Empty request body.', 400],
  invalidParameter: [
    'SkylineWebServices.InvalidValueForQueryParameter',
    -252218,
    "Invalid value for query parameter: '{0}'.",
    400,
  ],
  skipNegative: ['SkylineWebServices.SkipMustBePositive', -252201, 'Skip must be a positive integer.', 400],
  takeNegative: ['SkylineWebServices.TakeMustBePositive', -252202, 'Take must be a positive integer.', 400],
  unknownUri: ['SkylineWebServices.NotFound', -252217, 'The requested URI was not found.', 404],
  notFound: ['Skyline.NotFound', -251038, 'Not found.', 404],
  wrongMethod: ['SkylineWebServices.MethodNotAllowed', -252200, "Method '{0}' not allowed.", 405],
  internal: ['Skyline.InternalServiceError', -251000, 'Internal Skyline service error.', 500],
  several: [
    'Skyline.OneOrMoreErrorsOccurred',
    -251041,
    'One or more errors occurred. See the contained list for details of each error.',
    400,
  ],
} as const;

export type FaultName = keyof typeof CATALOGUE;

/** An error as the product tells it, in the order of its members. */
export interface SkylineError {
  readonly name: string;
  readonly code: number;
  readonly message: string;
  readonly resourceType?: string;
  readonly resourceId?: string;
  readonly args: readonly string[];
  readonly innerErrors: readonly SkylineError[];
}

interface Details {
  readonly resource?: { readonly type: string; readonly id: string };
  readonly inner?: readonly SkylineError[];
}

export function fault(
  name: FaultName,
  args: readonly string[] = [],
  { resource, inner = [] }: Details = {},
): SkylineError {
  const [fullName, code, template] = CATALOGUE[name];
  const message = template.replace('{0}', () => args[0] ?? '');
  const named = resource && { resourceType: resource.type, resourceId: resource.id };
  return { name: fullName, code, message, ...named, args, innerErrors: inner };
}

/** The answer that tells of one fault; `status` where it is another than the catalogue's. */
export function answerOf(
  name: FaultName,
  { args = [], status, headers = {}, ...details }: Details & Parts = {},
): DialectAnswer {
  return { status: status ?? CATALOGUE[name][3], headers, body: { error: fault(name, args, details) } };
}

interface Parts {
  readonly args?: readonly string[];
  readonly status?: number;
  readonly headers?: DialectAnswer['headers'];
}

/** A right that is missing is told of, although the product answers 401. */
export function refuse(name: FaultName, parts: Details & Parts = {}): DialectError {
  return new DialectError(answerOf(name, parts), CATALOGUE[name][2], name === 'notAllowed');
}

/** One fault by itself, several within one. */
export function refuseAll(faults: readonly [SkylineError, ...SkylineError[]]): DialectError {
  const [first, ...others] = faults;
  const error = others.length === 0 ? first : fault('several', [], { inner: faults });
  return new DialectError({ status: 400, body: { error } }, error.message);
}

/** `isHidden`: it is there, and of somebody else: that is told of. */
export function unknownId(type: 'Key' | 'Policy' | 'PolicyTemplate', id: string, isHidden = false): DialectError {
  const answer = answerOf('notFound', { resource: { type, id } });
  return new DialectError(answer, isHidden ? `${type} of another organisation` : 'Not found.', isHidden);
}

export const BASIC_CHALLENGE = { 'WWW-Authenticate': 'Basic realm="SystemLink"' } as const;

/** Who came with a password is told so by every 401; keys are told nothing. */
export function challengeOf(user: unknown): Readonly<Record<string, string>> {
  return user instanceof Principal && user.credential.kind === 'password' ? BASIC_CHALLENGE : {};
}

/** The handler, each 401 of which has the challenge that goes with the caller. */
export function challenging(handle: DialectRoute['handle']): DialectRoute['handle'] {
  return async (asked) => {
    try {
      return await handle(asked);
    } catch (error) {
      if (!(error instanceof DialectError) || error.answer.status !== 401) throw error;
      const headers = { ...error.answer.headers, ...challengeOf(asked.principal) };
      throw new DialectError({ ...error.answer, headers }, error.message, error.isForbidden);
    }
  };
}

/** What the core has to say, in the product's words. */
export function toAnswer(error: unknown, { user }: Request): DialectAnswer {
  if (!(error instanceof AuthError)) return ofExpress(error);
  const { code, status } = error;
  const retryAfter = error.headers['Retry-After'];
  const headers = retryAfter === undefined ? {} : { 'Retry-After': retryAfter };
  switch (code) {
    case 'unauthenticated':
    case 'mfa_required':
    case 'tls_required':
      return answerOf('unauthorized');
    case 'forbidden':
    case 'conflict': // the state of the record, or the number of keys, does not allow it
      return answerOf('notAllowed', { headers: challengeOf(user) });
    case 'invalid_request': {
      const [first, ...others] = [...new Set(error.errors.map(({ path }) => memberOf(path)))];
      if (first === '') return answerOf('malformedBody');
      if (first === undefined) return answerOf('invalidParameter', { args: ['name'] }); // a list is too long: ask for less
      const asFault = (member: string) => fault('invalidValue', [member]);
      return refuseAll([asFault(first), ...others.map(asFault)]).answer;
    }
    case 'not_found':
      return answerOf('notFound');
    case 'payload_too_large':
    case 'unsupported_media_type':
      return answerOf('malformedBody', { status });
    default: // 429, 503 and whatever the catalogue has no name for
      return answerOf('internal', { status, headers });
  }
}

/** What Express, or a parser of the app's own, has refused before. */
function ofExpress(error: unknown): DialectAnswer {
  if (error instanceof URIError) return answerOf('unknownUri');
  const { status } = Object(error) as { status?: unknown };
  const isTheirs = typeof status === 'number' && status >= 400 && status < 500;
  return isTheirs ? answerOf('malformedBody', { status }) : answerOf('internal');
}

/** The product's names of the core's fields. */
const MEMBERS: Readonly<Record<string, string>> = {
  ownerId: 'userId',
  durationMs: 'durationSeconds',
  resources: 'resource',
};

/** The member that a path of the core's stands for: of a statement, what is in it. */
function memberOf(path: string): string {
  const [first = '', , within] = path.split('.');
  const member = first === 'statements' && within !== undefined ? within : first;
  return Object.hasOwn(MEMBERS, member) ? (MEMBERS[member] as string) : member;
}
