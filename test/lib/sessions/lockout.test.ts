import type { Core, CoreOptions } from '../../../lib/core.js';
import type { LockoutOptions } from '../../../lib/index.js';
import type { Logins } from '../../../lib/sessions/logins.js';
import { PASSWORD, People } from '../../support/people.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import { TIMED_PLACES, type TimedPlace } from '../timed-places.js';

const ADDRESS = '192.0.2.7';
const MINUTE_MS = 60_000;

describe.each(TIMED_PLACES)('guessing of passwords, counted in $name,', ({ open }) => {
  let place: TimedPlace;
  let people: People;
  const cores: Core[] = [];
  let logins: Logins;

  beforeAll(async () => {
    place = await open();
  });
  afterAll(() => place.stop());

  beforeEach(async () => {
    await place.clear();
    people = new People().set('alice').set('bob');
    logins = start();
  });
  afterEach(async () => {
    for (const core of cores.splice(0)) await core.close();
  });

  /** One more process of the app. */
  function start(options: CoreOptions = {}): Logins {
    const core = newCore({ users: people, store: place.connect(), now: place.clock.now, ...options });
    cores.push(core);
    if (core.users === null) throw new Error('there are no users');
    return core.users.logins;
  }

  /** What a login comes to: `ok`, a code, or for one that is locked the seconds to wait. */
  async function outcome(
    userName: string,
    password: string,
    address: string | null = null,
    by = logins,
  ): Promise<string | number> {
    const login = by.authenticate({ userName, password, address });
    const error = await refusalOf(login).catch(() => null);
    if (error === null) return 'ok';
    return error.code === 'too_many_attempts' ? Number(error.headers['Retry-After']) : error.code;
  }

  async function fail(times: number, userName = 'alice', address: string | null = null): Promise<void> {
    for (let tries = 0; tries < times; tries++) {
      expect(await outcome(userName, 'wrong', address)).toBe('unauthenticated');
    }
  }

  it('is free ten times; the next waits ten seconds', async () => {
    await fail(10);
    expect(await outcome('alice', 'wrong')).toBe(10);
    const error = await refusalOf(logins.authenticate({ userName: 'alice', password: 'wrong', address: null }));
    expect(error).toMatchObject({ status: 429, message: 'Too many failed attempts. Wait, then retry.', errors: [] });
    await place.advance(4_000);
    expect(await outcome('alice', 'wrong')).toBe(6);
    await place.advance(6_000);
    expect(await outcome('alice', 'wrong')).toBe('unauthenticated');
  });

  it('waits twice as long after each further failure, and 15 minutes at most', async () => {
    await fail(9);
    const waits = [];
    for (let round = 0; round < 10; round++) {
      await fail(1);
      const wait = await outcome('alice', 'wrong');
      waits.push(wait);
      await place.advance(Number(wait) * 1_000);
    }
    expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640, 900, 900, 900]);
  });

  it('begins anew when 15 minutes have passed since the first of fewer than ten', async () => {
    await fail(9);
    await place.advance(15 * MINUTE_MS);
    await fail(10);
    expect(await outcome('alice', 'wrong')).toBe(10);
  });

  it('does not begin anew before', async () => {
    await fail(9);
    await place.advance(14 * MINUTE_MS);
    await fail(1);
    expect(await outcome('alice', 'wrong')).toBe(10);
  });

  it('is forgotten 15 minutes after the last wait', async () => {
    await fail(10);
    await place.advance(10_000 + 15 * MINUTE_MS);
    await fail(10);
    expect(await outcome('alice', 'wrong')).toBe(10);
  });

  it('gets the same answer for a right password while it waits, and the password is not looked at', async () => {
    await fail(10);
    people.calls.splice(0);
    const [wrong, right] = [
      await refusalOf(logins.authenticate({ userName: 'alice', password: 'wrong', address: null })),
      await refusalOf(logins.authenticate({ userName: 'alice', password: PASSWORD, address: null })),
    ];
    expect(JSON.stringify(right)).toBe(JSON.stringify(wrong));
    expect([right.message, right.reason]).toEqual([wrong.message, wrong.reason]);
    expect(people.calls).toEqual(['findByUserName', 'findByUserName']);
    expect(await outcome('bob', PASSWORD)).toBe('ok');
    await place.advance(10_000);
    expect(await outcome('alice', PASSWORD)).toBe('ok');
  });

  it('of a user whom nobody knows is slowed alike', async () => {
    await fail(10, 'nobody');
    expect(await outcome('nobody', 'wrong')).toBe(10);
  });

  it('begins anew for a name after a success, be it on the tenth try', async () => {
    await fail(9);
    expect(await outcome('alice', PASSWORD)).toBe('ok');
    await fail(10);
    expect(await outcome('alice', PASSWORD)).toBe(10);
  });

  it('takes names that differ in case, or in form only, for one', async () => {
    for (const name of ['alice', 'Alice', 'ALICE', 'alicE', 'aLICE']) await fail(2, name);
    expect(await outcome('alice', PASSWORD)).toBe(10);
    expect(await outcome('Alice', PASSWORD)).toBe(10);
    expect((await logins.failures('ALICE', null))?.failed).toEqual({ count: 10, lastAt: place.clock.nowAt });
    for (const name of ['nobody', 'Nobody', ' nobody', 'nobody ', 'ｎｏｂｏｄｙ']) await fail(2, name);
    expect(await outcome('NOBODY', 'wrong')).toBe(10);
  });

  it('counts for the user, whatever tenant is named: else each would bring ten more guesses', async () => {
    const { user } = await logins.authenticate({ userName: 'alice', password: PASSWORD, address: null });
    for (const tenant of [null, user.orgId, null, user.orgId, null]) {
      for (const _ of [1, 2]) {
        await refusalOf(logins.authenticate({ userName: 'alice', password: 'wrong', tenant, address: null }));
      }
    }
    expect(await outcome('alice', PASSWORD)).toBe(10);
    for (let tries = 0; tries < 10; tries++) {
      await refusalOf(logins.authenticate({ userName: 'nobody', password: 'x', tenant: `t${tries}`, address: null }));
    }
    expect(await outcome('nobody', 'x')).toBe(10);
  });

  it('keeps the users of two tenants apart', async () => {
    for (let tries = 0; tries < 10; tries++) {
      await refusalOf(logins.authenticate({ userName: 'alice', password: 'wrong', tenant: 'other', address: null }));
    }
    expect(await outcome('alice', PASSWORD)).toBe('ok');
  });

  it('reads what failed without counting it, and knows nothing of a user whom nobody knows', async () => {
    await fail(3);
    for (let reads = 0; reads < 20; reads++) expect((await logins.failures('alice', null))?.failed.count).toBe(3);
    expect(await logins.failures('nobody', null)).toBeNull();
  });

  it('lets exactly ten of 50 wrong guesses at once reach the directory', async () => {
    for (const address of [null, ADDRESS]) {
      people.drainGuesses();
      const name = `of ${address}`;
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => outcome(name, 'wrong', address)));
      expect(people.drainGuesses()).toBe(10);
      expect(outcomes.filter((each) => each === 'unauthenticated')).toHaveLength(10);
      expect(outcomes.filter((each) => each === 10)).toHaveLength(40);
    }
  });

  it('is counted by two processes together, at once too', async () => {
    const other = start();
    people.drainGuesses();
    const tries = Array.from({ length: 50 }, (_, at) => outcome('alice', 'wrong', null, at % 2 ? other : logins));
    await Promise.all(tries);
    expect(people.drainGuesses()).toBe(10);
    for (const each of [logins, other]) expect(await outcome('alice', PASSWORD, null, each)).toBe(10);
    await place.advance(10_000);
    expect(await outcome('alice', PASSWORD, null, other)).toBe('ok');
    expect(await outcome('alice', 'wrong')).toBe('unauthenticated');
  });

  describe('by address', () => {
    it('is free a hundred times, whatever the names; then the address waits, and no other', async () => {
      for (let tries = 0; tries < 100; tries++) await fail(1, `user-${tries}`, ADDRESS);
      people.drainGuesses();
      expect(await outcome('bob', PASSWORD, ADDRESS)).toBe(10);
      expect(people.drainGuesses()).toBe(0);
      expect(await outcome('bob', PASSWORD, '192.0.2.8')).toBe('ok');
      expect(await outcome('bob', PASSWORD)).toBe('ok');
      await place.advance(10_000);
      expect(await outcome('bob', PASSWORD, ADDRESS)).toBe('ok');
    });

    it('does not begin anew after a success: an attacker has an account too', async () => {
      logins = start({ lockout: { addressLimit: 5 } });
      await fail(2, 'alice', ADDRESS);
      expect(await outcome('bob', PASSWORD, ADDRESS)).toBe('ok');
      await fail(3, 'alice', ADDRESS);
      expect(await outcome('bob', PASSWORD, ADDRESS)).toBe(10);
    });

    it('does not count who succeeds: a whole office logs in from one address', async () => {
      for (let tries = 0; tries < 99; tries++) await fail(1, `user-${tries}`, ADDRESS);
      for (let tries = 0; tries < 150; tries++) expect(await outcome('bob', PASSWORD, ADDRESS)).toBe('ok');
      await fail(1, 'alice', ADDRESS);
      expect(await outcome('bob', PASSWORD, ADDRESS)).toBe(10);
    });

    it('goes on waiting when one succeeds in between', async () => {
      logins = start({ lockout: { addressLimit: 2 } });
      await fail(2, 'alice', ADDRESS);
      await place.advance(10_000);
      expect(await outcome('bob', PASSWORD, ADDRESS)).toBe('ok');
      expect(await outcome('bob', PASSWORD, ADDRESS)).toBe(20);
    });

    it('does not count against a name what the address was refused for', async () => {
      logins = start({ lockout: { addressLimit: 5 } });
      await fail(5, 'bob', ADDRESS);
      for (let tries = 0; tries < 20; tries++) expect(await outcome('alice', 'wrong', ADDRESS)).toBe(10);
      expect((await logins.failures('alice', null))?.failed.count).toBe(0);
      expect(await outcome('alice', PASSWORD)).toBe('ok');
    });
  });

  it('has limits that the host sets, in frozen options', async () => {
    const lockout = Object.freeze({ limit: 2, windowMs: 60_000, waitMs: 1_000, maxWaitMs: 3_000 });
    logins = start({ lockout });
    await fail(2);
    const waits = [];
    for (let round = 0; round < 4; round++) {
      const wait = await outcome('alice', PASSWORD);
      waits.push(wait);
      await place.advance(Number(wait) * 1_000);
      await fail(1);
    }
    expect(waits).toEqual([1, 2, 3, 3]);
    await place.advance(63_000);
    expect(await outcome('alice', PASSWORD)).toBe('ok');
  });

  it('tells the wait in whole seconds, rounded up', async () => {
    logins = start({ lockout: { limit: 1, waitMs: 1_900 } });
    await fail(1);
    expect(await outcome('alice', PASSWORD)).toBe(2);
  });
});

describe('the options of the lockout', () => {
  const NAMES: readonly (keyof LockoutOptions)[] = [
    'limit',
    'addressLimit',
    'secretLimit',
    'windowMs',
    'waitMs',
    'maxWaitMs',
  ];

  it.each(NAMES)('%s must be a positive whole number', (name) => {
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '10', null]) {
      const lockout = { [name]: value } as LockoutOptions;
      expect(() => newCore({ lockout })).toThrow(new TypeError(`lockout.${name} must be a positive whole number`));
    }
  });
});
