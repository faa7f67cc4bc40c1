import { get, post } from '../../api/client.ts';
import type { Page, Policy } from '../../api/types.ts';

export const TYPE_CHOICES = {
  custom: 'Custom',
  role: 'Roles',
  template: 'Templates',
  'built-in': 'Built in',
} as const;
export type TypeChoice = keyof typeof TYPE_CHOICES;

export interface PolicyFilter {
  /** A part of the name. Empty: any. */
  readonly text: string;
  readonly type: TypeChoice | null;
  readonly cursor: string | null;
}

export interface PolicyList extends Page<Policy> {
  /** Whether it is short because only so many were looked at. */
  readonly isPartial: boolean;
}

const PAGE_SIZE = 100;
/** Requests for one page: each looks at 2,000 policies at most. */
const MAX_READS = 5;

export function filterOf({ q = '', type = '', cursor = '' }: Readonly<Record<string, string>>): PolicyFilter {
  return {
    text: q.trim(),
    type: Object.hasOwn(TYPE_CHOICES, type) ? (type as TypeChoice) : null,
    cursor: cursor || null,
  };
}

/** A page of the policies that meet the filter, by id; all of them, by name, where they are on one page. */
export async function readPolicies(filter: PolicyFilter, signal: AbortSignal): Promise<PolicyList> {
  const list = await readById(filter, signal);
  if (filter.cursor !== null || list.nextCursor !== null) return list;
  return { ...list, items: list.items.toSorted((one, other) => one.name.localeCompare(other.name)) };
}

/** One request, unless few of many meet the filter. */
async function readById(filter: PolicyFilter, signal: AbortSignal): Promise<PolicyList> {
  const { text, type } = filter;
  if (text === '' && type === null) {
    const page = await get<Page<Policy>>('policies', { limit: PAGE_SIZE, cursor: filter.cursor }, signal);
    return { ...page, isPartial: false };
  }
  const criteria = [
    ...(text === '' ? [] : [{ field: 'name', test: 'like', value: `%${text.replace(/[\\%_]/g, '\\$&')}%` }]),
    ...(type === null ? [] : [typeCriterion(type)]),
  ];
  const items: Policy[] = [];
  let cursor = filter.cursor;
  for (let reads = 0; reads < MAX_READS; reads++) {
    const body = { criteria, maxItems: PAGE_SIZE - items.length, ...(cursor !== null && { cursor }) };
    const page = await post<Page<Policy>>('policies/search', body, { signal });
    items.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === null || items.length === PAGE_SIZE) return { items, nextCursor: cursor, isPartial: false };
  }
  return { items, nextCursor: cursor, isPartial: true };
}

function typeCriterion(type: TypeChoice): object {
  return type === 'built-in'
    ? { field: 'isBuiltIn', test: 'equal', value: true }
    : { field: 'type', test: 'equal', value: type };
}
