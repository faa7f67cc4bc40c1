import { post } from '../../api/client.ts';
import type { ApiKey, Page, Policy, Statement } from '../../api/types.ts';
import { useLogin } from '../../context.ts';
import { useLoad } from '../../load.ts';
import { Busy, ErrorBox, Notice } from '../../ui/feedback.tsx';
import { linesOf } from '../audit/difference.ts';
import { RightsMatrix, type Source, sourcesOf } from './matrix.ts';
import { MatrixTable } from './matrix-table.tsx';
import { PolicyLink } from './policy-link.tsx';
import { Question } from './question.tsx';

export interface RightsProps {
  readonly apiKey: ApiKey;
  /** Whether it lets anybody in at all now. */
  readonly isAccepted: boolean;
}

/** What a key may do: as a table, and by asking. */
export function Rights({ apiKey, isAccepted }: RightsProps) {
  const { rights } = useLogin();
  const mayRead = rights.has('policies:read') || rights.has('policies:manage');
  const { id, version, policyIds } = apiKey;
  const policies = useLoad(
    (signal) => (mayRead ? readPolicies(policyIds, signal) : Promise.resolve([])),
    [id, version, policyIds.join(), mayRead],
  );
  const missing = policyIds.filter((policyId) => !policies.value?.some((policy) => policy.id === policyId));
  const sources = sourcesOf(apiKey, policies.value ?? []);
  const matrix = new RightsMatrix(sources, apiKey);
  return (
    <section class="card rights" aria-labelledby="rights">
      <h2 id="rights">Rights</h2>
      {policies.problem && <ErrorBox problem={policies.problem} onRetry={policies.reload} />}
      {policies.value === undefined && policies.isLoading && <Busy />}
      {policies.value !== undefined && (
        <>
          {!isAccepted && <p class="note">What it may do when it is accepted: at the moment it lets nobody in.</p>}
          <Origins sources={sources} missing={missing} mayRead={mayRead} />
          {matrix.actions.length > 0 && <MatrixTable key={version} matrix={matrix} sources={sources} />}
          <Ceiling apiKey={apiKey} />
          <Question apiKey={apiKey} sources={missing.length === 0 ? sources : null} matrix={matrix} />
        </>
      )}
    </section>
  );
}

/** All of them with one request. */
async function readPolicies(ids: readonly string[], signal: AbortSignal): Promise<Policy[]> {
  if (ids.length === 0) return [];
  const criteria = [{ field: 'id', test: 'in', value: ids }];
  const { items } = await post<Page<Policy>>('policies/search', { criteria, maxItems: ids.length }, { signal });
  return items;
}

interface OriginsProps {
  readonly sources: readonly Source[];
  readonly missing: readonly string[];
  readonly mayRead: boolean;
}

/** Where the rights come from, with the descriptions that somebody has given to statements. */
function Origins({ sources, missing, mayRead }: OriginsProps) {
  if (sources.length === 0 && missing.length === 0) {
    return <p class="note">None: it has no statements of its own, and no policies.</p>;
  }
  const own = sources.find(({ policyId }) => policyId === null);
  const described = own?.statements.filter(({ description }) => description !== '') ?? [];
  return (
    <>
      <ul class="origins">
        {sources.map(({ policyId, name, statements }) => (
          <li key={policyId ?? ''}>
            {policyId === null ? name : <PolicyLink id={policyId} name={name} />}
            <span class="faint">{statements.length === 1 ? '1 statement' : `${statements.length} statements`}</span>
          </li>
        ))}
        {missing.map((id) => (
          <li key={id}>
            <code>{id}</code>
            <span class="faint">{mayRead ? 'a policy that is no longer there' : 'a policy that you may not read'}</span>
          </li>
        ))}
      </ul>
      {described.length > 0 && (
        <ul class="described">
          {described.map((statement, index) => (
            <li key={`${index}`}>
              {statement.description} <span class="faint">{linesOf('statements', [statement])[0]}</span>
            </li>
          ))}
        </ul>
      )}
      {missing.length > 0 && !mayRead && (
        <p class="note">
          What those policies give is not in the table. The question below takes all of them into account.
        </p>
      )}
    </>
  );
}

/** What holds the key in, whatever its statements and policies say. */
function Ceiling({ apiKey: { ceiling, resources } }: { readonly apiKey: ApiKey }) {
  return (
    <>
      {resources !== null && (
        <p class="note">
          It is tied to <code>{resources.join(', ')}</code>: nothing else is allowed.
        </p>
      )}
      {ceiling.length > 0 && (
        <details class="ceiling">
          <summary>Its ceiling: what its owner and its maker could do when it was made</summary>
          {ceiling.map((layer, index) => (
            <Layer key={`${index}`} statements={layer} isFirst={index === 0} />
          ))}
        </details>
      )}
    </>
  );
}

function Layer({ statements, isFirst }: { readonly statements: readonly Statement[]; readonly isFirst: boolean }) {
  const lines = linesOf('statements', statements);
  return (
    <>
      {!isFirst && <p class="note">and besides no more than</p>}
      {lines.length === 0 ? (
        <Notice kind="warn">Nothing: whatever it is given, it may do nothing.</Notice>
      ) : (
        <ul>
          {lines.map((line, index) => (
            <li key={`${index}`}>
              <code>{line}</code>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
