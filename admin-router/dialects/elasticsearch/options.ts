import type { Request } from 'express';
import type { Latchkey, Principal, User } from '../../../lib/index.js';
import type { ApplicationPrivileges } from './statements.js';

/** What people are told of a user besides their name. */
export interface UserProfile {
  readonly roles: readonly string[];
  readonly full_name: string | null;
  readonly email: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What `GET /` answers. */
export interface ServerInfo {
  /** Default `latchkey`, as `clusterName`. */
  readonly name?: string;
  readonly clusterName?: string;
  /** Default 22 characters `A`. */
  readonly clusterUuid?: string;
  /** Default `9.1.0`. */
  readonly number?: string;
  /** Default `default`. */
  readonly buildFlavor?: string;
  /** Default `docker`. */
  readonly buildType?: string;
  /** Default `unknown`. */
  readonly buildHash?: string;
  /** Default `2025-01-01T00:00:00.000Z`. */
  readonly buildDate?: string;
  /** Default `10.2.2`. */
  readonly luceneVersion?: string;
  /** Default `8.19.0`. */
  readonly minimumWireVersion?: string;
  /** Default `8.0.0`. */
  readonly minimumIndexVersion?: string;
}

export interface ElasticsearchOptions {
  /** False: every call about keys is 400 `api keys are not enabled`. Default true. */
  readonly apiKeysEnabled?: boolean;
  /** Whether 401 says why a key was refused, as the product does: it tells who asks whether an id exists. Default true. */
  readonly revealReasons?: boolean;
  /**
   * What a key gets that is made without an `expiration`: `default`, the host's own default (`keys.defaultLifetimeMs`, 180
   * days), which the answer then shows; or `never`, as in the product, which also needs `keys.allowNever`. Default `default`.
   */
  readonly withoutExpiration?: 'default' | 'never';
  /** The realm of the host's users. Default `default_native` of type `native`. */
  readonly realm?: { readonly name: string; readonly type: string };
  /** What the names of privileges of applications stand for. A name that is not listed stands for itself. Default: none. */
  readonly applicationPrivileges?: ApplicationPrivileges;
  /**
   * What is shown of a user. Decides nothing. Default: no name, no address, and the role `superuser` for who may do
   * everything, none for who may do nothing, `latchkey` for the others.
   */
  readonly describeUser?: (user: User, principal: Principal) => Partial<UserProfile>;
  /** The tenant of user names, for the host's directory. Default null. */
  readonly tenantOf?: (req: Request) => string | null;
  /** Keys that one request reads at most; where there are more, it is 400. Default 10,000. */
  readonly maxKeys?: number;
  /** Whether `GET /` and `HEAD /` are answered. Default true. */
  readonly root?: boolean;
  readonly server?: ServerInfo;
}

/** What the parts of the dialect share. */
export interface Setting {
  readonly latchkey: Latchkey;
  readonly apiKeysEnabled: boolean;
  readonly revealReasons: boolean;
  readonly withoutExpiration: 'default' | 'never';
  readonly realm: { readonly name: string; readonly type: string };
  readonly applicationPrivileges: ApplicationPrivileges;
  readonly describeUser: (user: User, principal: Principal) => Partial<UserProfile>;
  readonly tenantOf: (req: Request) => string | null;
  readonly maxKeys: number;
  readonly root: boolean;
  readonly server: Required<ServerInfo>;
}

const TYPES = {
  apiKeysEnabled: 'boolean',
  revealReasons: 'boolean',
  withoutExpiration: 'string',
  realm: 'object',
  applicationPrivileges: 'object',
  describeUser: 'function',
  tenantOf: 'function',
  maxKeys: 'number',
  root: 'boolean',
  server: 'object',
} as const;

/** @throws TypeError naming the option that is wrong. */
export function resolveOptions(latchkey: Latchkey, options: ElasticsearchOptions): Setting {
  for (const [name, value] of Object.entries(options)) {
    const type = Object.hasOwn(TYPES, name) ? TYPES[name as keyof typeof TYPES] : undefined;
    if (type === undefined)
      throw new TypeError(`elasticsearch() has no option ${name}; it takes: ${Object.keys(TYPES).join(', ')}`);
    const isRight = value === undefined || (typeof value === type && value !== null);
    if (!isRight) throw new TypeError(`the option ${name} of elasticsearch() must be of type ${type}`);
  }
  const {
    maxKeys = 10_000,
    withoutExpiration = 'default',
    realm = { name: 'default_native', type: 'native' },
  } = options;
  if (!Number.isSafeInteger(maxKeys) || maxKeys < 1 || maxKeys > 100_000) {
    throw new TypeError('the option maxKeys of elasticsearch() must be a whole number from 1 to 100,000');
  }
  if (withoutExpiration !== 'default' && withoutExpiration !== 'never') {
    throw new TypeError("the option withoutExpiration of elasticsearch() must be 'default' or 'never'");
  }
  if (typeof realm.name !== 'string' || typeof realm.type !== 'string') {
    throw new TypeError('the option realm of elasticsearch() must have a name and a type');
  }
  const { applicationPrivileges = {} } = options;
  const lists = Object.values(applicationPrivileges).flatMap((names) => Object.values(names ?? {}));
  if (!lists.every((list) => Array.isArray(list) && list.every((action) => typeof action === 'string'))) {
    throw new TypeError('applicationPrivileges must be like { shop: { read: ["data:read/*"] } }');
  }
  return {
    latchkey,
    apiKeysEnabled: options.apiKeysEnabled ?? true,
    revealReasons: options.revealReasons ?? true,
    withoutExpiration,
    realm: { name: realm.name, type: realm.type },
    applicationPrivileges: structuredClone(applicationPrivileges),
    describeUser: options.describeUser ?? (() => ({})),
    tenantOf: options.tenantOf ?? (() => null),
    maxKeys,
    root: options.root ?? true,
    server: { ...SERVER, ...options.server },
  };
}

const SERVER: Required<ServerInfo> = {
  name: 'latchkey',
  clusterName: 'latchkey',
  clusterUuid: 'AAAAAAAAAAAAAAAAAAAAAA',
  number: '9.1.0',
  buildFlavor: 'default',
  buildType: 'docker',
  buildHash: 'unknown',
  buildDate: '2025-01-01T00:00:00.000Z',
  luceneVersion: '10.2.2',
  minimumWireVersion: '8.19.0',
  minimumIndexVersion: '8.0.0',
};
