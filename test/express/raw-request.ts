import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Names in lower case, without `date`; one entry for each header line. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface RunningApp {
  readonly port: number;
  close(): Promise<void>;
}

export async function listen(app: RequestListener): Promise<RunningApp> {
  const server: Server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Sends exactly these header lines, repeated ones too, besides Host and Connection. */
export async function send(
  { port }: RunningApp,
  path: string,
  headers: readonly (readonly [name: string, value: string])[] = [],
): Promise<Answer> {
  const lines = [['Host', `127.0.0.1:${port}`], ['Connection', 'close'], ...headers];
  const req = request({ host: '127.0.0.1', port, path, headers: lines.flat(), agent: false });
  req.end();
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  let body = '';
  res.setEncoding('utf8');
  for await (const chunk of res) body += chunk;
  const answered: [string, string][] = [];
  for (let i = 0; i < res.rawHeaders.length; i += 2) {
    const name = (res.rawHeaders[i] as string).toLowerCase();
    if (name !== 'date') answered.push([name, res.rawHeaders[i + 1] as string]);
  }
  return { status: res.statusCode ?? 0, body, headers: answered };
}

/** All values of a header, in order. */
export function valuesOf({ headers }: Answer, name: string): string[] {
  return headers.filter(([each]) => each === name).map(([, value]) => value);
}
