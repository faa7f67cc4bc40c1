import type { Collection } from '../../../lib/index.js';
import { ChangeEmitter } from '../../../lib/stores/change-emitter.js';
import { VerificationCache, type VerificationCacheOptions } from '../../../lib/verification/verification-cache.js';
import { Clock } from '../clock.js';

interface Entry {
  readonly value: string;
}

describe('VerificationCache', () => {
  const clock = new Clock();
  let feed: ChangeEmitter;
  let source: Source;

  beforeEach(() => {
    feed = new ChangeEmitter(true);
    source = new Source();
  });

  function open(options?: VerificationCacheOptions): VerificationCache<Entry> {
    return new VerificationCache<Entry>('apiKeys', source.load, feed, clock.now, options);
  }

  /** What a verification sees: the cached entry, or what the store says. */
  async function read(cache: VerificationCache<Entry>, id: string): Promise<string | null> {
    const cached = cache.peek(id, clock.nowAt);
    const entry = cached === undefined ? await cache.fetch(id) : cached;
    return entry?.value ?? null;
  }

  describe('what it keeps', () => {
    it('reads an id once and then serves it without a promise', async () => {
      const cache = open();
      source.entries.set('a', 'one');
      expect(cache.peek('a', clock.nowAt)).toBeUndefined();
      const entry = await cache.fetch('a');
      expect(entry).toEqual({ value: 'one' });
      expect(cache.peek('a', clock.nowAt)).toBe(entry);
      expect(source.reads).toEqual(['a']);
    });

    it('remembers that an id is unknown', async () => {
      const cache = open();
      expect(await read(cache, 'nobody')).toBeNull();
      expect(cache.peek('nobody', clock.nowAt)).toBeNull();
      expect(source.reads).toEqual(['nobody']);
    });

    it('takes no id for another one that is written alike', async () => {
      const cache = open();
      const ids = ['\ud800', '\ufffd', '\\ud800', 'é', 'e\u0301'];
      for (const id of ids) source.entries.set(id, `of ${JSON.stringify(id)}`);
      for (const id of [...ids, ...ids]) expect(await read(cache, id)).toBe(`of ${JSON.stringify(id)}`);
      expect(source.reads).toEqual(ids);
    });

    it('reads a key again when its time is over, although nothing was heard', async () => {
      const cache = open({ maxAgeMs: 60_000 });
      source.entries.set('a', 'one');
      await read(cache, 'a');
      source.entries.set('a', 'changed by hand');
      clock.advance(59_999);
      expect(await read(cache, 'a')).toBe('one');
      clock.advance(1);
      expect(await read(cache, 'a')).toBe('changed by hand');
      clock.advance(59_999);
      expect(cache.peek('a', clock.nowAt)).toEqual({ value: 'changed by hand' });
    });

    it('looks an unknown id up again sooner', async () => {
      const cache = open({ unknownAgeMs: 5_000 });
      await read(cache, 'a');
      source.entries.set('a', 'made by hand');
      clock.advance(4_999);
      expect(await read(cache, 'a')).toBeNull();
      clock.advance(1);
      expect(await read(cache, 'a')).toBe('made by hand');
    });

    it('drops the least recently used key when it is full', async () => {
      const cache = open({ maxEntries: 3 });
      for (const id of ['a', 'b', 'c', 'd']) source.entries.set(id, id);
      for (const id of ['a', 'b', 'c', 'a', 'd']) await read(cache, id);
      expect(['a', 'b', 'c', 'd'].filter((id) => cache.peek(id, clock.nowAt) !== undefined)).toEqual(['a', 'c', 'd']);
    });

    it('lets no flood of unknown ids displace a key', async () => {
      const cache = open({ maxEntries: 3, maxUnknown: 5 });
      source.entries.set('a', 'one');
      await read(cache, 'a');
      for (let n = 0; n < 1_000; n++) await read(cache, `unknown ${n}`);
      expect(cache.peek('a', clock.nowAt)).toEqual({ value: 'one' });
      expect(cache.peek('unknown 999', clock.nowAt)).toBeNull();
      expect(cache.peek('unknown 994', clock.nowAt)).toBeUndefined();
    });

    it('keeps nothing when it is turned off, but still joins reads', async () => {
      const cache = open({ maxEntries: 0 });
      source.entries.set('a', 'one');
      await Promise.all([cache.fetch('a'), cache.fetch('a'), cache.fetch('b')]);
      expect(source.reads).toEqual(['a', 'b']);
      expect(cache.peek('a', clock.nowAt)).toBeUndefined();
      expect(cache.peek('b', clock.nowAt)).toBeUndefined();
    });

    it('can be told to remember no unknown ids', async () => {
      const cache = open({ maxUnknown: 0 });
      await read(cache, 'nobody');
      expect(cache.peek('nobody', clock.nowAt)).toBeUndefined();
    });

    it('forgets everything when it is closed, and listens no more', async () => {
      const cache = open();
      source.entries.set('a', 'one');
      await read(cache, 'a');
      cache.close();
      expect(cache.peek('a', clock.nowAt)).toBeUndefined();
    });

    it.each<[VerificationCacheOptions, string]>([
      [{ maxEntries: -1 }, 'cache.maxEntries must be a whole number from 0 to 10000000'],
      [{ maxAgeMs: 0.5 }, 'cache.maxAgeMs must be a whole number from 0 to 10000000'],
      [{ maxUnknown: Number.NaN }, 'cache.maxUnknown must be a whole number from 0 to 10000000'],
      [{ unknownAgeMs: Number.POSITIVE_INFINITY }, 'cache.unknownAgeMs must be a whole number from 0 to 10000000'],
    ])('refuses %j', (options, message) => {
      expect(() => open(options)).toThrow(new TypeError(message));
    });
  });

  describe('a change', () => {
    it('drops the id at once, known or unknown, and no other', async () => {
      const cache = open();
      for (const id of ['a', 'b']) source.entries.set(id, 'one');
      for (const id of ['a', 'b', 'new']) await read(cache, id);
      source.entries.set('a', 'two').set('new', 'made');
      feed.changed('apiKeys', 'a');
      feed.changed('apiKeys', 'new');
      expect(await read(cache, 'a')).toBe('two');
      expect(await read(cache, 'new')).toBe('made');
      expect(cache.peek('b', clock.nowAt)).toEqual({ value: 'one' });
    });

    it('of another collection changes nothing', async () => {
      const cache = open();
      source.entries.set('a', 'one');
      await read(cache, 'a');
      feed.changed('somethingElse' as Collection, 'a');
      expect(cache.peek('a', clock.nowAt)).toEqual({ value: 'one' });
    });

    it('makes a known id unknown, and an unknown one known, when it was removed or made', async () => {
      const cache = open();
      source.entries.set('a', 'one');
      await read(cache, 'a');
      source.entries.delete('a');
      feed.changed('apiKeys', 'a');
      expect(await read(cache, 'a')).toBeNull();
      source.entries.set('a', 'again');
      feed.changed('apiKeys', 'a');
      expect(await read(cache, 'a')).toBe('again');
      expect(cache.peek('a', clock.nowAt)).toEqual({ value: 'again' });
    });

    it('during a read under way: what the read brings is not kept', async () => {
      const cache = open();
      source.entries.set('a', 'one');
      const early = source.hold('a');
      const asked = cache.fetch('a');
      source.entries.set('a', 'two');
      feed.changed('apiKeys', 'a');
      early.release();
      expect(await asked).toEqual({ value: 'one' });
      expect(cache.peek('a', clock.nowAt)).toBeUndefined();
      expect(await read(cache, 'a')).toBe('two');
    });

    it('during a read under way: whoever asks afterwards does not join that read', async () => {
      const cache = open();
      source.entries.set('a', 'one');
      const early = source.hold('a');
      const before = cache.fetch('a');
      source.entries.set('a', 'two');
      feed.changed('apiKeys', 'a');
      const after = cache.fetch('a');
      expect(await after).toEqual({ value: 'two' });
      early.release();
      expect(await before).toEqual({ value: 'one' });
      expect(cache.peek('a', clock.nowAt)).toEqual({ value: 'two' });
      expect(source.reads).toEqual(['a', 'a']);
    });

    it('during a read that finds nothing: the id is not remembered as unknown', async () => {
      const cache = open();
      const early = source.hold('a');
      const asked = cache.fetch('a');
      source.entries.set('a', 'made');
      feed.changed('apiKeys', 'a');
      early.release();
      expect(await asked).toBeNull();
      expect(await read(cache, 'a')).toBe('made');
    });
  });

  describe('concurrent misses', () => {
    it('of one id read the store once', async () => {
      const cache = open();
      source.entries.set('a', 'one');
      const found = await Promise.all(Array.from({ length: 500 }, () => cache.fetch('a')));
      expect(new Set(found).size).toBe(1);
      expect(source.reads).toEqual(['a']);
    });

    it('of different ids read each', async () => {
      const cache = open();
      await Promise.all(['a', 'b', 'a', 'c', 'b'].map((id) => cache.fetch(id)));
      expect(source.reads).toEqual(['a', 'b', 'c']);
    });

    it('all learn of a failure, which is not kept: the next one asks again', async () => {
      const cache = open();
      source.error = new Error('down');
      const asked = await Promise.allSettled([cache.fetch('a'), cache.fetch('a')]);
      expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
      expect(source.reads).toEqual(['a']);
      source.error = null;
      source.entries.set('a', 'one');
      expect(await read(cache, 'a')).toBe('one');
    });
  });

  describe('a change of what some entries are made of besides', () => {
    const openWithPolicies = () =>
      new VerificationCache<Entry>('apiKeys', source.load, feed, clock.now, undefined, {
        collection: 'policies',
        isPartOf: ({ value }) => value.includes('policy'),
      });

    it('drops these, whatever was changed, and keeps the others and what is unknown', async () => {
      const cache = openWithPolicies();
      for (const [id, value] of Object.entries({ a: 'of a policy', b: 'of none' })) source.entries.set(id, value);
      for (const id of ['a', 'b', 'nobody']) await read(cache, id);
      feed.changed('policies', 'p');
      expect(cache.peek('a', clock.nowAt)).toBeUndefined();
      expect(cache.peek('b', clock.nowAt)).toEqual({ value: 'of none' });
      expect(cache.peek('nobody', clock.nowAt)).toBeNull();
    });

    it('during a read: what it brings is answered, not kept, and not joined by later requests', async () => {
      const cache = openWithPolicies();
      source.entries.set('a', 'of a policy');
      const early = source.hold('a');
      const asked = cache.fetch('a');
      feed.changed('policies', 'p');
      source.entries.set('a', 'of a policy that was changed');
      expect(await cache.fetch('a')).toEqual({ value: 'of a policy that was changed' });
      early.release();
      expect(await asked).toEqual({ value: 'of a policy' });
      expect(cache.peek('a', clock.nowAt)).toEqual({ value: 'of a policy that was changed' });
    });

    it('is none where the cache was not told of it, nor is a change of anything else', async () => {
      const [cache, other] = [openWithPolicies(), open()];
      source.entries.set('a', 'of a policy');
      for (const each of [cache, other]) await read(each, 'a');
      feed.changed('users', 'a');
      expect(cache.peek('a', clock.nowAt)).toEqual({ value: 'of a policy' });
      feed.changed('policies', 'a');
      expect(other.peek('a', clock.nowAt)).toEqual({ value: 'of a policy' });
    });
  });

  describe('a feed that is lost', () => {
    it('empties the cache, and nothing is served or kept until it is back', async () => {
      const cache = open();
      source.entries.set('a', 'one');
      await read(cache, 'a');
      await read(cache, 'nobody');
      feed.down();
      expect(cache.peek('a', clock.nowAt)).toBeUndefined();
      expect(cache.peek('nobody', clock.nowAt)).toBeUndefined();
      source.entries.set('a', 'two');
      expect(await read(cache, 'a')).toBe('two');
      source.entries.set('a', 'three');
      expect(await read(cache, 'a')).toBe('three');
      feed.up();
      expect(cache.peek('a', clock.nowAt)).toBeUndefined();
      expect(await read(cache, 'a')).toBe('three');
      expect(cache.peek('a', clock.nowAt)).toEqual({ value: 'three' });
    });

    it('joins no reads meanwhile: each must be as new as its request', async () => {
      const cache = open();
      feed.down();
      await Promise.all([cache.fetch('a'), cache.fetch('a')]);
      expect(source.reads).toEqual(['a', 'a']);
    });

    it('during a read under way: its result is not kept, even when the feed is back before it', async () => {
      const cache = open();
      source.entries.set('a', 'one');
      const early = source.hold('a');
      const asked = cache.fetch('a');
      feed.down();
      source.entries.set('a', 'two'); // nobody is told
      feed.up();
      early.release();
      expect(await asked).toEqual({ value: 'one' });
      expect(cache.peek('a', clock.nowAt)).toBeUndefined();
      expect(await read(cache, 'a')).toBe('two');
    });

    it('during a read begun while it was away: the result is not kept either', async () => {
      const cache = open();
      source.entries.set('a', 'one');
      feed.down();
      const early = source.hold('a');
      const asked = cache.fetch('a');
      feed.up();
      early.release();
      await asked;
      expect(cache.peek('a', clock.nowAt)).toBeUndefined();
    });

    it('is not needed to be told when everything is void but the feed goes on', async () => {
      const cache = open();
      source.entries.set('a', 'one');
      await read(cache, 'a');
      source.entries.clear();
      feed.invalidateAll();
      expect(await read(cache, 'a')).toBeNull();
      expect(cache.peek('a', clock.nowAt)).toBeNull();
    });
  });
});

/** A store that counts its reads; what a held read brings is decided when it begins, as in a database. */
class Source {
  readonly entries = new Map<string, string>();
  readonly reads: string[] = [];
  error: Error | null = null;
  readonly #held = new Map<string, Promise<void>>();

  readonly load = async (id: string): Promise<Entry | null> => {
    this.reads.push(id);
    const value = this.entries.get(id);
    const { error } = this;
    const held = this.#held.get(id);
    this.#held.delete(id);
    await held;
    if (error !== null) throw error;
    return value === undefined ? null : { value };
  };

  /** The next read of `id` waits until `release()`. */
  hold(id: string): { release(): void } {
    let release = () => {};
    this.#held.set(
      id,
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    return { release: () => release() };
  }
}
