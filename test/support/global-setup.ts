// Jest loads this file outside its module mapper, so that here, and only here, the imports name the source files.
import { ensureBuiltPage } from './built-page.ts';
import { ensureChromium, ensureRedisServer } from './programs.ts';

/** Runs once before all tests: finds or installs redis-server and Chromium, builds the page, and tells the workers where they are. */
export default function globalSetup(): void {
  process.env.LATCHKEY_REDIS_SERVER = ensureRedisServer();
  process.env.CHROMIUM = ensureChromium();
  ensureBuiltPage();
}
