import { useEffect, useRef, useState } from 'preact/hooks';
import { changeQuery } from '../../router/route.ts';
import { Icon } from '../../ui/icon.tsx';
import { announce } from '../../ui/toast.tsx';
import {
  isFiltered,
  type KeyFilter,
  KIND_CHOICES,
  NO_FILTERS,
  SCOPES,
  type Scope,
  SORT_CHOICES,
  STATE_CHOICES,
} from './filter.ts';
import { idInPasted } from './pasted.ts';

/** After the last letter, in ms. */
const TYPED_AFTER_MS = 300;
/** Longer than any text that can be searched for: a key that is pasted must not be cut, or it is not known for one. */
const MAX_LENGTH = 500;

export interface ToolbarProps {
  readonly filter: KeyFilter;
  readonly isOfAll: boolean;
}

/** Search and filters: what is chosen goes into the address, and from there to the list. */
export function Toolbar({ filter, isOfAll }: ToolbarProps) {
  const scopes = Object.entries(SCOPES).filter(([scope]) => isOfAll || scope !== 'owner');
  const { scope, state, kind, owner, sort } = filter;
  return (
    <search class="key-filters">
      <div class="key-search">
        <SearchField filter={filter} />
        <select
          aria-label="Search in"
          value={scope}
          onChange={({ currentTarget }) => changeQuery({ in: unless(currentTarget.value, 'name'), cursor: null })}
        >
          {scopes.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </div>
      <Choice name="state" label="State" all="All states" value={state} choices={STATE_CHOICES} />
      <Choice name="kind" label="Kind" all="All kinds" value={kind} choices={KIND_CHOICES} />
      <Choice name="sort" label="Sort by" value={sort} choices={SORT_CHOICES} isOnlyNarrow />
      {owner !== null && isOfAll && (
        <button
          type="button"
          class="secondary chip"
          aria-label={`Keys of all owners, not only of ${owner}`}
          onClick={() => changeQuery({ owner: null, cursor: null })}
        >
          <span class="chip-text">Owner: {owner}</span>
          <Icon name="cross" />
        </button>
      )}
      {isFiltered(filter) && (
        <button type="button" class="link" onClick={() => changeQuery(NO_FILTERS)}>
          Clear filters
        </button>
      )}
    </search>
  );
}

interface ChoiceProps {
  readonly name: 'state' | 'kind' | 'sort';
  readonly label: string;
  /** What stands for no choice; left out: there is always one. */
  readonly all?: string;
  readonly value: string | null;
  readonly choices: Readonly<Record<string, string>>;
  readonly isOnlyNarrow?: boolean;
}

function Choice({ name, label, all, value, choices, isOnlyNarrow = false }: ChoiceProps) {
  return (
    <select
      class={isOnlyNarrow ? 'narrow-only' : ''}
      aria-label={label}
      value={value ?? ''}
      onChange={({ currentTarget }) => changeQuery({ [name]: currentTarget.value, cursor: null })}
    >
      {all && <option value="">{all}</option>}
      {Object.entries(choices).map(([choice, text]) => (
        <option key={choice} value={choice}>
          {text}
        </option>
      ))}
    </select>
  );
}

const HINTS: Readonly<Record<Scope, string>> = {
  name: 'Search by name',
  owner: 'Search by owner',
  id: 'Search by key id',
  ending: 'Search by the last four characters',
};

/** Is written into the address a moment after the last letter, and follows it when it changes by other means. */
function SearchField({ filter: { text, scope } }: { readonly filter: KeyFilter }) {
  const [typed, setTyped] = useState(text);
  const sent = useRef(text);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    if (text === sent.current) return;
    sent.current = text;
    setTyped(text);
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const searchFor = (wanted: string) => {
    clearTimeout(timer.current);
    if (wanted.trim() === sent.current) return;
    sent.current = wanted.trim();
    changeQuery({ q: sent.current, cursor: null }, { replace: true });
  };
  const onInput = (value: string) => {
    clearTimeout(timer.current);
    const id = idInPasted(value);
    if (id === null) {
      setTyped(value);
      timer.current = setTimeout(() => searchFor(value), TYPED_AFTER_MS);
      return;
    }
    setTyped(id);
    sent.current = id;
    changeQuery({ q: id, in: 'id', cursor: null }, { replace: true });
    announce('You have pasted a whole key. It is looked for by its id; its secret was dropped.');
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        searchFor(typed);
      }}
    >
      <input
        type="search"
        aria-label={HINTS[scope]}
        placeholder={HINTS[scope]}
        value={typed}
        maxLength={MAX_LENGTH}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
    </form>
  );
}

function unless(value: string, standard: string): string | null {
  return value === standard ? null : value;
}
