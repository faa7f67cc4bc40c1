import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import type { Finding } from '../../../lib/index.js';
import { type Checkout, copyCheckout } from '../../support/checkout.js';
import { startRedisCluster } from '../../support/redis-cluster.js';
import { MASTER_NAME, startRedisSentinel } from '../../support/redis-sentinel.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';

/** A command that has not ended by then never will. */
const END_WITHIN_MS = 60_000;
const DURABLE = ['--appendonly', 'yes'];
const PASSWORD = 'never-to-be-printed';

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

let checkout: Checkout;

beforeAll(() => {
  checkout = copyCheckout();
  checkout.run('npm', ['run', 'build']);
}, 240_000);

afterAll(() => checkout?.remove());

/** Runs the built command, with no environment but the given one. */
async function latchkey(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [join(checkout.folder, 'dist/lib/cli/latchkey.js'), ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: END_WITHIN_MS,
  });
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, out, errors };
}

const doctor = (args: readonly string[], environment?: Readonly<Record<string, string>>) =>
  latchkey(['doctor', '--timeout-ms', '20000', ...args], environment);

const findingsOf = ({ out }: Outcome) => (JSON.parse(out) as { findings: Finding[] }).findings;
const idsOf = (outcome: Outcome, level: Finding['level']) => [
  ...new Set(findingsOf(outcome).flatMap((finding) => (finding.level === level ? [finding.id] : []))),
];

describe('latchkey', () => {
  it('tells its version, its commands, and the options of each', async () => {
    const { version } = JSON.parse(readFileSync(join(checkout.folder, 'package.json'), 'utf8'));
    expect(await latchkey(['--version'])).toEqual({ code: 0, out: `${version}\n`, errors: '' });
    const { code, out } = await latchkey(['--help']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^ {2}doctor +is this Redis fit for Latchkey/m)]);
    const help = await latchkey(['doctor', '--help']);
    expect([help.code, help.out]).toEqual([
      0,
      expect.stringContaining('Exit codes: 0 all ok or unknown; 1 a warning;'),
    ]);
  });

  it.each([
    [[`redis://:${PASSWORD}@db`], 'there is no such command', '--help'],
    [['toString'], 'there is no such command', '--help'],
    [['doctor'], 'say where Redis is: --redis URL, or REDIS_URL', 'doctor --help'],
    [['doctor', `redis://:${PASSWORD}@db`], 'only options are taken, each with two dashes', 'doctor --help'],
    [['doctor', `--redsi=redis://:${PASSWORD}@db`], 'there is no option --redsi', 'doctor --help'],
    [['doctor', `--redis://:${PASSWORD}@db`], 'there is no such option', 'doctor --help'],
    [['doctor', `-redis://:${PASSWORD}@db`], 'there is no option -r', 'doctor --help'],
    [['doctor', '--redis'], "Option '--redis <value>' argument missing", 'doctor --help'],
    [['doctor', `--cluster=redis://:${PASSWORD}@db`], "Option '--cluster' does not take an argument", 'doctor --help'],
    [['doctor', '--redis', `http://:${PASSWORD}@db`], 'the URL is none', 'doctor --help'],
    [['doctor', '--redis', 'redis://db', '--timeout-ms', '0'], '--timeout-ms must be a whole number', 'doctor --help'],
    [['doctor', '--redis', 'redis://db', '--replicas', 'all'], '--replicas must be a whole number', 'doctor --help'],
  ])('says what is wrong with %j, and not what was given', async (args, fault, help) => {
    const { code, out, errors } = await latchkey(args);
    expect([code, out]).toEqual([2, '']);
    expect(errors).toContain(`latchkey: ${fault}`);
    expect(errors).toMatch(new RegExp(`See latchkey ${help}\n$`));
    expect(errors).not.toContain(PASSWORD);
  });
});

