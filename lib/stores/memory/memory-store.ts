import { fine, warning } from '../../finding.js';
import { ChangeEmitter } from '../change-emitter.js';
import type { StateStore } from '../state.js';
import type { RecordStores, Store, StoreHealth } from '../store.js';
import { MemoryApiKeys } from './memory-api-keys.js';
import { MemoryAudit } from './memory-audit.js';
import { MemoryDocuments } from './memory-documents.js';
import { MemoryNumbers } from './memory-numbers.js';
import { MemoryPolicies } from './memory-policies.js';
import { MemoryState } from './memory-state.js';

/**
 * The embedded store: everything in this process, nothing to install, nothing kept after the process ends.
 * For one process; use `RedisStore` as soon as there are two.
 */
export class MemoryStore implements Store {
  readonly isEmbedded: boolean = true;
  readonly changes = new ChangeEmitter(true);
  readonly records: RecordStores;
  readonly state: StateStore;

  /** `now`: the clock by which sessions, counters and whole trails end, in epoch ms. Default `Date.now`. */
  constructor({ now = Date.now }: { readonly now?: () => number } = {}) {
    this.records = {
      apiKeys: new MemoryApiKeys(this.changes),
      policies: new MemoryPolicies(this.changes),
      audit: new MemoryAudit(now),
      numbers: new MemoryNumbers(),
      documents: new MemoryDocuments(),
    };
    this.state = new MemoryState(this.changes, now);
  }

  async health(): Promise<StoreHealth> {
    return { ok: true, latencyMs: 0, feedIsLive: true, detail: 'memory', findings: [...FINDINGS] };
  }

  async close(): Promise<void> {}
}

const FINDINGS = [
  fine('connection', 'In the memory of this process.'),
  warning(
    'persistence',
    'Everything is gone when this process ends, and no other process sees it.',
    'Give createLatchkey a RedisStore.',
    'no-persistence',
  ),
  fine('eviction', 'Nothing is dropped before its time.'),
  fine('tls', 'Nothing leaves this process.'),
  fine('tracking', 'Changes are heard of at once.'),
  fine('clock', 'The clock of this process.'),
];
