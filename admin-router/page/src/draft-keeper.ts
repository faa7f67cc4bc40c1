import { useEffect, useRef, useState } from 'preact/hooks';

/** What somebody has typed and not sent, by its place; until the page is loaded again. */
export interface DraftKeeper<Draft> {
  keep(place: string, draft: Draft): void;
  /** Null: nothing is kept there. It is not kept any more. */
  take(place: string): Draft | null;
}

/** Of one kind of form. */
const MOST = 10;

export function createDraftKeeper<Draft>(): DraftKeeper<Draft> {
  const kept = new Map<string, Draft>();
  return {
    keep(place, draft) {
      kept.delete(place);
      kept.set(place, draft);
      const [oldest = ''] = kept.keys();
      if (kept.size > MOST) kept.delete(oldest);
    },
    take(place) {
      const found = kept.get(place) ?? null;
      kept.delete(place);
      return found;
    },
  };
}

/**
 * For a form that people leave, also because their session has ended, and come back to: `kept` is what stood in it, and `hold`
 * says what is to be kept when it goes (null: nothing).
 * @param place with the id of who is logged in: nobody else may find it.
 */
export function useKept<Draft>(
  keeper: DraftKeeper<Draft>,
  place: string,
): { readonly kept: Draft | null; readonly hold: (draft: Draft | null) => void } {
  const [kept] = useState(() => keeper.take(place));
  const held = useRef<Draft | null>(kept);
  useEffect(
    () => () => {
      if (held.current !== null) keeper.keep(place, held.current);
    },
    [],
  );
  const hold = (draft: Draft | null) => {
    held.current = draft;
  };
  return { kept, hold };
}
