import { AuthError, invalidRequest } from '../errors.js';
import type { Facts } from '../events.js';
import { toStatements } from '../permissions/statement.js';
import type { ApiKeyRecord } from '../records.js';
import { applyDialects, checkDialects, namesOfDiffering } from './dialect-fields.js';
import type { KeyChanges } from './key-input.js';
import { checkKeyFields } from './key-input.js';

/** When a key is to expire, epoch ms; undefined when nothing is asked for. */
export function askedExpiry({ expiresAt, lifetimeMs }: KeyChanges, nowAt: number): number | null | undefined {
  // With what is no number nothing can be reckoned, not even the other faults.
  if (expiresAt != null && typeof expiresAt !== 'number') throw invalidRequest(checkKeyFields({ expiresAt }));
  if (lifetimeMs === undefined) return expiresAt;
  if (expiresAt === undefined && Number.isSafeInteger(lifetimeMs) && lifetimeMs > 0) return nowAt + lifetimeMs;
  throw invalidRequest([{ path: 'lifetimeMs', message: 'must be a positive whole number of ms, without expiresAt' }]);
}

/** The fields that a change names, the expiry under its own name. */
export function givenFields({ lifetimeMs, refreshCeiling: _, ...fields }: KeyChanges): string[] {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return [...given.map(([field]) => field), ...(lifetimeMs === undefined ? [] : ['expiresAt'])];
}

export function applyChanges(
  record: ApiKeyRecord,
  { statements, dialects, lifetimeMs: _, refreshCeiling: __, ...fields }: KeyChanges,
): ApiKeyRecord {
  const faults = dialects === undefined ? [] : checkDialects(dialects);
  if (faults.length > 0) throw invalidRequest(faults); // what is no JSON cannot be kept, not even to be checked
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return {
    ...record,
    ...Object.fromEntries(given),
    statements: (statements && toStatements(statements)) ?? record.statements,
    dialects: applyDialects(record.dialects, dialects),
  };
}

export function refuseRevoked(record: ApiKeyRecord): void {
  if (record.revokedAt !== null) throw new AuthError('conflict', { message: 'The key is revoked, for good.' });
}

/** A record past its retention time is about to be removed: it can no longer be changed. */
export function isGone({ expungeAt }: ApiKeyRecord, nowAt: number): boolean {
  return expungeAt !== null && expungeAt <= nowAt;
}

/** What the audit trail does not tell: secrets' hashes, and what every change changes. */
const UNTOLD: readonly string[] = ['secretHash', 'previousSecretHash', 'version', 'updatedAt', 'expungeAt'];

/** What differs between two versions of a record, without secrets; of `dialects` the names. */
export function difference(before: object, after: object): { readonly before: Facts; readonly after: Facts } {
  const [old, next] = [before, after] as Record<string, unknown>[] as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  const fields = Object.keys({ ...old, ...next }).filter((field) => !UNTOLD.includes(field));
  const differing = fields.filter((field) => JSON.stringify(old[field]) !== JSON.stringify(next[field]));
  // A copy: an event is frozen, and what hangs on a record may be the caller's own.
  const pick = (from: Record<string, unknown>, other: Record<string, unknown>) => {
    const told = differing.filter((field) => field in from);
    const factOf = (field: string) =>
      field === 'dialects' ? namesOfDiffering(from.dialects, other.dialects) : from[field];
    return structuredClone(Object.fromEntries(told.map((field) => [field, factOf(field)])));
  };
  return { before: pick(old, next), after: pick(next, old) };
}
