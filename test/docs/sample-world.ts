import { hash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Express, RequestHandler } from 'express';
import 'express-session';

/**
 * What the frames of frames.ts hand to samples, and ask of them. Runs beside a sample, in a process of its own.
 */

declare module 'express-session' {
  interface SessionData {
    visits: number;
  }
}

export const SECRET = 'of the tests, and long enough to sign';

export const handler: RequestHandler = (req, res) => {
  const { user } = req as { readonly user?: { readonly id: string } };
  res.json({ id: user?.id ?? null });
};

const alice = { id: 'alice', orgId: 'acme', userName: 'alice', isEnabled: true };

/** One user, whose password is that of the manual. */
export const directory = {
  findByUserName: async (userName: string) => (userName === alice.userName ? alice : null),
  findById: async (id: string) => (id === alice.id ? alice : null),
  verifyPassword: async (user: { readonly id: string } | null, password: string) => user !== null && password === '...',
  statements: async () => [{ actions: ['*'] }],
};

export const OLD_KEY = `acme_${'a1B2c3D4'.repeat(4)}`;

interface Row {
  readonly name: string;
  readonly userId: string;
  readonly key: string;
  readonly sha256: string;
}

const rows: readonly Row[] = [
  { name: 'nightly', userId: 'alice', key: OLD_KEY, sha256: hash('sha256', OLD_KEY, 'hex') },
];

/** The table of keys that an app has which comes to Latchkey. */
export const table = {
  all: async () => rows,
  findByKey: async (key: string) => rows.find((row) => row.key === key) ?? null,
  findByHash: async (sha256: string) => rows.find((row) => row.sha256 === sha256) ?? null,
};

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** What a browser would send back. */
  readonly cookie: string;
}

/** Asks the app, on a port of its own. */
export async function ask(app: Express, path: string, headers: Record<string, string> = {}, body?: object) {
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
    const all = new Headers(headers);
    if (body !== undefined) all.set('Content-Type', 'application/json');
    const posted = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(url, { ...posted, headers: all });
    const cookie = response.headers.getSetCookie().map((line) => line.split(';')[0]);
    return { status: response.status, text: await response.text(), cookie: cookie.join('; ') } satisfies Answer;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** What the test waits for: the frame has come to its end. */
export const END = 'The sample is right.';

/** Ends the process, whatever the sample has left open. */
export function right(): never {
  console.log(END);
  process.exit(0);
}
