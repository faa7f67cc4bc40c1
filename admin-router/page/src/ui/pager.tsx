import { useRef } from 'preact/hooks';
import { changeQuery, useRoute } from '../router/route.ts';
import { Icon } from './icon.tsx';

export interface PagerProps {
  /** Of the page that is shown; null at the end. */
  readonly nextCursor: string | null;
  /** How many are shown. */
  readonly count: number;
  /** What they are, in the plural: `keys`. */
  readonly noun: string;
}

/**
 * Next and previous by cursor, which lives in the address as `cursor`. A cursor leads forward only: the way back is remembered
 * here; on a page that was opened by its address it leads to the first one.
 */
export function Pager({ nextCursor, count, noun }: PagerProps) {
  const cursor = useRoute().query.cursor ?? null;
  const before = useRef(new Map<string, string | null>()); // by the cursor of the page after it
  if (cursor === null && nextCursor === null) {
    return <p class="pager-count">{counted(count, noun)}</p>;
  }
  const goBack = () => changeQuery({ cursor: before.current.get(cursor ?? '') ?? null });
  const goOn = () => {
    if (nextCursor !== null) before.current.set(nextCursor, cursor);
    changeQuery({ cursor: nextCursor });
  };
  return (
    <nav class="pager" aria-label="Pages">
      <span class="pager-count">{`${counted(count, noun)} on this page`}</span>
      <button type="button" class="secondary small" disabled={cursor === null} onClick={goBack}>
        <Icon name="left" />
        Previous
      </button>
      <button type="button" class="secondary small" disabled={nextCursor === null} onClick={goOn}>
        Next
        <Icon name="right" />
      </button>
    </nav>
  );
}

/** `1 key`, `3 keys`. */
function counted(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun.replace(/ies$/, 'y').replace(/s$/, '') : noun}`;
}
