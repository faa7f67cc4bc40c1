/** What a store can be asked about itself. */
export type FindingId =
  | 'connection'
  | 'version'
  | 'role'
  | 'persistence'
  | 'eviction'
  | 'memory'
  | 'min-replicas'
  | 'tls'
  | 'acl'
  | 'tracking'
  | 'clock';

/** What is refused in production unless the host accepts it by this name. */
export const RISKS = ['eviction', 'no-persistence', 'plain-text-store', 'plain-http'] as const;
export type Risk = (typeof RISKS)[number];

/** One thing that a store found out about itself. */
export interface Finding {
  readonly id: FindingId;
  /** `unknown`: the store, or who runs it, does not tell; no fault by itself. */
  readonly level: 'ok' | 'warning' | 'unknown';
  /** Such as `10.0.0.1:6379`, where it holds of this node only; null: of the whole store. */
  readonly node: string | null;
  /** One sentence. Holds no secret. */
  readonly detail: string;
  /** What to do about it, in one sentence; null where there is nothing to do. */
  readonly mend: string | null;
  /** The name under which production refuses it; null where it does not. */
  readonly risk: Risk | null;
}

export function fine(id: FindingId, detail: string): Finding {
  return { id, level: 'ok', node: null, detail, mend: null, risk: null };
}

export function warning(id: FindingId, detail: string, mend: string, risk: Risk | null = null): Finding {
  return { id, level: 'warning', node: null, detail, mend, risk };
}

export function unknown(id: FindingId, detail: string, mend: string | null = null): Finding {
  return { id, level: 'unknown', node: null, detail, mend, risk: null };
}
