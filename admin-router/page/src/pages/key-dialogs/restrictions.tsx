import type { ComponentChildren } from 'preact';
import type { ApiProblem } from '../../api/problem.ts';
import { Field, faultsAt } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { LABELS, type RESTRICTIONS } from './form-faults.ts';
import type { Change, KeyDraft, PropertyDraft, UnusedUnit } from './key-draft.ts';

export type Restriction = (typeof RESTRICTIONS)[number];

export interface RestrictionsProps {
  readonly draft: KeyDraft;
  readonly problem: ApiProblem | null;
  readonly change: Change;
  /** Those that can be changed; the others are left to whoever shows them. */
  readonly shown: readonly Restriction[];
  /** Default false. */
  readonly isNew?: boolean;
}

const LISTS = {
  resources: ['One per line, such as orders/eu-*. Empty: those of its rights.', 'orders/eu-*'],
  allowedAddresses: ['IPv4 or IPv6, one address or range per line. Empty: from anywhere.', '203.0.113.0/24'],
  allowedOrigins: ['Web pages that may send it, one per line. Empty: any.', 'https://app.example.com'],
} as const satisfies Partial<Record<Restriction, readonly [hint: string, example: string]>>;

/** Where, how often and for what the key is accepted. */
export function Restrictions({ draft, problem, change, shown, isNew = false }: RestrictionsProps) {
  const only = (name: Restriction, field: ComponentChildren) => (shown.includes(name) ? field : null);
  const list = (name: keyof typeof LISTS) =>
    only(
      name,
      <Field label={LABELS[name]} path={name} problem={problem} hint={LISTS[name][0]} isOptional>
        {(control) => (
          <textarea
            {...control}
            rows={2}
            class="kd-lines"
            value={draft[name]}
            placeholder={LISTS[name][1]}
            autocapitalize="off"
            spellcheck={false}
            onInput={({ currentTarget }) => change({ [name]: currentTarget.value })}
          />
        )}
      </Field>,
    );
  return (
    <>
      {list('resources')}
      {list('allowedAddresses')}
      {list('allowedOrigins')}
      <div class="kd-pair">
        {only(
          'maxRequestsPerMinute',
          <Field
            label={LABELS.maxRequestsPerMinute}
            path="maxRequestsPerMinute"
            problem={problem}
            hint="Empty: no limit of its own."
            isOptional
          >
            {(control) => (
              <input
                {...control}
                inputMode="numeric"
                autocomplete="off"
                value={draft.maxRequestsPerMinute}
                onInput={({ currentTarget }) => change({ maxRequestsPerMinute: currentTarget.value })}
              />
            )}
          </Field>,
        )}
        {only(
          'disableUnusedAfterSeconds',
          <UnusedField draft={draft} problem={problem} change={change} isNew={isNew} />,
        )}
      </div>
      {only(
        'properties',
        <PropertyRows
          properties={draft.properties}
          problem={problem}
          onChange={(properties) => change({ properties })}
        />,
      )}
    </>
  );
}

function UnusedField({ draft, problem, change, isNew = false }: Omit<RestrictionsProps, 'shown'>) {
  return (
    <Field
      label={LABELS.disableUnusedAfterSeconds}
      path="disableUnusedAfterSeconds"
      problem={problem}
      hint={`Refused once it was not used for so long. Empty: ${isNew ? 'as usual here' : 'never'}.`}
      isOptional
    >
      {(control) => (
        <div class="kd-amount">
          <input
            {...control}
            inputMode="numeric"
            autocomplete="off"
            value={draft.unusedAfter}
            onInput={({ currentTarget }) => change({ unusedAfter: currentTarget.value })}
          />
          <select
            aria-label="Unit of the time without use"
            value={draft.unusedUnit}
            onChange={({ currentTarget }) => change({ unusedUnit: currentTarget.value as UnusedUnit })}
          >
            <option value="days">days</option>
            <option value="hours">hours</option>
          </select>
        </div>
      )}
    </Field>
  );
}

interface PropertyRowsProps {
  readonly properties: readonly PropertyDraft[];
  readonly problem: ApiProblem | null;
  readonly onChange: (properties: PropertyDraft[]) => void;
}

function PropertyRows({ properties, problem, onChange }: PropertyRowsProps) {
  const change = (index: number, fields: Partial<PropertyDraft>) =>
    onChange(properties.map((property, at) => (at === index ? { ...property, ...fields } : property)));
  return (
    <fieldset class="kd-group">
      <legend>
        {LABELS.properties}
        <span class="optional"> optional</span>
      </legend>
      <p class="hint">Names and values of your own, such as a cost centre. They come with every request of the key.</p>
      {properties.map(({ name, value }, index) => (
        <div key={index} class="kd-row kd-property">
          <input
            aria-label={`Name of property ${index + 1}`}
            placeholder="Name"
            autocomplete="off"
            value={name}
            onInput={({ currentTarget }) => change(index, { name: currentTarget.value })}
          />
          <input
            aria-label={`Value of property ${index + 1}`}
            placeholder="Value"
            autocomplete="off"
            value={value}
            onInput={({ currentTarget }) => change(index, { value: currentTarget.value })}
          />
          <button
            type="button"
            class="icon-button"
            aria-label={`Remove property ${index + 1}`}
            onClick={() => onChange(properties.filter((_, at) => at !== index))}
          >
            <Icon name="cross" />
          </button>
        </div>
      ))}
      {faultsAt(problem, 'properties').map((fault) => (
        <p key={fault} class="fault" role="alert">
          {fault}
        </p>
      ))}
      <button type="button" class="secondary small" onClick={() => onChange([...properties, { name: '', value: '' }])}>
        <Icon name="plus" />
        Add a property
      </button>
    </fieldset>
  );
}
