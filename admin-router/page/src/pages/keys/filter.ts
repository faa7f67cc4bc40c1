import type { KeyState } from '../../api/types.ts';
import type { QueryChange } from '../../router/route.ts';

/** Where the typed text is looked for. */
export const SCOPES = { name: 'Name', owner: 'Owner', id: 'Key id', ending: 'Last four' } as const;
export type Scope = keyof typeof SCOPES;

/** What the state can be narrowed to; `kept` and `soon` are the page's own. */
export const STATE_CHOICES = {
  kept: 'All but revoked',
  active: 'Active',
  soon: 'Expires soon',
  pending: 'Pending',
  disabled: 'Disabled',
  expired: 'Expired',
  revoked: 'Revoked',
} as const satisfies Partial<Record<KeyState, string>> & Record<'kept' | 'soon', string>;
export type StateChoice = keyof typeof STATE_CHOICES;

export const KIND_CHOICES = { 'api-key': 'API keys', 'session-key': 'Session keys' } as const;
export type KindChoice = keyof typeof KIND_CHOICES;

export const SIZES = [25, 50, 100] as const;
export const DEFAULT_SORT: SortChoice = '-createdAt';
/** In words, for where the columns have no headings. */
export const SORT_CHOICES = {
  '-createdAt': 'Newest first',
  createdAt: 'Oldest first',
  name: 'Name, A to Z',
  '-name': 'Name, Z to A',
  expiresAt: 'Expires first',
  '-expiresAt': 'Expires last',
  '-lastUsedAt': 'Used last',
  lastUsedAt: 'Unused longest',
} as const;
type SortChoice = keyof typeof SORT_CHOICES;

/** What of the keys is shown, and in which order: all of it stands in the address. */
export interface KeyFilter {
  /** What was typed, without white space around it. Empty: nothing. */
  readonly text: string;
  readonly scope: Scope;
  readonly state: StateChoice | null;
  readonly kind: KindChoice | null;
  /** Exactly this owner's. */
  readonly owner: string | null;
  readonly sort: SortChoice;
  readonly size: number;
  readonly cursor: string | null;
}

/** What an address asks for; what it says wrongly counts as not said. */
export function filterOf(query: Readonly<Record<string, string>>): KeyFilter {
  const { q = '', owner = '', sort = '', cursor = '' } = query;
  const size = SIZES.find((each) => String(each) === query.size);
  return {
    text: q.trim(),
    scope: choiceOf(SCOPES, query.in) ?? 'name',
    state: choiceOf(STATE_CHOICES, query.state),
    kind: choiceOf(KIND_CHOICES, query.kind),
    owner: owner || null,
    sort: choiceOf(SORT_CHOICES, sort) ?? DEFAULT_SORT,
    size: size ?? SIZES[0],
    cursor: cursor || null,
  };
}

/** The same among one's own keys, which all have one owner. */
export function ownFilterOf(query: Readonly<Record<string, string>>): KeyFilter {
  const filter = filterOf(query);
  return { ...filter, owner: null, scope: filter.scope === 'owner' ? 'name' : filter.scope };
}

/** Takes all filters out of the address. */
export const NO_FILTERS: QueryChange = { q: null, in: null, state: null, kind: null, owner: null, cursor: null };

export function isFiltered({ text, state, kind, owner }: KeyFilter): boolean {
  return text !== '' || state !== null || kind !== null || owner !== null;
}

function choiceOf<Choice extends string>(choices: Readonly<Record<Choice, string>>, text = ''): Choice | null {
  return Object.hasOwn(choices, text) ? (text as Choice) : null;
}
