import { ApiProblem } from '../../api/problem.ts';
import type { FieldError } from '../../api/types.ts';
import { absoluteTime } from '../../ui/time.tsx';
import { entriesOf, type KeyDraft, resourcesOf } from './key-draft.ts';

/** The fields of the form by their names in the API. */
export const LABELS = {
  name: 'Name',
  description: 'Description',
  expiresAt: 'Expires',
  policyIds: 'Policies',
  statements: 'Statements',
  resources: 'Resources',
  allowedAddresses: 'Addresses',
  allowedOrigins: 'Origins',
  maxRequestsPerMinute: 'Requests per minute',
  disableUnusedAfterSeconds: 'Disable when unused',
  properties: 'Properties',
} as const;

/** Characters. */
export const LIMITS = { name: 256, description: 1_000 } as const;

export type FieldName = keyof typeof LABELS;

/** Whose faults the form shows beside the field. */
export const SHOWN: readonly string[] = [...Object.keys(LABELS), 'ownerId'];
/** Of those, the ones in the part that is closed at first. */
export const RESTRICTIONS = [
  'resources',
  'allowedAddresses',
  'allowedOrigins',
  'maxRequestsPerMinute',
  'disableUnusedAfterSeconds',
  'properties',
] as const satisfies readonly FieldName[];

/** Names that the API has for what is one field in the form. */
const SAME_FIELD: Readonly<Record<string, string>> = {
  expiresInSeconds: 'expiresAt',
  lifetimeMs: 'expiresAt',
  notBefore: 'expiresAt',
  disableUnusedAfterMs: 'disableUnusedAfterSeconds',
  graceMs: 'graceSeconds',
};
const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
const MOST_REQUESTS = 1_000_000;

/** The refusal with its faults at the fields of the form, entries of lists named by what was typed. */
export function atFields(problem: ApiProblem | null, draft: KeyDraft | null = null): ApiProblem | null {
  if (problem === null || problem.errors.length === 0) return problem;
  const { status, code, detail, retryAfterSeconds } = problem;
  const errors = problem.errors.map((error) => settle(error, draft));
  return new ApiProblem({ status, code, detail: readable(detail), errors }, retryAfterSeconds);
}

function settle({ path: raw, message }: FieldError, draft: KeyDraft | null): FieldError {
  const [first = '', ...rest] = raw.replace(/\[(\d+)\]/g, '.$1').split('.');
  const path = [SAME_FIELD[first] ?? first, ...rest].join('.');
  const typed = draft === null ? undefined : typedAt(draft, [first, ...rest]);
  const field = path.slice(0, path.lastIndexOf('.'));
  if (typed !== undefined) return { path: field, message: `“${typed}” ${readable(message)}` };
  return { path, message: rest.length === 0 ? sentence(readable(message)) : readable(message) };
}

/** What was typed as the entry of a list. */
function typedAt(draft: KeyDraft, path: readonly string[]): string | undefined {
  const [field, at, part, inPart] = path;
  const index = Number(at);
  if (path.length === 2) {
    if (field === 'policyIds') return draft.policyIds[index];
    if (field === 'resources') return resourcesOf(draft.resources)[index];
    if (field === 'allowedAddresses' || field === 'allowedOrigins') return entriesOf(draft[field])[index];
  }
  const statement = field === 'statements' ? draft.statements[index] : undefined;
  if (statement === undefined || path.length !== 4) return undefined;
  const entries = part === 'actions' ? entriesOf(statement.actions) : resourcesOf(statement.resources);
  return entries[Number(inPart)];
}

/** What is wrong already before the API is asked; null when nothing is. Of a key that there is, `before` is how it was. */
export function faultsOfDraft(draft: KeyDraft, before: KeyDraft | null, needsOwner = false): ApiProblem | null {
  const errors: FieldError[] = [];
  const check = (path: string, holds: boolean, message: string) => {
    if (!holds) errors.push({ path, message });
  };
  const { expiry, rights, policyIds, statements, maxRequestsPerMinute, unusedAfter, properties } = draft;
  check('name', draft.name.trim() !== '', 'Give it a name.');
  check('ownerId', !needsOwner || draft.ownerId.trim() !== '', 'Say whose key it is.');
  check('expiresAt', expiry.choice !== 'date' || expiry.date !== '', 'Choose a date.');
  const isBare = before === null && rights === 'chosen' && policyIds.length + statements.length === 0;
  check('policyIds', !isBare, 'Choose a policy or add a statement: without rights the key could do nothing.');
  check(
    'maxRequestsPerMinute',
    isWhole(maxRequestsPerMinute, MOST_REQUESTS),
    'Must be a whole number from 1 to 1,000,000.',
  );
  const isKept = unusedAfter === before?.unusedAfter; // made elsewhere it need be no whole number of hours
  check('disableUnusedAfterSeconds', isKept || isWhole(unusedAfter, 100_000), 'Must be a whole number from 1.');
  const names = properties.filter(({ name, value }) => name + value !== '').map(({ name }) => name.trim());
  check('properties', !names.includes(''), 'A value needs a name.');
  check('properties', new Set(names).size === names.length, 'A name stands twice.');
  if (errors.length === 0) return null;
  return new ApiProblem({ status: 0, code: 'invalid_request', detail: 'Some fields are not right yet.', errors });
}

/** A request that may have been done although no answer came. */
export function orDone(problem: ApiProblem | null, remark: string): ApiProblem | null {
  if (problem === null || problem.status !== 0 || problem.errors.length > 0) return problem;
  return ApiProblem.local('unreachable', `${problem.detail} ${remark}`);
}

function isWhole(text: string, most: number): boolean {
  if (text.trim() === '') return true;
  return /^\s*\d{1,9}\s*$/.test(text) && Number(text) >= 1 && Number(text) <= most;
}

function readable(text: string): string {
  return text.replace(INSTANT, (instant) => absoluteTime(instant));
}

function sentence(text: string): string {
  const start = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
