import type { ComponentChildren } from 'preact';
import { changeQuery } from '../../router/route.ts';
import { EmptyState } from '../../ui/feedback.tsx';
import { isFiltered, type KeyFilter, NO_FILTERS } from './filter.ts';
import type { KeyList } from './search.ts';

export interface NoKeysProps {
  readonly filter: KeyFilter;
  readonly list: KeyList;
  /** The link that leads to a new key; false where there is no right to. */
  readonly create: ComponentChildren;
}

/** In place of the table: why it is empty, and what to do. */
export function NoKeys({ filter, list: { isPartial, nextCursor }, create }: NoKeysProps) {
  const { text, scope, cursor } = filter;
  if (!isFiltered(filter) && cursor === null) {
    return (
      <EmptyState title="No keys yet" action={create}>
        A key lets a program of yours call this API. It has the rights that you give it, and you can revoke it at any
        time.
      </EmptyState>
    );
  }
  const clear = (
    <button type="button" class="secondary" onClick={() => changeQuery(NO_FILTERS)}>
      Clear filters
    </button>
  );
  if (!isPartial) {
    return (
      <EmptyState title="Nothing found" action={clear}>
        {cursor === null ? 'No key matches what is searched for.' : 'No further key matches what is searched for.'}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      title="Nothing found so far"
      action={
        <span class="actions">
          <button type="button" onClick={() => changeQuery({ cursor: nextCursor })}>
            Search on
          </button>
          {scope === 'owner' && (
            <button type="button" class="secondary" onClick={() => changeQuery({ ...NO_FILTERS, owner: text })}>
              Keys of exactly “{text}”
            </button>
          )}
          {clear}
        </span>
      }
    >
      There are very many keys, and not all of them are searched yet.
    </EmptyState>
  );
}
