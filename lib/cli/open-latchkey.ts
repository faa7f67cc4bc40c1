import { userInfo } from 'node:os';
import { AuthError, createLatchkey, type Latchkey, type LatchkeyOptions, LIMITS, RISKS } from '../index.js';
import { RedisStore } from '../stores/redis/redis-store.js';
import { CommandFailure, EXIT, type Surroundings, UsageError } from './command.js';
import { failureOf } from './faults.js';
import { wholeNumber } from './option-values.js';
import { peppersOf } from './peppers.js';
import { REDIS_HELP, REDIS_OPTIONS, type RedisValues, redisAddress, redisName } from './redis-address.js';
import { connect } from './redis-client.js';

const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_TIMEOUT_MS = 60_000;
const MAX_REPLICAS = 100;
const NAME_SHAPE = /^[^\p{C}]+$/u;

/** Of every command that works on the records. */
export const STORE_OPTIONS = {
  ...REDIS_OPTIONS,
  'key-prefix': { type: 'string' },
  'timeout-ms': { type: 'string' },
  replicas: { type: 'string' },
  prefix: { type: 'string' },
  org: { type: 'string' },
  by: { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const STORE_HELP = `${REDIS_HELP}

  --key-prefix TEXT     what all keys in Redis begin with, as given to RedisStore and ioredis; default latchkey:
  --timeout-ms N        the longest to wait for a connection, and for an answer; default ${DEFAULT_TIMEOUT_MS}
  --replicas N          a change is acknowledged only once N replicas have it, as by durability.replicas
  --prefix TEXT         what the tokens begin with, as given to createLatchkey; default lk
  --org ID              the organisation; default: none
  --by NAME             who does it, for the audit trail; default cli:<the user of the system>
  --json                for programs: one JSON document, its fields as those of the admin API

  LATCHKEY_PEPPERS of the environment holds the peppers of the app, the current one first, with a comma in between.
  The app's own code is not asked here, only its records: this command does not know its users (so it is not checked
  whether an owner exists, nor what they may do: the app does that, at each request), the policies that its code names,
  or its options keys, keyRules and notices. Times are in UTC.`;

export interface StoreValues extends RedisValues {
  readonly 'key-prefix'?: string | undefined;
  readonly 'timeout-ms'?: string | undefined;
  readonly replicas?: string | undefined;
  readonly prefix?: string | undefined;
  readonly org?: string | undefined;
  readonly by?: string | undefined;
}

/** The records, and who works on them. */
export interface Opened {
  readonly latchkey: Latchkey;
  readonly by: string;
  readonly orgId: string | null;
}

export interface OpenSettings extends Pick<LatchkeyOptions, 'keys' | 'users' | 'session' | 'http'> {
  /** New keys are checked against what is there, and not written. Nothing else may be asked for. */
  readonly isDryRun?: boolean;
}

/**
 * Does `work` on the records that `values` name, and closes everything. @throws UsageError; CommandFailure for a Redis that cannot
 * be used, and for what Latchkey refuses.
 */
export async function withLatchkey<Answer>(
  values: StoreValues,
  { environment }: Surroundings,
  work: (opened: Opened) => Promise<Answer>,
  { isDryRun = false, ...settings }: OpenSettings = {},
): Promise<Answer> {
  const address = redisAddress(values, environment.REDIS_URL);
  const timeoutMs = wholeNumber('timeout-ms', values['timeout-ms'], 1, MAX_TIMEOUT_MS) ?? DEFAULT_TIMEOUT_MS;
  const replicas = wholeNumber('replicas', values.replicas, 1, MAX_REPLICAS);
  const by = identifierOf('by', values.by ?? `cli:${systemUser()}`);
  const orgId = values.org === undefined ? null : identifierOf('org', values.org);
  const peppers = peppersOf(environment.LATCHKEY_PEPPERS);
  const keyPrefix = values['key-prefix'];
  const sentinelPassword = environment.REDIS_SENTINEL_PASSWORD;
  const { client, trouble } = await connect(address, { timeoutMs, sentinelPassword, again: true });
  try {
    if (trouble !== null)
      throw new CommandFailure(EXIT.unreachable, `${redisName(address)} cannot be used: ${trouble}`);
    const latchkey = made(() => {
      const store = new RedisStore(client, {
        timeoutMs,
        ...(keyPrefix !== undefined && { keyPrefix }),
        ...(replicas !== null && { durability: { replicas, timeoutMs } }),
      });
      leaveNoticesToTheApp(store);
      if (isDryRun) takeInNothing(store);
      const { prefix } = values;
      const options = { ...OPTIONS, ...settings, keys: { ...OPTIONS.keys, ...settings.keys } };
      return createLatchkey({ ...options, store, peppers, ...(prefix !== undefined && { prefix }) });
    });
    try {
      return await work({ latchkey, by, orgId });
    } finally {
      await latchkey.close();
    }
  } catch (error) {
    throw error instanceof AuthError ? failureOf(error) : error;
  } finally {
    if (client.status !== 'end') client.disconnect();
  }
}

/** Who runs commands decides: the rules of the app on what people may ask for are not known here. */
const OPTIONS: LatchkeyOptions = {
  keys: { allowNever: true, maxLifetimeMs: null },
  notices: { expiringMs: [1] }, // so that every key that expires is due to be looked at, see below
  production: { accept: RISKS }, // what is wrong is mended by commands, too; `doctor` tells
};

/**
 * What falls due is the app's to tell its listeners of, at the times that it was told: here nothing is, and a key that was made or
 * changed is due at once, for the app to look at.
 */
function leaveNoticesToTheApp({ records: { apiKeys } }: RedisStore): void {
  const watch = apiKeys.watch.bind(apiKeys);
  apiKeys.watch = (id, at) => watch(id, at === null ? null : Math.min(at, Date.now()));
  apiKeys.watched = async () => [];
}

/** For a dry run: all that importing a key writes is its record, its entry in the trail, and when it is due; each is taken for written. */
function takeInNothing({ records: { apiKeys, audit } }: RedisStore): void {
  apiKeys.insert = async () => true;
  apiKeys.watch = async () => {};
  audit.append = async (_orgId, _part, values) => values.map(() => '0-0');
}

/** @throws UsageError for an option that the library does not take. */
function made(make: () => Latchkey): Latchkey {
  try {
    return make();
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

function systemUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid-${process.getuid?.() ?? 'unknown'}`; // in a container, an id without a name
  }
}

function identifierOf(name: string, text: string): string {
  if (text.length <= LIMITS.identifier && NAME_SHAPE.test(text)) return text;
  throw new UsageError(`--${name} must have 1 to ${LIMITS.identifier} printable characters`);
}
