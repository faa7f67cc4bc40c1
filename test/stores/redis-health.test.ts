import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Redis, type RedisOptions } from 'ioredis';
import type { Finding, FindingId, StoreHealth } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { makeTlsFiles } from '../support/tls-files.js';

const DURABLE = ['--appendonly', 'yes', '--repl-diskless-sync-delay', '0'];
const IDS: readonly FindingId[] = [
  ...(['connection', 'version', 'role', 'persistence', 'eviction', 'memory', 'min-replicas', 'clock'] as const),
  ...(['tls', 'acl', 'tracking'] as const),
];

describe('the health of a RedisStore', () => {
  let closing: (() => unknown)[] = [];

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
  });

  async function start(...args: string[]): Promise<RedisServer> {
    const server = await startRedis({ args });
    closing.push(() => server.stop());
    return server;
  }

  function connect(port: number, host = '127.0.0.1', options: RedisOptions = {}): Redis {
    const client = new Redis(port, host, options as object);
    client.on('error', () => {});
    closing.push(() => client.status !== 'end' && client.disconnect());
    return client;
  }

  function open(client: Redis, timeoutMs = 5_000): RedisStore {
    const store = new RedisStore(client, { timeoutMs, keyPrefix: 'app:' });
    closing.push(() => store.close());
    return store;
  }

  /** Once the feed has made up its mind. */
  async function healthOf(client: Redis): Promise<StoreHealth> {
    const store = open(client);
    await until('the feed knows its means', () => store.changes.means !== null);
    return await store.health();
  }

  /** Of a server with these arguments, on loopback. */
  async function findingsOf(...args: string[]): Promise<readonly Finding[]> {
    const { port } = await start(...args);
    return (await healthOf(connect(port))).findings;
  }

  it('finds nothing wrong with a Redis as it should be', async () => {
    const { port } = await start(...DURABLE);
    const health = await healthOf(connect(port));
    expect(health).toMatchObject({ ok: true, feedIsLive: true });
    expect(health.detail).toMatch(/^redis \d+\.\d+\.\d+$/);
    expect(health.findings.map(({ id }) => id)).toEqual(IDS);
    for (const finding of health.findings) {
      expect(finding).toMatchObject({ level: 'ok', node: null, mend: null, risk: null });
      expect(finding.detail).not.toBe('');
    }
  });

  it('changes nothing: no key, no message, nothing to replicate', async () => {
    const { port } = await start(...DURABLE);
    const client = connect(port);
    const store = open(client);
    const heard: string[] = [];
    await until('the feed is live', () => store.changes.isLive);
    store.changes.subscribe({ changed: (_, id) => heard.push(id), lost: () => heard.push('lost') });
    const subscriber = connect(port);
    subscriber.on('pmessage', (...message: unknown[]) => heard.push(String(message)));
    await subscriber.psubscribe('*');
    const before = await changes(client);
    await store.health();
    expect(await changes(client)).toBe(before);
    expect(await client.dbsize()).toBe(0);
    await client.publish('other', 'the end');
    await until('the subscriber has heard the end', () => heard.length > 0);
    expect(heard).toEqual(['*,other,the end']);
  });

  it('is asked once for all who ask at the same time, in one round trip', async () => {
    const { port } = await start();
    const client = connect(port);
    const store = open(client);
    await store.health();
    await client.config('RESETSTAT');
    const healths = await Promise.all(Array.from({ length: 20 }, () => store.health()));
    expect(healths.every(({ ok }) => ok)).toBe(true);
    expect(await client.info('commandstats')).toMatch(/cmdstat_time:calls=1,/);
  });

  describe('warns of', () => {
    it('a policy by which Redis drops keys, which production refuses', async () => {
      expect(of('eviction', await findingsOf(...DURABLE, '--maxmemory-policy', 'allkeys-lru'))).toEqual({
        id: 'eviction',
        level: 'warning',
        node: null,
        detail: 'With maxmemory-policy allkeys-lru a full Redis drops keys and sessions.',
        mend: 'Set maxmemory-policy noeviction.',
        risk: 'eviction',
      });
      expect(of('eviction', await findingsOf('--maxmemory-policy', 'volatile-ttl'))).toMatchObject({
        detail: 'With maxmemory-policy volatile-ttl a full Redis drops sessions.',
        risk: 'eviction',
      });
    });

    it('what was dropped so far', async () => {
      const { port } = await start('--maxmemory', '3mb', '--maxmemory-policy', 'allkeys-lru');
      const client = connect(port);
      for (let i = 0; i < 40; i++) await client.set(`key-${i}`, 'x'.repeat(100_000));
      expect(of('eviction', (await healthOf(client)).findings).detail).toMatch(/ So far it has dropped \d+\.$/);
    });

    it('no persistence, which production refuses', async () => {
      expect(of('persistence', await findingsOf())).toMatchObject({
        level: 'warning',
        detail: 'Neither AOF nor snapshots: a restart loses everything.',
        mend: 'Set appendonly yes.',
        risk: 'no-persistence',
      });
    });

    it('snapshots without AOF, and AOF that is never synced; production takes both', async () => {
      expect(of('persistence', await findingsOf('--save', '3600 1'))).toMatchObject({
        level: 'warning',
        detail: 'Snapshots only: a crash takes back every change since the last one, revocations too.',
        risk: null,
      });
      expect(of('persistence', await findingsOf(...DURABLE, '--appendfsync', 'no'))).toMatchObject({
        level: 'warning',
        detail: 'AOF with appendfsync no: the changes of about 30 s are lost when the machine goes down.',
        risk: null,
      });
    });

    it('a disk that cannot be written', async () => {
      const { port } = await start('--save', '3600 1');
      const client = connect(port);
      const [, folder = ''] = (await client.config('GET', 'dir')) as string[];
      rmSync(folder, { recursive: true });
      await client.bgsave();
      await until('it has failed', async () => (await client.info('persistence')).includes('bgsave_status:err'));
      expect(of('persistence', (await healthOf(client)).findings)).toMatchObject({
        level: 'warning',
        detail: 'Redis cannot write to its disk (rdb_last_bgsave_status:err).',
      });
    });

    it('memory that is nearly full', async () => {
      const { port } = await start();
      const client = connect(port);
      await client.set('a', 'x'.repeat(20_000_000));
      expect(of('memory', (await healthOf(client)).findings)).toMatchObject({ level: 'ok' });
      const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
      await client.config('SET', 'maxmemory', String(Math.floor(used * 1.02)));
      expect(of('memory', (await healthOf(client)).findings)).toMatchObject({
        level: 'warning',
        detail: expect.stringMatching(/^(9\d|10\d) % of maxmemory is used\.$/),
        mend: 'Give it more memory, before it refuses writes.',
      });
    });

    it('a replica, and one whose master is gone', async () => {
      const master = await start(...DURABLE);
      const replica = await start(...DURABLE, '--replicaof', '127.0.0.1', String(master.port));
      const client = connect(replica.port);
      await until('it replicates', async () => (await client.info('replication')).includes('link_status:up'));
      expect(of('role', (await healthOf(client)).findings)).toMatchObject({
        level: 'warning',
        detail: 'A replica: it refuses writes.',
        mend: 'Connect to the master, by Sentinel where it can change.',
      });
      await master.kill();
      await until('the link is down', async () => (await client.info('replication')).includes('link_status:down'));
      expect(of('role', (await healthOf(client)).findings).detail).toBe('A replica that has lost its master.');
    });

    it('replicas without min-replicas-to-write, and too few of them with it', async () => {
      const master = await start(...DURABLE);
      const client = connect(master.port);
      const replica = await start(...DURABLE, '--replicaof', '127.0.0.1', String(master.port));
      const isOnline = async () => (await client.info('replication')).includes('state=online');
      await until('the replica is in step', isOnline);
      const store = open(client);
      expect(of('min-replicas', (await store.health()).findings)).toMatchObject({
        level: 'warning',
        detail: expect.stringContaining('min-replicas-to-write is not in force'),
        mend: expect.stringContaining('min-replicas-to-write 1'),
      });
      await client.config('SET', 'min-replicas-to-write', '1');
      expect(of('min-replicas', (await store.health()).findings)).toMatchObject({ level: 'ok' });
      await replica.kill();
      await until('the replica is gone', async () => !(await isOnline()));
      expect(of('min-replicas', (await store.health()).findings)).toMatchObject({
        level: 'warning',
        detail: 'min-replicas-to-write is set, and only 0 replicas keep up: writes are refused.',
      });
    });

    it('a clock that is more than a second off, either way', async () => {
      const { port } = await start();
      const store = open(connect(port));
      const clockOf = async (aheadMs: number) => of('clock', (await store.health(() => Date.now() + aheadMs)).findings);
      expect(await clockOf(900)).toMatchObject({ level: 'ok', detail: 'Within a second of this process.' });
      expect(await clockOf(7_000)).toMatchObject({
        level: 'warning',
        detail: expect.stringMatching(/^This process is [67]\.\d s ahead of Redis: keys end that much too early\.$/),
        mend: 'Have both hosts keep the time, e.g. by NTP.',
      });
      expect((await clockOf(-7_000)).detail).toMatch(/^This process is [67]\.\d s behind Redis: .* too late\.$/);
    });

    it('a server that is down, within the time of one command', async () => {
      const server = await start();
      const store = open(connect(server.port), 200);
      expect((await store.health()).ok).toBe(true);
      await server.kill();
      const startedAt = performance.now();
      const health = await store.health();
      expect(performance.now() - startedAt).toBeLessThan(4_000);
      expect(health).toMatchObject({ ok: false, feedIsLive: false });
      expect(of('connection', health.findings)).toMatchObject({ level: 'warning', detail: `${health.detail}.` });
      await server.restart();
      await until('it is back', async () => (await store.health()).ok);
    });

    it('a server that is frozen, within the time of one command, however often it is asked', async () => {
      const server = await start();
      const store = open(connect(server.port), 200);
      expect((await store.health()).ok).toBe(true);
      server.pause();
      const startedAt = performance.now();
      const healths = await Promise.all(Array.from({ length: 5 }, () => store.health()));
      expect(performance.now() - startedAt).toBeLessThan(4_000);
      expect(healths.some(({ ok }) => ok)).toBe(false);
      server.resume();
      await until('it is back', async () => (await store.health()).ok);
    });
  });

  describe('the way there', () => {
    const address = Object.values(networkInterfaces())
      .flat()
      .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
    const itWithAddress = address === undefined ? it.skip : it;

    itWithAddress('warns of plain text to another host, which production refuses', async () => {
      const host = String(address);
      const { port } = await start(...DURABLE, '--bind', '127.0.0.1', host, '--protected-mode', 'no');
      const { findings } = await healthOf(connect(port, host));
      expect(of('tls', findings)).toMatchObject({
        level: 'warning',
        detail: `Plain text to another host, ${host}.`,
        mend: 'Connect by rediss://, with TLS on the server.',
        risk: 'plain-text-store',
      });
      expect(findings.filter(({ level }) => level !== 'ok')).toHaveLength(1);
    });

    it('is fine by a name of this host, and by a Unix socket', async () => {
      const path = `/tmp/latchkey-${process.pid}.sock`;
      const { port } = await start('--unixsocket', path);
      expect(of('tls', (await healthOf(connect(port, 'localhost'))).findings)).toMatchObject({ level: 'ok' });
      const client = new Redis(path);
      closing.push(() => client.disconnect());
      const told = of('tls', (await healthOf(client)).findings);
      expect(told).toMatchObject({ level: 'ok', detail: 'A Unix socket of this host.' });
    });

    it('is fine by TLS; without a look at the certificate it is not', async () => {
      const files = makeTlsFiles();
      closing.push(() => files.remove());
      const port = await freePort();
      await start(...files.redisArgs(port));
      const checked = connect(port, 'localhost', { tls: { ca: files.cert } });
      expect(of('tls', (await healthOf(checked)).findings)).toMatchObject({ level: 'ok', detail: 'TLS.' });
      const trusting = connect(port, 'localhost', { tls: { rejectUnauthorized: false } });
      expect(of('tls', (await healthOf(trusting)).findings)).toMatchObject({
        level: 'warning',
        mend: 'Give the client tls.ca, and leave rejectUnauthorized alone.',
        risk: null,
      });
    });
  });
});

function of(id: FindingId, findings: readonly Finding[]): Finding {
  const found = findings.filter((finding) => finding.id === id);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} findings of ${id}`);
  return found[0];
}

/** How much was changed since the last snapshot. */
async function changes(client: Redis): Promise<string | undefined> {
  return /rdb_changes_since_last_save:(\d+)/.exec(await client.info('persistence'))?.[1];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
