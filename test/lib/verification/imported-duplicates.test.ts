import type { Core } from '../../../lib/core.js';
import { storeUnavailable } from '../../../lib/errors.js';
import { Principal } from '../../../lib/principal.js';
import { hashExistingKey } from '../../../lib/verification/imported-key.js';
import { Clock } from '../clock.js';
import { CountingStore } from '../counting-store.js';
import { newCore } from '../new-core.js';

const by = { by: 'setup' };
const KEY = 'acme_live-0123456789.abcdef';
const SENT = { id: '', secret: hashExistingKey(KEY), isImported: true } as const;
const CURRENT = 'c'.repeat(32);
const PREVIOUS = 'p'.repeat(32);
/** Peppers of the processes that have taken the same key in, each without knowing of the other. */
const MAKERS = { current: [CURRENT], previous: [PREVIOUS], none: [] } as const;
type Maker = keyof typeof MAKERS;

describe('an existing key that processes with other peppers have taken in more than once', () => {
  let clock: Clock;
  let store: CountingStore;
  let core: Core;
  let cores: Core[];

  const open = (peppers: readonly string[]) => {
    const opened = newCore({ store, peppers, now: clock.now, usage: { flushIntervalMs: 3_600_000 } });
    cores.push(opened);
    return opened;
  };
  /** By a process with those peppers; the id of the record. */
  const take = async (maker: Maker): Promise<string> => {
    const entry = { name: maker, ownerId: 'ada', secret: KEY };
    const [result] = await open(MAKERS[maker]).apiKeys.import([entry], by);
    if (result?.outcome !== 'imported') throw new Error(`not imported: ${result?.outcome}`);
    return result.id;
  };
  const ask = () => core.verifier.verify({ ...SENT, scheme: 'api-key-header' }, null);
  const outcome = async () => {
    const verdict = await ask();
    return verdict instanceof Principal ? verdict.credential.id : verdict.reason;
  };
  const introspected = async () => (await core.introspection.ask(SENT, { orgId: null, askedFrom: null }))?.id ?? null;

  beforeEach(() => {
    clock = new Clock();
    store = new CountingStore();
    cores = [];
    core = open([CURRENT, PREVIOUS]);
  });
  afterEach(async () => {
    for (const each of cores) await each.close();
  });

  it('is let in as that of the current pepper', async () => {
    await take('previous');
    const id = await take('current');
    expect(await outcome()).toBe(id);
    expect(await outcome()).toBe(id);
    expect(await introspected()).toBe(id);
  });

  describe.each<{ taken: [Maker, Maker]; ended: Maker }>([
    { taken: ['current', 'previous'], ended: 'current' },
    { taken: ['current', 'previous'], ended: 'previous' },
    { taken: ['current', 'none'], ended: 'none' },
    { taken: ['previous', 'none'], ended: 'previous' },
  ])('with the peppers $taken, and is ended as that of: $ended,', ({ taken: [one, other], ended }) => {
    let id: string;
    beforeEach(async () => {
      const ids = [await take(one), await take(other)];
      id = ids[ended === one ? 0 : 1] as string;
    });

    it('is revoked with either, known already or not', async () => {
      await core.apiKeys.revoke(id, by);
      expect(await outcome()).toBe('revoked');
      expect(await introspected()).toBeNull();
      store.drain();
      expect(ask()).toMatchObject({ reason: 'revoked' }); // cached: no promise
      expect(store.drain()).toEqual([]);
    });

    it('is revoked while the other one is cached', async () => {
      expect(await outcome()).toMatch(/^\w{22}$/);
      await core.apiKeys.revoke(id, by);
      store.drain();
      expect(await outcome()).toBe('revoked');
      expect(store.drain()).toEqual(['get']);
    });

    it('is refused as well where one of them is disabled, has expired, or has another secret', async () => {
      await core.apiKeys.disable(id, by);
      expect(await outcome()).toBe('disabled');
      await core.apiKeys.enable(id, by);
      await core.apiKeys.update(id, { lifetimeMs: 1 }, by);
      clock.advance(1);
      expect(await outcome()).toBe('expired');
      await core.apiKeys.update(id, { lifetimeMs: 60_000 }, by);
      expect(await outcome()).toMatch(/^\w{22}$/);
      await core.apiKeys.rotate(id, by);
      expect(await outcome()).toBe('wrong_secret');
      expect(await introspected()).toBeNull();
    });
  });

  it('is verified without a promise while it is known which of its records there are', async () => {
    const id = await take('previous');
    expect(ask()).toBeInstanceOf(Promise);
    expect(await outcome()).toBe(id);
    store.drain();
    expect(ask()).toBeInstanceOf(Principal);
    expect(store.drain()).toEqual([]);
    clock.advance(5_000); // so long it is known of an id that there is none
    expect(ask()).toBeInstanceOf(Promise);
    expect(await outcome()).toBe(id);
    expect(store.drain()).toEqual(['get', 'get']);
    expect(ask()).toBeInstanceOf(Principal);
  });

  it('is neither let in nor refused while that cannot be known', async () => {
    await take('current');
    await outcome();
    clock.advance(5_000);
    store.failure = storeUnavailable('down');
    await expect(ask()).rejects.toMatchObject({ code: 'store_unavailable' });
    store.failure = null;
  });

  it('costs one look-up, and then none, without a pepper', async () => {
    const id = await take('none');
    core = open([]);
    store.drain();
    expect(await outcome()).toBe(id);
    expect(store.drain()).toEqual(['get']);
    clock.advance(30_000);
    expect(ask()).toBeInstanceOf(Principal);
    expect(store.drain()).toEqual([]);
  });
});
