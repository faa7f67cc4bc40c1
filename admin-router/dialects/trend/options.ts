import { givenOptions } from '../dialect.js';

/** Sign-ins and the sessions that come of them. */
export interface TrendSessionOptions {
  /** A session ends after this long without use, in ms. Default 30 minutes. */
  readonly idleMs?: number;
  /** A session ends after this long in any case, in ms. Default null: never. */
  readonly absoluteMs?: number | null;
  /** Sessions of one user, of whatever kind; a further one is refused with 403. Default 10. */
  readonly maxPerUser?: number;
  /** Wrong sign-ins of one name that lock it. Default 5. */
  readonly signInLimit?: number;
  /** For how long, in ms. Default 10 minutes. */
  readonly signInLockMs?: number;
  /** `Secure` on the cookie `sID`. Default true; false for tests over plain HTTP. */
  readonly secureCookie?: boolean;
}

/** When a key locks itself out. */
export interface TrendKeyLockout {
  /** Failed authentications since the last success. Default 10. */
  readonly limit?: number;
  /** For how long, in ms. Default 15 minutes. */
  readonly lockMs?: number;
}

export interface TrendOptions {
  readonly sessions?: TrendSessionOptions;
  /**
   * Whether keys lock after failed authentications, which are counted in any case. Default null, never: ids are small numbers,
   * so anybody could lock anybody's key. A locked key is refused here, and in no other form.
   */
  readonly keyLockout?: TrendKeyLockout | null;
  /** Requests of one key or session within 60 s; beyond, 429. Default 600; null: any number. */
  readonly maxRequestsPerMinute?: number | null;
  /** IANA zone of keys that were given none. Default: the server's own. */
  readonly timeZone?: string;
  /** The region in the URNs of roles. Default `local`. */
  readonly region?: string;
  /** Whether the older sign-in under `/rest/authentication` is offered, whose sessions need no `rID`. Default false. */
  readonly legacySignIn?: boolean;
}

export interface TrendSettings {
  readonly sessions: Required<TrendSessionOptions>;
  readonly keyLockout: Required<TrendKeyLockout> | null;
  readonly maxRequestsPerMinute: number | null;
  readonly timeZone: string;
  readonly region: string;
  readonly legacySignIn: boolean;
}

const YEAR_MS = 366 * 86_400_000;

/** @throws TypeError naming the option that is wrong. */
export function settle(options: TrendOptions): TrendSettings {
  const { sessions = {}, keyLockout = null, ...given } = givenOptions(options);
  const settings = {
    sessions: {
      idleMs: 1_800_000,
      absoluteMs: null,
      maxPerUser: 10,
      signInLimit: 5,
      signInLockMs: 600_000,
      secureCookie: true,
      ...givenOptions(sessions),
    },
    keyLockout: keyLockout === null ? null : { limit: 10, lockMs: 900_000, ...givenOptions(keyLockout) },
    maxRequestsPerMinute: 600,
    timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    region: 'local',
    legacySignIn: false,
    ...given,
  };
  const { idleMs, absoluteMs, maxPerUser, signInLimit, signInLockMs } = settings.sessions;
  check('sessions.idleMs', idleMs, 1_000, YEAR_MS);
  if (absoluteMs !== null) check('sessions.absoluteMs', absoluteMs, 1_000, YEAR_MS);
  check('sessions.maxPerUser', maxPerUser, 1, 1_000_000);
  check('sessions.signInLimit', signInLimit, 1, 1_000_000);
  check('sessions.signInLockMs', signInLockMs, 1_000, YEAR_MS);
  if (settings.keyLockout !== null) {
    check('keyLockout.limit', settings.keyLockout.limit, 1, 1_000_000);
    check('keyLockout.lockMs', settings.keyLockout.lockMs, 1_000, YEAR_MS);
  }
  if (settings.maxRequestsPerMinute !== null) check('maxRequestsPerMinute', settings.maxRequestsPerMinute, 1, 1e9);
  if (!isTimeZone(settings.timeZone)) throw new TypeError('trend: timeZone must be an IANA zone, e.g. "Asia/Tokyo"');
  if (!/^[a-z0-9-]{1,32}$/.test(settings.region)) {
    throw new TypeError('trend: region must be 1 to 32 lower-case letters, digits and "-"');
  }
  const switches = { 'sessions.secureCookie': settings.sessions.secureCookie, legacySignIn: settings.legacySignIn };
  for (const [name, value] of Object.entries(switches)) {
    if (typeof value !== 'boolean') throw new TypeError(`trend: ${name} must be true or false`);
  }
  return settings;
}

function check(name: string, value: number, least: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new TypeError(`trend: ${name} must be a whole number from ${least} to ${most}`);
}

function isTimeZone(timeZone: string): boolean {
  try {
    return typeof timeZone === 'string' && new Intl.DateTimeFormat('en', { timeZone }) !== undefined;
  } catch {
    return false;
  }
}
