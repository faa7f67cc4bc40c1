import { STATUS_CODES } from 'node:http';
import { AuthError, type AuthErrorCode } from '../lib/index.js';
import { pascal, refTo } from './openapi-schemas.js';
import type { Route } from './route.js';

/** The refusals of every route that wants a credential, besides its own. */
const OF_CREDENTIALS: readonly AuthErrorCode[] = [
  'credential_ambiguous',
  'unauthenticated',
  'tls_required',
  'too_many_attempts',
  'rate_limited',
  'store_unavailable',
];
const OF_BODIES: readonly AuthErrorCode[] = ['payload_too_large', 'unsupported_media_type'];

/** Why a refusal is what it is, where its text alone does not tell. */
const EXPLANATIONS: Partial<Record<AuthErrorCode, string>> = {
  unauthenticated: 'no credential, or any fault of it: one text for all',
  mfa_required: 'the password was right: send `mfaCode` too',
  invalid_request: '`errors` names each field and the mend',
  not_found: 'no such thing, or none that may be seen',
  not_durable: 'the change may still take effect: retry, which is safe',
  store_unavailable: 'neither yes nor no: retry',
};

/** All that a route can refuse. */
export function errorsOf({ isPublic, body, ifMatch = false, errors = [] }: Route): AuthErrorCode[] {
  return [
    'invalid_request',
    ...(isPublic ? [] : OF_CREDENTIALS),
    ...(body === null ? [] : OF_BODIES),
    ...(ifMatch ? (['precondition_failed'] as const) : []),
    ...errors,
  ];
}

/** The refusals of one status, which share a response. */
interface Refusals {
  readonly status: number;
  readonly codes: readonly AuthErrorCode[];
}

/** The refusals of a route by status, as references to `errorResponses`. */
export function errorReferences(route: Route): Record<string, object> {
  return Object.fromEntries(
    refusalsOf(route).map((refusals) => [
      String(refusals.status),
      { $ref: `#/components/responses/${nameOf(refusals)}` },
    ]),
  );
}

/** Every response that a route refers to, by name. */
export function errorResponses(routes: readonly Route[]): Record<string, object> {
  const all = routes.flatMap(refusalsOf);
  return Object.fromEntries(all.map((refusals) => [nameOf(refusals), responseOf(refusals)]));
}

function refusalsOf(route: Route): Refusals[] {
  const codes = errorsOf(route);
  const statuses = [...new Set(codes.map(statusOf))].sort((a, b) => a - b);
  return statuses.map((status) => ({ status, codes: codes.filter((code) => statusOf(code) === status) }));
}

function statusOf(code: AuthErrorCode): number {
  return new AuthError(code).status;
}

function nameOf({ codes }: Refusals): string {
  return codes.map(pascal).join('Or');
}

function responseOf({ status, codes }: Refusals): object {
  const tell = (code: AuthErrorCode) => (EXPLANATIONS[code] === undefined ? '' : `: ${EXPLANATIONS[code]}`);
  return {
    description: `${STATUS_CODES[status]}. ${codes.map((code) => `\`${code}\`${tell(code)}`).join('; ')}.`,
    headers: headersOf(status, codes),
    content: {
      'application/problem+json': {
        schema: { allOf: [refTo('Problem'), { properties: { code: { enum: codes } }, required: ['code'] }] },
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }])),
      },
    },
  };
}

function headersOf(status: number, codes: readonly AuthErrorCode[]): Record<string, object> {
  const names = [
    ...(status === 401 ? ['WWW-Authenticate'] : []),
    ...(status === 429 || status === 503 ? ['Retry-After'] : []),
    ...(codes.includes('rate_limited') ? ['RateLimit', 'RateLimit-Policy'] : []),
  ];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

const FAULT = { path: 'name', message: 'must have 1 to 256 characters' };

/** The problem document (RFC 9457) that the router answers. */
function exampleOf(code: AuthErrorCode): object {
  const { status, message } = new AuthError(code);
  const problem = { type: 'about:blank', title: STATUS_CODES[status], status, code };
  if (code !== 'invalid_request') return { ...problem, detail: message };
  return { ...problem, detail: `The request is not valid: ${FAULT.path} ${FAULT.message}`, errors: [FAULT] };
}
