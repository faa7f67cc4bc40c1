import type { ApiProblem } from '../../api/problem.ts';
import { Field } from '../../ui/field.tsx';
import type { Draft, EditableType } from './draft.ts';
import { TYPE_WORDS } from './words.ts';

export interface DraftFieldsProps {
  readonly draft: Draft;
  readonly problem: ApiProblem;
  /** What it is, and what it follows, is decided when it is made. */
  readonly isNew: boolean;
  readonly onChange: (fields: Partial<Draft>) => void;
}

const TYPES: readonly (readonly [EditableType, string])[] = [
  ['custom', 'For keys: whoever makes a key can give it the policy.'],
  ['role', 'The same, shown as a role where other products ask for roles.'],
  ['template', 'No key has it itself. Other policies follow it, each in a workspace of its own.'],
];

export function AboutFields({ draft, problem, isNew, onChange }: DraftFieldsProps) {
  return (
    <>
      <Field label="Name" path="name" problem={problem}>
        {(control) => (
          <input
            {...control}
            value={draft.name}
            autocomplete="off"
            required
            onInput={({ currentTarget }) => onChange({ name: currentTarget.value })}
          />
        )}
      </Field>
      <Field label="Description" path="description" problem={problem} isOptional>
        {(control) => (
          <textarea
            {...control}
            rows={2}
            value={draft.description}
            onInput={({ currentTarget }) => onChange({ description: currentTarget.value })}
          />
        )}
      </Field>
      {isNew && (
        <fieldset class="policy-choices">
          <legend>Type</legend>
          {TYPES.map(([type, hint]) => (
            <label key={type} class="policy-choice">
              <input
                type="radio"
                name="type"
                value={type}
                checked={draft.type === type}
                onChange={() => onChange({ type, ...(type === 'template' && { templateId: null }) })}
              />
              <span>
                {TYPE_WORDS[type]}
                <span class="hint">{hint}</span>
              </span>
            </label>
          ))}
        </fieldset>
      )}
    </>
  );
}