describe('latchkey doctor', () => {
  let redis: RedisServer;
  let admin: Redis;

  beforeAll(async () => {
    redis = await startRedis({ args: DURABLE });
    admin = new Redis(redis.url);
  });

  afterAll(async () => {
    admin.disconnect();
    await redis.stop();
  });

  it('is content with a Redis that is fit, and changes nothing there', async () => {
    const { code, out, errors } = await doctor(['--redis', redis.url]);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(out).toMatch(new RegExp(`^redis://127\\.0\\.0\\.1:${redis.port}/0: redis \\d+\\.\\d+\\.\\d+\\.\n`));
    expect(out).toMatch(/^ok {7}persistence {3}AOF, appendfsync everysec\.$/m);
    expect(out).toMatch(/^ok {7}tracking {6}Changes are heard of by client tracking\.$/m);
    expect(out).toMatch(/\n11 ok, 0 warnings, 0 unknown\.\n$/);
    expect(await admin.dbsize()).toBe(0);
  });

  it('takes the URL from the environment, where nobody else reads it', async () => {
    const outcome = await doctor(['--json'], { REDIS_URL: redis.url });
    expect(outcome.code).toBe(0);
    const name = `redis://127.0.0.1:${redis.port}/0`;
    expect(JSON.parse(outcome.out)).toMatchObject({ name, ok: true, feedIsLive: true });
  });

  it('names what is wrong, its mend, and what production refuses', async () => {
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    try {
      const { code, out } = await doctor(['--redis', redis.url]);
      expect(code).toBe(1);
      expect(out).toContain(
        `warning  eviction      With maxmemory-policy allkeys-lru a full Redis drops keys and sessions.
                       Mend: Set maxmemory-policy noeviction. Production refuses it, unless production.accept names 'eviction'.
`,
      );
      expect(out).toMatch(/\n10 ok, 1 warning, 0 unknown\.\n$/);
    } finally {
      await admin.config('SET', 'maxmemory-policy', 'noeviction');
    }
  });

  it('tries the rights of the user, on the keys of the prefix, with WAIT where replicas are to confirm', async () => {
    const rules = ['on', `>${PASSWORD}`, '+@all', '-wait', '-config', '~app:*', '&*'];
    await admin.call('ACL', 'SETUSER', 'app', 'reset', ...rules);
    const url = `redis://app:${PASSWORD}@127.0.0.1:${redis.port}`;
    const own = await doctor(['--redis', url, '--key-prefix', 'app:', '--json']);
    expect([own.code, idsOf(own, 'warning'), idsOf(own, 'unknown')]).toEqual([0, [], []]);
    const other = await doctor(['--redis', url, '--json']);
    expect([other.code, idsOf(other, 'warning')]).toEqual([1, ['acl']]);
    const durable = await doctor(['--redis', url, '--key-prefix', 'app:', '--replicas', '1', '--json']);
    expect(durable.code).toBe(1);
    expect(findingsOf(durable).find(({ id }) => id === 'acl')?.detail).toBe('Refused: wait.');
    for (const { out, errors } of [own, other, durable]) expect(out + errors).not.toContain(PASSWORD);
  });

  it.each([
    ['a wrong password', () => `redis://nobody:${PASSWORD}@127.0.0.1:${redis.port}`, 'WRONGPASS'],
    ['a database that is not there', () => `redis://127.0.0.1:${redis.port}/99`, 'DB index is out of range'],
    ['a port where nobody listens', () => `redis://:${PASSWORD}@127.0.0.1:1`, 'connect ECONNREFUSED 127.0.0.1:1'],
  ])('says that it cannot be used: %s', async (_, url, why) => {
    const { code, out, errors } = await doctor(['--redis', url()]);
    expect({ code, errors }).toEqual({ code: 3, errors: '' });
    expect(out).toMatch(/^redis:\/\/127\.0\.0\.1:\d+\/\d+ cannot be used: [^\n]+\n$/);
    expect(out).toContain(why);
    expect(out).not.toContain(PASSWORD);
    const asJson = await doctor(['--redis', url(), '--json']);
    expect([asJson.code, JSON.parse(asJson.out)]).toMatchObject([3, { ok: false, findings: [] }]);
  });

  it('waits no longer than it is told to for a Redis that is frozen', async () => {
    redis.pause();
    try {
      const startedAt = performance.now();
      const { code, out } = await latchkey(['doctor', '--redis', redis.url, '--timeout-ms', '300']);
      expect(performance.now() - startedAt).toBeLessThan(15_000);
      expect([code, out]).toEqual([3, expect.stringContaining('cannot be used: it did not answer in time')]);
    } finally {
      redis.resume();
    }
  });
});

it('latchkey doctor asks the master behind Sentinel', async () => {
  const sentinel = await startRedisSentinel({ args: DURABLE });
  try {
    const hosts = sentinel.addresses.map(({ host, port }) => `${host}:${port}`);
    const flags = [...hosts.flatMap((host) => ['--sentinel', host]), '--master', MASTER_NAME];
    for (const args of [flags, ['--redis', `redis+sentinel://${hosts.join()}/${MASTER_NAME}`]]) {
      const outcome = await doctor([...args, '--json']);
      expect({ code: outcome.code, errors: outcome.errors }).toEqual({ code: 1, errors: '' });
      expect(JSON.parse(outcome.out)).toMatchObject({
        name: `redis+sentinel://${hosts.join()}/${MASTER_NAME}/0`,
        ok: true,
      });
      expect(idsOf(outcome, 'warning')).toEqual(['min-replicas']);
      expect(findingsOf(outcome).find(({ id }) => id === 'role')?.detail).toBe('A master.');
    }
    const unknown = await doctor(['--redis', `redis+sentinel://${hosts.join()}/no-such-master`]);
    expect([unknown.code, unknown.out]).toEqual([3, expect.stringContaining('cannot be used: ')]);
  } finally {
    await sentinel.stop();
  }
}, 120_000);

it('latchkey doctor asks every node of a Cluster, and names the one that is wrong', async () => {
  const cluster = await startRedisCluster(DURABLE);
  try {
    const [wrong] = (await cluster.masters()) as [RedisServer];
    await cluster.ask(wrong, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    const [first] = cluster.startupNodes;
    const { code, out, errors } = await doctor(['--cluster', '--redis', `redis://${first?.host}:${first?.port}`]);
    expect({ code, errors }).toEqual({ code: 1, errors: '' });
    expect(out).toMatch(
      new RegExp(`^redis://127\\.0\\.0\\.1:${first?.port} \\(cluster\\): redis cluster of 3 masters\\.\n`),
    );
    expect(out).toMatch(
      new RegExp(`^warning {2}eviction {6}127\\.0\\.0\\.1:${wrong.port}: With maxmemory-policy allkeys-lru`, 'm'),
    );
    expect(out.match(/^ok {7}role {10}127\.0\.0\.1:\d+: A (master|replica)\.$/gm)).toHaveLength(6);
  } finally {
    await cluster.stop();
  }
}, 120_000);
