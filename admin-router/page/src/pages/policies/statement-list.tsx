import type { Statement } from '../../api/types.ts';
import { EmptyState } from '../../ui/feedback.tsx';

/** What statements allow, in words; each says what may be done, on what, and where. */
export function StatementList({ statements }: { readonly statements: readonly Statement[] }) {
  if (statements.length === 0) return <EmptyState title="No statements">It allows nothing.</EmptyState>;
  return (
    <ol class="policy-statements">
      {statements.map((statement, index) => (
        <li key={index} class="policy-statement">
          {statement.description !== '' && <p class="policy-statement-title">{statement.description}</p>}
          <dl>
            <dt>May do</dt>
            <dd>
              <Patterns patterns={statement.actions} all="everything" />
            </dd>
            <dt>On</dt>
            <dd>
              <Patterns patterns={statement.resources} all="everything" />
            </dd>
            <dt>In</dt>
            <dd>
              {statement.workspace === '*' ? (
                'every workspace'
              ) : (
                <>
                  workspace <code>{statement.workspace}</code>
                </>
              )}
            </dd>
          </dl>
        </li>
      ))}
    </ol>
  );
}

function Patterns({ patterns, all }: { readonly patterns: readonly string[]; readonly all: string }) {
  if (patterns.length === 1 && patterns[0] === '*') {
    return (
      <>
        {all} <code>*</code>
      </>
    );
  }
  return (
    <ul class="policy-patterns">
      {patterns.map((pattern) => (
        <li key={pattern}>
          <code>{pattern}</code>
        </li>
      ))}
    </ul>
  );
}
