import type { Query } from '../../api/client.ts';

/** How far back, from now, in ms. The first part of `#/audit?period=24h`. */
export const PERIODS = {
  '1h': { text: 'Last hour', ms: 3_600_000 },
  '24h': { text: 'Last 24 hours', ms: 86_400_000 },
  '7d': { text: 'Last 7 days', ms: 7 * 86_400_000 },
  '30d': { text: 'Last 30 days', ms: 30 * 86_400_000 },
} as const;
export type Period = keyof typeof PERIODS;

export const OUTCOMES = { success: 'Success', refused: 'Refused' } as const;

/** The texts that are looked for as a whole. */
export const ID_FIELDS = {
  actor: { label: 'Done by', placeholder: 'User id' },
  key: { label: 'Key', placeholder: 'Key id' },
  credential: { label: 'Key or session used', placeholder: 'Its id' },
} as const;
export type IdField = keyof typeof ID_FIELDS;

/** What of the trail is shown, as the address says. */
export interface TrailFilter {
  /** `custom`: between `from` and `to`; null: all of it. */
  readonly period: Period | 'custom' | null;
  /** RFC 3339; empty: not bounded. */
  readonly from: string;
  readonly to: string;
  readonly ids: Readonly<Record<IdField, string>>;
  readonly types: readonly string[];
  readonly outcome: string;
  readonly cursor: string | null;
}

export const NO_FILTERS = {
  period: null,
  from: null,
  to: null,
  actor: null,
  key: null,
  credential: null,
  type: null,
  outcome: null,
  cursor: null,
} as const;

const ENTRIES = 50;

export function filterOf(query: Readonly<Record<string, string>>): TrailFilter {
  const { period, from = '', to = '', actor = '', key = '', credential = '', type = '', outcome = '', cursor } = query;
  const isKnown = period !== undefined && Object.hasOwn(PERIODS, period);
  const isCustom = period === 'custom' || from !== '' || to !== '';
  return {
    period: isKnown ? (period as Period) : isCustom ? 'custom' : null,
    from: isKnown ? '' : from,
    to: isKnown ? '' : to,
    ids: { actor, key, credential },
    types: type === '' ? [] : type.split(','),
    outcome,
    cursor: cursor ?? null,
  };
}

/** The parameters of `GET /audit`. */
export function questionOf({ period, from, to, ids, types, outcome, cursor }: TrailFilter, nowAt: number): Query {
  const isPreset = period !== null && period !== 'custom';
  const start = isPreset ? new Date(nowAt - PERIODS[period].ms).toISOString() : from;
  return { ...ids, from: start, to, type: types, outcome, cursor, limit: ENTRIES };
}

export function isFiltered({ period, ids, types, outcome }: TrailFilter): boolean {
  return period !== null || types.length > 0 || outcome !== '' || Object.values(ids).some((id) => id !== '');
}

/** What an input of type `datetime-local` takes, in the time zone of this computer; empty for what is no time. */
export function toLocalInput(at: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return '';
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** The other way round: RFC 3339; null for what is not typed to the end. */
export function fromLocalInput(text: string): string | null {
  const date = new Date(text);
  return text === '' || Number.isNaN(date.getTime()) ? null : date.toISOString();
}
