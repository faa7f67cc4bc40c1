import { Redis } from 'ioredis';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { Draw } from '../conformance/store-samples.js';
import { until } from '../conformance/store-suite.js';
import { commandCounts } from '../support/command-counts.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

type Command = (...args: unknown[]) => Promise<unknown>;

/** What takes several commands, with another process, a failover or the end of this one in between. */
describe('numbers in Redis', () => {
  const draw = new Draw(31);
  let server: RedisServer;
  let admin: Redis;
  let closing: (() => unknown)[] = [];

  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
  });

  beforeEach(() => admin.flushall());

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
  });

  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  /** A process of its own; `interrupt` has something happen right before the next `command` that it sends. */
  function open() {
    const client = new Redis(server.url);
    const store = new RedisStore(client, { ...PATIENT, heartbeatMs: 60_000 });
    closing.push(async () => {
      await store.close();
      client.disconnect();
    });
    const interrupt = (command: string, action: () => Promise<unknown>): void => {
      const commands = client as unknown as Record<string, Command>;
      const send = (commands[command] as Command).bind(client);
      commands[command] = async (...args) => {
        commands[command] = send;
        await action();
        return await send(...args);
      };
    };
    return { numbers: store.records.numbers, store, interrupt, client };
  }

  const commandsOf = (action: () => Promise<unknown>) => commandCounts(admin, action);

  it('of a thousand ids are read by one command, and given by one each and two more', async () => {
    const { numbers, store } = open();
    await until('the feed is live', () => store.changes.isLive);
    const ids = Array.from({ length: 1_000 }, () => draw.id());
    expect(await commandsOf(() => numbers.of('user', ids))).toEqual({ mget: 2, hincrby: 1, set: 2_000 });
    expect(await commandsOf(() => numbers.of('user', ids))).toEqual({ mget: 1 });
    expect(await commandsOf(() => numbers.find('user', 7))).toEqual({ get: 2 });
  });

  it('stay the first one’s when another process gives one in between', async () => {
    const [slow, quick] = [open(), open()];
    slow.interrupt('hincrby', () => quick.numbers.of('user', ['ada']));
    expect(await slow.numbers.of('user', ['ada', 'bob'])).toEqual([1, 3]);
    expect(await quick.numbers.of('user', ['bob', 'ada'])).toEqual([3, 1]);
    expect(await admin.get('latchkey:number-id:{user:2}')).toBe('ada');
    expect(await quick.numbers.find('user', 2)).toBeNull();
    expect(await quick.numbers.find('user', 1)).toBe('ada');
    expect(await quick.numbers.find('user', 3)).toBe('bob');
  });

  it('that were offered, and never became the id’s, are nobody’s', async () => {
    await admin.hset('latchkey:numbers:{last}', 'user', 1);
    await admin.set('latchkey:number-id:{user:1}', 'ada'); // cut off here
    const { numbers } = open();
    expect(await numbers.find('user', 1)).toBeNull();
    expect(await numbers.of('user', ['ada'])).toEqual([2]);
    expect(await numbers.find('user', 1)).toBeNull();
  });

  it.each([1, 50, 3_000])('are never given twice when a failover takes %i of them back', async (count) => {
    const { numbers } = open();
    const before = Array.from({ length: count }, () => draw.id());
    const given: number[] = [];
    for (let start = 0; start < count; start += 1_000) {
      given.push(...(await numbers.of('user', before.slice(start, start + 1_000))));
    }
    await admin.del('latchkey:numbers:{last}');
    const after = Array.from({ length: 5 }, () => draw.id());
    const others = [...(await numbers.of('user', [after[0] as string])), ...(await numbers.of('user', after.slice(1)))];
    expect(new Set([...given, ...others]).size).toBe(count + 5);
    for (const [at, number] of others.entries()) expect(await numbers.find('user', number)).toBe(after[at]);
    expect(await numbers.find('user', count)).toBe(before.at(-1));
  });

  it('are refused as unavailable, after a bounded number of rounds, while every one is somebody else’s', async () => {
    const { numbers, client } = open();
    await numbers.of('user', ['ada']);
    let rounds = 0;
    client.hincrby = async () => {
      rounds++;
      return 1; // a counter that does not go on
    };
    await expect(numbers.of('user', ['bob'])).rejects.toMatchObject({ code: 'store_unavailable', status: 503 });
    expect(rounds).toBe(20);
    expect(await numbers.of('user', ['ada'])).toEqual([1]);
    expect(await numbers.find('user', 1)).toBe('ada');
  });
});
