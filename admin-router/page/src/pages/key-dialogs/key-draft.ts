import { serverNow } from '../../api/server-time.ts';
import type { ApiKey, KeySettings, Statement } from '../../api/types.ts';
import { dayOf, type Expiry, expiryAt, firstExpiry, latestExpiry } from './expiry.ts';

/** One statement as it is typed. */
export interface StatementDraft {
  readonly actions: string;
  readonly resources: string;
  readonly workspace: string;
  readonly description: string;
}

export interface PropertyDraft {
  readonly name: string;
  readonly value: string;
}

export type UnusedUnit = 'days' | 'hours';

/** A key as it stands in the form: lists are texts, with white space between the entries. */
export interface KeyDraft {
  readonly name: string;
  readonly description: string;
  readonly expiry: Expiry;
  /** `all`: what the owner may do. Of a key that there is, always `chosen`. */
  readonly rights: 'all' | 'chosen';
  readonly policyIds: readonly string[];
  readonly statements: readonly StatementDraft[];
  /** Of a key that there is: whether its bound becomes what its owner may do now. */
  readonly refreshCeiling: boolean;
  readonly resources: string;
  readonly allowedAddresses: string;
  readonly allowedOrigins: string;
  readonly maxRequestsPerMinute: string;
  readonly unusedAfter: string;
  readonly unusedUnit: UnusedUnit;
  readonly properties: readonly PropertyDraft[];
  /** Empty: who is logged in. */
  readonly ownerId: string;
}

export type Change = (change: Partial<KeyDraft>) => void;

const HOUR = 3_600;
const DAY = 86_400;

export const NEW_STATEMENT: StatementDraft = { actions: '', resources: '*', workspace: '*', description: '' };

export function newDraft(rules: KeySettings): KeyDraft {
  return {
    name: '',
    description: '',
    expiry: firstExpiry(rules, serverNow()),
    rights: 'all',
    policyIds: [],
    statements: [],
    refreshCeiling: false,
    resources: '',
    allowedAddresses: '',
    allowedOrigins: '',
    maxRequestsPerMinute: '',
    unusedAfter: '',
    unusedUnit: 'days',
    properties: [],
    ownerId: '',
  };
}

export function draftOf(key: ApiKey): KeyDraft {
  const unused = key.disableUnusedAfterSeconds;
  const unit: UnusedUnit = unused !== null && unused % DAY !== 0 ? 'hours' : 'days';
  return {
    name: key.name,
    description: key.description,
    expiry: { choice: 'keep', date: key.expiresAt === null ? '' : dayOf(Date.parse(key.expiresAt)) },
    rights: 'chosen',
    policyIds: key.policyIds,
    statements: key.statements.map(statementDraft),
    refreshCeiling: false,
    resources: linesOf(key.resources),
    allowedAddresses: linesOf(key.allowedAddresses),
    allowedOrigins: linesOf(key.allowedOrigins),
    maxRequestsPerMinute: String(key.maxRequestsPerMinute ?? ''),
    unusedAfter: unused === null ? '' : String(unused / (unit === 'days' ? DAY : HOUR)),
    unusedUnit: unit,
    properties: Object.entries(key.properties).map(([name, value]) => ({ name, value })),
    ownerId: '',
  };
}

/** The entries of a list as it is typed. */
export function entriesOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((entry) => entry !== '');
}

/** What the API calls the fields of a key, and what it takes them as. */
export interface KeyBody {
  name: string;
  description: string;
  expiresAt: string | null | undefined;
  expiresInSeconds: number | undefined;
  statements: Partial<Statement>[];
  policyIds: readonly string[];
  resources: string[] | null;
  allowedAddresses: string[] | null;
  allowedOrigins: string[] | null;
  maxRequestsPerMinute: number | null;
  disableUnusedAfterSeconds: number | null;
  properties: Record<string, string>;
}

