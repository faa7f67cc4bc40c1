import { useState } from 'preact/hooks';
import { Badge } from '../../ui/badge.tsx';
import { Notice } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icon.tsx';
import { type Extent, type Grant, nameOf, type RightsMatrix, type Scope, type Source } from './matrix.ts';
import { PolicyLink } from './policy-link.tsx';

/** With more resources than this the actions are told one by one: nobody reads a wider table. */
const MAX_COLUMNS = 5;
/** Actions at first; a key can have hundreds. */
const ROWS_AT_FIRST = 20;
/** Resources of one action at first, where they are told one by one. */
const CHIPS_AT_FIRST = 12;

interface MatrixProps {
  readonly matrix: RightsMatrix;
  readonly sources: readonly Source[];
}

/** Actions by resources and workspaces, with what the ceiling cuts. */
export function MatrixTable({ matrix, sources }: MatrixProps) {
  const [isWhole, setIsWhole] = useState(false);
  const { actions, scopes } = matrix;
  const shown = isWhole ? actions : actions.slice(0, ROWS_AT_FIRST);
  const rows = shown.map((action) => ({ action, grants: matrix.grantsOf(action, CHIPS_AT_FIRST) }));
  const isMatrix = scopes.length <= MAX_COLUMNS;
  const hasOrigin = sources.length > 1;
  return (
    <>
      <Cuts grants={rows.flatMap(({ grants }) => grants)} />
      <div class="table-frame">
        <table class="list matrix">
          <caption class="unseen">What the key may do on what</caption>
          <thead>
            <tr>
              <th scope="col">Action</th>
              {isMatrix ? (
                scopes.map((scope) => (
                  <th key={nameOf(scope)} scope="col" class="scope">
                    {scopeInWords(scope)}
                  </th>
                ))
              ) : (
                <th scope="col">On</th>
              )}
              {hasOrigin && <th scope="col">Given by</th>}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ action, grants }) => (
              <tr key={action}>
                <th scope="row">
                  <code>{action === '*' ? '* (every action)' : action}</code>
                </th>
                {isMatrix ? (
                  scopes.map((scope) => <Cell key={nameOf(scope)} scope={scope} grants={grants} />)
                ) : (
                  <td data-title="On">
                    <Chips matrix={matrix} action={action} />
                  </td>
                )}
                {hasOrigin && (
                  <td data-title="Given by">
                    <GivenBy grants={grants} sources={sources} />
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {actions.length > shown.length && (
        <button type="button" class="secondary small more-rows" onClick={() => setIsWhole(true)}>
          {`Show all ${actions.length} actions`}
        </button>
      )}
    </>
  );
}

/** `*` is everything; a workspace is named where it is not all of them. */
function scopeInWords({ resource, workspace }: Scope): string {
  const on = resource === '*' ? 'Everything' : resource;
  return workspace === '*' ? on : `${on} in ${workspace}`;
}

function Cell({ scope, grants }: { readonly scope: Scope; readonly grants: readonly Grant[] }) {
  const grant = grants.find((each) => nameOf(each) === nameOf(scope));
  return (
    <td class={grant === undefined ? 'scope absent' : 'scope'} data-title={scopeInWords(scope)}>
      {grant !== undefined && <ExtentMark extent={grant.extent} />}
    </td>
  );
}

function ExtentMark({ extent }: { readonly extent: Extent }) {
  if (extent === 'part') return <Badge tone="warn">In part</Badge>;
  if (extent === 'none') return <Badge tone="muted">Cut off</Badge>;
  return (
    <span class="granted">
      <Icon name="check" />
      <span class="unseen">Allowed</span>
    </span>
  );
}

function Chips({ matrix, action }: { readonly matrix: RightsMatrix; readonly action: string }) {
  const [isWhole, setIsWhole] = useState(false);
  const shown = matrix.grantsOf(action, isWhole ? undefined : CHIPS_AT_FIRST);
  const more = matrix.countOf(action) - shown.length;
  return (
    <ul class="texts">
      {shown.map((grant) => (
        <li key={nameOf(grant)}>
          <code>{scopeInWords(grant)}</code>
          {grant.extent !== 'whole' && <ExtentMark extent={grant.extent} />}
        </li>
      ))}
      {more > 0 && (
        <li>
          <button type="button" class="link" onClick={() => setIsWhole(true)}>
            {`${more} more`}
          </button>
        </li>
      )}
    </ul>
  );
}

function GivenBy({ grants, sources }: { readonly grants: readonly Grant[]; readonly sources: readonly Source[] }) {
  const ids = new Set(grants.flatMap((grant) => grant.sources));
  return (
    <>
      {sources
        .filter((source) => ids.has(source.id))
        .map(({ id, policyId, name }, index) => (
          <span key={id}>
            {index > 0 && ', '}
            {policyId === null ? name : <PolicyLink id={policyId} name={name} />}
          </span>
        ))}
    </>
  );
}

/** How much of the rights is cut off, and by what. */
function Cuts({ grants }: { readonly grants: readonly Grant[] }) {
  const cut = grants.filter(({ extent }) => extent === 'none');
  const less = grants.filter(({ extent }) => extent === 'part');
  if (cut.length + less.length === 0) return null;
  const causes = new Set([...cut, ...less].map(({ cutBy }) => cutBy));
  const words = [
    causes.has('ceiling') && 'its ceiling, which is what its owner and its maker could do when it was made',
    causes.has('tie') && 'the resources that it is tied to',
  ].filter(Boolean);
  const told = [
    cut.length > 0 && `${cut.length} of these rights ${cut.length === 1 ? 'is' : 'are'} cut off`,
    less.length > 0 && `${less.length} ${less.length === 1 ? 'holds' : 'hold'} in part`,
  ].filter(Boolean);
  return <Notice kind="warn">{`${told.join(', ')} by ${words.join(', and by ')}.`}</Notice>;
}
