import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';

/** As many sessions as the bench has connections by default: users do not share one. */
export const SESSIONS = 32;

/** Lets `talk` send requests to `app`, over HTTP, for as long as it takes. */
export async function whileListening<Result>(app: Express, talk: (url: string) => Promise<Result>): Promise<Result> {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await talk(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** @throws Error when the answer is no success. */
export async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${init.method} ${url} answers ${response.status}`);
  return response;
}

/** The cookie that an answer sets, as a request sends it. */
export function cookieOf(response: Response): string {
  return response.headers.get('set-cookie')?.split(';')[0] ?? '';
}

/** The same session id with a signature that is not right. */
export function forged(cookie: string): string {
  return cookie.slice(0, -4) + (cookie.endsWith('AAAA') ? 'BBBB' : 'AAAA');
}
