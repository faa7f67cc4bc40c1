import type { Core, CoreOptions } from '../../../lib/core.js';
import { storeUnavailable } from '../../../lib/errors.js';
import type { EventOf } from '../../../lib/events.js';
import type { IssuedKey } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import { until } from '../../conformance/store-suite.js';
import type { Clock } from '../clock.js';
import { DAY_MS } from '../clock.js';
import { newCore } from '../new-core.js';
import { TIMED_PLACES, type TimedPlace } from '../timed-places.js';

const by = { by: 'setup' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };

describe.each(TIMED_PLACES)('of keys that end when nobody uses them, in $name,', ({ open }) => {
  const FLUSH_MS = 10;
  /** What other processes have not yet told must not end a key. */
  const SLACK_MS = 120_000 + FLUSH_MS;
  const DAYS_30 = 30 * DAY_MS;
  const UNUSED = { ...NEW, lifetimeMs: 300 * DAY_MS, disableUnusedAfterMs: DAYS_30 };
  let place: TimedPlace;
  let clock: Clock;
  let one: Core;
  let other: Core;
  let told: EventOf<'key.unused'>[];
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
    const core = newCore({ store: place.connect(), now: clock.now, usage: { flushIntervalMs: FLUSH_MS }, ...options });
    core.events.on('key.unused', (event) => told.push(event));
    cores.push(core);
    return core;
  }

  async function reason(core: Core, { key, secret }: IssuedKey): Promise<string> {
    const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    return verdict instanceof Principal ? 'ok' : verdict.reason;
  }

  /** Uses the key, and waits until every process can know. */
  async function use(core: Core, issued: IssuedKey): Promise<void> {
    expect(await reason(core, issued)).toBe('ok');
    const isWritten = async () => (await core.apiKeys.get(issued.key.id))?.lastUsedAt === clock.nowAt;
    await until('the use is written', isWritten);
  }

  /** Both instances look at once. Returns how many keys were disabled. */
  async function sweep(): Promise<number> {
    await Promise.all(cores.map((core) => core.sweep()));
    return told.splice(0).length;
  }

  it('such a key is refused from the moment on, be it cached or not, and before anybody has looked', async () => {
    const issued = await one.apiKeys.create(UNUSED, by);
    clock.advance(DAYS_30 + SLACK_MS - 1);
    await other.verifier.verify({ scheme: 'api-key', id: issued.key.id, secret: `${issued.secret}x` }, null);
    clock.advance(1);
    expect([await reason(one, issued), await reason(other, issued)]).toEqual(['unused', 'unused']);
    expect(await one.apiKeys.get(issued.key.id)).toMatchObject({ state: 'active', lastUsedAt: null });
  });

  it('is let in until then', async () => {
    const issued = await one.apiKeys.create(UNUSED, by);
    clock.advance(DAYS_30 + SLACK_MS - 1);
    expect(await reason(one, issued)).toBe('ok');
  });

  it('has longer where uses are written, or keys read again, less often', async () => {
    const slow = start({ usage: { flushIntervalMs: 600_000 }, cache: { maxAgeMs: 900_000 } });
    const issued = await slow.apiKeys.create(UNUSED, by);
    clock.advance(DAYS_30 + 120_000 + 600_000 + 900_000 - 1);
    await slow.sweep();
    expect([await slow.apiKeys.get(issued.key.id), told]).toMatchObject([{ state: 'active' }, []]);
    clock.advance(1);
    expect(await reason(slow, issued)).toBe('unused');
    await slow.sweep();
    expect(told).toHaveLength(1);
  });

  it('is disabled once, by one of two instances that look at once, and the trail says why', async () => {
    const { key } = await one.apiKeys.create(UNUSED, by);
    clock.advance(DAYS_30 + SLACK_MS - 1);
    expect(await sweep()).toBe(0);
    clock.advance(1);
    await Promise.all([one.sweep(), other.sweep()]);
    expect(told).toEqual([
      {
        type: 'key.unused',
        at: clock.nowAt,
        address: null,
        orgId: 'acme',
        actorId: 'latchkey',
        credentialId: null,
        keyId: key.id,
        ownerId: 'ada',
        before: { enabled: true },
        after: { enabled: false },
      },
    ]);
    expect(await other.apiKeys.get(key.id)).toMatchObject({ state: 'disabled', enabled: false, version: 2 });
    const { items } = await one.audit.list({ orgId: 'acme', types: ['key.unused'] });
    expect(items).toHaveLength(1);
    told = [];
    expect(await sweep()).toBe(0);
  });

  it('lives on as long as somebody uses it, in whatever process', async () => {
    const issued = await one.apiKeys.create(UNUSED, by);
    for (const core of [one, other, other, one]) {
      clock.advance(29 * DAY_MS);
      await use(core, issued);
      expect(await sweep()).toBe(0);
    }
    clock.advance(29 * DAY_MS);
    expect(await sweep()).toBe(0);
    clock.advance(DAY_MS + SLACK_MS);
    expect([await reason(one, issued), await reason(other, issued)]).toEqual(['unused', 'unused']);
    expect(await sweep()).toBe(1);
  });

  it('lives on by a use that only this process knows of as yet', async () => {
    const issued = await one.apiKeys.create(UNUSED, by);
    clock.advance(DAYS_30 + SLACK_MS - 30_000);
    await until('it can be cached', () => one.store.changes.isLive);
    expect(await reason(one, issued)).toBe('ok');
    clock.advance(40_000); // it is still cached
    expect(one.verifier.verify({ scheme: 'api-key', id: issued.key.id, secret: issued.secret }, null)).toBeInstanceOf(
      Principal,
    );
  });

  it('is not kept alive by refusals', async () => {
    const issued = await one.apiKeys.create({ ...UNUSED, allowedAddresses: ['192.0.2.1'] }, by);
    clock.advance(29 * DAY_MS);
    expect(await reason(one, issued)).toBe('address_not_allowed');
    await until('that is written', async () => (await one.apiKeys.get(issued.key.id))?.failureCount === 1);
    clock.advance(DAY_MS + SLACK_MS);
    expect(await sweep()).toBe(1);
  });

  it('starts anew when it is enabled again', async () => {
    const issued = await one.apiKeys.create(UNUSED, by);
    clock.advance(DAYS_30 + SLACK_MS);
    expect(await sweep()).toBe(1);
    clock.advance(50 * DAY_MS);
    expect(await reason(one, issued)).toBe('disabled');
    expect(await other.apiKeys.enable(issued.key.id, by)).toMatchObject({ state: 'active', enabledAt: clock.nowAt });
    clock.advance(DAYS_30 + SLACK_MS - 1);
    expect(await sweep()).toBe(0);
    expect(await other.apiKeys.get(issued.key.id)).toMatchObject({ state: 'active' });
    clock.advance(1);
    expect(await reason(one, issued)).toBe('unused');
    expect(await sweep()).toBe(1);
  });

  it('can be used for as long once it becomes valid, which may be later than that', async () => {
    const notBefore = clock.nowAt + 100 * DAY_MS;
    const issued = await one.apiKeys.create({ ...UNUSED, notBefore }, by);
    clock.advance(DAYS_30 + SLACK_MS);
    expect(await sweep()).toBe(0);
    clock.nowAt = notBefore + DAYS_30 + SLACK_MS - 1;
    expect(await sweep()).toBe(0);
    expect(await other.apiKeys.get(issued.key.id)).toMatchObject({ state: 'active' });
    clock.advance(1);
    expect(await reason(one, issued)).toBe('unused');
    expect(await sweep()).toBe(1);
  });

  it('may be told so later, told otherwise, or told no more', async () => {
    const issued = await one.apiKeys.create({ ...UNUSED, disableUnusedAfterMs: null }, by);
    clock.advance(DAYS_30 + SLACK_MS);
    expect(await sweep()).toBe(0);
    await use(one, issued);
    await other.apiKeys.update(issued.key.id, { disableUnusedAfterMs: 10 * DAY_MS }, by);
    clock.advance(10 * DAY_MS);
    await other.apiKeys.update(issued.key.id, { disableUnusedAfterMs: 20 * DAY_MS }, by);
    clock.advance(10 * DAY_MS);
    expect(await sweep()).toBe(0);
    await other.apiKeys.update(issued.key.id, { disableUnusedAfterMs: null }, by);
    clock.advance(20 * DAY_MS);
    expect(await sweep()).toBe(0);
    expect(await reason(one, issued)).toBe('ok');
  });

  it('is found out when it is told so long after it was made, be it that it never expires', async () => {
    const generous = start({ keys: { allowNever: true } });
    const issued = await generous.apiKeys.create(
      { ...UNUSED, expiresAt: null, lifetimeMs: undefined, disableUnusedAfterMs: null },
      by,
    );
    clock.advance(50 * DAY_MS);
    expect(await sweep()).toBe(0);
    await use(one, issued);
    await generous.apiKeys.update(issued.key.id, { disableUnusedAfterMs: DAYS_30 }, by);
    expect(await sweep()).toBe(0);
    clock.advance(DAYS_30 + SLACK_MS - 1);
    expect(await sweep()).toBe(0);
    clock.advance(1);
    expect(await sweep()).toBe(1);
  });

  it('is only what was made so: the host’s rule is for those whose maker does not say, and not for session keys', async () => {
    const strict = start({ keyRules: { disableUnusedAfterMs: DAYS_30 } });
    const { disableUnusedAfterMs: _, ...unsaid } = UNUSED;
    const byRule = await strict.apiKeys.create(unsaid, by);
    const free = await strict.apiKeys.create({ ...UNUSED, disableUnusedAfterMs: null }, by);
    const own = await strict.apiKeys.create({ ...UNUSED, disableUnusedAfterMs: DAY_MS }, by);
    const session = await strict.sessionKeys.mint({ userId: 'ada' }, by);
    const all = [byRule, free, own, session].map(({ key }) => key.disableUnusedAfterMs);
    expect(all).toEqual([DAYS_30, null, DAY_MS, null]);
    clock.advance(DAYS_30 + SLACK_MS);
    const reasons = await Promise.all([byRule, free, own, session].map((each) => reason(one, each)));
    expect(reasons).toEqual(['unused', 'ok', 'unused', 'expired']);
    expect(await sweep()).toBe(2);
  });

  it('is left alone when it is revoked, has expired, or is disabled already', async () => {
    const [revoked, expired, disabled] = await Promise.all([
      one.apiKeys.create(UNUSED, by),
      one.apiKeys.create({ ...UNUSED, lifetimeMs: DAYS_30 }, by),
      one.apiKeys.create(UNUSED, by),
    ]);
    await one.apiKeys.revoke(revoked.key.id, by);
    await one.apiKeys.disable(disabled.key.id, by);
    clock.advance(DAYS_30 + SLACK_MS);
    expect(await sweep()).toBe(0);
    const states = await Promise.all([revoked, expired, disabled].map(({ key }) => one.apiKeys.get(key.id)));
    expect(states.map((key) => key?.state)).toEqual(['revoked', 'expired', 'disabled']);
  });

  it('is told of before its end as any other', async () => {
    const expiring: number[] = [];
    one.events.on('key.expiring', ({ thresholdMs }) => expiring.push(thresholdMs / DAY_MS));
    const issued = await one.apiKeys.create({ ...UNUSED, lifetimeMs: 45 * DAY_MS }, by);
    clock.advance(15 * DAY_MS);
    await one.sweep();
    await use(one, issued);
    clock.advance(DAYS_30 - 2 * DAY_MS);
    await one.sweep();
    expect([expiring, await sweep()]).toEqual([[30, 7], 0]);
  });

  it('is disabled with the next look when the trail does not take it, and not before', async () => {
    for (const core of cores.splice(0)) await core.close();
    const store = place.connect();
    const core = start({ store });
    const issued = await core.apiKeys.create(UNUSED, by);
    clock.advance(DAYS_30 + SLACK_MS);
    const append = jest.spyOn(store.records.audit, 'append').mockRejectedValueOnce(storeUnavailable('down'));
    await expect(core.sweep()).rejects.toMatchObject({ code: 'store_unavailable' });
    append.mockRestore();
    expect(await core.apiKeys.get(issued.key.id)).toMatchObject({ enabled: true, version: 1 });
    await place.advance(60_000);
    expect(await sweep()).toBe(1);
  });

  it('is not disabled when it is used while somebody looks', async () => {
    for (const core of cores.splice(0)) await core.close();
    const store = place.connect();
    const core = start({ store });
    const { key } = await core.apiKeys.create(UNUSED, by);
    clock.advance(DAYS_30 + SLACK_MS);
    const { id, orgId, ownerId } = key;
    const { apiKeys } = store.records;
    const usage = jest.spyOn(apiKeys, 'usage');
    usage.mockImplementationOnce(async () => {
      const times = { lastFailedAt: null, lastUsedAt: clock.nowAt, lastUsedFrom: null };
      await apiKeys.addUsage([{ id, orgId, ownerId, uses: 1, failures: 0, ...times }]);
      return [{ lastUsedAt: null, lastUsedFrom: null, useCount: 0, failureCount: 0, lastFailedAt: null }];
    });
    expect(await sweep()).toBe(0);
    usage.mockRestore();
    expect(await core.apiKeys.get(id)).toMatchObject({ enabled: true, version: 1 });
    await place.advance(DAYS_30 + SLACK_MS);
    expect(await sweep()).toBe(1);
  });
});
