import { readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ensureCurl } from '../example-app/curl.js';
import { type BuiltApp, buildExampleApp, type RunningApp } from '../example-app/running-app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { runScript } from './run-script.js';

const SCRIPTS = readdirSync(__dirname).filter((name) => /^\d{3}-(?!dialect).*\.sh$/.test(name));
const ALICE_PASSWORD = 'correct horse';

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

it('has a script for each seed that is asked for', () => {
  expect(SCRIPTS).toEqual(['000-session-key.sh', '001-login-token.sh', '002-first-key.sh']);
});

describe.each(['memory', 'redis'] as const)('the flows of the seeds on the %s store', (kind) => {
  let app: RunningApp;

  beforeAll(async () => {
    app = await built.start({ ALICE_PASSWORD, ...(kind === 'redis' && { REDIS_URL: redis.url }) });
  });

  afterAll(() => app?.stop('SIGTERM'));

  it.each(SCRIPTS)('%s', async (script) => {
    const { status, stdout, stderr } = await runScript(script, environmentOf(app));
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^(\d{3} .+\n){8,}$/);
  });
});

describe('a script', () => {
  let impostor: Server;

  beforeAll((done) => {
    impostor = createServer((_req, res) => void res.writeHead(200).end('{}')).listen(0, '127.0.0.1', done);
  });

  afterAll(() => void impostor.close());

  it.each(SCRIPTS)('%s fails with a clear line where an answer differs', async (script) => {
    const URL = `http://127.0.0.1:${(impostor.address() as AddressInfo).port}`;
    const { status, stderr } = await runScript(script, { URL, INTERNAL_URL: URL, ISSUER_KEY: 'none', ALICE_PASSWORD });
    expect(stderr).toMatch(new RegExp(`${script}: .*: expected \\d{3}, got 200\n`));
    expect(status).toBe(1);
  });
});

function environmentOf({ url, startText }: RunningApp): Record<string, string> {
  const [, issuerKey = ''] = /^Issuer of session keys .*: +(lk_\w+)$/m.exec(startText) ?? [];
  const internalUrl = [...startText.matchAll(/http:\/\/127\.0\.0\.1:\d+/g)].map(([found]) => found);
  return {
    URL: url,
    INTERNAL_URL: internalUrl.find((found) => found !== url) ?? '',
    ISSUER_KEY: issuerKey,
    ALICE_PASSWORD,
  };
}
