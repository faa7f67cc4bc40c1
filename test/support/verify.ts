import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Request, Response } from 'express';
import type { AuthError, Latchkey } from '../../lib/index.js';

export interface Pair {
  readonly id: string;
  readonly secret: string;
}

const SOCKET = new Socket();

/** `Authorization: ApiKey ...` */
export function authorization({ id, secret }: Pair): string {
  return `ApiKey ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

/** The status that a route behind `latchkey.authenticate()` answers, without a network in between. */
export function statusFor(latchkey: Latchkey, pair: Pair): Promise<number> {
  const req = new IncomingMessage(SOCKET);
  req.headers.authorization = authorization(pair);
  req.rawHeaders = ['Authorization', req.headers.authorization];
  return new Promise((resolve) => {
    latchkey.authenticate('api-key', { failWithError: true })(req as Request, {} as Response, (error?: unknown) =>
      resolve(error === undefined ? 200 : (error as AuthError).status),
    );
  });
}
