import { existsSync } from 'node:fs';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from './redis-server.js';

describe('startRedis', () => {
  let server: RedisServer;
  let client: Redis;

  beforeEach(async () => {
    server = await startRedis();
    client = connect(server);
  });

  afterEach(async () => {
    // On a client that has ended, disconnect() would leave a timer of two seconds behind.
    if (client.status !== 'end') client.disconnect();
    await server.stop();
  });

  it('gives a real server on loopback', async () => {
    await client.set('greeting', 'hello');
    expect(await client.get('greeting')).toBe('hello');
    expect(await client.config('GET', 'bind')).toEqual(['bind', '127.0.0.1']);
  });

  it('gives every server its own port, folder and data', async () => {
    const other = await startRedis();
    const otherClient = connect(other);
    await client.set('greeting', 'hello');
    expect(other.port).not.toBe(server.port);
    expect(await otherClient.config('GET', 'dir')).not.toEqual(await client.config('GET', 'dir'));
    expect(await otherClient.get('greeting')).toBeNull();
    otherClient.disconnect();
    await other.stop();
  });

  it('freezes and goes on with its data', async () => {
    await client.set('greeting', 'hello');
    server.pause();
    await expect(connect(server, { commandTimeout: 100 }).get('greeting')).rejects.toThrow('Command timed out');
    server.resume();
    expect(await client.get('greeting')).toBe('hello');
  });

  it('dies when killed, and restarts empty on the same port with another process', async () => {
    await client.set('greeting', 'hello');
    const { pid, port } = server;
    await server.kill();
    expect(isRunning(pid)).toBe(false);
    await server.restart();
    expect(server.port).toBe(port);
    expect(server.pid).not.toBe(pid);
    const fresh = connect(server);
    expect(await fresh.get('greeting')).toBeNull();
    fresh.disconnect();
  });

  it('keeps its data over a restart when told to persist', async () => {
    const durable = await startRedis({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
    const before = connect(durable);
    await before.set('greeting', 'hello');
    before.disconnect();
    await durable.restart();
    const after = connect(durable);
    expect(await after.get('greeting')).toBe('hello');
    after.disconnect();
    await durable.stop();
  });

  it('stops a frozen server, removes its folder, and may be stopped twice', async () => {
    const [, folder = ''] = (await client.config('GET', 'dir')) as string[];
    expect(existsSync(folder)).toBe(true);
    server.pause();
    await server.stop();
    expect(isRunning(server.pid)).toBe(false);
    expect(existsSync(folder)).toBe(false);
    await server.stop();
  });

  it('refuses a fixed port that is taken', async () => {
    await expect(startRedis({ port: server.port })).rejects.toThrow(/address already in use/i);
  });
});

function connect(server: RedisServer, options: { commandTimeout?: number } = {}): Redis {
  const client = new Redis(server.port, '127.0.0.1', { retryStrategy: null, ...options });
  // A test asserts the failed command; the lost connection itself is no news.
  client.on('error', () => {});
  return client;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
