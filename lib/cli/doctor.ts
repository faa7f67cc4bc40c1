import { setTimeout as delay } from 'node:timers/promises';
import type { StoreHealth } from '../index.js';
import { RedisStore, type RedisStoreOptions } from '../stores/redis/redis-store.js';
import { type Command, EXIT, optionsOf, UsageError } from './command.js';
import { doctorReport } from './doctor-report.js';
import { wholeNumber } from './option-values.js';
import { printableJson } from './printable.js';
import { REDIS_HELP, REDIS_OPTIONS, redisAddress, redisName } from './redis-address.js';
import { connect } from './redis-client.js';

const DEFAULT_TIMEOUT_MS = 5_000;
const MAX_TIMEOUT_MS = 60_000;
/** How long the change feed may take to be there, in ms: it connects on its own, once the client has. */
const FEED_WITHIN_MS = 2_000;
const ASK_EVERY_MS = 20;

const OPTIONS = {
  ...REDIS_OPTIONS,
  'key-prefix': { type: 'string' },
  replicas: { type: 'string' },
  'timeout-ms': { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** Tells of a Redis what `store.health()` does. Changes nothing there. */
export const doctor: Command = {
  help: `latchkey doctor: is this Redis fit for Latchkey?

Asks Redis (on a cluster every node) for its version, role, persistence, eviction policy, memory, replicas, TLS, the
rights of the user, client tracking and clock. Changes nothing. Each finding is ok, warning or unknown (not told: no
fault by itself), with its mend.

${REDIS_HELP}

  --key-prefix TEXT     what all keys begin with, as given to RedisStore and ioredis; default latchkey:
  --replicas N          as durability.replicas: may the user WAIT, too?
  --timeout-ms N        the longest to wait for a connection, and for an answer; default ${DEFAULT_TIMEOUT_MS}
  --json                the answer of store.health() as JSON, with the name of what was asked

Exit codes: ${EXIT.ok} all ok or unknown; ${EXIT.warning} a warning; ${EXIT.usage} not called right;
${EXIT.unreachable} cannot be reached, or lets nobody in; ${EXIT.failed} anything else.`,

  async run(args, { print, environment }) {
    const values = optionsOf(args, OPTIONS);
    const address = redisAddress(values, environment.REDIS_URL);
    const timeoutMs = wholeNumber('timeout-ms', values['timeout-ms'], 1, MAX_TIMEOUT_MS) ?? DEFAULT_TIMEOUT_MS;
    const replicas = wholeNumber('replicas', values.replicas, 1, 100);
    const keyPrefix = values['key-prefix'];
    const sentinelPassword = environment.REDIS_SENTINEL_PASSWORD;
    const { client, trouble } = await connect(address, { timeoutMs, sentinelPassword });
    const options = {
      timeoutMs,
      ...(keyPrefix !== undefined && { keyPrefix }),
      ...(replicas !== null && { durability: { replicas } }),
    };
    const name = redisName(address);
    try {
      const diagnosis =
        trouble === null ? await diagnose(client, options) : { ok: false, detail: trouble, findings: [] };
      print(values.json ? printableJson({ name, ...diagnosis }, 2) : doctorReport(name, diagnosis));
      if (!diagnosis.ok) return EXIT.unreachable;
      return diagnosis.findings.some(({ level }) => level === 'warning') ? EXIT.warning : EXIT.ok;
    } finally {
      if (client.status !== 'end') client.disconnect();
    }
  },
};

async function diagnose(
  client: ConstructorParameters<typeof RedisStore>[0],
  options: RedisStoreOptions,
): Promise<StoreHealth> {
  const store = storeOf(client, options);
  try {
    await untilFed(store);
    return await store.health();
  } finally {
    await store.close();
  }
}

function storeOf(client: ConstructorParameters<typeof RedisStore>[0], options: RedisStoreOptions): RedisStore {
  try {
    return new RedisStore(client, options);
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

/** Until it is known how changes are heard of, if at all. */
async function untilFed({ changes }: RedisStore): Promise<void> {
  const giveUpAt = performance.now() + FEED_WITHIN_MS;
  while (!changes.isLive && changes.means !== 'none' && performance.now() < giveUpAt) await delay(ASK_EVERY_MS);
}
