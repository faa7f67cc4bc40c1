import type { AuditEntry } from '../../api/types.ts';
import { fieldWords, secondsInWords } from './field-words.ts';
import { FAILED_LOGINS, REFUSALS, reasonIn } from './reason-words.ts';

/** By what the types stand together in the filter. */
export const GROUPS = ['Keys', 'Requests', 'Logins and sessions', 'Policies', 'Other'] as const;
export type Group = (typeof GROUPS)[number];

interface EventWords {
  readonly group: Group;
  /** In the list, and in the filter. */
  readonly title: string;
  /** What besides the title is worth a line; empty: nothing. */
  readonly tell?: (entry: AuditEntry) => string;
}

/** Every type of entry, in the order of the filter. */
export const EVENTS: Readonly<Record<string, EventWords>> = {
  'key.created': { group: 'Keys', title: 'Key created', tell: ({ after }) => nameIn(after) },
  'key.changed': { group: 'Keys', title: 'Key changed', tell: changedFields },
  'key.rotated': { group: 'Keys', title: 'Key rotated', tell: tellRotated },
  'key.disabled': { group: 'Keys', title: 'Key disabled' },
  'key.enabled': { group: 'Keys', title: 'Key enabled' },
  'key.revoked': { group: 'Keys', title: 'Key revoked', tell: ({ after }) => textIn(after, 'revokedReason') },
  'key.unused': {
    group: 'Keys',
    title: 'Key disabled as unused',
    tell: () => 'Nobody had used it for as long as it allows',
  },
  'key.leaked': { group: 'Keys', title: 'Secret found elsewhere', tell: tellLeaked },
  'key.first-used': { group: 'Keys', title: 'Key used for the first time' },
  'key.expiring': { group: 'Keys', title: 'Key expires soon', tell: tellExpiring },
  'request.refused': { group: 'Requests', title: 'Request refused', tell: tellRefused },
  'request.forbidden': { group: 'Requests', title: 'Request not allowed', tell: tellForbidden },
  'login.succeeded': { group: 'Logins and sessions', title: 'Logged in' },
  'login.failed': { group: 'Logins and sessions', title: 'Login failed', tell: tellFailedLogin },
  'session.started': { group: 'Logins and sessions', title: 'Session started', tell: tellSession },
  'session.ended': { group: 'Logins and sessions', title: 'Session ended', tell: tellEnded },
  'policy.created': { group: 'Policies', title: 'Policy created', tell: ({ after }) => nameIn(after) },
  'policy.changed': { group: 'Policies', title: 'Policy changed', tell: changedFields },
  'policy.deleted': { group: 'Policies', title: 'Policy deleted', tell: ({ before }) => nameIn(before) },
  'document.created': { group: 'Other', title: 'Record of a dialect created', tell: tellDocument },
  'document.changed': { group: 'Other', title: 'Record of a dialect changed', tell: tellDocument },
  'document.deleted': { group: 'Other', title: 'Record of a dialect deleted', tell: tellDocument },
  'activity.dropped': { group: 'Other', title: 'Events not kept', tell: tellDropped },
};

/** `Key rotated`. A type that only a newer server knows is told by its name. */
export function titleOf({ type }: AuditEntry): string {
  return EVENTS[type]?.title ?? type;
}

/** What happened besides the title, in one line; empty where there is nothing more to tell. */
export function storyOf(entry: AuditEntry): string {
  return EVENTS[entry.type]?.tell?.(entry) ?? '';
}

/** Who did it, as far as anybody can tell; null: nobody who is known. */
export function actorOf({ actorId, userId, type }: AuditEntry): string | null {
  if (typeof actorId === 'string') return actorId;
  return typeof userId === 'string' && /^(?:login\.|session\.started)/.test(type) ? userId : null;
}

/** The key that it happened to; null: none, or a session. */
export function keyOf({ keyId, credentialId, type }: AuditEntry): string | null {
  if (typeof keyId === 'string') return keyId;
  return type === 'request.refused' && typeof credentialId === 'string' ? credentialId : null;
}

function tellRotated({ after }: AuditEntry): string {
  const until = recordOf(after).previousSecretExpiresAt;
  return typeof until === 'string' ? 'The secret before it works for a while' : 'The secret before it is refused';
}

function tellLeaked({ secret, source }: AuditEntry): string {
  const which = secret === 'previous' ? 'The secret before the last rotation' : 'The current secret: it is revoked';
  return typeof source === 'string' && source !== '' ? `${which}; found at ${source}` : which;
}

function tellExpiring({ name, thresholdSeconds }: AuditEntry): string {
  const within = typeof thresholdSeconds === 'number' ? `In less than ${secondsInWords(thresholdSeconds)}` : '';
  return [textOf(name), within].filter(Boolean).join(': ');
}

function tellRefused(entry: AuditEntry): string {
  return joined(reasonIn(REFUSALS, entry.reason), requestOf(entry));
}

function tellForbidden(entry: AuditEntry): string {
  return joined(textOf(entry.detail), requestOf(entry));
}

function tellFailedLogin({ reason }: AuditEntry): string {
  return reasonIn(FAILED_LOGINS, reason);
}

function tellSession({ kind }: AuditEntry): string {
  const kinds: Readonly<Record<string, string>> = {
    cookie: 'In a browser',
    token: 'By a session token',
    dialect: 'By a client of another product',
  };
  return kinds[textOf(kind)] ?? '';
}

function tellEnded({ actorId, userId }: AuditEntry): string {
  return typeof userId === 'string' && userId !== actorId ? `Of ${userId}` : '';
}

function tellDocument({ documentKind, documentId }: AuditEntry): string {
  return `${textOf(documentKind)} ${textOf(documentId)}`.trim();
}

function tellDropped({ count }: AuditEntry): string {
  return `${count} more happened than the trail takes at once: they were only counted`;
}

function changedFields({ before, after }: AuditEntry): string {
  const fields = Object.keys({ ...recordOf(before), ...recordOf(after) });
  const words = fields.map((field) => fieldWords(field).toLowerCase());
  const shown = words.slice(0, 4).join(', ');
  const more = words.length > 4 ? ` and ${words.length - 4} more` : '';
  return shown === '' ? '' : `${shown.charAt(0).toUpperCase()}${shown.slice(1)}${more}`;
}

function requestOf({ method, path }: AuditEntry): string {
  return `${textOf(method)} ${textOf(path)}`.trim();
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' · ');
}

function nameIn(facts: unknown): string {
  return textIn(facts, 'name');
}

function textIn(facts: unknown, field: string): string {
  return textOf(recordOf(facts)[field]);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** `before` and `after`; what is no record holds nothing. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}
