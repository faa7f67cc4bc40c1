import { isDeepStrictEqual } from 'node:util';
import { Redis } from 'ioredis';
import { type Core, createCore } from '../../lib/core.js';
import { publicSessionId } from '../../lib/sessions/session-id.js';
import type { BegunSession } from '../../lib/sessions/sessions.js';
import { recommendedRedisOptions } from '../../lib/stores/redis/redis-options.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../support/patience.js';
import { startRedis } from '../support/redis-process.js';
import { BY, insertKey, type LoadedKey, loadKeys, makeKey } from './key-loader.js';
import { type Entry, entriesOf, type Share, shareOf, usedBytes } from './memory.js';
import { ADDRESS, askedKey, madeAt, ownerCount, ownerName, USERS } from './people.js';
import { beginSession, loadSessions, quietSessions } from './session-loader.js';
import { type Snapshot, takeSnapshot } from './snapshot.js';

const CONCURRENCY = 100;
const MAX_PENDING = 100_000;
/** Keys, and sessions, that calls are made with. */
const REMEMBERED = 5_000;
/** At most one in so many keys is used before the calls. */
const USED_PART = 10;

/** What one record of a kind takes, in bytes. */
export interface Footprint {
  /** The difference in used memory, by the number of records. */
  readonly bytes: number;
  /** The record as JSON. */
  readonly json: number;
  /** Redis entries of one record. */
  readonly entries: number;
  readonly share: Share;
}

/** A redis-server with keys and sessions, and the library on it. */
export interface Population {
  readonly keys: number;
  readonly sessions: number;
  readonly core: Core;
  readonly redisVersion: string;
  readonly loadedAt: number;
  readonly loadSeconds: number;
  readonly known: readonly LoadedKey[];
  readonly begun: readonly BegunSession[];
  readonly ofKey: Footprint;
  readonly ofSession: Footprint;
  /** What a key takes more once it was used, in bytes. */
  readonly ofUse: number;
  /** Of the keys, the uses and the sessions. */
  readonly snapshot: Snapshot;
  stop(): Promise<void>;
}

