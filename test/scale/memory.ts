import type { Redis } from 'ioredis';

/** Every second Redis counts anew what its clients take. */
const COUNTED_MS = 1_500;
/** Commands that go out together. */
const BATCH = 1_000;
/** Members that one ZADD enters. */
const CHUNK = 100;

/** Bytes that Redis uses, but for its clients. */
export async function usedBytes(redis: Redis): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, COUNTED_MS));
  const info = await redis.info('memory');
  const read = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1]);
  return read('used_memory') - read('mem_clients_normal');
}

/** One entry that a record leaves in Redis: a key of its own, or a member of a sorted set. */
export interface Entry {
  /** The Redis key. */
  readonly key: string;
  readonly kind: 'string' | 'member';
  /** Of the key's name where the entry is alone there; of the value, or the member. In bytes. */
  readonly nameLength: number;
  readonly valueLength: number;
  readonly expires: boolean;
}

/** All entries in Redis. For a server that holds one record, before others are loaded. */
export async function entriesOf(redis: Redis): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const key of await redis.keys('*')) {
    const type = await redis.type(key);
    const expires = (await redis.pttl(key)) >= 0;
    const nameLength = Buffer.byteLength(key);
    if (type === 'string') {
      entries.push({ key, kind: 'string', nameLength, valueLength: await redis.strlen(key), expires });
    } else if (type === 'zset') {
      const members = await redis.zrange(key, '0', '-1');
      for (const member of members) {
        entries.push({ key, kind: 'member', nameLength, valueLength: Buffer.byteLength(member), expires });
      }
    } else {
      throw new Error(`${key} is a ${type}: a record leaves strings and members of sorted sets`);
    }
  }
  return entries;
}

/** What entries hold, and what Redis takes for them besides: for one record, in bytes. */
export interface Share {
  /** Names of keys, values and members. */
  readonly contents: number;
  /** What bare entries take, as many and as long, beyond what they hold. */
  readonly overhead: number;
}

/**
 * @param entries of one record.
 * @param cardOf how many members the sorted set of an entry has, now that all are loaded.
 * @param bare an empty server, which is written to and emptied again.
 */
export async function shareOf(
  entries: readonly Entry[],
  records: number,
  cardOf: (key: string) => Promise<number>,
  bare: Redis,
): Promise<Share> {
  const empty = await usedBytes(bare);
  let contents = 0;
  let overhead = 0;
  const known = new Map<string, number>(); // many entries are alike
  for (const { key, kind, nameLength, valueLength, expires } of entries) {
    const card = kind === 'string' ? 1 : await cardOf(key);
    const held = valueLength + nameLength / card;
    const shape = JSON.stringify([kind, card, nameLength, valueLength, expires]);
    const bytes =
      known.get(shape) ?? (await fill(bare, records, { kind, card, nameLength, valueLength, expires }, empty));
    known.set(shape, bytes);
    contents += held;
    overhead += bytes - held;
  }
  return { contents, overhead };
}

interface Shape extends Omit<Entry, 'key'> {
  /** Members of one sorted set. */
  readonly card: number;
}

/** What one bare entry takes, in bytes, when there are `count` of them, beyond what the `empty` server does. */
async function fill(redis: Redis, count: number, shape: Shape, empty: number): Promise<number> {
  const { kind, card, nameLength, valueLength, expires } = shape;
  const sets = Math.max(1, Math.round(count / card));
  let pipeline = redis.pipeline();
  const flush = async () => {
    const results = (await pipeline.exec()) ?? [];
    for (const [error] of results) if (error) throw error;
    pipeline = redis.pipeline();
  };
  for (let n = 0; n < sets; n++) {
    const name = padded(n, nameLength);
    if (kind === 'string') pipeline.set(name, padded(n, valueLength));
    for (let m = 0; kind === 'member' && m < card; m += CHUNK) {
      const members = Array.from({ length: Math.min(CHUNK, card - m) }, (_, i) => i + m);
      pipeline.zadd(name, ...members.flatMap((i) => [INSTANT + i, padded(n * card + i, valueLength)]));
      if (pipeline.length >= BATCH) await flush();
    }
    if (expires) pipeline.pexpire(name, LIFE_MS);
    if (pipeline.length >= BATCH) await flush();
  }
  await flush();
  const bytes = ((await usedBytes(redis)) - empty) / (sets * card);
  await redis.flushall('SYNC');
  return bytes;
}

/** Scores are instants, mostly. */
const INSTANT = 1_750_000_000_000;
const LIFE_MS = 3_600_000;

/** Ends with a letter: Redis would keep a number in fewer bytes. */
function padded(n: number, length: number): string {
  return `${n}x`.padStart(length, '-').slice(-length);
}
