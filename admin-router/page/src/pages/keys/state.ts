import { serverNow } from '../../api/server-time.ts';
import type { ApiKey, KeyState } from '../../api/types.ts';
import type { Tone } from '../../ui/badge.tsx';

/** A key that ends within this time expires soon, in ms. */
export const SOON_MS = 14 * 86_400_000;

export type ShownState = KeyState | 'soon';

export const STATES: Readonly<Record<ShownState, { readonly tone: Tone; readonly word: string }>> = {
  active: { tone: 'good', word: 'Active' },
  soon: { tone: 'warn', word: 'Expires soon' },
  pending: { tone: 'info', word: 'Pending' },
  disabled: { tone: 'muted', word: 'Disabled' },
  expired: { tone: 'bad', word: 'Expired' },
  revoked: { tone: 'muted', word: 'Revoked' },
};

/** The state as the API knows it, and besides whether an active key is about to end. */
export function shownState({ state, expiresAt }: Pick<ApiKey, 'state' | 'expiresAt'>, nowAt = serverNow()): ShownState {
  const isEnding = expiresAt !== null && Date.parse(expiresAt) - nowAt < SOON_MS;
  return state === 'active' && isEnding ? 'soon' : state;
}

/** How people recognise a key: `lk_••••a1b2`. Nothing is known of the text of an imported hash. */
export function maskOf({ prefix, lastFour }: Pick<ApiKey, 'prefix' | 'lastFour'>): string {
  return `${prefix === '' ? '' : `${prefix}_`}••••${lastFour}`;
}

/** The same for a screen reader, which would spell the dots. */
export function maskInWords({ prefix, lastFour }: Pick<ApiKey, 'prefix' | 'lastFour'>): string {
  const parts = [prefix && `begins with ${prefix}`, lastFour && `ends in ${lastFour}`].filter(Boolean);
  return parts.length === 0 ? 'not known' : parts.join(', ');
}

/** What a key's rights come to, in the few characters of a column. */
export interface RightsCount {
  /** `3`, or `all`. */
  readonly actions: string;
  /** `+ 2 policies`; empty without any. */
  readonly policies: string;
  /** The actions by name, a few of them. */
  readonly detail: string;
}

const NAMED_AT_MOST = 12;

/** Counts the different actions of its own statements; what its policies give stands in them. */
export function rightsOf({ statements, policyIds }: Pick<ApiKey, 'statements' | 'policyIds'>): RightsCount {
  const actions = [...new Set(statements.flatMap((statement) => statement.actions))];
  const more = actions.length > NAMED_AT_MOST ? ` and ${actions.length - NAMED_AT_MOST} more` : '';
  const { length } = policyIds;
  return {
    actions: actions.includes('*') ? 'all' : String(actions.length),
    policies: length === 0 ? '' : `+ ${length} ${length === 1 ? 'policy' : 'policies'}`,
    detail: actions.slice(0, NAMED_AT_MOST).join(', ') + more,
  };
}
