import type { User } from '../../../lib/index.js';
import { givenOptions } from '../dialect.js';

/** What the core's users do not tell of themselves; what is left out is left out of the answers. Instants are epoch ms. */
export interface SystemLinkProfile {
  readonly firstName?: string;
  readonly lastName?: string;
  readonly email?: string;
  readonly niuaId?: string;
  readonly acceptedToS?: boolean;
  readonly keywords?: readonly string[];
  readonly properties?: Readonly<Record<string, string>>;
  /** Ids of the user's policies, for show: what a user may do the directory says. */
  readonly policies?: readonly string[];
  readonly createdAt?: number;
  readonly updatedAt?: number;
  /** Default `active`. */
  readonly status?: 'pending' | 'active';
}

export interface SystemLinkOrg {
  readonly name: string;
  readonly ownerId?: string;
}

export interface SystemLinkWorkspace {
  readonly id: string;
  readonly name: string;
  /** Default true. */
  readonly enabled?: boolean;
  /** The one that callers get whose key names none. Default false. */
  readonly isDefault?: boolean;
}

export interface SystemLinkOptions {
  /** Where the auth service is. Default `/niauth/v1`. */
  readonly basePath?: string;
  /**
   * Whether the calls for whitelisted keys are offered. Default false. Mount the router with true on a listener that the public
   * cannot reach: a whitelisted key makes session keys of any policies, for anybody.
   */
  readonly whitelistedRoutes?: boolean;
  /** SHA-512 of each whitelisted key, or of the key and a line feed, in hex: a list, or a text with commas. Default: none. */
  readonly whitelistedApiKeyHashes?: string | readonly string[];
  /**
   * Whether a session key that is made for a user has all rights of its policies, whatever the user may do, as in the product.
   * It then is the key of a service to the host's own routes, and the user is asked after by this router only. Default false:
   * it acts as the user, and does what both the policies and the user's own rights allow.
   */
  readonly sessionKeysExceedUsers?: boolean;
  /** Whether a key may come as the query parameter `x-ni-api-key` of GET: it then stands in logs of proxies. Default false. */
  readonly keyInQuery?: boolean;
  /** The id that the built-in policy `full-access` has here, as `Super User`. Default: that of the product's own example. */
  readonly superUserId?: string;
  readonly profileOf?: (user: User) => Promise<SystemLinkProfile>;
  /** Null: there is no such organisation. Default: every organisation is there, and has its id as its name. */
  readonly orgOf?: (orgId: string) => Promise<SystemLinkOrg | null>;
  /** The workspaces of an organisation, at most 1,000. Default: none. */
  readonly workspacesOf?: (orgId: string | null) => Promise<readonly SystemLinkWorkspace[]>;
}

export type SystemLinkSettings = Required<Omit<SystemLinkOptions, 'whitelistedApiKeyHashes'>> & {
  readonly whitelist: readonly Buffer[];
};

/** @throws TypeError naming the option that is wrong. */
export function settle(options: SystemLinkOptions): SystemLinkSettings {
  const { whitelistedApiKeyHashes = [], ...given } = givenOptions(options);
  const hashes =
    typeof whitelistedApiKeyHashes === 'string' ? whitelistedApiKeyHashes.split(',') : whitelistedApiKeyHashes;
  const settings = {
    basePath: '/niauth/v1',
    whitelistedRoutes: false,
    sessionKeysExceedUsers: false,
    keyInQuery: false,
    superUserId: '7d80bb61-8df6-499c-b1e4-3d89848f8633',
    profileOf: async () => ({}),
    orgOf: async (orgId: string) => ({ name: orgId }),
    workspacesOf: async () => [],
    ...given,
    whitelist: hashes
      .map((hash) => hash.trim())
      .filter((hash) => hash !== '')
      .map(toBytes),
  };
  if (!/^(\/[\w.-]+)+$/.test(settings.basePath)) {
    throw new TypeError('systemlink: basePath must be a path such as /niauth/v1, without a slash at its end');
  }
  if (!/^[\w.-]{1,128}$/.test(settings.superUserId)) {
    throw new TypeError('systemlink: superUserId must have 1 to 128 letters, digits, ".", "_" and "-"');
  }
  for (const name of ['whitelistedRoutes', 'sessionKeysExceedUsers', 'keyInQuery'] as const) {
    // A text, as from an environment, would open what it says is closed.
    if (typeof settings[name] !== 'boolean') throw new TypeError(`systemlink: ${name} must be true or false`);
  }
  if (settings.whitelistedRoutes && settings.whitelist.length === 0) {
    throw new TypeError('systemlink: whitelistedRoutes needs whitelistedApiKeyHashes: nobody could call them');
  }
  return settings;
}

function toBytes(hash: string): Buffer {
  if (/^[0-9a-f]{128}$/i.test(hash)) return Buffer.from(hash, 'hex');
  throw new TypeError(
    'systemlink: whitelistedApiKeyHashes must hold SHA-512 values of 128 hex digits, with commas between',
  );
}
