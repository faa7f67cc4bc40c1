import { Redis } from 'ioredis';
import { createLatchkey, type Latchkey } from '../../lib/index.js';
import { type DurabilityOptions, RedisStore, recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { MASTER_NAME, type RedisSentinel, startRedisSentinel } from '../support/redis-sentinel.js';
import type { RedisServer } from '../support/redis-server.js';
import { TestDirectory } from '../support/test-directory.js';
import { type Pair, statusFor } from '../support/verify.js';

const HEARTBEAT_MS = 250;
/** Longer than the replicas are frozen: those that the sentinels take for down are not promoted. */
const DOWN_AFTER_MS = 2_000;
/** From the new master to the revocation on it; expected are some hundred ms, a machine may be busy. */
const AGAIN_WITHIN_MS = 10_000;
const by = { by: 'test' };

interface Process {
  readonly store: RedisStore;
  readonly latchkey: Latchkey;
  end(): Promise<void>;
}

describe('when the master is lost', () => {
  let redis: RedisSentinel;
  let running: Process[] = [];

  beforeEach(async () => {
    redis = await startRedisSentinel({ downAfterMs: DOWN_AFTER_MS });
  });

  afterEach(async () => {
    for (const process of running) await process.end();
    running = [];
    await redis.stop();
  });

  /** One process of an app. */
  function start(durability?: DurabilityOptions): Process {
    const options = { sentinels: redis.addresses, name: MASTER_NAME, ...recommendedRedisOptions('sentinel') };
    const client = new Redis(options as object);
    client.on('error', () => {});
    const store = new RedisStore(client, {
      timeoutMs: 2_000,
      heartbeatMs: HEARTBEAT_MS,
      ...(durability && { durability }),
    });
    const session = { secret: 'a secret of the app, of 32 characters or more', cookie: { secure: false } };
    const latchkey = createLatchkey({
      store,
      users: new TestDirectory(),
      session,
      usage: { flushIntervalMs: 3_600_000 },
    });
    const process = {
      store,
      latchkey,
      async end() {
        running = running.filter((other) => other !== process);
        await latchkey.close().catch(() => {});
        if (client.status !== 'end') client.disconnect();
      },
    };
    running.push(process);
    return process;
  }

  async function issue({ latchkey }: Process): Promise<Pair> {
    const { key, secret } = await latchkey.apiKeys.create({ name: 'A key', ownerId: 'anna' }, by);
    return { id: key.id, secret };
  }

  const untilLive = ({ store }: Process) => until('the feed is live', () => store.changes.isLive, AGAIN_WITHIN_MS);
  const untilAnswers = (process: Process, pair: Pair, status: number) =>
    until(`it answers ${status}`, async () => (await statusFor(process.latchkey, pair)) === status, AGAIN_WITHIN_MS);

  /** What a server has of a key, asked by nobody of ours. */
  async function storedOn(server: RedisServer, id: string): Promise<{ version: number; revokedAt: number | null }> {
    const value = String(await redis.ask(server, 'GET', `latchkey:key:{${id}}`));
    return { revokedAt: null, ...JSON.parse(value.slice(value.indexOf(' '))) }; // what is not set is left out
  }

  const untilRevokedAgain = (server: RedisServer, { id }: Pair) =>
    until('it is revoked again', async () => (await storedOn(server, id)).revokedAt !== null, AGAIN_WITHIN_MS);

  const replicasOf = (master: RedisServer) => redis.servers.filter((server) => server !== master);

  /** Runs `action` while no replica hears of it, then kills the master, and resolves when a replica has taken over. */
  async function loseMasterAfter(action: () => Promise<unknown>): Promise<RedisServer> {
    const master = await redis.master();
    for (const replica of replicasOf(master)) replica.pause();
    await redis.ask(master, 'CLIENT', 'KILL', 'TYPE', 'replica'); // nothing is under way to them any more
    await action();
    await master.kill();
    const replicas = replicasOf(master);
    for (const replica of replicas) replica.resume();
    const roleOf = async (server: RedisServer) => ((await redis.ask(server, 'ROLE').catch(() => [])) as unknown[])[0];
    let next: RedisServer | undefined;
    await until(
      'a replica takes over',
      async () => {
        const roles = await Promise.all(replicas.map(roleOf));
        next = replicas[roles.indexOf('master')];
        return next !== undefined;
      },
      2 * AGAIN_WITHIN_MS,
    );
    return next as RedisServer;
  }

  describe('with a revocation that no replica had', () => {
    it('the process that made it revokes the key again, by itself', async () => {
      const [maker, stranger] = [start(), start()];
      const pair = await issue(maker);
      await Promise.all([untilLive(maker), untilLive(stranger)]);
      const master = await loseMasterAfter(() => maker.latchkey.apiKeys.revoke(pair.id, by));
      const promotedAt = performance.now();
      await untilRevokedAgain(master, pair);
      process.stdout.write(
        `from the new master to the revocation on it: ${(performance.now() - promotedAt).toFixed(0)} ms\n`,
      );
      expect((await storedOn(master, pair.id)).version).toBe(3);
      await untilAnswers(stranger, pair, 401);
      const { items } = await maker.latchkey.audit.list({ orgId: null, limit: 1 });
      expect(items).toEqual([expect.objectContaining({ type: 'key.revoked', actorId: 'latchkey' })]);
    });

    it('a process that merely saw it revokes the key again, the one that made it being gone', async () => {
      const [maker, witness] = [start(), start()];
      const pair = await issue(maker);
      await Promise.all([untilLive(maker), untilLive(witness)]);
      const master = await loseMasterAfter(async () => {
        await maker.latchkey.apiKeys.revoke(pair.id, by);
        expect(await statusFor(witness.latchkey, pair)).toBe(401);
        await maker.end();
      });
      await untilRevokedAgain(master, pair);
    });

    it('a process that knows never lets the key in, and one that does not know no longer than until then', async () => {
      const [maker, stranger] = [start(), start()];
      const pair = await issue(maker);
      await Promise.all([untilLive(maker), untilLive(stranger)]);
      await untilAnswers(stranger, pair, 200);
      const master = await loseMasterAfter(() => maker.latchkey.apiKeys.revoke(pair.id, by));
      const statuses = new Set<number>();
      await until(
        'the stranger refuses it',
        async () => {
          statuses.add(await statusFor(maker.latchkey, pair));
          return (await statusFor(stranger.latchkey, pair)) === 401;
        },
        AGAIN_WITHIN_MS,
      );
      expect((await storedOn(master, pair.id)).revokedAt).not.toBeNull();
      expect(statuses).not.toContain(200);
    });

    it('or with a logout, the process that made it ends the session again, by itself', async () => {
      const [maker, stranger] = [start(), start()];
      const { sessions } = maker.store.state;
      await Promise.all([untilLive(maker), untilLive(stranger)]);
      const session = {
        login: JSON.stringify({ userId: 'anna', orgId: null }),
        data: '{}',
        userId: 'anna',
        orgId: null,
        createdAt: Date.now(),
        expiresAt: Date.now() + 600_000,
      };
      await sessions.insert('a-session', session, 600_000);
      await until('replicas have it', async () => {
        const there = replicasOf(await redis.master()).map((each) =>
          redis.ask(each, 'EXISTS', 'latchkey:sess:{a-session}'),
        );
        return (await Promise.all(there)).every((count) => count === 1);
      });
      const master = await loseMasterAfter(async () => {
        expect(await maker.latchkey.sessions?.endAll('anna')).toBe(1);
        expect(await sessions.find('a-session')).toBeNull();
      });
      console.log(await redis.ask(master, 'EXISTS', 'latchkey:sess:{a-session}'));
      await until(
        'it is ended again',
        async () => (await redis.ask(master, 'EXISTS', 'latchkey:sess:{a-session}')) === 0,
        AGAIN_WITHIN_MS,
      );
      expect(await stranger.store.state.sessions.find('a-session')).toBeNull();
    });

    it('nobody knows of, the key is let in again: what durability is for', async () => {
      const maker = start();
      const pair = await issue(maker);
      await untilLive(maker);
      await loseMasterAfter(async () => {
        await maker.latchkey.apiKeys.revoke(pair.id, by);
        await maker.end();
      });
      await untilAnswers(start(), pair, 200);
    });
  });

  describe('with durability', () => {
    it('says that a revocation is not durable which no replica had, and makes it again all the same', async () => {
      const maker = start({ replicas: 1, timeoutMs: 100 });
      const pair = await issue(maker);
      await untilLive(maker);
      const master = await loseMasterAfter(() =>
        expect(maker.latchkey.apiKeys.revoke(pair.id, by)).rejects.toMatchObject({ code: 'not_durable' }),
      );
      await untilRevokedAgain(master, pair);
    });

    it('has every revocation that was acknowledged, also without anybody who remembers it', async () => {
      const maker = start({ replicas: 1, timeoutMs: 1_000 });
      const pairs = await Promise.all(Array.from({ length: 400 }, () => issue(maker)));
      await untilLive(maker);
      const acknowledged: string[] = [];
      const codes = new Set<string>();
      const master = await redis.master();
      let isOver = false;
      const revoke = async () => {
        for (let pair = pairs.pop(); pair !== undefined && !isOver; pair = pairs.pop()) {
          try {
            await maker.latchkey.apiKeys.revoke(pair.id, by);
            acknowledged.push(pair.id);
          } catch (error) {
            codes.add((error as { code: string }).code);
          }
        }
      };
      const revoking = Array.from({ length: 8 }, revoke);
      await until('revocations flow', () => acknowledged.length >= 50);
      await master.kill();
      const acknowledgedBefore = acknowledged.length;
      isOver = true;
      await Promise.all(revoking);
      await maker.end();
      await redis.untilReplaced(master);
      const next = await redis.master();
      for (const id of acknowledged) expect((await storedOn(next, id)).revokedAt).not.toBeNull();
      expect(acknowledgedBefore).toBeGreaterThanOrEqual(50);
      for (const code of codes) expect(['not_durable', 'store_unavailable']).toContain(code);
    });

    it('goes on with the new master', async () => {
      const maker = start({ replicas: 1, timeoutMs: 1_000 });
      const pair = await issue(maker);
      const master = await redis.master();
      await master.kill();
      await redis.untilReplaced(master);
      await until(
        'a revocation is acknowledged',
        async () => (await maker.latchkey.apiKeys.revoke(pair.id, by).catch(() => null)) !== null,
        20_000,
      );
      const others = redis.servers.filter((server) => server !== master);
      for (const server of others) expect((await storedOn(server, pair.id)).revokedAt).not.toBeNull();
    });
  });
});
