import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../../ui/icon.tsx';
import { EVENTS, GROUPS, type Group } from './event-words.ts';

export interface TypePickerProps {
  readonly chosen: readonly string[];
  readonly onChange: (types: readonly string[]) => void;
}

/** Which types of entries are shown, in groups: none chosen is all of them. Escape and a click elsewhere close it. */
export function TypePicker({ chosen, onChange }: TypePickerProps) {
  const ref = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const onPointer = ({ target }: Event) => {
      if (target instanceof Node && !ref.current?.contains(target)) ref.current?.removeAttribute('open');
    };
    addEventListener('pointerdown', onPointer);
    return () => removeEventListener('pointerdown', onPointer);
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !ref.current?.open) return;
    event.preventDefault();
    ref.current.removeAttribute('open');
    ref.current.querySelector('summary')?.focus();
  };
  const select = (types: readonly string[], isChosen: boolean) =>
    onChange(Object.keys(EVENTS).filter((type) => (types.includes(type) ? isChosen : chosen.includes(type))));
  return (
    <details ref={ref} class="type-picker" onKeyDown={onKeyDown}>
      <summary>
        <span>{wordsFor(chosen)}</span>
        <Icon name="chevron" />
      </summary>
      <div class="type-choices">
        {GROUPS.map((group) => (
          <TypeGroup key={group} group={group} chosen={chosen} onSelect={select} />
        ))}
      </div>
    </details>
  );
}

interface TypeGroupProps {
  readonly group: Group;
  readonly chosen: readonly string[];
  readonly onSelect: (types: readonly string[], isChosen: boolean) => void;
}

function TypeGroup({ group, chosen, onSelect }: TypeGroupProps) {
  const types = Object.keys(EVENTS).filter((type) => EVENTS[type]?.group === group);
  const count = types.filter((type) => chosen.includes(type)).length;
  return (
    <fieldset>
      <legend class="unseen">{group}</legend>
      <label class="group">
        <input
          type="checkbox"
          checked={count === types.length}
          indeterminate={count > 0 && count < types.length}
          onChange={({ currentTarget }) => onSelect(types, currentTarget.checked)}
        />
        {group}
      </label>
      {types.map((type) => (
        <label key={type}>
          <input
            type="checkbox"
            checked={chosen.includes(type)}
            onChange={({ currentTarget }) => onSelect([type], currentTarget.checked)}
          />
          {EVENTS[type]?.title}
        </label>
      ))}
    </fieldset>
  );
}

function wordsFor(chosen: readonly string[]): string {
  if (chosen.length === 0) return 'All types';
  const [first = ''] = chosen;
  return chosen.length === 1 ? (EVENTS[first]?.title ?? first) : `${chosen.length} types`;
}
