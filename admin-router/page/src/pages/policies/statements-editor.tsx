import { useState } from 'preact/hooks';
import { ApiProblem } from '../../api/problem.ts';
import type { FieldError, Statement } from '../../api/types.ts';
import { announce } from '../../ui/toast.tsx';
import { namingPatterns } from './check.ts';
import { fitsRows, jsonOf } from './draft.ts';
import { readStatements, StatementJson } from './statement-json.tsx';
import { StatementRows } from './statement-rows.tsx';
import { useSettled } from './use-settled.ts';

export interface StatementsEditorProps {
  readonly statements: readonly Statement[];
  /** The faults to be shown of `statements`: of their form, and what the API said. */
  readonly errors: readonly FieldError[];
  /** What the API said, of these. */
  readonly refusals: readonly FieldError[];
  readonly hasWorkspaces: boolean;
  /** Null: what is typed is no list of statements. */
  readonly onChange: (statements: readonly Statement[] | null) => void;
}

/** Statements as rows, or as JSON: what is changed in one way stands in the other one, too. */
export function StatementsEditor({ statements, errors, refusals, hasWorkspaces, onChange }: StatementsEditorProps) {
  const [text, setText] = useState<string | null>(null);
  const settledText = useSettled(text);
  const problem = problemWith(namingPatterns(errors, statements));
  const own = errors.filter(({ path }) => path === 'statements').map(({ message }) => message);

  const showRows = () => {
    if (text === null) return;
    const typed = readStatements(text).statements;
    if (typed === null || !fitsRows(typed)) {
      announce('Rows cannot show this yet: mend the lines that are named below the text.', 'bad');
      return;
    }
    setText(null);
  };
  const onText = (typed: string) => {
    setText(typed);
    onChange(readStatements(typed).statements);
  };

  const modes = [
    { name: 'Rows', isOn: text === null, choose: showRows },
    { name: 'JSON', isOn: text !== null, choose: () => setText((before) => before ?? jsonOf(statements)) },
  ];
  const read = settledText === null || text === null ? null : readStatements(settledText, refusals);
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset cannot stand in a line */}
      <div class="policy-modes" role="group" aria-label="Write statements as">
        {modes.map(({ name, isOn, choose }) => (
          <button key={name} type="button" class="secondary small" aria-pressed={isOn} onClick={choose}>
            {name}
          </button>
        ))}
      </div>
      {own.length > 0 && text === null && (
        <p class="fault" role="alert">
          {own.join('; ')}
        </p>
      )}
      {text === null ? (
        <StatementRows {...{ statements, problem, hasWorkspaces, onChange }} />
      ) : (
        <StatementJson
          text={text}
          faults={read?.faults ?? []}
          count={read?.statements?.length ?? null}
          onInput={onText}
        />
      )}
    </>
  );
}

function problemWith(errors: readonly FieldError[]): ApiProblem {
  return new ApiProblem({ status: 400, code: 'invalid_request', detail: '', errors: [...errors] });
}