/** Every field of the draft as the API takes it; the expiry of a key that keeps it is left out. */
export function toBody(draft: KeyDraft, rules: KeySettings, key: ApiKey | null): KeyBody {
  const unused = numberOf(draft.unusedAfter);
  return {
    name: draft.name.trim(),
    description: draft.description.trim(),
    ...expiryFields(draft.expiry, rules, key),
    statements: draft.statements.map(({ actions, resources, workspace, description }) => ({
      actions: entriesOf(actions),
      resources: resourcesOf(resources),
      workspace: workspace.trim(),
      description,
    })),
    policyIds: draft.policyIds,
    resources: listOrNull(resourcesOf(draft.resources)),
    allowedAddresses: listOrNull(entriesOf(draft.allowedAddresses)),
    allowedOrigins: listOrNull(entriesOf(draft.allowedOrigins)),
    maxRequestsPerMinute: numberOf(draft.maxRequestsPerMinute),
    disableUnusedAfterSeconds: unused === null ? null : unused * (draft.unusedUnit === 'days' ? DAY : HOUR),
    properties: Object.fromEntries(
      draft.properties.filter(({ name, value }) => name + value !== '').map(({ name, value }) => [name.trim(), value]),
    ),
  };
}

/** What a new key is made from: what was left empty is left to the API. */
export function creation(draft: KeyDraft, rules: KeySettings): object {
  const { name, expiresAt, expiresInSeconds, ...rest } = toBody(draft, rules, null);
  const ownerId = draft.ownerId.trim();
  const isLeftOut = ([field, value]: [string, unknown]) =>
    isEmpty(value) || (draft.rights === 'all' && (field === 'statements' || field === 'policyIds'));
  return {
    name,
    ...Object.fromEntries(Object.entries(rest).filter((entry) => !isLeftOut(entry))),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(expiresInSeconds !== undefined && { expiresInSeconds }),
    ...(ownerId !== '' && { ownerId }),
  };
}

/** What differs from the key as it was read; what the host has fixed is left out. */
export function changes(draft: KeyDraft, key: ApiKey, rules: KeySettings): Readonly<Record<string, unknown>> {
  const before = toBody(draftOf(key), rules, key);
  const after = toBody(draft, rules, key);
  const differing = Object.entries(after).filter(([field, value]) => {
    const apiName = field === 'expiresInSeconds' ? 'expiresAt' : field;
    const isFixed = !rules.mutable.includes(apiName);
    return !isFixed && value !== undefined && !isSame(value, before[field as keyof KeyBody]);
  });
  return { ...Object.fromEntries(differing), ...(draft.refreshCeiling && { refreshCeiling: true }) };
}

/** The draft on a newer version of its key: what was typed stays, and the rest is as the newer version has it. */
export function rebase(draft: KeyDraft, base: ApiKey, newer: ApiKey): KeyDraft {
  const [before, after] = [draftOf(base), draftOf(newer)];
  const untouched = (Object.keys(draft) as (keyof KeyDraft)[]).filter((field) => isSame(draft[field], before[field]));
  return { ...draft, ...Object.fromEntries(untouched.map((field) => [field, after[field]])) };
}

/** The labels of what differs between two versions of a key. */
export function differing(before: ApiKey, after: ApiKey, labels: Readonly<Record<string, string>>): string[] {
  const [old, next] = [before, after] as object[] as Record<string, unknown>[];
  return Object.keys(labels).flatMap((field) => (isSame(old?.[field], next?.[field]) ? [] : [labels[field] ?? field]));
}

export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function expiryFields(expiry: Expiry, rules: KeySettings, key: ApiKey | null) {
  const none = { expiresAt: undefined, expiresInSeconds: undefined };
  if (expiry.choice === 'keep') return none;
  const isFromNow = expiry.choice !== 'date' && expiry.choice !== 'never';
  if (isFromNow) return { ...none, expiresInSeconds: Number(expiry.choice) }; // by the server's clock
  const nowAt = serverNow();
  const at = expiryAt(expiry, key, latestExpiry(rules, key, nowAt), nowAt);
  return { ...none, expiresAt: at === undefined || at === null ? at : new Date(at).toISOString() };
}

/** A resource may hold a comma, but an enumeration ends in one. */
export function resourcesOf(text: string): string[] {
  return text
    .split(/\s+/)
    .map((entry) => entry.replace(/,$/, ''))
    .filter((entry) => entry !== '');
}

function statementDraft({ actions, resources, workspace, description }: Statement): StatementDraft {
  return { actions: actions.join(' '), resources: resources.join(' '), workspace, description };
}

function linesOf(list: readonly string[] | null): string {
  return (list ?? []).join('\n');
}

function listOrNull(entries: string[]): string[] | null {
  return entries.length === 0 ? null : entries;
}

/** Null for nothing; NaN for what is no number. */
function numberOf(text: string): number | null {
  return text.trim() === '' ? null : Number(text);
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}
