import { hash, verify } from '@node-rs/argon2';
import type { Core } from '../../../lib/core.js';
import type { AuthError } from '../../../lib/errors.js';
import type { Authenticated, User, UserDirectory } from '../../../lib/index.js';
import type { Logins } from '../../../lib/sessions/logins.js';
import { MFA_CODE, PASSWORD, People } from '../../support/people.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import { openRedisPlace, type RedisPlace, TIMED_PLACES, type TimedPlace } from '../timed-places.js';

const ADDRESS = '192.0.2.7';

function loginsOf(core: Core): Logins {
  if (core.users === null) throw new Error('there are no users');
  return core.users.logins;
}

/** All that a client can learn from a refusal. */
function shown({ code, status, message, headers, errors }: AuthError): object {
  return { code, status, message, headers, errors };
}

const REFUSED = {
  code: 'unauthenticated',
  status: 401,
  message: 'Valid credentials are required.',
  headers: {},
  errors: [],
};

describe.each(TIMED_PLACES)('a login, with state in $name,', ({ open }) => {
  let place: TimedPlace;
  let people: People;
  let core: Core;
  let other: Core;
  let logins: Logins;

  beforeAll(async () => {
    place = await open();
  });
  afterAll(() => place.stop());

  beforeEach(async () => {
    await place.clear();
    people = new People().set('alice').set('mona', { requiresMfa: true }).set('dan', { isEnabled: false });
    const options = { users: people, now: place.clock.now, usersTimeoutMs: 20 };
    core = newCore({ ...options, store: place.connect() });
    other = newCore({ ...options, store: place.connect() });
    logins = loginsOf(core);
  });
  afterEach(async () => {
    await core.close();
    await other.close();
  });

  function authenticate(userName: string, password: string, mfaCode?: string): Promise<Authenticated> {
    return logins.authenticate({ userName, password, mfaCode, address: ADDRESS });
  }

  async function tokenOf(userName: string): Promise<string> {
    return (await logins.issueToken(await authenticate(userName, PASSWORD))).token;
  }

  it('answers who it is, and what failed before', async () => {
    expect(await authenticate('alice', PASSWORD)).toEqual({
      user: expect.objectContaining({ id: 'alice', orgId: 'acme', userName: 'alice' }),
      failed: { count: 0, lastAt: null },
    });
    await refusalOf(authenticate('alice', 'wrong'));
    await place.advance(1_000);
    const failedAt = place.clock.nowAt;
    await refusalOf(authenticate('alice', 'wrong'));
    await place.advance(1_000);
    expect((await authenticate('alice', PASSWORD)).failed).toEqual({ count: 2, lastAt: failedAt });
    expect((await authenticate('alice', PASSWORD)).failed).toEqual({ count: 0, lastAt: null });
  });

  it('asks the directory for the tenant that it names', async () => {
    const login = { userName: 'alice', password: PASSWORD, address: null };
    expect((await logins.authenticate({ ...login, tenant: 'acme' })).user.id).toBe('alice');
    expect(shown(await refusalOf(logins.authenticate({ ...login, tenant: 'other' })))).toEqual(REFUSED);
  });

  it('refuses an unknown user, a wrong password, a wrong code and a disabled user alike; only the reason differs', async () => {
    const refusals = [
      await refusalOf(authenticate('nobody', PASSWORD)),
      await refusalOf(authenticate('alice', 'wrong')),
      await refusalOf(authenticate('mona', PASSWORD, '000000')),
      await refusalOf(authenticate('dan', PASSWORD)),
      await refusalOf(authenticate('dan', 'wrong')),
    ];
    for (const refusal of refusals) expect(shown(refusal)).toEqual(REFUSED);
    expect(refusals.map(({ reason }) => reason)).toEqual([
      'unknown_user',
      'wrong_password',
      'wrong_mfa_code',
      'user_disabled',
      'wrong_password',
    ]);
    const texts = refusals.map((refusal) => JSON.stringify(refusal));
    expect(new Set(texts).size).toBe(1);
  });

  it('looks at the password of an unknown and of a disabled user too', async () => {
    for (const userName of ['nobody', 'dan']) {
      people.drainGuesses();
      await refusalOf(authenticate(userName, PASSWORD));
      expect(people.drainGuesses()).toBe(1);
    }
  });

  it('does not believe a directory that calls the password of nobody right', async () => {
    people.verifyPassword = async () => true;
    expect(shown(await refusalOf(authenticate('nobody', PASSWORD)))).toEqual(REFUSED);
  });

  it('takes undefined, as plain JavaScript answers it, for nobody', async () => {
    const token = await tokenOf('alice');
    people.findByUserName = async () => undefined as unknown as null;
    people.findById = async () => undefined as unknown as null;
    expect(shown(await refusalOf(authenticate('alice', PASSWORD)))).toEqual(REFUSED);
    expect(shown(await refusalOf(logins.exchange(token)))).toEqual(REFUSED);
  });

  it('asks for the code only when the password is right', async () => {
    expect(shown(await refusalOf(authenticate('mona', 'wrong')))).toEqual(REFUSED);
    const missing = await refusalOf(authenticate('mona', PASSWORD));
    expect(shown(missing)).toEqual({
      ...REFUSED,
      code: 'mfa_required',
      message: 'A code of the second factor is required.',
    });
    expect((await authenticate('mona', PASSWORD, MFA_CODE)).user.id).toBe('mona');
    people.drainGuesses();
    await refusalOf(authenticate('mona', 'wrong', MFA_CODE));
    expect(people.calls).not.toContain('verifyMfaCode');
  });

  it('counts a wrong code as a try, until one succeeds, and a missing one not', async () => {
    for (let tries = 0; tries < 20; tries++) {
      expect(await refusalOf(authenticate('mona', PASSWORD))).toMatchObject({ code: 'mfa_required' });
    }
    await refusalOf(authenticate('mona', PASSWORD, '000000'));
    expect((await logins.failures('mona', null))?.failed.count).toBe(1);
    await authenticate('mona', PASSWORD, MFA_CODE);
    expect((await logins.failures('mona', null))?.failed.count).toBe(0);
    for (let tries = 0; tries < 10; tries++) await refusalOf(authenticate('mona', PASSWORD, '000000'));
    expect(await refusalOf(authenticate('mona', PASSWORD, MFA_CODE))).toMatchObject({ code: 'too_many_attempts' });
  });

  describe('its token', () => {
    it('is exchanged once, on any instance, for the user and what failed before', async () => {
      await refusalOf(authenticate('alice', 'wrong'));
      const failedAt = place.clock.nowAt;
      const { token, expiresAt } = await logins.issueToken(await authenticate('alice', PASSWORD));
      expect(token).toMatch(/^[0-9A-Za-z]{43}$/);
      expect(expiresAt).toBe(place.clock.nowAt + 30_000);
      const who = await loginsOf(other).exchange(token);
      expect([who.user.id, who.failed]).toEqual(['alice', { count: 1, lastAt: failedAt }]);
      for (const each of [core, other]) {
        expect(shown(await refusalOf(loginsOf(each).exchange(token)))).toEqual(REFUSED);
      }
    });

    it('has exactly one winner of 20 exchanges at once, on two instances', async () => {
      for (let round = 0; round < 5; round++) {
        const token = await tokenOf('alice');
        const tries = Array.from({ length: 20 }, (_, at) => loginsOf(at % 2 ? core : other).exchange(token));
        const outcomes = await Promise.allSettled(tries);
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        const codes = outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code);
        expect(codes.filter((code) => code === 'unauthenticated')).toHaveLength(19);
      }
    });

    it('lives 30 seconds', async () => {
      const [early, late] = [await tokenOf('alice'), await tokenOf('alice')];
      await place.advance(29_000);
      expect((await logins.exchange(early)).user.id).toBe('alice');
      await place.advance(1_000);
      expect(shown(await refusalOf(logins.exchange(late)))).toEqual(REFUSED);
    });

    it.each([
      ['disabled', (all: People) => all.set('alice', { isEnabled: false })],
      ['deleted', (all: People) => all.delete('alice')],
    ])('is worth nothing when the user was %s meanwhile', async (_what, change) => {
      const token = await tokenOf('alice');
      change(people);
      expect(shown(await refusalOf(logins.exchange(token)))).toEqual(REFUSED);
      people.set('alice', { isEnabled: true });
      expect(shown(await refusalOf(logins.exchange(token)))).toEqual(REFUSED);
    });

    it.each([
      ['nothing', ''],
      ['a letter', 'x'],
      ['one that nobody was given', 'a'.repeat(43)],
      ['a pattern', '{}:*'],
      ['100,000 characters', 'a'.repeat(100_000)],
      ['control characters', '\u0000'.repeat(43)],
    ])('is not %s', async (_what, token) => {
      expect(shown(await refusalOf(logins.exchange(token)))).toEqual(REFUSED);
    });
  });

  describe.each<[string, (typed: string) => Promise<never>]>([
    ['rejects', (typed) => Promise.reject(new Error(`no connection to ldap, bind ${typed} / ${PASSWORD}`))],
    ['rejects with a text', (typed) => Promise.reject(`${typed} ${PASSWORD}`)],
    [
      'throws',
      (typed) => {
        throw new Error(`${typed} ${PASSWORD}`);
      },
    ],
    ['hangs', () => new Promise(() => {})],
  ])('with a directory that %s', (_what, fault) => {
    it.each<keyof UserDirectory>(['findByUserName', 'verifyPassword', 'verifyMfaCode'])(
      'in %s is 503, and holds nothing of what was typed',
      async (method) => {
        people.faults = { [method]: fault };
        const error = await refusalOf(authenticate('mona', PASSWORD, MFA_CODE));
        expect(shown(error)).toEqual({
          code: 'store_unavailable',
          status: 503,
          message: 'Credentials cannot be checked at the moment. Retry shortly.',
          headers: { 'Retry-After': '1' },
          errors: [],
        });
        expect(error.reason).toMatch(new RegExp(`^the user directory's ${method} (failed|did not answer in time)$`));
        expect(error.cause).toBeUndefined();
        expect(`${error.stack}${error.reason}${JSON.stringify(error)}`).not.toContain(PASSWORD);
        people.faults = {};
        expect((await authenticate('mona', PASSWORD, MFA_CODE)).user.id).toBe('mona');
      },
    );

    it('in findById at the exchange is 503', async () => {
      const token = await tokenOf('alice');
      people.faults = { findById: fault };
      expect(await refusalOf(logins.exchange(token))).toMatchObject({ code: 'store_unavailable', status: 503 });
    });
  });

  it('is 503 where a user requires a code that the directory cannot check', async () => {
    people.verifyMfaCode = undefined as unknown as People['verifyMfaCode'];
    expect(await refusalOf(authenticate('mona', PASSWORD, MFA_CODE))).toMatchObject({
      code: 'store_unavailable',
      reason: 'a user requires MFA, but the directory has no verifyMfaCode',
    });
  });
});

