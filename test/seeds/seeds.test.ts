import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ensureCurl } from '../example-app/curl.js';
import { type BuiltApp, buildExampleApp, type RunningApp } from '../example-app/running-app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const SCRIPTS = readdirSync(__dirname).filter((name) => /^\d{3}-.*\.sh$/.test(name));
const ALICE_PASSWORD = 'correct horse';
const SCRIPT_TIMEOUT_MS = 25_000;

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
    const { status, stdout, stderr } = await run(script, environmentOf(app));
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
    const { status, stderr } = await run(script, { URL, INTERNAL_URL: URL, ISSUER_KEY: 'none', ALICE_PASSWORD });
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

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** In an empty folder, with no environment but the given one and the PATH. */
async function run(script: string, environment: Readonly<Record<string, string>>): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-seed-'));
  try {
    const child = spawn('sh', [join(__dirname, script)], {
      cwd: folder,
      env: { ...environment, PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: SCRIPT_TIMEOUT_MS,
    });
    const closed = once(child, 'close') as Promise<[number | null]>;
    const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
    return { status, stdout, stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
