import { givenOptions } from '../dialect.js';

/** A server schema: what a key is linked to. */
export interface PlexusSchema {
  /** Upper-case hex, such as `6C6F63616C6462`. */
  readonly id: string;
  readonly name: string;
}

export interface PlexusPaths {
  readonly token: string;
  readonly login: string;
  readonly current: string;
  readonly logout: string;
  readonly apiKeys: string;
  readonly schemas: string;
}

export interface PlexusOptions {
  /** The business flag `API_KEYS_LOGIN`: without it keys cannot be managed. Default false. */
  readonly keyManagement?: boolean;
  /** The schemas that a user may select for a key; asked at creation and login. Default: none. */
  readonly schemasOf?: (userId: string) => Promise<readonly PlexusSchema[]>;
  /** `plexus.apiKeys.validityInDays`: from creation; 1 to 36,500. Default 180. Read when a key is made. */
  readonly validityInDays?: number;
  /** `Secure` on both cookies. Default true; false for tests over plain HTTP. */
  readonly secureCookies?: boolean;
  /** Whether GET and HEAD need the token too. Default true. */
  readonly tokenOnReads?: boolean;
  /** A session ends after this long without use, in ms. Default 30 minutes. */
  readonly idleMs?: number;
  /** A session ends after this long, in ms. Default 12 hours. */
  readonly absoluteMs?: number;
  /** An anonymous session ends after this long, in ms. Default 10 minutes. */
  readonly anonymousMs?: number;
  /** Failed logins of one anonymous session after which it has to wait a minute. Default 5. */
  readonly loginLimit?: number;
  /**
   * At least 32 characters. Keys made with it are kept encrypted beside their hash, and their owner can read them again:
   * weaker than keys that are shown once, for whoever has the store and this secret has the keys. Default: shown once.
   */
  readonly readableValues?: string;
  /** The paths of a site that has others. */
  readonly paths?: Partial<PlexusPaths>;
}

export type PlexusSettings = Required<Omit<PlexusOptions, 'readableValues' | 'paths'>> & {
  readonly readableValues: string | null;
  readonly paths: PlexusPaths;
};

const DAY_MS = 86_400_000;
const NUMBERS = {
  validityInDays: [1, 36_500],
  idleMs: [1_000, 365 * DAY_MS],
  absoluteMs: [1_000, 365 * DAY_MS],
  anonymousMs: [1_000, DAY_MS],
  loginLimit: [1, 1_000],
} as const;

/** @throws TypeError naming the option that is wrong. */
export function settle(options: PlexusOptions): PlexusSettings {
  const { paths = {}, ...given } = givenOptions(options);
  const settings = {
    keyManagement: false,
    schemasOf: async () => [],
    validityInDays: 180,
    secureCookies: true,
    tokenOnReads: true,
    idleMs: 1_800_000,
    absoluteMs: 12 * 3_600_000,
    anonymousMs: 600_000,
    loginLimit: 5,
    readableValues: null,
    ...given,
    paths: {
      token: '/api/xsrf-token',
      login: '/api/login/apikey',
      current: '/api/login/current',
      logout: '/api/logout',
      apiKeys: '/api/apikeys',
      schemas: '/api/schemas',
      ...paths,
    },
  };
  for (const [name, [least, most]] of Object.entries(NUMBERS)) {
    const value = settings[name as keyof typeof NUMBERS];
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new TypeError(`plexus: ${name} must be a whole number from ${least} to ${most}`);
    }
  }
  if (settings.readableValues !== null && settings.readableValues.length < 32) {
    throw new TypeError(
      'plexus: readableValues must have at least 32 characters; make one with: openssl rand -base64 32',
    );
  }
  for (const [name, path] of Object.entries(settings.paths)) {
    if (!/^\/[\w./-]*[\w-]$/.test(path))
      throw new TypeError(`plexus: paths.${name} must be a path such as /api/apikeys`);
  }
  return settings;
}

/** Bytes of a request's body. */
export const MAX_BODY = 65_536;
/** Schemas of one key or login, and characters of an id. */
export const MAX_SCHEMAS = 100;
const MAX_SCHEMA_ID = 128;

export function isIdList(ids: unknown): ids is string[] {
  const isId = (id: unknown) => typeof id === 'string' && id !== '' && id.length <= MAX_SCHEMA_ID;
  return Array.isArray(ids) && ids.length > 0 && ids.length <= MAX_SCHEMAS && ids.every(isId);
}