describe('in Redis', () => {
  let place: RedisPlace;
  let core: Core;

  beforeAll(async () => {
    place = await openRedisPlace();
  });
  afterAll(async () => {
    await core.close();
    await place.stop();
  });

  it('there is no login token, no password and no user name', async () => {
    const people = new People().set('alice', { userName: 'alice.the.first' });
    core = newCore({ users: people, store: place.connect(), now: place.clock.now });
    const logins = loginsOf(core);
    const login = { userName: 'alice.the.first', password: PASSWORD, address: ADDRESS };
    await refusalOf(logins.authenticate({ ...login, password: 'a wrong guess' }));
    const { token } = await logins.issueToken(await logins.authenticate(login));
    await refusalOf(logins.authenticate({ ...login, password: 'a wrong guess' }));
    const everything = await place.everything();
    expect(everything).toContain('once:{login-');
    expect(everything).toContain('try:{user-');
    for (const secret of [token, PASSWORD, 'a wrong guess', 'alice.the.first', ADDRESS]) {
      expect(everything).not.toContain(secret);
    }
    const [key = ''] = await place.client.keys('*once:*');
    const lifeMs = await place.client.pttl(key);
    expect(lifeMs).toBeGreaterThan(25_000);
    expect(lifeMs).toBeLessThanOrEqual(30_000);
  });
});

