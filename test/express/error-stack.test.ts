import { setImmediate as immediate } from 'node:timers/promises';
import { format, inspect } from 'node:util';
import { AuthError, type AuthErrorCode } from '../../lib/errors.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import type { RunningApp } from './raw-request.js';
import { listen, send } from './raw-request.js';

const FRAME = /^ +at /m;
const LIMITED = 'Too many requests with this credential. Wait, then retry.';

describe("an AuthError that is the client's fault", () => {
  it.each<AuthErrorCode>(['unauthenticated', 'invalid_request', 'forbidden', 'not_found', 'conflict', 'rate_limited'])(
    'has one line in place of a stack: %s',
    (code) => {
      const error = new AuthError(code);
      expect(error.stack).toBe(`AuthError: ${error.message}`);
      expect(Object.keys(error)).not.toContain('stack');
    },
  );

  it('tells its reason to the host alone, and a copy tells none', () => {
    const error = new AuthError('rate_limited', { reason: 'private' });
    expect(error.reason).toBe('private');
    expect(JSON.stringify(error)).not.toContain('private');
    for (const copy of [
      Object.create(error),
      new Proxy(error, {}),
      Object.assign(Object.create(AuthError.prototype), error),
    ]) {
      expect(copy.reason).toBe('rate_limited');
    }
  });

  it('is an error in every other way', () => {
    const error = new AuthError('rate_limited', { reason: 'private' });
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe(`AuthError: ${LIMITED}`);
    expect(inspect(error)).toMatch(/^\[?AuthError: Too many requests/);
    expect(inspect(error)).toContain("code: 'rate_limited'");
    expect(inspect(error)).not.toMatch(FRAME);
    expect(inspect(error)).not.toContain('private');
    error.stack = 'of the host';
    expect(error.stack).toBe('of the host');
    const above = new Error('above', { cause: error });
    expect(above.cause).toBe(error);
    expect(inspect(above)).toContain('rate_limited');
    Error.captureStackTrace(error);
    expect(error.stack).toMatch(FRAME);
  });

  it('leaves the stacks of all others as they are', () => {
    const limit = Error.stackTraceLimit;
    new AuthError('rate_limited');
    expect(Error.stackTraceLimit).toBe(limit);
    expect(new Error('other').stack).toMatch(FRAME);
    for (const code of ['store_unavailable', 'not_durable'] as const) expect(new AuthError(code).stack).toMatch(FRAME);
    Error.stackTraceLimit = 0;
    new AuthError('rate_limited');
    expect(Error.stackTraceLimit).toBe(0);
    Error.stackTraceLimit = limit;
  });

  it('is made, too, where nobody may set how long a stack is', () => {
    const before = Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit') as PropertyDescriptor;
    Object.defineProperty(Error, 'stackTraceLimit', { ...before, writable: false });
    try {
      expect(new AuthError('rate_limited').stack).toBe(`AuthError: ${LIMITED}`);
    } finally {
      Object.defineProperty(Error, 'stackTraceLimit', before);
    }
  });
});

describe.each(EXPRESS_VERSIONS)(
  'what $name writes to the standard error of an AuthError that nobody handled',
  (each) => {
    let written: string[];
    let app: RunningApp;

    beforeEach(() => {
      written = [];
      jest.spyOn(console, 'error').mockImplementation((...parts) => void written.push(format(...parts)));
    });
    afterEach(async () => {
      await app.close();
      jest.restoreAllMocks();
    });

    it("has no stack for each request of a flood, and one for what is the server's fault", async () => {
      const latchkey = createLatchkey();
      const server = each.express();
      server.set('env', 'production'); // under "test" Express writes nothing
      const { token } = await latchkey.apiKeys.create(
        { name: 'ci', ownerId: 'ada', maxRequestsPerMinute: 1 },
        { by: 'setup' },
      );
      server.get('/limited', latchkey.authenticate('api-key-header'), (_req, res) => void res.json('in'));
      server.get('/down', (_req, _res, next) => next(new AuthError('store_unavailable')));
      app = await listen(server);
      const answers = [];
      for (let n = 0; n < 5; n++) answers.push((await send(app, '/limited', [['X-API-Key', token]])).status);
      await immediate();
      expect(written).toHaveLength(4);
      for (const text of written) {
        expect(text.split('\n')[0]).toContain(`AuthError: ${LIMITED}`); // Express 5 writes its fields below
        expect(text).not.toMatch(FRAME);
      }
      written = [];
      expect((await send(app, '/down')).status).toBe(503);
      await immediate();
      expect(written).toEqual([expect.stringMatching(FRAME)]);
      await latchkey.close();
    });
  },
);
