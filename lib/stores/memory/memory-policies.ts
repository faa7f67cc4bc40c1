import type { PolicyRecord } from '../../records.js';
import type { ChangeEmitter } from '../change-emitter.js';
import type { PolicyStore } from '../store.js';
import { MemoryOrgRecords } from './memory-org-records.js';

/** The policies of the embedded store. */
export class MemoryPolicies extends MemoryOrgRecords<PolicyRecord> implements PolicyStore {
  constructor(changes: ChangeEmitter) {
    super((id) => changes.changed('policies', id));
  }
}
