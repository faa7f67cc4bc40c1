import { createRequire } from 'node:module';
import type * as api from '@opentelemetry/api';

/** Where every copy of the API (version 1) in a process keeps what the host has registered with it. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1');

let loaded: typeof api | null = null;

/**
 * The API of OpenTelemetry; null until the host registers an SDK with it: nobody would hear what it is told. It has 44 files,
 * which take longer to load than all of Latchkey, so hosts without an SDK never load it.
 */
export function openTelemetry(): typeof api | null {
  if (loaded === null && REGISTRY in globalThis) loaded = createRequire(import.meta.url)('@opentelemetry/api');
  return loaded;
}
