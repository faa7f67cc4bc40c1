import type { Headers } from '../contestant.js';

export interface RequestParts {
  /** Default `GET`. */
  readonly method?: string;
  /** Default `/orders`. */
  readonly path?: string;
  readonly headers?: Headers;
  /** Sent as JSON. */
  readonly body?: object;
}

/** The bytes of a request over a connection that stays. */
export function requestBytes({ method = 'GET', path = '/orders', headers = {}, body }: RequestParts): Buffer {
  const content = body === undefined ? '' : JSON.stringify(body);
  const ofContent = { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(content)) };
  const all = { Host: '127.0.0.1', ...headers, ...(body !== undefined && ofContent) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${content}`);
}
