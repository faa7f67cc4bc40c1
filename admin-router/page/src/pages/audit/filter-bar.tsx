import { useEffect, useRef, useState } from 'preact/hooks';
import { changeQuery } from '../../router/route.ts';
import { announce } from '../../ui/toast.tsx';
import { idInPasted } from '../keys/pasted.ts';
import {
  fromLocalInput,
  ID_FIELDS,
  type IdField,
  isFiltered,
  NO_FILTERS,
  OUTCOMES,
  PERIODS,
  type TrailFilter,
  toLocalInput,
} from './filter.ts';
import { TypePicker } from './type-picker.tsx';

/** After the last letter, in ms. */
const TYPED_AFTER_MS = 400;
/** More than an id has: a whole key that is pasted must not be cut, or it is not known for one. */
const MAX_LENGTH = 500;

/** The filters of the trail: what is chosen goes into the address, and from there to the list. */
export function FilterBar({ filter }: { readonly filter: TrailFilter }) {
  const { period, types, outcome, ids } = filter;
  const isLookedFor = Object.values(ids).some((id) => id !== '');
  const [isMore, setIsMore] = useState(isLookedFor);
  const isOpen = isMore || isLookedFor;
  return (
    <search class="trail-filters">
      <div class="trail-choices">
        <select
          aria-label="Period"
          value={period ?? ''}
          onChange={({ currentTarget }) => choosePeriod(currentTarget.value)}
        >
          <option value="">Any time</option>
          {Object.entries(PERIODS).map(([value, { text }]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
          <option value="custom">From … to …</option>
        </select>
        <TypePicker chosen={types} onChange={(next) => changeQuery({ type: next.join(','), cursor: null })} />
        <select
          aria-label="Outcome"
          value={outcome}
          onChange={({ currentTarget }) => changeQuery({ outcome: currentTarget.value, cursor: null })}
        >
          <option value="">Any outcome</option>
          {Object.entries(OUTCOMES).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
        <button
          type="button"
          class="link more-filters"
          aria-expanded={isOpen}
          aria-controls="trail-ids"
          onClick={() => setIsMore(!isOpen)}
        >
          {isOpen ? 'Fewer filters' : 'More filters'}
        </button>
        {isFiltered(filter) && (
          <button type="button" class="link" onClick={() => changeQuery(NO_FILTERS)}>
            Clear filters
          </button>
        )}
      </div>
      {period === 'custom' && (
        <div class="trail-span">
          <TimeField name="from" label="From" at={filter.from} />
          <TimeField name="to" label="To, not included" at={filter.to} />
        </div>
      )}
      <div id="trail-ids" class={isOpen ? 'trail-ids' : 'trail-ids shut'}>
        {(Object.keys(ID_FIELDS) as IdField[]).map((name) => (
          <IdInput key={name} name={name} value={ids[name]} />
        ))}
      </div>
    </search>
  );
}

/** A span of one's own begins with the one that is shown. */
function choosePeriod(period: string): void {
  changeQuery({ period, from: null, to: null, cursor: null });
}

function TimeField({ name, label, at }: { readonly name: 'from' | 'to'; readonly label: string; readonly at: string }) {
  return (
    <label>
      {label}
      <input
        type="datetime-local"
        value={toLocalInput(at)}
        onChange={({ currentTarget }) =>
          changeQuery({ period: 'custom', [name]: fromLocalInput(currentTarget.value), cursor: null })
        }
      />
    </label>
  );
}

/** Is written into the address a moment after the last letter, and follows it when it changes by other means. */
function IdInput({ name, value }: { readonly name: IdField; readonly value: string }) {
  const { label, placeholder } = ID_FIELDS[name];
  const [typed, setTyped] = useState(value);
  const sent = useRef(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setTyped(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const lookFor = (wanted: string) => {
    clearTimeout(timer.current);
    if (wanted === sent.current) return;
    sent.current = wanted;
    changeQuery({ [name]: wanted, cursor: null }, { replace: true });
  };
  const onInput = (text: string) => {
    clearTimeout(timer.current);
    const id = idInPasted(text); // a secret must not come into the address
    setTyped(id ?? text);
    if (id === null) timer.current = setTimeout(() => lookFor(text.trim()), TYPED_AFTER_MS);
    else {
      lookFor(id);
      announce('You have pasted a whole key. It is looked for by its id; its secret was dropped.');
    }
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        lookFor(typed.trim());
      }}
    >
      <label>
        {label}
        <input
          type="search"
          value={typed}
          placeholder={placeholder}
          maxLength={MAX_LENGTH}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      </label>
    </form>
  );
}
