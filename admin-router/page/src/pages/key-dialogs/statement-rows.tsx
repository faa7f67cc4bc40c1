import type { ApiProblem } from '../../api/problem.ts';
import { Field } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { NEW_STATEMENT, type StatementDraft } from './key-draft.ts';

export interface StatementRowsProps {
  readonly statements: readonly StatementDraft[];
  /** What whoever gives them may do: nobody can give more. */
  readonly ownActions: readonly string[];
  readonly problem: ApiProblem | null;
  readonly onChange: (statements: StatementDraft[]) => void;
}

/** As many of one's own actions are named beside the field. */
const NAMED = 8;

export function StatementRows({ statements, ownActions, problem, onChange }: StatementRowsProps) {
  const change = (index: number, fields: Partial<StatementDraft>) =>
    onChange(statements.map((statement, at) => (at === index ? { ...statement, ...fields } : statement)));
  const ofAll = (problem?.errors ?? []).filter(({ path }) => path === 'statements');
  return (
    <fieldset class="kd-group">
      <legend>Statements</legend>
      {statements.length > 0 && (
        <p class="hint">
          Each allows its actions on its resources. Several with spaces between them; <code>*</code> stands for
          anything.
          {ownActions.length > 0 && ' You may give: '}
          {ownActions.slice(0, NAMED).map((action) => (
            <code key={action} class="kd-action">
              {action}
            </code>
          ))}
          {ownActions.length > NAMED && ' …'}
        </p>
      )}
      {statements.map((statement, index) => (
        <StatementRow
          key={index}
          index={index}
          statement={statement}
          problem={problem}
          onChange={(fields) => change(index, fields)}
          onRemove={() => onChange(statements.filter((_, at) => at !== index))}
        />
      ))}
      {ofAll.map(({ message }) => (
        <p key={message} class="fault" role="alert">
          {message}
        </p>
      ))}
      <button type="button" class="secondary small" onClick={() => onChange([...statements, NEW_STATEMENT])}>
        <Icon name="plus" />
        Add a statement
      </button>
    </fieldset>
  );
}

interface StatementRowProps {
  readonly index: number;
  readonly statement: StatementDraft;
  readonly problem: ApiProblem | null;
  readonly onChange: (fields: Partial<StatementDraft>) => void;
  readonly onRemove: () => void;
}

function StatementRow({ index, statement, problem, onChange, onRemove }: StatementRowProps) {
  const path = `statements.${index}`;
  const ofRow = (problem?.errors ?? []).filter((error) => error.path === path);
  const part = (field: 'actions' | 'resources' | 'workspace', label: string, placeholder: string) => (
    <Field label={label} path={`${path}.${field}`} problem={problem}>
      {(control) => (
        <input
          {...control}
          value={statement[field]}
          placeholder={placeholder}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={({ currentTarget }) => onChange({ [field]: currentTarget.value })}
        />
      )}
    </Field>
  );
  return (
    <fieldset class="kd-row kd-statement">
      <legend class="unseen">{`Statement ${index + 1}`}</legend>
      {part('actions', 'Actions', 'orders:read orders:list')}
      {part('resources', 'Resources', '*')}
      {part('workspace', 'Workspace', '*')}
      <button type="button" class="icon-button" aria-label={`Remove statement ${index + 1}`} onClick={onRemove}>
        <Icon name="cross" />
      </button>
      {ofRow.map(({ message }) => (
        <p key={message} class="fault" role="alert">
          {`This statement ${message}`}
        </p>
      ))}
    </fieldset>
  );
}