/** @throws Error when what the loader writes is not what the services write. */
export async function populate(keys: number, sessions: number): Promise<Population> {
  const server = await startRedis();
  const stops: (() => unknown)[] = [() => server.stop()];
  const stop = async () => {
    for (const each of stops.toReversed()) await each();
  };
  try {
    const loaded = await load(server.url, keys, sessions);
    const client = new Redis(server.url, recommendedRedisOptions());
    const core = createCore({ store: new RedisStore(client, PATIENT), users: USERS }, {});
    stops.push(
      () => client.disconnect(),
      () => core.close(),
    );
    return { keys, sessions, core, ...loaded, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Loaded = Omit<Population, 'keys' | 'sessions' | 'core' | 'stop'>;

async function load(url: string, keys: number, sessions: number): Promise<Loaded> {
  const raw = new Redis(url);
  const client = new Redis(url, { enableAutoPipelining: true });
  const store = new RedisStore(client, { ...PATIENT, maxPending: MAX_PENDING });
  const bare = await startRedis();
  const bareRedis = new Redis(bare.url);
  const { apiKeys } = store.records;
  const cardOf = (key: string) => raw.zcard(key);
  const work = { concurrency: CONCURRENCY, remembered: REMEMBERED };
  try {
    await proveLikeness(raw, store);
    const loadedAt = Date.now();
    const key = await sampleKey(raw, store, keys, loadedAt);
    const session = await sampleSession(raw, store);
    const use = { uses: 1, failures: 0, lastFailedAt: null, lastUsedAt: loadedAt, lastUsedFrom: ADDRESS };
    await apiKeys.addUsage([{ id: 'none', orgId: null, ownerId: 'nobody', ...use }]); // the server keeps its script
    const empty = await usedBytes(raw);

    const startedAt = performance.now();
    const known = await loadKeys({ store: apiKeys, keys, loadedAt, ...work });
    const keysLoadedAt = performance.now();
    const withKeys = await usedBytes(raw);

    const used = known.slice(0, Math.ceil(keys / USED_PART));
    await apiKeys.addUsage(used.map(({ id, orgId, ownerId }) => ({ id, orgId, ownerId, ...use })));
    const withUses = await usedBytes(raw);

    const users = ownerCount(keys);
    const sessionsAt = performance.now();
    const begun = await loadSessions({ states: store.state.sessions, count: sessions, users, ...work });
    const loadSeconds = (keysLoadedAt - startedAt + performance.now() - sessionsAt) / 1_000;
    const withSessions = await usedBytes(raw);
    return {
      redisVersion: /redis_version:(\S+)/.exec(await raw.info('server'))?.[1] ?? 'unknown',
      loadedAt,
      loadSeconds,
      known,
      begun,
      ofKey: {
        bytes: (withKeys - empty) / keys,
        json: key.json,
        entries: key.entries.length,
        share: await shareOf(key.entries, keys, cardOf, bareRedis),
      },
      ofSession: {
        bytes: (withSessions - withUses) / sessions,
        json: session.json,
        entries: session.entries.length,
        share: await shareOf(session.entries, sessions, cardOf, bareRedis),
      },
      snapshot: await takeSnapshot(raw),
      ofUse: (withUses - withKeys) / used.length,
    };
  } finally {
    await store.close();
    for (const each of [raw, client, bareRedis]) each.disconnect();
    await bare.stop();
  }
}

/** What one record leaves in Redis, and how long it is as JSON. */
interface Sample {
  readonly entries: readonly Entry[];
  readonly json: number;
}

/** One from the middle, whose owner has as many keys as most. */
async function sampleKey(raw: Redis, store: RedisStore, keys: number, loadedAt: number): Promise<Sample> {
  const index = Math.floor(keys / 20) * 10 + 5;
  const { record } = await makeKey(index, madeAt(index, keys, loadedAt));
  await insertKey(store.records.apiKeys, record);
  return await sampled(raw, JSON.stringify(record));
}

async function sampleSession(raw: Redis, store: RedisStore): Promise<Sample> {
  const { sessionId, login } = await beginSession(quietSessions(store.state.sessions), ownerName(0));
  return await sampled(raw, JSON.stringify({ id: publicSessionId(sessionId), version: 1, ...login }));
}

async function sampled(raw: Redis, json: string): Promise<Sample> {
  const entries = await entriesOf(raw);
  await raw.flushall('SYNC');
  return { entries, json: Buffer.byteLength(json) };
}

/** Makes one key by the services and one by the loader: they may differ in what is drawn and in time only. */
async function proveLikeness(raw: Redis, store: RedisStore): Promise<void> {
  const { records, state, changes } = store;
  const lent = { records, state, changes, health: () => store.health(), close: async () => {} };
  const core = createCore({ store: lent, users: USERS }, {});
  const { key } = await core.apiKeys.create(askedKey(1), { by: BY });
  const made = await store.records.apiKeys.get(key.id);
  if (made === null) throw new Error('a key that was just made is not there');
  await core.close();
  const trail = await raw.del(...(await raw.keys('*audit:*')));
  if (trail !== 1) throw new Error('the services have made no audit trail, or several');
  const byServices = await entriesOf(raw);
  await raw.flushall('SYNC');

  const { record } = await makeKey(1, made.createdAt);
  const { id, lastFour, secretHash } = made;
  const alike = { ...record, id, lastFour, secretHash };
  await insertKey(store.records.apiKeys, alike);
  const byLoader = await entriesOf(raw);
  await raw.flushall('SYNC');
  if (!isDeepStrictEqual(sorted(byServices), sorted(byLoader)) || !isDeepStrictEqual(made, alike)) {
    throw new Error('the loader does not write what the services write');
  }
}

function sorted(entries: readonly Entry[]): readonly Entry[] {
  return entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
