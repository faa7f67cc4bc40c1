/** What a run leaves behind: all that the checker looks at. Instants are monotonic ms since the run began. */
export interface History {
  readonly bounds: Bounds;
  readonly operations: readonly Operation[];
  readonly credentials: readonly CredentialFacts[];
  readonly outages: readonly AppOutage[];
  /** What the apps list when all is mended. */
  readonly lists: readonly ListFacts[];
  /** What is in Redis then. */
  readonly stored: readonly StoredFacts[];
}

export type AppName = 'a' | 'b';

export interface Bounds {
  /** The longest that an answer may take, in ms, where it only reads, and where it writes. */
  readonly useMs: number;
  readonly changeMs: number;
  /** From an acknowledgement until another process acts by it, in ms; the one that gave it does so at once. */
  readonly spreadMs: number;
  /** What the clocks and the roundings to seconds may differ by around an expiry, in ms. */
  readonly expirySlackMs: number;
}

export type CredentialKind = 'key' | 'session' | 'login-token';

/** One secret: a rotated key counts as another credential. */
export interface CredentialFacts {
  readonly name: string;
  readonly kind: CredentialKind;
  /** The public id of the key or the session; a rotated key keeps it. Empty for a login token. */
  readonly id: string;
  readonly ownerId: string;
  /** When it ends by itself. */
  readonly expiresAt: number | null;
}

export type OperationKind =
  | 'create'
  | 'rotate'
  | 'revoke'
  | 'login'
  | 'login-token'
  | 'exchange'
  | 'logout'
  | 'use'
  | 'policy'
  | 'ask'
  | 'list';

/** One request of a client. */
export interface Operation {
  readonly kind: OperationKind;
  readonly app: AppName;
  readonly at: number;
  readonly endAt: number;
  /** Of the answer; 0: there was none. */
  readonly status: number;
  /** Of a refusal, such as `not_durable`. */
  readonly code: string | null;
  /** The fault, counted from 0, that was the last to have begun; -1: before the first. */
  readonly fault: number;
  /** Whether it came when all was mended, and nothing may be refused any more. */
  readonly isFinal: boolean;
  /** The credential that came of it, where it was acknowledged. */
  readonly makes?: string;
  /** The credential that is over when it is acknowledged, and may be from when it is asked for. */
  readonly ends?: string;
  /** The credential that it came with, or that it exchanges. */
  readonly uses?: string;
  /** The policy that it writes, or that it asks by, and whether it then allows what is asked. */
  readonly policy?: string;
  readonly allows?: boolean;
}

/** When an app was killed, and when it answered again. */
export interface AppOutage {
  readonly app: AppName;
  readonly from: number;
  readonly to: number;
}

/** A list as an app has told it, to the last page. */
export interface ListFacts {
  readonly what: string;
  readonly kind: 'key' | 'session';
  /** Whose; null: of everybody. */
  readonly ownerId: string | null;
  readonly at: number;
  readonly ids: readonly string[];
}

/** A record as it lies in Redis. */
export interface StoredFacts {
  readonly what: string;
  /** The indexes in which it should stand and does not. */
  readonly missingIn: readonly string[];
}

/** A fault as it struck. */
export interface Strike {
  readonly fault: string;
  readonly topology: string;
  /** Which server or app, in words. */
  readonly target: string;
  readonly at: number;
  /** When what was broken was mended. */
  readonly healedAt: number;
  /** When all was whole and both apps wrote again. */
  readonly wholeAt: number;
  /** Masters that were replaced. */
  readonly failovers: number;
}

export function isDone({ status }: Pick<Operation, 'status'>): boolean {
  return status >= 200 && status < 300;
}
