import type { ApiProblem } from '../../api/problem.ts';
import { DescriptionField, NameField } from '../../ui/naming-fields.tsx';
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
      <NameField value={draft.name} problem={problem} onChange={(name) => onChange({ name })} />
      <DescriptionField
        value={draft.description}
        problem={problem}
        onChange={(description) => onChange({ description })}
      />
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
