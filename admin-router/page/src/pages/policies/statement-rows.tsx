import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiProblem } from '../../api/problem.ts';
import type { Statement } from '../../api/types.ts';
import { Field } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { LIMITS } from './check.ts';
import { NEW_STATEMENT, patternsIn } from './draft.ts';

export interface StatementRowsProps {
  readonly statements: readonly Statement[];
  readonly problem: ApiProblem | null;
  /** Whether the workspaces that stand in them count: those of a template do not. */
  readonly hasWorkspaces: boolean;
  readonly onChange: (statements: readonly Statement[]) => void;
}

let lastRow = 0;

/** Statements as forms, one below the other. */
export function StatementRows({ statements, problem, hasWorkspaces, onChange }: StatementRowsProps) {
  const add = useRef<HTMLButtonElement>(null);
  const rows = useRef<number[]>([]);
  while (rows.current.length < statements.length) rows.current.push(++lastRow);
  rows.current.length = statements.length;

  const change = (index: number, fields: Partial<Statement>) =>
    onChange(statements.map((statement, place) => (place === index ? { ...statement, ...fields } : statement)));
  const remove = (index: number) => {
    rows.current.splice(index, 1);
    onChange(statements.filter((_, place) => place !== index));
    add.current?.focus();
  };
  return (
    <>
      {statements.map((statement, index) => (
        <fieldset key={rows.current[index]} class="policy-statement-row">
          <legend>Statement {index + 1}</legend>
          <button
            type="button"
            class="icon-button policy-remove-row"
            aria-label={`Remove statement ${index + 1}`}
            onClick={() => remove(index)}
          >
            <Icon name="cross" />
          </button>
          <OwnFaults problem={problem} path={`statements.${index}`} />
          <div class="policy-statement-fields">
            <PatternField
              label="Actions"
              field="actions"
              example="orders:read"
              {...{ statement, index, problem, change }}
            />
            <PatternField
              label="Resources"
              field="resources"
              example="orders/2026/*"
              {...{ statement, index, problem, change }}
            />
            {hasWorkspaces && (
              <Field label="Workspace" path={`statements.${index}.workspace`} problem={problem} hint="* is every one">
                {(control) => (
                  <input
                    {...control}
                    {...PLAIN}
                    value={statement.workspace}
                    onInput={({ currentTarget }) => change(index, { workspace: currentTarget.value })}
                  />
                )}
              </Field>
            )}
            <Field label="Description" path={`statements.${index}.description`} problem={problem} isOptional>
              {(control) => (
                <input
                  {...control}
                  value={statement.description}
                  autocomplete="off"
                  onInput={({ currentTarget }) => change(index, { description: currentTarget.value })}
                />
              )}
            </Field>
          </div>
        </fieldset>
      ))}
      {statements.length === 0 && <p class="faint">Without a statement the policy allows nothing.</p>}
      <button
        ref={add}
        type="button"
        class="secondary"
        disabled={statements.length >= LIMITS.statements}
        onClick={() => onChange([...statements, NEW_STATEMENT])}
      >
        <Icon name="plus" />
        Add a statement
      </button>
    </>
  );
}

const PLAIN = { autocomplete: 'off', autocapitalize: 'off', spellcheck: false } as const;

interface PatternFieldProps {
  readonly label: string;
  readonly field: 'actions' | 'resources';
  readonly example: string;
  readonly statement: Statement;
  readonly index: number;
  readonly problem: ApiProblem | null;
  readonly change: (index: number, fields: Partial<Statement>) => void;
}

/** One pattern on each line; what was typed stays as it is for as long as it says the same. */
function PatternField({ label, field, example, statement, index, problem, change }: PatternFieldProps) {
  const patterns = statement[field];
  const [text, setText] = useState(patterns.join('\n'));
  const meant = patterns.join('\n');
  useEffect(() => {
    if (patternsIn(text, field).join('\n') !== meant) setText(meant);
  }, [meant]);
  const onInput = (typed: string) => {
    setText(typed);
    change(index, { [field]: patternsIn(typed, field) });
  };
  return (
    <Field
      label={label}
      path={`statements.${index}.${field}`}
      problem={problem}
      hint="One on each line; * stands for anything"
    >
      {(control) => (
        <textarea
          {...control}
          {...PLAIN}
          class="policy-patterns-field"
          rows={Math.min(12, Math.max(2, text.split('\n').length))}
          placeholder={example}
          value={text}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** Those of the statement as a whole, such as that it gives too much. */
function OwnFaults({ problem, path }: { readonly problem: ApiProblem | null; readonly path: string }) {
  const faults = (problem?.errors ?? []).filter((error) => error.path === path);
  if (faults.length === 0) return null;
  return (
    <p class="fault" role="alert">
      {faults.map(({ message }) => message).join('; ')}
    </p>
  );
}
