import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import { isExecutable } from '../../support/programs.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { transpileLibrary } from '../../support/transpiled-library.js';
import { linesOf } from './run-command.js';

/** A command that has not ended by then never will. */
const END_WITHIN_MS = 60_000;
const SCRIPT = '/usr/bin/script';
const TOKEN = /lk_[A-Za-z0-9]{22}_[A-Za-z0-9]{49}/;
const CREATE = ['keys', 'create', '--name', 'Shop', '--owner', 'ann', '--action', 'orders:read'];

let library: string;
let folder: string;
let redis: RedisServer;
let client: Redis;

beforeAll(async () => {
  library = await transpileLibrary();
  folder = mkdtempSync(join(tmpdir(), 'latchkey-processes-'));
  redis = await startRedis();
  client = new Redis(redis.url);
}, 120_000);

afterAll(async () => {
  client.disconnect();
  await redis.stop();
  for (const path of [library, folder]) rmSync(path, { recursive: true, force: true });
});

beforeEach(() => client.flushall());

const program = () => [process.execPath, join(library, 'lib/cli/latchkey.js')] as const;
const environment = () => ({ REDIS_URL: redis.url, PATH: process.env.PATH ?? '', NO_COLOR: '1', TERM: 'xterm' });

function start(args: readonly string[]) {
  const [node, bin] = program();
  const child = spawn(node, [bin, ...args, ...(args[0] === 'hash' ? [] : ['--timeout-ms', '20000'])], {
    env: environment(),
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: END_WITHIN_MS,
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return {
    child,
    ended: ended.then(([out, errors, [code, signal]]) => ({ code: code as number | null, signal, out, errors })),
  };
}

/** Runs it with a terminal in place of all three streams, as in a window. What comes is what the window shows. */
async function onTerminal(args: readonly string[], typed?: { readonly after: RegExp; readonly keys: string }) {
  const quoted = [...program(), ...args].map((each) => `'${each}'`).join(' ');
  const child = spawn(SCRIPT, ['-qec', quoted, '/dev/null'], {
    env: { ...environment(), SHELL: '/bin/sh' },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: END_WITHIN_MS,
  });
  let shown = '';
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk;
    if (typed === undefined || !typed.after.test(shown) || child.stdin.writableEnded) return;
    child.stdin.end(typed.keys);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, shown };
}

const ofTerminals = isExecutable(SCRIPT) ? describe : describe.skip;

ofTerminals('latchkey on a terminal', () => {
  it('shows the token', async () => {
    const { code, shown } = await onTerminal(CREATE);
    expect([code, shown]).toEqual([0, expect.stringMatching(TOKEN)]);
    expect(shown).toContain('The token, shown this once:');
  });

  it('asks for a key to hash, and does not show it', async () => {
    const key = 'acme_0123456789abcdefghij';
    const { code, shown } = await onTerminal(['hash'], { after: /then Enter:/, keys: `${key}\r` });
    expect([code, shown]).toEqual([0, expect.stringContaining(createHash('sha256').update(key).digest('hex'))]);
    expect(shown).not.toContain(key);
  });

  it('shows how far an import is', async () => {
    const path = join(folder, 'shown.jsonl');
    writeFileSync(path, importLines(1_000).join(''));
    const { code, shown } = await onTerminal(['keys', 'import', path]);
    expect(code).toBe(0);
    expect(shown).toMatch(/#{20} 100% \| 1000 imported, 0 there already, 0 refused, \d+\/s/);
    expect(shown).toMatch(/1000 lines in [\d.]+ s.*: 1000 imported, 0 there already, 0 refused\./);
  });
});

describe('latchkey without a terminal', () => {
  it('makes no key whose token it may not tell', async () => {
    const { ended } = start(CREATE);
    expect(await ended).toMatchObject({ code: 2, out: '', errors: expect.stringContaining('--secret-file PATH') });
    expect(await client.dbsize()).toBe(0);
  });

  it('tells it to a file of mode 600, whatever the umask, and closes all that it opened', async () => {
    const file = join(folder, 'secret');
    const before = process.umask(0);
    try {
      const ran = await start([...CREATE, '--secret-file', file, '--json']).ended;
      expect(ran).toMatchObject({ code: 0, errors: '' });
      expect(ran.out).not.toMatch(TOKEN);
    } finally {
      process.umask(before);
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`^${TOKEN.source}\n$`));
  });

  it('says which key it is whose secret it could not write', async () => {
    const [node, bin] = program();
    const file = join(folder, 'no-room');
    const command = ['-c', 'ulimit -f 0; exec "$0" "$@"', node, bin, ...CREATE, '--secret-file', file];
    const child = spawn('sh', command, { env: environment(), timeout: END_WITHIN_MS });
    const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect([code, errors]).toEqual([
      4,
      expect.stringMatching(/could not be written \(EFBIG\)\. The key is [A-Za-z0-9]{22}; nobody knows its secret now/),
    ]);
    expect(errors).not.toMatch(TOKEN);
    const [key] = linesOf(await start(['keys', 'list', '--all', '--json']).ended);
    expect(errors).toContain(`The key is ${key?.id};`);
  });

  const FOLLOW = ['audit', 'tail', '--follow', '--json', '--interval-ms', '200'];

  it.each(['SIGINT', 'SIGTERM'] as const)('follows the trail until %s', async (signal) => {
    await start([...CREATE, '--secret-file', join(folder, signal)]).ended;
    const { child, ended } = start(FOLLOW);
    await once(child.stdout, 'data');
    child.kill(signal);
    expect(await ended).toMatchObject({ code: 0, errors: '' });
  });

  it('follows the trail until nobody reads any more', async () => {
    await start([...CREATE, '--secret-file', join(folder, 'reader')]).ended;
    const [node, bin] = program();
    const child = spawn(node, [bin, ...FOLLOW], { env: environment(), timeout: END_WITHIN_MS });
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    child.stdout.destroy();
    await start([...CREATE, '--secret-file', join(folder, 'no-reader')]).ended;
    expect(await exited).toEqual([0, null]);
  });
});

describe('latchkey keys import, killed in the middle and run again', () => {
  it('is complete, and no key is there twice', async () => {
    const count = 3_000;
    const path = join(folder, 'killed.jsonl');
    writeFileSync(path, importLines(count).join(''));
    let kills = 0;
    while (kills < 3) {
      const { child, ended } = start(['keys', 'import', path]);
      const target = (kills + 1) * 600;
      while ((await keyCount()) < target && child.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      child.kill('SIGKILL');
      expect((await ended).signal).toBe('SIGKILL');
      kills += 1;
    }
    const before = await keyCount();
    expect(before).toBeGreaterThanOrEqual(1_800);
    expect(before).toBeLessThan(count);
    const last = await start(['keys', 'import', path, '--json']).ended;
    expect(last).toMatchObject({ code: 0, errors: '' });
    const [summary] = linesOf(last) as [{ imported: number; exists: number }];
    expect(summary.imported + summary.exists).toBe(count);
    expect(summary.imported).toBeGreaterThan(0);
    const listed = linesOf(await start(['keys', 'list', '--all', '--json']).ended);
    expect(listed).toHaveLength(count);
    expect(new Set(listed.map(({ name }) => name)).size).toBe(count);
  }, 180_000);
});

async function keyCount(): Promise<number> {
  return (await client.keys('latchkey:key:*')).filter((key) => !key.includes('usage')).length;
}

function importLines(count: number): string[] {
  return Array.from({ length: count }, (_, n) => {
    const secret = `acme_${createHash('sha256').update(String(n)).digest('hex').slice(0, 32)}`;
    return `${JSON.stringify({ secret, name: `Key ${n}`, ownerId: `u${n % 7}`, statements: [{ actions: ['a:b'] }] })}\n`;
  });
}
