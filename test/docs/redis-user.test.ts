import { Redis } from 'ioredis';
import { rightProbes } from '../../lib/stores/redis/redis-rights.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { codesIn, textOf } from './markdown.js';

const prose = textOf('README.md').replaceAll(/^```[\s\S]*?^```$/gm, '');
const [command = ''] = codesIn(prose.replaceAll('\n', ' ')).filter((code) => code.startsWith('ACL SETUSER'));
const words = command.replace('PASSWORD', 'secret').split(/\s+/);
const [, , user = ''] = words;

describe('the Redis user of the README', () => {
  let server: RedisServer;
  let admin: Redis;

  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
    await admin.call(words[0] ?? '', words.slice(1));
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  it('lacks nothing, so says the health of the store', async () => {
    const client = new Redis(server.port, '127.0.0.1', { username: user, password: 'secret' });
    const store = new RedisStore(client, PATIENT);
    await until('the feed knows its means', () => store.changes.means !== null);
    const { findings } = await store.health();
    expect(findings.find(({ id }) => id === 'acl')?.level).toBe('ok');
    expect(store.changes.means).toBe('tracking');
    await store.close();
    client.disconnect();
  });

  /** With exactly these the whole conformance suite passes: test/stores/redis-rights.test.ts. */
  it('has no right to a command that nobody sends', () => {
    const sent = rightProbes('', '', '').map(([right]) => right);
    const connection = ['hello', 'auth', 'select', 'ping', 'info', 'client|id', 'client|tracking', 'subscribe'];
    const granted = words.filter((word) => word.startsWith('+')).map((word) => word.slice(1));
    expect(granted.sort()).toEqual([...connection, ...sent, 'incr', 'publish'].sort());
  });
});
