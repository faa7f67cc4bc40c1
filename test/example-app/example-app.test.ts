import { once } from 'node:events';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import { type ApiKey, createLatchkey } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { type CurlAnswer, ensureCurl, isInstalled, keySecretsIn, linesToPaste, loginSecretsIn, paste } from './curl.js';
import { type BuiltApp, buildExampleApp, logIn, type RunningApp, spokenIn } from './running-app.js';

/** Longer, and somebody who presses Ctrl-C presses it again. */
const STOP_WITHIN_MS = 5_000;
const MEMORY_WARNING = 'No REDIS_URL: keys and sessions are kept in memory and are gone when this process ends.\n';
const SECRET_WARNING = 'No SESSION_SECRET: session cookies are worth nothing once this process ends.\n';
const SESSION_SECRET = 'a secret of the tests, long enough to sign cookies';
const ALICE_PASSWORD = 'correct horse';
/** Levels of the log. */
const [INFO, WARN] = [30, 40];

let built: BuiltApp;
let redis: RedisServer;

beforeAll(async () => {
  ensureCurl();
  built = buildExampleApp();
  redis = await startRedis();
}, 240_000);

afterAll(async () => {
  built?.remove();
  await redis?.stop();
});

describe.each(['memory', 'redis'] as const)('the example app on the %s store', (kind) => {
  let app: RunningApp;
  let answers: CurlAnswer[];
  let metrics: string;
  let page: Response;
  let logins: number[];
  let stopped: { exitCode: number | null; tookMs: number };

  beforeAll(async () => {
    app = await built.start(kind === 'redis' ? { REDIS_URL: redis.url } : {});
    answers = await paste(linesToPaste(app.startText));
    metrics = await (await fetch(metricsUrlOf(app))).text();
    page = await fetch(`${app.url}/auth/`);
    logins = await Promise.all(loginsToldBy(app).map((login) => statusOfLogin(app, login)));
    stopped = await app.stop('SIGINT');
  });

  it('warns in one line when nothing will last, and only then', () => {
    expect(app.startText.split(MEMORY_WARNING)).toHaveLength(kind === 'memory' ? 2 : 1);
    expect(app.startText.split(SECRET_WARNING)).toHaveLength(2);
    expect(app.startText).not.toMatch(/warning:/i);
  });

  it('answers every printed curl line with the status that the line names', () => {
    expect(answers.map(({ status, line }) => `${line} -> ${status}`)).toEqual(
      answers.map(({ line, expected }) => `${line} -> ${expected}`),
    );
    expect(answers.map(({ status }) => status)).toEqual([
      ...[200, 200, 200], // the three forms
      ...[401, 403, 201], // no key, no right, the right
      ...[200, 200], // one order, who am I
      ...[201, 200, 200, 200, 200, 401], // make, list, rotate, the old secret, revoke, no more
      ...[201, 401, 200, 201, 200, 204, 401], // log in, no request id, with it, first key, use it, log out, no more
      ...[200, 201, 200, 200, 204, 401], // login token, session token, use it twice, log out, no more
      ...[401, 201, 200, 403, 204, 401], // issuer outside, inside, use the session key, no right, revoke, no more
    ]);
  });

  it('tells a secret only where it makes one', () => {
    const outputs = [app.startText, ...answers.map(({ text }) => text), metrics, app.laterText()];
    const keys = keySecretsIn(outputs.join('\n'));
    const logins = loginSecretsIn(outputs.join('\n'));
    expect(keys).toHaveLength(2 * 7); // administrator, reader, issuer, new key, new secret, first key, session key
    expect(logins).toHaveLength(2 + 2 + 2); // passwords, cookie and request id, login token and session token
    const tellings = (secret: string) => outputs.filter((output) => output.includes(secret)).length;
    expect([...keys, ...logins].filter((secret) => tellings(secret) > 1)).toEqual([]);
  });

  it('names the page, and a login that works there', () => {
    expect(app.startText).toContain(`${app.url}/auth/\n`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(logins).toEqual([201, 201]);
  });

  it('writes what happens to its log, and warns of refusals', () => {
    const log = logIn(app.startText + app.laterText());
    const count = (msg: string, level: number) => log.filter((each) => each.msg === msg && each.level === level).length;
    expect(count('request.refused', WARN)).toBe(answers.filter(({ status }) => status === 401).length);
    expect(count('request.forbidden', WARN)).toBe(answers.filter(({ status }) => status === 403).length);
    expect(count('key.created', INFO)).toBe(3 + 3); // at the start, by the administrator, by password, a session key
    expect(count('key.rotated', INFO)).toBe(1);
    expect(count('login.succeeded', INFO)).toBe(2 + logins.length);
    expect(count('session.ended', INFO)).toBe(2);
    expect(log.filter(({ level }) => level !== INFO && level !== WARN)).toEqual([]);
  });

  it('counts what happens, for Prometheus', () => {
    const sum = (name: string, labels: RegExp) =>
      metrics
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) && labels.test(line))
        .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
    expect(sum('latchkey_verifications_total', /"accepted".*"api-key-header"/)).toBeGreaterThan(0);
    expect(sum('latchkey_verifications_total', /"refused".*"revoked"/)).toBe(2);
    expect(sum('latchkey_cache_lookups_total', /"apiKeys".*"hit"/)).toBeGreaterThan(0);
    expect(sum('latchkey_store_duration_count', /"apiKeys.get".*"ok"/)).toBeGreaterThan(0);
    expect(sum('latchkey_refused_total', /./)).toBe(answers.filter(({ status }) => status === 401).length);
    expect(sum('latchkey_forbidden_total', /./)).toBe(answers.filter(({ status }) => status === 403).length);
    expect(sum('latchkey_logins_total', /"succeeded"/)).toBe(2);
  });

  it('stops on Ctrl-C with nothing left open', async () => {
    expect(stopped.exitCode).toBe(0);
    expect(stopped.tookMs).toBeLessThan(STOP_WITHIN_MS);
    expect(spokenIn(app.laterText())).toBe('Stopping: requests in flight may finish.\nStopped.\n');
    await expect(listenOn(Number(new URL(app.url).port))).resolves.toBeUndefined();
  });

  if (kind === 'redis') {
    it('has written every use when it is gone', async () => {
      const readerForms = keySecretsIn(/^Reader key.*$/m.exec(app.startText)?.[0] ?? '');
      const isUse = ({ line, status }: CurlAnswer) => status !== 401 && readerForms.some((form) => line.includes(form));
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
    const oldLine = linesToPaste(first.startText).find((line) => /cocoa.*expects 201$/.test(line)) ?? '';
    expect((await paste([oldLine.replace(first.url, second.url)]))[0]?.status).toBe(401);
    await second.stop('SIGTERM');
    expect(await keysNamed('First administrator key')).toHaveLength(1);
  });

  it.each(['bash', 'zsh'].filter(isInstalled))('prints lines that can be pasted into %s, too', async (shell) => {
    const app = await built.start();
    const answers = await paste(linesToPaste(app.startText), shell);
    await app.stop('SIGTERM');
    expect(answers.filter(({ status, expected }) => status !== expected)).toEqual([]);
    expect(answers.length).toBeGreaterThan(0);
  });

  it('tells its metrics on the internal port only', async () => {
    const app = await built.start();
    const inside = await fetch(metricsUrlOf(app));
    expect([inside.status, inside.headers.get('content-type')]).toEqual([200, 'text/plain']);
    const outside = await fetch(`${app.url}/metrics`);
    expect(outside.status).toBe(404);
    expect(await outside.text()).not.toContain('latchkey_');
    await app.stop('SIGTERM');
  });

  it('takes passwords from the environment, and does not tell them', async () => {
    const app = await built.start({ ALICE_PASSWORD, ADMIN_PASSWORD: 'battery staple' });
    const lines = [
      `ALICE_PASSWORD='${ALICE_PASSWORD}'; ADMIN_PASSWORD='battery staple'`,
      ...linesToPaste(app.startText),
    ];
    const answers = await paste(lines);
    await app.stop('SIGTERM');
    expect(answers.filter(({ status, expected }) => status !== expected)).toEqual([]);
    expect(app.startText).toContain('ALICE_PASSWORD is as you have set it');
    expect(app.startText).not.toMatch(/correct horse|battery staple/);
  });

  it('keeps sessions over a restart, with Redis and a SESSION_SECRET', async () => {
    const environment = { REDIS_URL: redis.url, SESSION_SECRET, ALICE_PASSWORD };
    const first = await built.start(environment);
    expect(first.startText).not.toContain('SESSION_SECRET');
    const answer = await fetch(`${first.url}/auth/sessions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ userName: 'alice', password: ALICE_PASSWORD }),
    });
    const { requestId } = (await answer.json()) as { requestId: string };
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    await first.stop('SIGTERM');

    const second = await built.start(environment);
    const orders = await fetch(`${second.url}/orders`, { headers: { cookie, rID: requestId } });
    expect(orders.status).toBe(200);
    await second.stop('SIGTERM');
  });

  it('says in one line that the session secret is too short, and leaves Redis alone', async () => {
    expect(await built.startInVain({ REDIS_URL: redis.url, SESSION_SECRET: 'too short' })).toEqual({
      output: 'session.secret must have at least 32 characters; make one with: openssl rand -base64 32\n',
      exitCode: 1,
    });
  });

  it('finishes a request in flight before it ends', async () => {
    const app = await built.start();
    const body = JSON.stringify({ item: 'cocoa', quantity: 3 });
    const token = /Administrator key.*: +(lk_\w+)/.exec(app.startText)?.[1] ?? '';
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
      output: `${MEMORY_WARNING}${SECRET_WARNING}The port is taken. Set PORT, or INTERNAL_PORT, to another one; 0 means any free one.\n`,
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

function metricsUrlOf({ startText }: RunningApp): string {
  return /^Metrics for Prometheus on (\S+)$/m.exec(startText)?.[1] ?? '';
}

/** As the last lines before it is ready tell them. */
function loginsToldBy({ startText }: RunningApp): { userName: string; password: string }[] {
  const told = [...startText.matchAll(/^ {2}(\w+) +password (\S+)$/gm)];
  return told.map(([, userName = '', password = '']) => ({ userName, password }));
}

async function statusOfLogin({ url }: RunningApp, login: object): Promise<number> {
  const headers = { 'Content-Type': 'application/json' };
  return (await fetch(`${url}/auth/sessions`, { method: 'POST', headers, body: JSON.stringify(login) })).status;
}

async function keysNamed(name: string): Promise<readonly ApiKey[]> {
  const client = new Redis(redis.url);
  const latchkey = createLatchkey({ store: new RedisStore(client, PATIENT) });
  const { items } = await latchkey.apiKeys.list({ orgId: 'acme' }, { name });
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
