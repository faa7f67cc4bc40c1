import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type Request } from 'express';
import type { Latchkey } from '../../lib/index.js';
import { type Reply, send } from './session-app.js';

/** What the test does with a request, as a router of a dialect would. */
type Job = (req: Request) => Promise<unknown>;

export interface DialectApp {
  /** Runs `job` within a real request that has these headers; answers, or rejects, as `job` does. */
  within<Value>(job: (req: Request) => Promise<Value>, headers?: Readonly<Record<string, string>>): Promise<Value>;
  /** As a client of the host's own routes: `/me` takes every form of Latchkey's own. */
  call(path: string, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  close(): Promise<void>;
}

/** An app that does what a test says with its requests, listening on a free loopback port. */
export async function startDialectApp(latchkey: Latchkey, add: (app: Express) => void = () => {}): Promise<DialectApp> {
  const jobs: Job[] = [];
  const app = express();
  add(app);
  app.get('/job', (req, res) => {
    const job = jobs.shift() as Job;
    job(req).finally(() => res.end()); // never rejects
  });
  app.get('/me', latchkey.authenticate(), (req, res) => void res.json(req.user));
  app.use(latchkey.errorHandler());
  const server: Server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    async within<Value>(job: (req: Request) => Promise<Value>, headers = {}): Promise<Value> {
      let outcome: Promise<Value> | undefined;
      jobs.push((req) => {
        outcome = job(req);
        return outcome.catch(() => {});
      });
      await send(port, 'GET', '/job', headers);
      return await (outcome as unknown as Promise<Value>);
    },
    call: (path, headers = {}) => send(port, 'GET', path, headers),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
