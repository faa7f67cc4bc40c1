import { ApiProblem } from './problem.ts';
import { noteServerTime } from './server-time.ts';
import { storedRequestId } from './stored-login.ts';

/** An answer that takes longer than this is none, in ms. */
const TIMEOUT_MS = 10_000;

export type QueryValue = string | number | boolean | readonly string[] | null | undefined;
export type Query = Readonly<Record<string, QueryValue>>;
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export interface SendOptions {
  /** Null, undefined and empty values are left out; a list is sent with commas. */
  readonly query?: Query;
  /** Goes out as JSON. */
  readonly body?: object;
  /** The version that is changed, as it was read; any other is refused with 412 `precondition_failed`. */
  readonly ifMatch?: string | number;
  readonly signal?: AbortSignal;
  /** For those who are not logged in: without the request id, and a 401 ends nothing. Default false. */
  readonly isPublic?: boolean;
}

/** What the rest of the page has to do when a session answers, or no longer does. */
export interface SessionListener {
  used(): void;
  ended(): void;
}

let requestIdHeader = 'rID';
let listener: SessionListener | null = null;

export function configureClient(header: string, sessionListener: SessionListener): void {
  requestIdHeader = header;
  listener = sessionListener;
}

/**
 * Sends a request to the admin API; `path` is relative to the page, such as `api-keys/x1`, each part of it encoded by `pathOf`.
 * @throws ApiProblem for a refusal, and for no answer within 10 s; DOMException `AbortError` once `signal` is aborted.
 */
export async function send<Body>(method: Method, path: string, options: SendOptions = {}): Promise<Body> {
  const requestId = options.isPublic ? null : storedRequestId();
  let response = await fetchAnswer(method, path, options, requestId);
  if (response.status === 401 && !options.isPublic) {
    // Another tab may have logged in meanwhile: the cookie is its session's.
    const renewed = storedRequestId();
    if (renewed !== null && renewed !== requestId) response = await fetchAnswer(method, path, options, renewed);
    if (response.status === 401) listener?.ended();
  }
  noteServerTime(response.headers.get('date'));
  if (!response.ok) throw await ApiProblem.from(response);
  if (!options.isPublic) listener?.used();
  return (response.status === 204 ? null : await readJson(response)) as Body;
}

export function get<Body>(path: string, query: Query = {}, signal?: AbortSignal): Promise<Body> {
  return send('GET', path, { query, ...(signal && { signal }) });
}

export function post<Body>(path: string, body: object = {}, options: SendOptions = {}): Promise<Body> {
  return send('POST', path, { ...options, body });
}

export function patch<Body>(path: string, body: object, version: number): Promise<Body> {
  return send('PATCH', path, { body, ifMatch: version });
}

export function remove<Body = null>(path: string, options: SendOptions = {}): Promise<Body> {
  return send('DELETE', path, options);
}

/** `pathOf('api-keys', id, 'rotate')`. */
export function pathOf(...parts: readonly string[]): string {
  return parts.map(encodeURIComponent).join('/');
}

async function fetchAnswer(
  method: Method,
  path: string,
  { query = {}, body, ifMatch, signal }: SendOptions,
  requestId: string | null,
): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', 'X-Requested-With': 'XMLHttpRequest' };
  if (requestId !== null) headers[requestIdHeader] = requestId;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (ifMatch !== undefined) headers['If-Match'] = `"${ifMatch}"`;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(path + queryText(query), {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    if (timeout.aborted) throw ApiProblem.local('timed_out', 'The server took longer than 10 seconds to answer.');
    throw ApiProblem.local('unreachable', 'The server cannot be reached. Check your connection and try again.');
  }
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw ApiProblem.local('unreadable', 'The answer of the server cannot be read.');
  }
}

function queryText(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const text = Array.isArray(value) ? value.join(',') : String(value ?? '');
    if (text !== '') search.set(name, text);
  }
  return search.size === 0 ? '' : `?${search}`;
}
