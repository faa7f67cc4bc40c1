import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createLatchkey, type Latchkey } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { transpileLibrary } from '../support/transpiled-library.js';
import { authorization } from '../support/verify.js';

const KEYS = 500;
/** Expected are at most 10 ms at the 99th percentile; the bound allows for a busy machine. */
const WORST_MS = 2_000;

describe('two processes on one Redis', () => {
  let server: RedisServer;
  let folder: string;
  let client: Redis;
  let latchkey: Latchkey;
  let other: ChildProcess;
  let ended: Promise<unknown[]>;

  beforeAll(async () => {
    [server, folder] = await Promise.all([startRedis(), transpileLibrary()]);
    client = new Redis(server.url);
    latchkey = createLatchkey({ store: new RedisStore(client, PATIENT) });
    other = fork(join(__dirname, '..', 'support', 'watching-process.mjs'), [folder, server.url], { execArgv: [] });
    ended = once(other, 'exit');
    expect(await answer()).toBe('ready');
  });

  afterAll(async () => {
    other.disconnect();
    await ended;
    await latchkey.close();
    client.disconnect();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function answer(): Promise<unknown> {
    const [message] = (await Promise.race([once(other, 'message'), ended])) as [unknown];
    return message;
  }

  it('a key revoked through one is refused by the other at once, and never let in again', async () => {
    const delaysMs: number[] = [];
    for (let n = 0; n < KEYS; n++) {
      const { key, secret } = await latchkey.apiKeys.create({ name: 'A key', ownerId: 'anna' }, { by: 'test' });
      other.send(authorization({ id: key.id, secret }));
      expect(await answer()).toEqual({ watching: true });
      const refused = answer();
      await latchkey.apiKeys.revoke(key.id, { by: 'test' });
      const answeredAt = process.hrtime.bigint(); // of the system's monotonic clock: the same in both processes
      const told = (await refused) as { status: number; refusedAt: string; acceptedAfterwards: number };
      expect(told).toEqual({ status: 401, refusedAt: expect.any(String), acceptedAfterwards: 0 });
      delaysMs.push(Number(BigInt(told.refusedAt) - answeredAt) / 1e6);
    }
    const sorted = delaysMs.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (KEYS - 1))] as number;
    const figures = `min ${at(0).toFixed(2)}, median ${at(0.5).toFixed(2)}, p99 ${at(0.99).toFixed(2)}`;
    process.stdout.write(`from the answer to the revocation to the first refusal elsewhere, ms: ${figures}\n`);
    expect(at(1)).toBeLessThan(WORST_MS);
  });
});
