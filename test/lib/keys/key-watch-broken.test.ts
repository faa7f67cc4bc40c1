import type { Core } from '../../../lib/core.js';
import { storeUnavailable } from '../../../lib/errors.js';
import { DAY_MS } from '../clock.js';
import { CountingStore } from '../counting-store.js';
import { newCore } from '../new-core.js';
import { openRedisPlace, type RedisPlace } from '../timed-places.js';

const by = { by: 'setup' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme', lifetimeMs: 60 * DAY_MS };

describe('a sweep, of keys on Redis of which one cannot be read,', () => {
  let place: RedisPlace;
  let core: Core;
  let told: string[];
  let warn: jest.SpyInstance;

  beforeEach(async () => {
    place = await openRedisPlace();
    core = newCore({ store: place.connect(), now: place.clock.now });
    told = [];
    core.events.on('key.expiring', ({ keyId }) => told.push(keyId));
    warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });
  afterEach(async () => {
    warn.mockRestore();
    await core.close();
    await place.stop();
  });

  it.each(['1 {"junk', '1 ', 'junk', ''])('looks at the others, where its record is %j', async (junk) => {
    const made = [];
    for (let i = 0; i < 3; i++) {
      made.push((await core.apiKeys.create(NEW, by)).key.id);
      place.clock.advance(1_000); // the broken one is due before one, and after another
    }
    const [first, broken, last] = made as [string, string, string];
    const [stored = ''] = await place.client.keys(`*key:{${broken}}`);
    const record = await place.client.get(stored);
    await place.client.set(stored, junk);
    place.clock.advance(31 * DAY_MS);
    await core.sweep();
    expect(told.splice(0)).toEqual([first, last]);
    await core.sweep();
    expect(told).toEqual([]);
    await place.client.set(stored, String(record));
    place.clock.advance(3_600_000); // it is looked at again after an hour
    await core.sweep();
    expect(told).toEqual([broken]);
  });

  it('says so, once', async () => {
    const { key } = await core.apiKeys.create(NEW, by);
    const [stored = ''] = await place.client.keys(`*key:{${key.id}}`);
    await place.client.set(stored, '1 {"junk');
    for (let i = 0; i < 3; i++) {
      place.clock.advance(31 * DAY_MS);
      await core.sweep();
    }
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(`^The key ${key.id} could not be looked at, so nothing is told of its end: SyntaxError`),
        { code: 'LATCHKEY_SWEEP' },
      ],
    ]);
  });
});

describe('a sweep of a store that is down', () => {
  it('ends at once, rejecting, and all keys have their turn when it is back', async () => {
    const store = new CountingStore();
    let nowAt = 1_767_225_600_000;
    const core = newCore({ store, now: () => nowAt });
    const told: string[] = [];
    core.events.on('key.expiring', ({ keyId }) => told.push(keyId));
    const made = [];
    for (let i = 0; i < 3; i++) made.push((await core.apiKeys.create(NEW, by)).key.id);
    nowAt += 31 * DAY_MS;
    const { get } = store.records.apiKeys;
    const down = jest.spyOn(store.records.apiKeys, 'get').mockRejectedValue(storeUnavailable('it is down'));
    await expect(core.sweep()).rejects.toMatchObject({ code: 'store_unavailable', reason: 'it is down' });
    expect([down.mock.calls.length, told]).toEqual([1, []]);
    down.mockImplementation(get);
    await core.sweep();
    expect(told.sort()).toEqual(made.sort());
    down.mockRestore();
    await core.close();
  });
});