describe('with Argon2id', () => {
  const ROUNDS = 20;

  it('an unknown user costs the same time as a wrong password', async () => {
    const nobodysHash = await hash('nobody’s');
    const alice: User = { id: 'alice', orgId: null, userName: 'alice', isEnabled: true };
    const hashes = new Map([['alice', await hash(PASSWORD)]]);
    const users: UserDirectory = {
      findByUserName: async (userName) => (userName === 'alice' ? alice : null),
      findById: async () => alice,
      verifyPassword: (user, password) => verify(hashes.get(user?.id ?? '') ?? nobodysHash, password),
      statements: async () => [],
    };
    const core = newCore({ users, lockout: { limit: 1_000, addressLimit: 1_000 } });
    const timeOf = async (userName: string): Promise<number> => {
      const startedAt = performance.now();
      await refusalOf(loginsOf(core).authenticate({ userName, password: 'wrong', address: ADDRESS }));
      return performance.now() - startedAt;
    };
    await timeOf('alice');
    const unknown: number[] = [];
    const wrong: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      unknown.push(await timeOf(`nobody-${round}`));
      wrong.push(await timeOf('alice'));
    }
    const [ofUnknown, ofWrong] = [medianOf(unknown), medianOf(wrong)];
    process.stdout.write(
      `unknown user ${ofUnknown.toFixed(2)} ms, wrong password ${ofWrong.toFixed(2)} ms (medians)\n`,
    );
    expect(ofUnknown / ofWrong).toBeGreaterThan(0.5);
    expect(ofUnknown / ofWrong).toBeLessThan(2);
    await core.close();
  });
});

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
