import { setFlagsFromString } from 'node:v8';
import { Redis } from 'ioredis';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

/** Whether V8 keeps `String.prototype` as it keeps other prototypes, and not as a dictionary. */
function fastness(): () => boolean {
  setFlagsFromString('--allow-natives-syntax');
  try {
    return new Function('return %HasFastProperties(String.prototype)') as () => boolean;
  } finally {
    setFlagsFromString('--no-allow-natives-syntax');
  }
}

describe('the methods of texts', () => {
  const isFast = fastness();
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedis();
  });

  afterAll(async () => {
    await server.stop();
  });

  it('are slow once a class extends String, as one of ioredis does, and fast again with a RedisStore', async () => {
    class Text extends String {}
    expect(String(new Text('a'))).toBe('a');
    expect(isFast()).toBe(false);
    const client = new Redis(server.url);
    const store = new RedisStore(client);
    expect(isFast()).toBe(true);
    await store.close();
    client.disconnect();
  });
});
