import type { Policy } from '../../api/types.ts';
import type { Draft } from './draft.ts';

/** What somebody has typed and not saved. */
export interface KeptDraft {
  readonly draft: Draft;
  /** What it changes, as it was read; null: it is a new one. */
  readonly base: Policy | null;
}

const MOST = 10;
const kept = new Map<string, KeptDraft>();

/** For whoever leaves the form, also because their session has ended, and comes back to it; until the page is loaded again. */
export function keepDraft(place: string, draft: KeptDraft): void {
  kept.delete(place);
  kept.set(place, draft);
  const [oldest = ''] = kept.keys();
  if (kept.size > MOST) kept.delete(oldest);
}

export function takeKept(place: string): KeptDraft | null {
  const found = kept.get(place) ?? null;
  kept.delete(place);
  return found;
}
