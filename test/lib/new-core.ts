import type { Core, CoreOptions } from '../../lib/core.js';
import { createCore } from '../../lib/core.js';

/** The services without Express, and without logins unless `users` says who there is. */
export function newCore(options: CoreOptions = {}): Core {
  return createCore(options, {});
}
