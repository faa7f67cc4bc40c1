import type { KeyFilter } from './filter.ts';
import { SOON_MS } from './state.ts';

/** One condition of `POST /api-keys/search`; all of them must hold. */
export interface Criterion {
  readonly field: string;
  readonly test: string;
  readonly value: string | boolean | readonly string[];
}

export interface Search {
  readonly sort: string;
  readonly ownerId?: string;
  readonly criteria: readonly Criterion[];
  /** Whether a page that is not full is the last one, whatever cursor comes with it. */
  readonly endsShort: boolean;
}

/** Null where nothing can be found. */
export function searchOf(filter: KeyFilter, ownId: string | null, nowAt: number): Search | null {
  const { text, scope, kind, owner, sort } = filter;
  const own: Criterion[] = ownId === null ? [] : [{ field: 'ownerKind', test: 'equal', value: 'user' }];
  const ownerId = ownId ?? owner;
  const besides = [...stateCriteria(filter, nowAt)];
  if (kind !== null) besides.push({ field: 'kind', test: 'equal', value: kind });
  const base = { sort, endsShort: false, ...(ownerId !== null && { ownerId }) };
  if (text === '') return { ...base, criteria: [...own, ...besides] };
  if (scope === 'id') {
    const range = idRange(text);
    if (range === null) return null;
    // By id, so that the store begins where the ids begin with the text; they stand together.
    return { ...base, sort: 'id', criteria: [...own, ...range, ...besides], endsShort: besides.length === 0 };
  }
  if (scope === 'ending') {
    return { ...base, criteria: [...own, ...besides, { field: 'lastFour', test: 'equal', value: text.slice(-4) }] };
  }
  const field = scope === 'owner' ? 'ownerId' : 'name';
  return { ...base, criteria: [...own, ...besides, { field, test: 'like', value: `%${escapeLike(text)}%` }] };
}

function stateCriteria({ state }: KeyFilter, nowAt: number): Criterion[] {
  if (state === null) return [];
  if (state === 'kept') return [{ field: 'state', test: 'not-equal', value: 'revoked' }];
  if (state !== 'soon') return [{ field: 'state', test: 'equal', value: state }];
  const soon = new Date(nowAt + SOON_MS).toISOString();
  return [
    { field: 'state', test: 'equal', value: 'active' },
    { field: 'expiresAt', test: 'less-than', value: soon },
  ];
}

/** The characters of ids, in the order of their bytes. */
const ID_CHARACTERS = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 64;

/** The ids that begin with `text`; null for what no id begins with. */
function idRange(text: string): Criterion[] | null {
  if (!/^[\w-]{1,64}$/.test(text)) return null;
  const before = text.slice(0, -1);
  const place = ID_CHARACTERS.indexOf(text.slice(-1));
  const last = place === 0 ? before : `${before}${ID_CHARACTERS[place - 1]}${'z'.repeat(ID_LENGTH)}`;
  const from: Criterion[] = last === '' ? [] : [{ field: 'id', test: 'greater-than', value: last }];
  return [...from, { field: 'id', test: 'less-than', value: `${text}~` }];
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
