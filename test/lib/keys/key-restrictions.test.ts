import type { Core } from '../../../lib/core.js';
import type { IssuedKey, NewKey } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import type { Clock } from '../clock.js';
import { DAY_MS } from '../clock.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import { TIMED_PLACES, type TimedPlace } from '../timed-places.js';

const by = { by: 'setup' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };
const ALL = [{ actions: ['*'] }];
const APP = 'https://app.example.com';
const SHOP = 'https://shop.example.com';

/** Where a request comes from. */
interface From {
  readonly address?: string | null;
  readonly origin?: string;
  readonly isInternal?: boolean;
}

describe.each(TIMED_PLACES)('a key in $name', ({ open }) => {
  let place: TimedPlace;
  let clock: Clock;
  let core: Core;

  beforeAll(async () => {
    place = await open();
    clock = place.clock;
  });
  afterAll(() => place.stop());

  beforeEach(async () => {
    await place.clear();
    core = newCore({ store: place.connect(), now: clock.now });
  });
  afterEach(() => core.close());

  const create = (fields: Partial<NewKey>, actor: Principal | string = 'setup') =>
    core.apiKeys.create({ ...NEW, ...fields }, { by: actor });

  async function verdictOf({ key, secret }: IssuedKey, { address = null, origin, isInternal }: From = {}) {
    return await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, address, isInternal, origin);
  }

  async function reason(issued: IssuedKey, from: From = {}): Promise<string> {
    const verdict = await verdictOf(issued, from);
    return verdict instanceof Principal ? 'ok' : verdict.reason;
  }

  /** What may do everything, bound as `fields` say. */
  async function bound(fields: Partial<NewKey>): Promise<Principal> {
    const from = { address: '192.0.2.1', origin: APP, isInternal: true };
    const verdict = await verdictOf(await create({ statements: ALL, ...fields }), from);
    if (!(verdict instanceof Principal)) throw new Error(`not let in: ${verdict.reason}`);
    return verdict;
  }

  async function expectTooOpen(action: Promise<unknown>, ...paths: string[]): Promise<void> {
    const error = await refusalOf(action);
    expect(error).toMatchObject({ code: 'forbidden', status: 403 });
    expect(error.message).toBe('The key would be accepted where the credential is not.');
    expect(error.errors).toEqual(
      paths.map((path) => ({ path, message: 'must be as narrow as that of the credential that asks' })),
    );
  }

  describe('with allowed addresses', () => {
    it.each([
      ['192.0.2.0', 'ok'],
      ['192.0.2.255', 'ok'],
      ['::ffff:192.0.2.7', 'ok'],
      ['192.0.3.0', 'address_not_allowed'],
      ['198.51.100.7', 'ok'],
      ['198.51.100.8', 'address_not_allowed'],
      ['2001:db8:0:1::5', 'ok'],
      ['2001:db8:0:2::5', 'address_not_allowed'],
      ['::1', 'address_not_allowed'],
      ['nonsense', 'address_not_allowed'],
      ['', 'address_not_allowed'],
      [null, 'address_not_allowed'],
    ])('is asked for from %j: %s', async (address, expected) => {
      const issued = await create({ allowedAddresses: ['192.0.2.0/24', '198.51.100.7', '2001:db8:0:1::/64'] });
      expect(await reason(issued, { address })).toBe(expected);
      expect(await reason(issued, { address })).toBe(expected); // cached
    });

    it('is let in from elsewhere as soon as it says so, and no more when it does not', async () => {
      const issued = await create({ allowedAddresses: ['192.0.2.0/24'] });
      const from = { address: '198.51.100.7' };
      expect(await reason(issued, from)).toBe('address_not_allowed');
      await core.apiKeys.update(issued.key.id, { allowedAddresses: ['198.51.100.0/24'] }, by);
      expect([await reason(issued, from), await reason(issued, { address: '192.0.2.1' })]).toEqual([
        'ok',
        'address_not_allowed',
      ]);
      await core.apiKeys.update(issued.key.id, { allowedAddresses: null }, by);
      expect(await reason(issued, {})).toBe('ok');
    });

    it('counts what comes from elsewhere as refused, not as a use', async () => {
      const issued = await create({ allowedAddresses: ['192.0.2.0/24'] });
      for (let i = 0; i < 3; i++) await reason(issued, { address: '198.51.100.7' });
      await core.close();
      core = newCore({ store: place.connect(), now: clock.now });
      const usage = { failureCount: 3, useCount: 0, lastUsedAt: null, lastUsedFrom: null };
      expect(await core.apiKeys.get(issued.key.id)).toMatchObject(usage);
    });

    it('tells a wrong secret from elsewhere apart from nothing', async () => {
      const issued = await create({ allowedAddresses: ['192.0.2.0/24'] });
      const rotated = await core.apiKeys.rotate(issued.key.id, by);
      expect(await reason(issued, { address: '198.51.100.7' })).toBe('wrong_secret');
      expect(await reason(rotated, { address: '198.51.100.7' })).toBe('address_not_allowed');
    });
  });

  describe('with allowed origins', () => {
    it.each([
      [APP, 'ok'],
      ['http://localhost:3000', 'ok'],
      [undefined, 'origin_not_allowed'],
      ['', 'origin_not_allowed'],
      ['null', 'origin_not_allowed'],
      [SHOP, 'origin_not_allowed'],
      ['http://app.example.com', 'origin_not_allowed'],
      ['https://app.example.com:443', 'origin_not_allowed'],
      ['https://app.example.com/', 'origin_not_allowed'],
      ['https://APP.example.com', 'origin_not_allowed'],
      ['https://app.example.com.evil.test', 'origin_not_allowed'],
      [`${APP}, ${SHOP}`, 'origin_not_allowed'],
    ])('is sent by a page of %j: %s', async (origin, expected) => {
      const issued = await create({ allowedOrigins: [APP, 'http://localhost:3000'] });
      expect(await reason(issued, origin === undefined ? {} : { origin })).toBe(expected);
    });

    it('is let in from any page, and from none, when it has none', async () => {
      const issued = await create({});
      expect([await reason(issued), await reason(issued, { origin: SHOP })]).toEqual(['ok', 'ok']);
    });
  });

  it('tells its principal what it is bound by, and no bound where there is none', async () => {
    const bounds = { allowedAddresses: ['192.0.2.0/24'], allowedOrigins: [APP], maxRequestsPerMinute: 5 };
    const principal = await bound({ ...bounds, internalOnly: true });
    expect(principal.credential).toMatchObject({ ...bounds, internalOnly: true });
    const free = await bound({});
    for (const field of [...Object.keys(bounds), 'internalOnly']) expect(free.credential).not.toHaveProperty(field);
  });

  const NARROWER: readonly [string, Partial<NewKey>, Partial<NewKey>, Partial<NewKey>][] = [
    [
      'allowedAddresses',
      { allowedAddresses: ['192.0.2.0/24', '2001:db8::/32'] },
      { allowedAddresses: ['192.0.2.128/25', '2001:db8:1::/48', '192.0.2.1'] },
      { allowedAddresses: ['192.0.2.0/25', '192.0.0.0/16'] },
    ],
    [
      'allowedOrigins',
      { allowedOrigins: [APP, SHOP] },
      { allowedOrigins: [SHOP] },
      { allowedOrigins: [SHOP, 'https://other.example.com'] },
    ],
    ['maxRequestsPerMinute', { maxRequestsPerMinute: 60 }, { maxRequestsPerMinute: 59 }, { maxRequestsPerMinute: 61 }],
  ];

  describe.each(NARROWER)('that asks and is bound by %s', (field, bounds, narrower, wider) => {
    const value = (of: object) => (of as Record<string, unknown>)[field];
    const none = { [field]: null } as Partial<NewKey>;

    it('makes keys that are bound as it is when they do not say', async () => {
      const asks = await bound(bounds);
      for (const fields of [{}, none]) expect(value((await create(fields, asks)).key)).toEqual(value(bounds));
    });

    it('makes keys that are bound more, and none that is bound less', async () => {
      const asks = await bound(bounds);
      for (const fields of [bounds, narrower]) expect(value((await create(fields, asks)).key)).toEqual(value(fields));
      await expectTooOpen(create(wider, asks), field);
    });

    it('mints session keys that are bound in the same way', async () => {
      const asks = await bound(bounds);
      const { maxRequestsPerMinute: _, ...fields } = wider as { maxRequestsPerMinute?: number };
      const mint = (more: object) => core.sessionKeys.mint({ userId: 'eve', orgId: 'acme', ...more }, { by: asks });
      expect(value((await mint({})).key)).toEqual(value(bounds));
      if (Object.keys(fields).length > 0) await expectTooOpen(mint(fields), field);
    });

    it('does not loosen itself, nor a key that it has made', async () => {
      const asks = await bound(bounds);
      const { key } = await create({}, asks);
      for (const id of [asks.credential.id, key.id]) {
        await expectTooOpen(core.apiKeys.update(id, wider, { by: asks }), field);
        await expectTooOpen(core.apiKeys.update(id, none, { by: asks }), field);
        expect(await core.apiKeys.get(id)).toMatchObject({ version: 1 });
        const changed = await core.apiKeys.update(id, { ...narrower, name: 'narrow' }, { by: asks });
        expect(value(changed)).toEqual(value(narrower));
      }
    });

    it('gets no secret of a key that is bound less, but of itself and of those that are bound as it is', async () => {
      const asks = await bound(bounds);
      for (const fields of [{}, wider]) {
        const other = await create(fields);
        await expectTooOpen(core.apiKeys.rotate(other.key.id, { by: asks }), field);
        expect(await core.apiKeys.get(other.key.id)).toMatchObject({ version: 1 });
      }
      for (const { key } of [await create(bounds), await create(narrower), await create({}, asks)]) {
        expect((await core.apiKeys.rotate(key.id, { by: asks })).key.version).toBe(2);
      }
      expect((await core.apiKeys.rotate(asks.credential.id, { by: asks })).key.version).toBe(2);
    });

    it('gives no rights to a key that is bound less', async () => {
      const asks = await bound(bounds);
      const weak = await create({ statements: [{ actions: ['orders:read'] }] });
      for (const change of [{ statements: ALL }, { policyIds: ['full-access'] }, { lifetimeMs: 300 * DAY_MS }]) {
        await expectTooOpen(core.apiKeys.update(weak.key.id, change, { by: asks }), field);
      }
      expect(await core.apiKeys.get(weak.key.id)).toMatchObject({ version: 1 });
    });

    it('is loosened by the host, and by who is not bound', async () => {
      const issued = await create({ ...bounds, statements: ALL });
      expect(value(await core.apiKeys.update(issued.key.id, wider, by))).toEqual(value(wider));
      const free = await bound({});
      expect(value(await core.apiKeys.update(issued.key.id, none, { by: free }))).toBeNull();
    });
  });

  describe('that is internal', () => {
    it('makes internal keys, also when they say nothing, and no others', async () => {
      const asks = await bound({ internalOnly: true });
      for (const fields of [{}, { internalOnly: true }]) {
        const issued = await create(fields, asks);
        expect(issued.key.internalOnly).toBe(true);
        expect([await reason(issued), await reason(issued, { isInternal: true })]).toEqual(['unknown_id', 'ok']);
      }
      await expectTooOpen(create({ internalOnly: false }, asks), 'internalOnly');
    });

    it('gets no secret of a key that is accepted outside, and gives it no rights', async () => {
      const asks = await bound({ internalOnly: true });
      const { key } = await create({});
      await expectTooOpen(core.apiKeys.rotate(key.id, { by: asks }), 'internalOnly');
      await expectTooOpen(core.apiKeys.update(key.id, { statements: ALL }, { by: asks }), 'internalOnly');
      expect(await core.apiKeys.get(key.id)).toMatchObject({ version: 1, statements: [] });
      expect((await core.apiKeys.rotate(asks.credential.id, { by: asks })).key.version).toBe(2);
    });

    it('mints session keys that work outside, for their time, and keep all other bounds', async () => {
      const asks = await bound({ internalOnly: true, allowedAddresses: ['192.0.2.0/24'] });
      const minted = await core.sessionKeys.mint({ userId: 'eve', orgId: 'acme' }, { by: asks });
      expect(minted.key).toMatchObject({ internalOnly: false, allowedAddresses: ['192.0.2.0/24'] });
      expect(await reason(minted, { address: '192.0.2.7' })).toBe('ok');
      expect(await reason(minted, { address: '198.51.100.7' })).toBe('address_not_allowed');
    });
  });

  it('that breaks several bounds is told all of them', async () => {
    const asks = await bound({ allowedAddresses: ['192.0.2.0/24'], allowedOrigins: [APP], maxRequestsPerMinute: 5 });
    const fields = { allowedAddresses: ['::/0'], allowedOrigins: [SHOP], maxRequestsPerMinute: 6 };
    await expectTooOpen(create(fields, asks), 'allowedAddresses', 'allowedOrigins', 'maxRequestsPerMinute');
  });
});
