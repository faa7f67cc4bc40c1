import type { ComponentChildren } from 'preact';
import { changeQuery } from '../../router/route.ts';
import { Icon } from '../../ui/icon.tsx';
import { SIZES } from './filter.ts';

/** The checkbox for all rows of the page. */
export interface SelectAllProps {
  /** Of those that can be selected. */
  readonly count: number;
  readonly selected: number;
  readonly onChange: (isSelected: boolean) => void;
}

export function SelectAll({ count, selected, onChange }: SelectAllProps) {
  return (
    <input
      type="checkbox"
      aria-label="Select all on this page"
      disabled={count === 0}
      checked={count > 0 && selected === count}
      indeterminate={selected > 0 && selected < count}
      onChange={({ currentTarget }) => onChange(currentTarget.checked)}
    />
  );
}

export interface ListBarProps {
  readonly selectAll: SelectAllProps | null;
  readonly size: number;
  readonly isLoading: boolean;
  readonly onRefresh: () => void;
  readonly onRevoke: () => void;
}

/** Above the table, as high with a selection as without. */
export function ListBar({ selectAll, size, isLoading, onRefresh, onRevoke }: ListBarProps) {
  const selected = selectAll?.selected ?? 0;
  return (
    <div class="list-bar">
      {selectAll && <Selection selectAll={selectAll}>{selected > 0 && <Chosen onRevoke={onRevoke} />}</Selection>}
      <span class="list-bar-end">
        <span class="faint rows" aria-hidden="true">
          Rows
        </span>
        <select
          aria-label="Rows on a page"
          value={String(size)}
          onChange={({ currentTarget }) => changeQuery({ size: currentTarget.value, cursor: null })}
        >
          {SIZES.map((each) => (
            <option key={each} value={String(each)}>
              {each}
            </option>
          ))}
        </select>
        <button
          type="button"
          class={`secondary refresh ${isLoading ? 'turning' : ''}`}
          aria-label="Refresh"
          title="Refresh"
          onClick={onRefresh}
        >
          <Icon name="refresh" />
        </button>
      </span>
    </div>
  );
}

function Selection({
  selectAll,
  children,
}: {
  readonly selectAll: SelectAllProps;
  readonly children: ComponentChildren;
}) {
  const { count, selected, onChange } = selectAll;
  return (
    <span class="list-bar-selection">
      <span class="narrow-only">
        <SelectAll {...selectAll} />
      </span>
      <span class="faint selected-count" role="status">
        {selected > 0 && (
          <>
            {selected} <span class="wide-only">of {count} </span>selected
          </>
        )}
      </span>
      {children}
      {selected > 0 && (
        <button type="button" class="link" onClick={() => onChange(false)}>
          Clear
        </button>
      )}
    </span>
  );
}

function Chosen({ onRevoke }: { readonly onRevoke: () => void }) {
  return (
    <button type="button" class="danger small" onClick={onRevoke}>
      Revoke …
    </button>
  );
}
