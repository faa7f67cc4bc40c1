// Jest loads this file outside its module mapper, so that here, and only here, the import names the source file.
import { ensureRedisServer } from './programs.ts';

/** Runs once before all tests: finds or installs redis-server, and tells the workers where it is. */
export default function globalSetup(): void {
  process.env.LATCHKEY_REDIS_SERVER = ensureRedisServer();
}
