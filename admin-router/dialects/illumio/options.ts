import type { StatementInput, User } from '../../../lib/index.js';
import { givenOptions } from '../dialect.js';

/** The roles of an organisation, the mightiest first. `read_only` may write nothing but its one key. */
export const ROLES = [
  'owner',
  'admin',
  'read_only',
  'global_object_provisioner',
  'ruleset_manager',
  'limited_ruleset_manager',
  'ruleset_provisioner',
] as const;

export type IllumioRole = (typeof ROLES)[number];

/** What the core's users do not tell of themselves. */
export interface IllumioProfile {
  readonly fullName?: string;
  /** IANA name. Default `UTC`. */
  readonly timeZone?: string;
  /** Of an identity provider: may hold no keys. Default false. */
  readonly isExternal?: boolean;
}

export interface IllumioOptions {
  /** The only value of `pce_fqdn` that is accepted. Default: any. */
  readonly pceFqdn?: string;
  /** A session ends after this long without use, in ms. Default 10 minutes. */
  readonly idleMs?: number;
  /** A session ends after this long, in ms. Default 24 hours. */
  readonly absoluteMs?: number;
  /** Requests of one session or key in a minute. Default 500. */
  readonly maxRequestsPerMinute?: number;
  /** `max_results` where a client names none. Default 500. */
  readonly maxResults?: number;
  readonly profileOf?: (user: User) => Promise<IllumioProfile>;
  /** `display_name` of an organisation. Default: its id. */
  readonly orgNameOf?: (orgId: string | null) => Promise<string>;
  /**
   * What the roles of service accounts give besides `pce:<role>`, for the host's own routes. Default: nothing. The scope of a
   * permission is kept and shown, and narrows none of it.
   */
  readonly roleStatements?: Partial<Record<IllumioRole, readonly StatementInput[]>>;
  /**
   * The addresses that an access restriction allows; null: there is none of that name. Without it, keys cannot be restricted:
   * asking for it is refused.
   */
  readonly addressesOf?: (orgId: string | null, href: string) => Promise<readonly string[] | null>;
  /** Default `https://<pceFqdn or localhost>/login`. */
  readonly loginUrl?: string;
  /** Default 25.2.10, build 1. */
  readonly productVersion?: { readonly version: string; readonly build: string };
  /** Whether paths under /api/v2 that no call has are answered 404 here; else the app goes on. Default false. */
  readonly answersUnknownPaths?: boolean;
}

export type IllumioSettings = Required<Omit<IllumioOptions, 'pceFqdn' | 'addressesOf'>> & {
  readonly pceFqdn: string | null;
  readonly addressesOf: IllumioOptions['addressesOf'] | null;
};

const NUMBERS = {
  idleMs: [1_000, 31_536_000_000],
  absoluteMs: [1_000, 31_536_000_000],
  maxRequestsPerMinute: [1, 1_000_000],
  maxResults: [0, 10_000],
} as const;

/** @throws TypeError naming the option that is wrong. */
export function settle(given: IllumioOptions): IllumioSettings {
  const options = givenOptions(given);
  const settings: IllumioSettings = {
    pceFqdn: null,
    idleMs: 600_000,
    absoluteMs: 86_400_000,
    maxRequestsPerMinute: 500,
    maxResults: 500,
    profileOf: async () => ({}),
    orgNameOf: async (orgId) => orgId ?? '',
    roleStatements: {},
    addressesOf: null,
    loginUrl: `https://${options.pceFqdn ?? 'localhost'}/login`,
    productVersion: { version: '25.2.10', build: '1' },
    answersUnknownPaths: false,
    ...options,
  };
  for (const [name, [least, most]] of Object.entries(NUMBERS)) {
    const value = settings[name as keyof typeof NUMBERS];
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new TypeError(`illumio: ${name} must be a whole number from ${least} to ${most}`);
    }
  }
  return settings;
}
