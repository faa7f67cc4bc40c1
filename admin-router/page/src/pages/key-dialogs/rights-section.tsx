import type { ApiProblem } from '../../api/problem.ts';
import { useLogin } from '../../context.ts';
import type { Change, KeyDraft } from './key-draft.ts';
import { NEW_STATEMENT } from './key-draft.ts';
import { ChosenPolicies, PolicyPicker } from './policy-picker.tsx';
import { StatementRows } from './statement-rows.tsx';

export interface RightsSectionProps {
  readonly draft: KeyDraft;
  readonly problem: ApiProblem | null;
  readonly change: Change;
}

/** Of a new key: all that its owner may do, or what is chosen. */
export function NewRights({ draft, problem, change }: RightsSectionProps) {
  const { rights } = useLogin();
  const mayChoose = rights.has('policies:read') || rights.has('policies:manage');
  const owner = draft.ownerId.trim() === '' ? 'I' : 'its owner';
  const choose = (next: KeyDraft['rights']) => {
    const isFirst = next === 'chosen' && !mayChoose && draft.statements.length === 0;
    change({ rights: next, ...(isFirst && { statements: [NEW_STATEMENT] }) });
  };
  const option = (value: KeyDraft['rights'], title: string, text: string) => (
    <label class="kd-option">
      <input type="radio" name="rights" checked={draft.rights === value} onChange={() => choose(value)} />
      <span>
        <strong>{title}</strong>
        <span class="hint">{text}</span>
      </span>
    </label>
  );
  return (
    <>
      <fieldset class="kd-options">
        <legend class="unseen">What may the key do?</legend>
        {option('all', `Everything ${owner} may do`, 'It never has more, also when those rights grow later.')}
        {option(
          'chosen',
          'Only what I choose',
          mayChoose ? 'Policies, and statements of its own.' : 'Statements of its own: actions on resources.',
        )}
      </fieldset>
      {draft.rights === 'chosen' && <ChosenRights draft={draft} problem={problem} change={change} />}
    </>
  );
}

export interface ChosenRightsProps extends RightsSectionProps {
  readonly canChangePolicies?: boolean;
  readonly canChangeStatements?: boolean;
}

export function ChosenRights({
  draft,
  problem,
  change,
  canChangePolicies = true,
  canChangeStatements = true,
}: ChosenRightsProps) {
  const { principal, rights } = useLogin();
  const mayChoose = rights.has('policies:read') || rights.has('policies:manage');
  const ownActions = [...new Set(principal.statements.flatMap(({ actions }) => actions))];
  const setPolicies = (policyIds: readonly string[]) => change({ policyIds });
  return (
    <>
      {canChangePolicies && mayChoose && (
        <PolicyPicker chosen={draft.policyIds} problem={problem} onChange={setPolicies} />
      )}
      {canChangePolicies && !mayChoose && draft.policyIds.length > 0 && (
        <fieldset class="kd-group">
          <legend>Policies</legend>
          <ChosenPolicies
            chosen={draft.policyIds}
            onRemove={(id) => setPolicies(draft.policyIds.filter((each) => each !== id))}
          />
        </fieldset>
      )}
      {canChangeStatements && (
        <StatementRows
          statements={draft.statements}
          ownActions={ownActions}
          problem={problem}
          onChange={(statements) => change({ statements })}
        />
      )}
      {!mayChoose && <PolicyFaults problem={problem} />}
    </>
  );
}

/** Where there is no picker to show them at. */
function PolicyFaults({ problem }: { readonly problem: ApiProblem | null }) {
  const faults = (problem?.errors ?? []).filter(({ path }) => path.startsWith('policyIds'));
  return (
    <>
      {faults.map(({ message }) => (
        <p key={message} class="fault" role="alert">
          {message}
        </p>
      ))}
    </>
  );
}
