import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import { type ApiKey, createLatchkey } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis-store.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { type CurlAnswer, curlLinesOf, ensureCurl, paste, secretsIn } from './curl.js';
import { type BuiltApp, buildExampleApp, type RunningApp } from './running-app.js';

/** Longer, and somebody who presses Ctrl-C presses it again. */
const STOP_WITHIN_MS = 5_000;
const MEMORY_WARNING = 'No REDIS_URL: keys are kept in memory and are gone when this process ends.\n';

let built: BuiltApp;
let redis: RedisServer;

beforeAll(async () => {
  ensureCurl();
  built = buildExampleApp();
  redis = await startRedis();
}, 60_000);

afterAll(async () => {
  built?.remove();
  await redis?.stop();
});

describe.each(['memory', 'redis'] as const)('the example app on the %s store', (kind) => {
  let app: RunningApp;
  let answers: CurlAnswer[];
  let stopped: { exitCode: number | null; tookMs: number };

  beforeAll(async () => {
    app = await built.start(kind === 'redis' ? { REDIS_URL: redis.url } : {});
    answers = await paste(curlLinesOf(app.startText));
    stopped = await app.stop('SIGINT');
  });

  it('warns in one line when nothing will last, and only then', () => {
    expect(app.startText.split(MEMORY_WARNING)).toHaveLength(kind === 'memory' ? 2 : 1);
    expect(app.startText).not.toMatch(/warning:/i);
  });

  it('answers every printed curl line with the status that the line names', () => {
    expect(answers.map(({ status, line }) => `${line.text} -> ${status}`)).toEqual(
      answers.map(({ line }) => `${line.text} -> ${line.expected}`),
    );
    expect(answers.map(({ status }) => status)).toEqual([
      ...[200, 200, 200], // the three forms
      ...[401, 403, 201], // no key, no right, the right
      ...[200, 200], // one order, who am I
      ...[201, 200, 200, 200, 200, 401], // make, list, rotate, the old secret, revoke, no more
    ]);
  });

  it('tells a secret only where it makes one', () => {
    const isMaking = ({ line, status }: CurlAnswer) => status === 201 || line.text.includes('/rotate');
    const made = secretsIn(app.startText + answers.map((answer) => answer.text).join('\n'));
    const elsewhere = answers.filter((answer) => !isMaking(answer)).map((answer) => answer.text);
    expect(made).toHaveLength(2 * 4); // administrator, reader, the new key, the reader's new secret
    expect(made.filter((secret) => [...elsewhere, app.laterText()].some((said) => said.includes(secret)))).toEqual([]);
  });

  it('stops on Ctrl-C with nothing left open', async () => {
    expect(stopped.exitCode).toBe(0);
    expect(stopped.tookMs).toBeLessThan(STOP_WITHIN_MS);
    expect(app.laterText()).toBe('Stopping: requests in flight may finish.\nStopped.\n');
    await expect(listenOn(Number(new URL(app.url).port))).resolves.toBeUndefined();
  });

  if (kind === 'redis') {
    it('has written every use when it is gone', async () => {
      const [, , ...readerForms] = secretsIn(app.startText); // after the administrator's two
      const isUse = ({ line, status }: CurlAnswer) =>
        status !== 401 && readerForms.some((form) => line.text.includes(form));
      const [key] = await keysNamed('Reader key');
      expect(key?.useCount).toBe(answers.filter(isUse).length);
      expect(key?.failureCount).toBe(1); // after it was revoked
    });
  }
});

describe('the example app', () => {
  it('gives the first administrator key of a Redis a new secret at every start, and makes no second one', async () => {
    const first = await built.start({ REDIS_URL: redis.url });
    await first.stop('SIGTERM');
    const second = await built.start({ REDIS_URL: redis.url });
    expect(second.startText).toContain('it has a new secret, and the old one is refused from now on');
    const [oldLine] = curlLinesOf(first.startText).filter(
      ({ text }) => text.includes('cocoa') && !text.includes('403'),
    );
    const there = { expected: 401, text: oldLine?.text.replace(first.url, second.url) ?? '' };
    expect((await paste([there]))[0]?.status).toBe(401);
    await second.stop('SIGTERM');
    expect(await keysNamed('First administrator key')).toHaveLength(1);
  });

  it('finishes a request in flight before it ends', async () => {
    const app = await built.start();
    const body = JSON.stringify({ item: 'cocoa', quantity: 3 });
    const token = /Administrator key.*: (lk_\w+)/.exec(app.startText)?.[1] ?? '';
    const call = request(`${app.url}/orders`, {
      method: 'POST',
      headers: {
        'X-API-Key': token,
        'Content-Type': 'application/json',
        'Content-Length': body.length,
        Expect: '100-continue', // answered when the app has begun with the request
      },
    });
    call.flushHeaders();
    await once(call, 'continue');
    const stopped = app.stop('SIGTERM');
    await app.untilWritten('Stopping');
    call.end(body);
    const [response] = await once(call, 'response');
    expect(response.statusCode).toBe(201);
    expect(await text(response)).toContain('cocoa');
    const { exitCode, tookMs } = await stopped;
    expect(exitCode).toBe(0);
    expect(tookMs).toBeLessThan(2_000); // the connection, which the client would keep, is not waited for
  });

  it('does not wait for ever for a request that never ends', async () => {
    const app = await built.start();
    const call = request(`${app.url}/me`, {
      method: 'POST',
      headers: { 'Content-Length': 10, Expect: '100-continue' },
    });
    call.on('error', () => {}); // it is cut off
    call.flushHeaders();
    await once(call, 'continue');
    const { exitCode, tookMs } = await app.stop('SIGINT');
    expect(exitCode).toBe(0);
    expect(tookMs).toBeLessThan(STOP_WITHIN_MS);
  });

  it('says in one line that the port is taken', async () => {
    const app = await built.start();
    const attempt = await built.startInVain({ PORT: new URL(app.url).port });
    expect(attempt).toEqual({
      output: `${MEMORY_WARNING}The port is taken. Set PORT to another one; 0 means any free one.\n`,
      exitCode: 1,
    });
    await app.stop('SIGTERM');
  });

  it('says in one line that Redis cannot be reached, without the password', async () => {
    const gone = await startRedis();
    await gone.stop();
    const attempt = await built.startInVain({ REDIS_URL: `redis://user:hidden@127.0.0.1:${gone.port}` });
    const address = `127.0.0.1:${gone.port}`;
    expect(attempt).toEqual({
      output: `Redis at ${address} cannot be reached: connect ECONNREFUSED ${address}\n`,
      exitCode: 1,
    });
  });

  it('says so within a bounded time, too, when Redis is frozen', async () => {
    const frozen = await startRedis();
    frozen.pause();
    const attempt = await built.startInVain({ REDIS_URL: frozen.url });
    await frozen.stop();
    expect(attempt.output).toMatch(/^Redis at 127\.0\.0\.1:\d+ cannot be reached: .*\n$/);
    expect(attempt.exitCode).toBe(1);
  });
});

async function keysNamed(name: string): Promise<readonly ApiKey[]> {
  const client = new Redis(redis.url);
  const latchkey = createLatchkey({ store: new RedisStore(client) });
  const { items } = await latchkey.apiKeys.list({ orgId: null }, { name });
  await latchkey.close();
  await client.quit();
  return items;
}

/** Rejects when somebody listens there. */
async function listenOn(port: number): Promise<void> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  server.close();
  await once(server, 'close');
}
