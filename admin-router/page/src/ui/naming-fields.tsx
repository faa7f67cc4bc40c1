import type { ApiProblem } from '../api/problem.ts';
import { Field } from './field.tsx';

interface NamingFieldProps {
  readonly value: string;
  readonly problem: ApiProblem | null;
  readonly onChange: (value: string) => void;
  readonly maxLength?: number;
  readonly hint?: string;
  readonly placeholder?: string;
}

/** The name of a key or a policy. */
export function NameField({ value, problem, onChange, maxLength, hint, placeholder }: NamingFieldProps) {
  return (
    <Field label="Name" path="name" problem={problem} hint={hint}>
      {(control) => (
        <input
          {...control}
          value={value}
          autocomplete="off"
          required
          maxLength={maxLength}
          placeholder={placeholder}
          onInput={({ currentTarget }) => onChange(currentTarget.value)}
        />
      )}
    </Field>
  );
}

export function DescriptionField({ value, problem, onChange, maxLength }: Omit<NamingFieldProps, 'hint'>) {
  return (
    <Field label="Description" path="description" problem={problem} isOptional>
      {(control) => (
        <textarea
          {...control}
          rows={2}
          maxLength={maxLength}
          value={value}
          onInput={({ currentTarget }) => onChange(currentTarget.value)}
        />
      )}
    </Field>
  );
}
