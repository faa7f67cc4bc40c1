/** What can go wrong with a request, as data: the HTTP status and the text that a client may read. */
const OUTCOMES = {
  unauthenticated: [401, 'Valid credentials are required.'],
  mfa_required: [401, 'A code of the second factor is required.'],
  credential_ambiguous: [400, 'The request carries more than one credential. Send exactly one.'],
  invalid_request: [400, 'The request is not valid.'],
  forbidden: [403, 'The credential does not have the right to do this.'],
  tls_required: [403, 'Credentials are accepted over HTTPS only.'],
  not_found: [404, 'There is no such thing here.'],
  method_not_allowed: [405, 'This method is not allowed here.'],
  conflict: [409, 'The record is in a state that does not allow this.'],
  precondition_failed: [412, 'The record was changed meanwhile. Read it again and retry.'],
  payload_too_large: [413, 'The request body is too large.'],
  unsupported_media_type: [415, 'Send the request body as application/json.'],
  too_many_attempts: [429, 'Too many failed attempts. Wait, then retry.'],
  rate_limited: [429, 'Too many requests with this credential. Wait, then retry.'],
  store_unavailable: [503, 'Credentials cannot be checked at the moment. Retry shortly.'],
  not_durable: [503, 'The change is not yet safe against a failure. It may still take effect. Retrying is safe.'],
} as const;

/** The closed set of outcomes; stable, for programs. */
export type AuthErrorCode = keyof typeof OUTCOMES;

/** One fault of the input. `path` names the field (`statements.0.actions`), `message` says how to mend it. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface AuthErrorDetails {
  /** Public text in place of the code's own. Must hold no secret and nothing that tells whether an id exists. */
  readonly message?: string;
  /** Private detail for logs and the audit trail. Never sent to a client; must hold no secret either. */
  readonly reason?: string;
  /** Response headers, e.g. `WWW-Authenticate` or `Retry-After`. */
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly errors?: readonly FieldError[];
}

/** How long a client should wait when the store is unreachable. */
const RETRY_AFTER_SECONDS = '1';

/**
 * A request was refused. Express's own error handler answers with `status` and `headers`;
 * `latchkey.errorHandler()` answers with `application/problem+json` (RFC 9457). One that is the client's fault (a status below
 * 500) has no frames in its `stack`, only the line with its name and message: Express's own handler prints it, once for each
 * request of a flood.
 */
export class AuthError extends Error {
  static {
    // V8 asks the prototype when it writes the first line of a stack: the field is not there yet.
    Object.defineProperty(AuthError.prototype, 'name', { value: 'AuthError', writable: true, configurable: true });
  }
  override readonly name = 'AuthError';
  readonly code: AuthErrorCode;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly errors: readonly FieldError[];
  readonly #reason: string;

  constructor(code: AuthErrorCode, details: AuthErrorDetails = {}) {
    const [status, standard] = OUTCOMES[code];
    const message = details.message ?? standard;
    const limit = Error.stackTraceLimit;
    const isClients = status < 500;
    const hasNoFrames = isClients && Reflect.set(Error, 'stackTraceLimit', 0);
    super(message);
    if (hasNoFrames) {
      Reflect.set(Error, 'stackTraceLimit', limit);
    } else if (isClients) {
      const stack = `AuthError: ${message}`;
      Object.defineProperty(this, 'stack', { value: stack, writable: true, configurable: true });
    }
    this.code = code;
    this.status = status;
    this.headers = details.headers ?? (status === 503 ? { 'Retry-After': RETRY_AFTER_SECONDS } : {});
    this.errors = details.errors ?? [];
    this.#reason = details.reason ?? code;
  }

  /** Not a property of its own: an error that is logged or sent as JSON by accident does not tell it, nor does a copy. */
  get reason(): string {
    return AuthError.#reasonOf(this) ?? this.code;
  }

  /** Undefined for what is no AuthError itself: a Proxy, or an object that inherits from one. */
  static #reasonOf(error: object): string | undefined {
    return #reason in error ? error.#reason : undefined;
  }
}

/**
 * There is such a thing, but it may not be seen: answered as if there were none, and told of as the refusal that it is.
 */
export function hidden(): AuthError {
  return new AuthError('not_found', { reason: HIDDEN });
}

const HIDDEN = 'forbidden';

/** Whether somebody was refused something for want of a right, however that was answered. */
export function isForbidden({ status, reason }: AuthError): boolean {
  return status === 403 || reason === HIDDEN;
}

/** Input that does not hold: 400 with every field that has to be mended. */
export function invalidRequest(errors: readonly FieldError[]): AuthError {
  const first = errors[0];
  const message = first === undefined ? undefined : `The request is not valid: ${first.path} ${first.message}`;
  return new AuthError('invalid_request', message === undefined ? { errors } : { errors, message });
}

/**
 * A fault as those are told who send seconds: `graceMs must be a whole number of ms from 0 to 60000` is
 * `graceSeconds must be a whole number of seconds from 0 to 60`. Of a field that is no span of time it is left as it is.
 */
export function inSeconds({ path, message }: FieldError): FieldError {
  if (!path.endsWith('Ms')) return { path, message };
  const field = path === 'lifetimeMs' ? 'expiresInSeconds' : path.replace(/Ms$/, 'Seconds');
  const numbers = message.replace(/\b\d+\b/g, (ms) => String(Number(ms) / 1_000));
  return { path: field, message: numbers.replace(/ of ms\b/, ' of seconds') };
}

/** The store did not answer in time, or not at all. `reason` is for the log. */
export function storeUnavailable(reason: string): AuthError {
  return new AuthError('store_unavailable', { reason });
}

/**
 * A change was sent, but too few replicas have confirmed it in time: it may take effect, and it may be undone by a failover.
 * Making the same change again is safe; once that is acknowledged, it lasts. `reason` is for the log.
 */
export function notDurable(reason: string): AuthError {
  return new AuthError('not_durable', { reason });
}

export function isNotDurable(error: unknown): boolean {
  return error instanceof AuthError && error.code === 'not_durable';
}

/** For what need not last: where it was made, that is enough. Throws any other error again. */
export function passNotDurable(error: unknown): void {
  if (!isNotDurable(error)) throw error;
}
