import { Redis } from 'ioredis';
import { until } from '../conformance/store-suite.js';
import { type RedisServer, startRedis } from './redis-server.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

describe('startTcpProxy', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let client: Redis;

  beforeEach(async () => {
    server = await startRedis();
    proxy = await startTcpProxy(server.port);
    client = new Redis(proxy.port, '127.0.0.1', { retryStrategy: () => 20 });
    client.on('error', () => {});
    await client.set('greeting', 'hello');
  });

  afterEach(async () => {
    client.disconnect();
    await proxy.stop();
    await server.stop();
  });

  it('lets everything through, in order, whatever its size', async () => {
    const large = 'x'.repeat(3_000_000);
    const texts = await Promise.all([client.echo(large), client.echo('a'), client.get('greeting')]);
    expect([texts[0] === large, texts[1], texts[2]]).toEqual([true, 'a', 'hello']);
  });

  it('holds what is sent while it is frozen, and tells nobody', async () => {
    proxy.freeze();
    let answer: string | null = null;
    const asked = client.get('greeting').then((text) => {
      answer = text;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([answer, client.status]).toEqual([null, 'ready']);
    proxy.thaw();
    await asked;
    expect(answer).toBe('hello');
  });

  it('sends on later, by what it was told, both ways', async () => {
    proxy.delay(60);
    const sentAt = performance.now();
    expect(await client.get('greeting')).toBe('hello');
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(119);
    proxy.delay(0);
  });

  it('cuts connections, and refuses new ones as long as it is told to', async () => {
    proxy.cut(true);
    await until('the connection is lost', () => client.status !== 'ready' && proxy.connections === 0);
    proxy.cut(false);
    expect(await client.get('greeting')).toBe('hello');
  });
});
