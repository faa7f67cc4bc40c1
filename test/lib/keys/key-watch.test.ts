import type { Core, CoreOptions } from '../../../lib/core.js';
import type { EventOf } from '../../../lib/events.js';
import type { KeyNoticeOptions } from '../../../lib/keys/key-notices.js';
import { KeyNotices } from '../../../lib/keys/key-notices.js';
import type { Clock } from '../clock.js';
import { DAY_MS } from '../clock.js';
import { newCore } from '../new-core.js';
import { TIMED_PLACES, type TimedPlace } from '../timed-places.js';

const by = { by: 'setup' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };

describe('KeyNotices', () => {
  it.each<[string, KeyNoticeOptions]>([
    ['0', { expiringMs: [0] }],
    ['-1', { expiringMs: [DAY_MS, -1] }],
    ['half a ms', { expiringMs: [1.5] }],
    ['no number', { expiringMs: [Number.NaN] }],
    ['eleven thresholds', { expiringMs: Array.from({ length: 11 }, (_, i) => i + 1) }],
  ])('refuses %s', (_, options) => {
    expect(() => new KeyNotices(options)).toThrow(
      new TypeError('notices.expiringMs must be at most 10 positive whole numbers of ms'),
    );
  });

  it('takes frozen options', () => {
    const expiringMs = Object.freeze([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(() => new KeyNotices(Object.freeze({ expiringMs }))).not.toThrow();
  });
});

describe.each(TIMED_PLACES)('of keys about to expire, in $name,', ({ open }) => {
  let place: TimedPlace;
  let clock: Clock;
  let one: Core;
  let other: Core;
  let told: EventOf<'key.expiring'>[];
  const cores: Core[] = [];

  beforeAll(async () => {
    place = await open();
    clock = place.clock;
  });
  afterAll(() => place.stop());

  beforeEach(async () => {
    await place.clear();
    told = [];
    [one, other] = [start(), start()];
  });
  afterEach(async () => {
    for (const core of cores.splice(0)) await core.close();
  });

  function start(options: CoreOptions = {}): Core {
    const core = newCore({ store: place.connect(), now: clock.now, ...options });
    core.events.on('key.expiring', (event) => told.push(event));
    cores.push(core);
    return core;
  }

  /** Every instance looks at once. Returns what was told, as days before the end. */
  async function sweep(): Promise<number[]> {
    await Promise.all(cores.map((core) => core.sweep()));
    return told.splice(0).map(({ thresholdMs }) => thresholdMs / DAY_MS);
  }

  /** Day by day: what was told on which day. */
  async function days(count: number): Promise<Record<number, number[]>> {
    const found: Record<number, number[]> = {};
    for (let day = 1; day <= count; day++) {
      clock.advance(DAY_MS);
      const heard = await sweep();
      if (heard.length > 0) found[day] = heard;
    }
    return found;
  }

  it('each threshold is told once, by one of two instances that look at once', async () => {
    await one.apiKeys.create({ ...NEW, lifetimeMs: 40 * DAY_MS }, by);
    expect(await days(45)).toEqual({ 10: [30], 33: [7], 39: [1] });
  });

  it('it is told which key, whose, when it ends and how long before', async () => {
    const { key } = await one.apiKeys.create({ ...NEW, lifetimeMs: 40 * DAY_MS }, by);
    clock.advance(10 * DAY_MS + 5);
    await Promise.all([one.sweep(), other.sweep()]);
    expect(told).toEqual([
      {
        type: 'key.expiring',
        at: clock.nowAt,
        address: null,
        orgId: 'acme',
        keyId: key.id,
        ownerId: 'ada',
        name: 'ci',
        expiresAt: key.expiresAt,
        thresholdMs: 30 * DAY_MS,
      },
    ]);
  });

  it('nothing is told before the moment', async () => {
    await one.apiKeys.create({ ...NEW, lifetimeMs: 40 * DAY_MS }, by);
    clock.advance(10 * DAY_MS - 1);
    expect(await sweep()).toEqual([]);
    clock.advance(1);
    expect(await sweep()).toEqual([30]);
  });

  it('no threshold is told that had passed when the key was made', async () => {
    await one.apiKeys.create({ ...NEW, lifetimeMs: 7 * DAY_MS }, by);
    expect(await sweep()).toEqual([]);
    expect(await days(10)).toEqual({ 6: [1] });
  });

  it('those that passed while nobody looked are told all the same', async () => {
    await one.apiKeys.create({ ...NEW, lifetimeMs: 40 * DAY_MS }, by);
    clock.advance(34 * DAY_MS);
    expect(await sweep()).toEqual([30, 7]);
    expect(await days(6)).toEqual({ 5: [1] });
  });

  it('nothing is told after the end', async () => {
    await one.apiKeys.create({ ...NEW, lifetimeMs: 40 * DAY_MS }, by);
    clock.advance(40 * DAY_MS);
    expect(await sweep()).toEqual([]);
  });

  it('an instance that starts later does not tell again', async () => {
    await one.apiKeys.create({ ...NEW, lifetimeMs: 40 * DAY_MS }, by);
    clock.advance(10 * DAY_MS);
    expect(await sweep()).toEqual([30]);
    const { key } = await start().apiKeys.create(NEW, by);
    await one.apiKeys.update(key.id, { name: 'touched' }, by);
    expect(await days(25)).toEqual({ 23: [7] });
  });

  it('a change that leaves the end as it is does not have it told again', async () => {
    const { key } = await one.apiKeys.create({ ...NEW, lifetimeMs: 40 * DAY_MS }, by);
    clock.advance(10 * DAY_MS);
    expect(await sweep()).toEqual([30]);
    await other.apiKeys.update(key.id, { name: 'renamed' }, by);
    await other.apiKeys.rotate(key.id, by);
    expect(await sweep()).toEqual([]);
    expect(await days(30)).toEqual({ 23: [7], 29: [1] });
  });

  it('a key whose end is put off is told of again', async () => {
    const { key } = await one.apiKeys.create({ ...NEW, lifetimeMs: 40 * DAY_MS }, by);
    expect(await days(35)).toEqual({ 10: [30], 33: [7] });
    await other.apiKeys.update(key.id, { lifetimeMs: 50 * DAY_MS }, by);
    expect(await sweep()).toEqual([]);
    expect(await days(55)).toEqual({ 20: [30], 43: [7], 49: [1] });
  });

  it('a key whose end is brought forward is told of in time', async () => {
    const { key } = await one.apiKeys.create({ ...NEW, lifetimeMs: 300 * DAY_MS }, by);
    clock.advance(20 * DAY_MS);
    await other.apiKeys.update(key.id, { lifetimeMs: 15 * DAY_MS }, by);
    expect(await sweep()).toEqual([30]);
    expect(await days(16)).toEqual({ 8: [7], 14: [1] });
  });

  it('nothing is told of keys that are revoked or never expire, nor of session keys', async () => {
    const generous = start({ keys: { allowNever: true } });
    await generous.apiKeys.create({ ...NEW, expiresAt: null }, by);
    const { key } = await one.apiKeys.create({ ...NEW, lifetimeMs: 40 * DAY_MS }, by);
    await one.apiKeys.revoke(key.id, by);
    await one.sessionKeys.mint({ userId: 'ada', durationMs: DAY_MS }, by);
    expect(await days(45)).toEqual({});
  });

  it('a key that ends only because of its age is told of as well', async () => {
    const strict = start({ keys: { allowNever: true, maxAgeMs: 40 * DAY_MS } });
    for (const core of [one, other]) await core.close();
    cores.splice(0, 2);
    await strict.apiKeys.create({ ...NEW, expiresAt: null }, by);
    expect(await days(45)).toEqual({ 10: [30], 33: [7], 39: [1] });
  });

  it('the host says when, or that nothing is told', async () => {
    for (const core of cores.splice(0)) await core.close();
    const core = start({ notices: { expiringMs: [2 * DAY_MS, 5 * DAY_MS, 5 * DAY_MS] } });
    await core.apiKeys.create({ ...NEW, lifetimeMs: 10 * DAY_MS }, by);
    expect(await days(12)).toEqual({ 5: [5], 8: [2] });
    for (const each of cores.splice(0)) await each.close();
    const silent = start({ notices: { expiringMs: [] } });
    await silent.apiKeys.create({ ...NEW, lifetimeMs: 10 * DAY_MS }, by);
    expect(await days(12)).toEqual({});
  });

  it('of more keys than one look takes, none is forgotten and none told of twice', async () => {
    const create = () => one.apiKeys.create({ ...NEW, lifetimeMs: 10 * DAY_MS }, by);
    for (let made = 0; made < 1_100; made += 100) await Promise.all(Array.from({ length: 100 }, create));
    clock.advance(3 * DAY_MS);
    const first = await sweep();
    const second = await sweep();
    expect(first.length).toBeGreaterThanOrEqual(1_000);
    expect([...first, ...second]).toEqual(Array(1_100).fill(7));
    expect(await sweep()).toEqual([]);
  });

  it('a key is looked at only when its time has come', async () => {
    const store = place.connect();
    const { key } = await one.apiKeys.create({ ...NEW, lifetimeMs: 40 * DAY_MS }, by);
    expect(await store.records.apiKeys.watched(clock.nowAt + 10 * DAY_MS - 1, 10)).toEqual([]);
    expect(await store.records.apiKeys.watched(clock.nowAt + 10 * DAY_MS, 10)).toEqual([key.id]);
    clock.advance(39 * DAY_MS);
    await sweep();
    expect(await store.records.apiKeys.watched(clock.nowAt + 1_000 * DAY_MS, 10)).toEqual([]);
  });
});
