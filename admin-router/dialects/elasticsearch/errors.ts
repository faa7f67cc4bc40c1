import { AuthError } from '../../../lib/index.js';
import { type DialectAnswer, DialectError } from '../dialect.js';

/** What an error tells besides its type and reason; repeated in its root cause. */
export type Extra = Readonly<Record<string, unknown>>;

export interface Cause {
  readonly type: string;
  readonly reason: string;
  readonly caused_by?: Cause;
}

/** The one shape of errors, `caused_by` being told once only. */
export function errorBody(
  status: number,
  type: string,
  reason: string,
  extra: Extra = {},
  causedBy?: Cause | undefined,
): object {
  const cause = causedBy === undefined ? {} : { caused_by: causedBy };
  return { error: { root_cause: [{ type, reason, ...extra }], type, reason, ...cause, ...extra }, status };
}

export function refusal(
  status: number,
  type: string,
  reason: string,
  extra: Extra = {},
  causedBy?: Cause | undefined,
): DialectError {
  return new DialectError({ status, body: errorBody(status, type, reason, extra, causedBy) }, `${type}: ${reason}`);
}

/** A bad argument, found once the body was read. */
export function illegalArgument(reason: string): DialectError {
  return refusal(400, 'illegal_argument_exception', reason);
}

/** A body that cannot be read as what the call takes. */
export function parseFault(reason: string, causedBy?: Cause): DialectError {
  return refusal(400, 'x_content_parse_exception', reason, {}, causedBy);
}

/** The faults of a request, numbered from 1. */
export function validationFault(messages: readonly string[]): DialectError {
  const list = messages.map((message, index) => `${index + 1}: ${message};`).join('');
  return refusal(400, 'action_request_validation_exception', `Validation Failed: ${list}`);
}

/** @throws DialectError unless there are no messages. */
export function refuseInvalid(messages: readonly string[]): void {
  if (messages.length > 0) throw validationFault(messages);
}

/** The type and reason of an error for a list of several outcomes. */
export function causeOf(error: unknown): Cause | null {
  if (error instanceof AuthError && error.status === 503) return null;
  const { error: told } = (toAnswer(error).body ?? {}) as { error?: Cause };
  if (told === undefined || !(error instanceof AuthError || error instanceof DialectError)) return null;
  const { type, reason, caused_by: causedBy } = told;
  return { type, reason, ...(causedBy && { caused_by: causedBy }) };
}

/** The `errors` of an answer of several outcomes, by what failed; none where nothing did. */
export function failures(details: readonly (readonly [string, Cause])[]): object {
  return details.length === 0 ? {} : { errors: { count: details.length, details: Object.fromEntries(details) } };
}

/** Errors of the core and of Express in the product's shape. What is unknown tells nothing. */
export function toAnswer(error: unknown): DialectAnswer {
  if (error instanceof DialectError) return error.answer;
  if (error instanceof AuthError) {
    const { status, message, headers } = error;
    return { status, headers, body: errorBody(status, TYPES[error.code] ?? 'security_exception', message) };
  }
  const status = clientFault(error);
  if (status !== null) return { status, body: errorBody(status, 'illegal_argument_exception', 'malformed request') };
  return { status: 500, body: errorBody(500, 'exception', 'internal error') };
}

const TYPES: Partial<Record<AuthError['code'], string>> = {
  invalid_request: 'illegal_argument_exception',
  not_found: 'resource_not_found_exception',
  conflict: 'version_conflict_engine_exception',
  precondition_failed: 'version_conflict_engine_exception',
  payload_too_large: 'content_too_long_exception',
  store_unavailable: 'unavailable_shards_exception',
  not_durable: 'unavailable_shards_exception',
};

/** Express' own errors of a request carry a status: a path that cannot be decoded, a connection that broke off. */
function clientFault(error: unknown): number | null {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : Number.NaN;
  return status >= 400 && status < 500 ? status : null;
}
