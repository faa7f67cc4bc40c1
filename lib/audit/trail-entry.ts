import type { EventType, LatchkeyEvent } from '../events.js';
import { EVENT_TYPES, isChange } from '../events.js';
import { LAST_INSTANT } from '../limits.js';

/**
 * Characters of an entry as JSON, about, and of one text in an entry that is longer. What strangers cause holds little; what
 * is changed can be a record of 64 KB.
 */
const CHANGE = { entry: 8_192, text: 500 };
const ACTIVITY = { entry: 2_048, text: 200 };

export type Outcome = 'success' | 'refused';

/** An event in the audit trail. */
export type AuditEntry = LatchkeyEvent & {
  /** Unique within the organisation. */
  readonly id: string;
  readonly outcome: Outcome;
  /** How often it happened, `at` being the first and `lastAt` the last time: what is equal within a second is one entry. */
  readonly count: number;
  readonly lastAt: number;
};

/** What of the trail is wanted: all that is given must hold. */
export interface AuditFilter {
  /** Epoch ms, inclusive. */
  readonly from?: number | undefined;
  /** Epoch ms, exclusive. */
  readonly to?: number | undefined;
  /** Who did it, or logged in. */
  readonly actorId?: string | undefined;
  /** The key or session that it was done with or that was refused, or to which it was done. */
  readonly credentialId?: string | undefined;
  /** Only what happened to this key, and the requests with it that were refused; not what was done with it. */
  readonly keyId?: string | undefined;
  readonly types?: readonly EventType[] | undefined;
  readonly outcome?: Outcome | undefined;
  /** Only what this user did, or what happened to a key, a session or a login of theirs. */
  readonly concerning?: string | undefined;
}

/** The entry to keep. A field that makes it too long is cut; a list or an object is then told by the beginning of its JSON. */
export function encodeEntry(event: LatchkeyEvent, repeated?: Pick<AuditEntry, 'count' | 'lastAt'>): string {
  const entry = { ...event, ...repeated };
  const longest = isChange(event) ? CHANGE : ACTIVITY;
  const json = JSON.stringify(entry);
  return json.length <= longest.entry ? json : JSON.stringify(shorten(entry, longest.text, ENTRY_DEPTH));
}

/** An entry, its `before` and `after`, their fields. */
const ENTRY_DEPTH = 2;

function shorten(value: unknown, length: number, depth: number): unknown {
  if (typeof value === 'string') return value.length <= length ? value : `${value.slice(0, length)}…`;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 0) {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shorten(part, length, depth - 1)]));
  }
  const json = JSON.stringify(value);
  return json.length <= length ? value : `${json.slice(0, length)}…`;
}

/** Null for what is no entry: written by hand, or by a newer version. */
export function decodeEntry(id: string, value: string): AuditEntry | null {
  const event = parse(value);
  if (!isEvent(event)) return null;
  const { count, lastAt } = event as Partial<AuditEntry>;
  return {
    ...event,
    id,
    outcome: outcomeOf(event.type),
    count: Number.isSafeInteger(count) ? (count as number) : 1,
    lastAt: isInstant(lastAt) ? lastAt : event.at,
  };
}

function parse(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return null;
  }
}

function isEvent(value: unknown): value is LatchkeyEvent {
  if (!isObject(value) || !isInstant(value.at)) return false;
  const event = value as unknown as LatchkeyEvent;
  if (!EVENT_TYPES.includes(event.type)) return false;
  return !isChange(event) || (isObject(event.before) && isObject(event.after));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isInstant(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= LAST_INSTANT;
}

const REFUSALS: readonly EventType[] = ['login.failed', 'request.refused', 'request.forbidden'];

export function outcomeOf(type: EventType): Outcome {
  return REFUSALS.includes(type) ? 'refused' : 'success';
}

/** Whether an entry is wanted. One that happened more than once is wanted when any time between may be. */
export function isWanted(entry: AuditEntry, filter: AuditFilter): boolean {
  const { from, to, actorId, credentialId, keyId, types, outcome, concerning } = filter;
  if (from !== undefined && entry.lastAt < from) return false;
  if (to !== undefined && entry.at >= to) return false;
  if (types !== undefined && !types.includes(entry.type)) return false;
  if (outcome !== undefined && entry.outcome !== outcome) return false;
  if (actorId !== undefined && actorOf(entry) !== actorId) return false;
  if (credentialId !== undefined && !credentialsOf(entry).includes(credentialId)) return false;
  if (keyId !== undefined && keyOf(entry) !== keyId) return false;
  return concerning === undefined || usersOf(entry).includes(concerning);
}

function actorOf(entry: AuditEntry): string | null {
  if ('actorId' in entry) return entry.actorId;
  return 'userId' in entry ? entry.userId : null;
}

function credentialsOf(entry: AuditEntry): (string | null)[] {
  return [
    'credentialId' in entry ? entry.credentialId : null,
    'keyId' in entry ? entry.keyId : null,
    'sessionId' in entry ? entry.sessionId : null,
  ];
}

/** The key that it happened to. */
function keyOf(entry: AuditEntry): string | null {
  if ('keyId' in entry) return entry.keyId;
  return entry.type === 'request.refused' || entry.type === 'request.forbidden' ? entry.credentialId : null;
}

function usersOf(entry: AuditEntry): (string | null)[] {
  return [
    'actorId' in entry ? entry.actorId : null,
    'userId' in entry ? entry.userId : null,
    'ownerId' in entry ? entry.ownerId : null,
  ];
}
