import { Redis } from 'ioredis';
import type { Finding, FindingId } from '../../lib/index.js';
import { rightProbes } from '../../lib/stores/redis/redis-rights.js';
import { RedisStore, type RedisStoreOptions } from '../../lib/stores/redis/redis-store.js';
import { testStore } from '../conformance/store.js';
import { until } from '../conformance/store-suite.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

/** What the connections themselves need, that of the change feed too. */
const CONNECTION = ['hello', 'auth', 'select', 'ping', 'info', 'client|id', 'client|tracking', 'subscribe'];
/** Those that are tried, and the two that Redis 7 is asked about. */
const NEEDED = [...rightProbes('', '', '').map(([right]) => right), 'incr', 'publish'];
const CHANNELS = ['&app:changes', '&__redis__:invalidate'];

describe('the rights of a Redis user', () => {
  let server: RedisServer;
  let admin: Redis;
  const opened: { close(): unknown }[] = [];

  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
  });

  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  afterEach(async () => {
    for (const each of opened.splice(0).reverse()) await each.close();
    await admin.acl('DELUSER', 'app');
  });

  function open(settings: RedisStoreOptions = {}): RedisStore {
    const options = { username: 'app', password: 'secret', enableReadyCheck: false };
    const client = new Redis(server.port, '127.0.0.1', options);
    client.on('error', () => {});
    const store = new RedisStore(client, { ...PATIENT, keyPrefix: 'app:', ...settings });
    opened.push({ close: () => client.status !== 'end' && client.disconnect() }, store);
    return store;
  }

  /** A user who may do nothing but this. */
  async function allow(commands: readonly string[], rules: readonly string[] = ['~app:*', ...CHANNELS]): Promise<void> {
    const rights = commands.map((command) => `+${command}`);
    await admin.acl('SETUSER', 'app', 'reset', 'on', '>secret', ...rules, ...rights);
  }

  async function finding(id: FindingId): Promise<Finding | undefined> {
    const store = open();
    await until('the feed knows its means', () => store.changes.means !== null);
    return (await store.health()).findings.find((each) => each.id === id);
  }

  testStore('RedisStore, for a user with exactly the rights that are tried,', async () => {
    await admin.flushall();
    await allow([...CONNECTION, ...NEEDED]);
    return { store: open(), openSecond: () => open() };
  });

  it('are enough as they are tried', async () => {
    await allow([...CONNECTION, ...NEEDED]);
    expect(await finding('acl')).toMatchObject({ level: 'ok', detail: 'The user may do all that is needed.' });
  });

  it.each(NEEDED)('are not enough without %s', async (right) => {
    const others = [...CONNECTION, ...NEEDED].filter((each) => each !== right);
    await allow(others);
    expect(await finding('acl')).toEqual({
      id: 'acl',
      level: 'warning',
      node: null,
      detail: `Refused: ${right}.`,
      mend: `ACL SETUSER app +${right} ~app:* &app:changes; and have no command renamed.`,
      risk: null,
    });
  });

  it('take WAIT besides where replicas have to confirm what is written', async () => {
    await allow([...CONNECTION, ...NEEDED]);
    const { findings } = await open({ durability: { replicas: 1 } }).health();
    expect(findings.find(({ id }) => id === 'acl')?.detail).toBe('Refused: wait.');
    await allow([...CONNECTION, ...NEEDED, 'wait']);
    const mended = await open({ durability: { replicas: 1 } }).health();
    expect(mended.findings.find(({ id }) => id === 'acl')?.level).toBe('ok');
  });

  it('are not enough for other keys, nor for another channel', async () => {
    await allow([...CONNECTION, ...NEEDED], ['~other:*', ...CHANNELS]);
    expect((await finding('acl'))?.detail).toBe('Refused: keys, incr.');
    await allow([...CONNECTION, ...NEEDED], ['~app:*', '&__redis__:invalidate']);
    expect((await finding('acl'))?.detail).toBe('Refused: publish.');
  });

  it('may leave out what only the health asks: that is unknown, and no failure', async () => {
    await allow([...CONNECTION, ...NEEDED].filter((command) => command !== 'info'));
    const store = open();
    await until('the feed is live', () => store.changes.isLive);
    const { ok, detail, findings } = await store.health();
    expect({ ok, detail }).toEqual({ ok: true, detail: 'redis of unknown version' });
    const unknown = findings.filter(({ level }) => level === 'unknown').map(({ id }) => id);
    const told = ['version', 'role', 'persistence', 'eviction', 'memory', 'min-replicas', 'clock'];
    expect(unknown).toEqual(told);
    expect(findings.find(({ id }) => id === 'version')).toMatchObject({
      detail: 'INFO is refused.',
      mend: 'Allow the user INFO.',
      risk: null,
    });
    expect(findings.filter(({ level }) => level === 'warning')).toEqual([]);
  });

  it('without CONFIG leave unknown what INFO does not tell', async () => {
    await allow([...CONNECTION, ...NEEDED, 'time']);
    const persistence = await finding('persistence');
    expect(persistence).toMatchObject({ level: 'unknown', risk: null, mend: 'Set appendonly yes.' });
    expect(await finding('eviction')).toMatchObject({ level: 'ok' });
  });

  it('without CLIENT have changes heard of as they are published; without channels not at all', async () => {
    const commands = [...CONNECTION, ...NEEDED].filter((command) => !command.startsWith('client'));
    await allow(commands);
    expect(await finding('tracking')).toMatchObject({
      level: 'warning',
      detail: 'Changes are heard of only as they are published: not what is evicted, flushed or changed by hand.',
    });
    await allow(commands, ['~app:*']);
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    expect(await finding('tracking')).toMatchObject({
      level: 'warning',
      detail: 'No change is heard of: every verification reads Redis.',
    });
    warned.mockRestore();
  });
});
