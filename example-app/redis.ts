import { Redis } from 'ioredis';

/** Longer than any healthy Redis takes to accept a connection. */
const CONNECT_TIMEOUT_MS = 5_000;
/** Bounds `quit()` when Redis has gone away in the meantime. Latchkey's own commands have a shorter bound. */
const COMMAND_TIMEOUT_MS = 2_000;
const MAX_RETRY_DELAY_MS = 1_000;

/** A connected client. @throws Error of one line when Redis does not answer in time. */
export async function connectRedis(url: string): Promise<Redis> {
  if (!URL.canParse(url)) throw new Error('REDIS_URL is no URL: it looks like redis://localhost:6379');
  const { host } = new URL(url); // for messages: the whole URL may hold a password
  let hasStarted = false;
  let trouble: string | null = null;

  const redis = new Redis(url, {
    lazyConnect: true,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // A wrong address shows at the start, and is told at once. Later on an outage is waited for.
    retryStrategy: (attempt) => (hasStarted ? Math.min(attempt * 50, MAX_RETRY_DELAY_MS) : null),
  });
  redis.on('error', ({ message }) => {
    if (hasStarted && message !== trouble) console.error(`Redis at ${host}: ${message}`);
    trouble = message;
  });

  const giveUp = setTimeout(() => redis.disconnect(), CONNECT_TIMEOUT_MS);
  try {
    await redis.connect();
  } catch {
    throw new Error(`Redis at ${host} cannot be reached: ${trouble ?? 'no answer'}`);
  } finally {
    clearTimeout(giveUp);
  }

  hasStarted = true;
  redis.on('ready', () => {
    trouble = null;
    console.log(`Redis at ${host}: connected again`);
  });
  return redis;
}
