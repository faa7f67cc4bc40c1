import { useState } from 'preact/hooks';
import type { ApiProblem } from '../../api/problem.ts';
import { Badge } from '../../ui/badge.tsx';
import { Busy, ErrorBox } from '../../ui/feedback.tsx';
import { faultsAt } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { type ListedPolicy, usePolicies } from './policy-list.ts';

export interface PolicyPickerProps {
  readonly chosen: readonly string[];
  /** Of the form; faults at `policyIds` are shown here. */
  readonly problem: ApiProblem | null;
  readonly onChange: (chosen: string[]) => void;
}

/** The policies by name, with search; those beyond one's own rights are shown on request, and cannot be chosen. */
export function PolicyPicker({ chosen, problem, onChange }: PolicyPickerProps) {
  const [search, setSearch] = useState('');
  const [onlyGrantable, setOnlyGrantable] = useState(true);
  const { policies, problem: unread, hasMore, isBusy, readMore, reload } = usePolicies(onlyGrantable);
  const found = (policies ?? [])
    .filter((policy) => isFound(policy, search))
    .sort((a, b) => a.name.localeCompare(b.name));
  const nameOf = (id: string) => policies?.find((policy) => policy.id === id)?.name ?? id;
  const toggle = (id: string) => onChange(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id]);
  const faults = faultsAt(problem, 'policyIds');
  return (
    <fieldset class="kd-group">
      <legend>Policies</legend>
      <div class="kd-search">
        <input
          type="search"
          aria-label="Search policies"
          placeholder="Search by name"
          value={search}
          onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
        />
        <label class="kd-check">
          <input type="checkbox" checked={onlyGrantable} onChange={() => setOnlyGrantable(!onlyGrantable)} />
          Only what I may give
        </label>
      </div>
      {unread && <ErrorBox problem={unread} onRetry={reload} />}
      {policies === undefined && unread === null && <Busy label="Loading the policies" />}
      {policies !== undefined && (
        <div class="kd-policies">
          {found.map((policy) => (
            <PolicyRow
              key={policy.id}
              policy={policy}
              isChosen={chosen.includes(policy.id)}
              onToggle={() => toggle(policy.id)}
            />
          ))}
          {found.length === 0 && <p class="kd-none">{emptyText(search, onlyGrantable)}</p>}
          {hasMore && (
            <p class="kd-none">
              There are more policies than these.{' '}
              <button type="button" class="link" aria-busy={isBusy} onClick={readMore}>
                Load more
              </button>
            </p>
          )}
        </div>
      )}
      <ChosenPolicies chosen={chosen} nameOf={nameOf} onRemove={toggle} />
      {faults.map((fault) => (
        <p key={fault} class="fault" role="alert">
          {fault}
        </p>
      ))}
    </fieldset>
  );
}

export interface ChosenPoliciesProps {
  readonly chosen: readonly string[];
  readonly nameOf?: (id: string) => string;
  /** Left out: they cannot be taken away. */
  readonly onRemove?: (id: string) => void;
}

export function ChosenPolicies({ chosen, nameOf = (id) => id, onRemove }: ChosenPoliciesProps) {
  if (chosen.length === 0) return null;
  return (
    <ul class="kd-chips" aria-label="Chosen policies">
      {chosen.map((id) => (
        <li key={id} class="kd-chip">
          <span>{nameOf(id)}</span>
          {onRemove && (
            <button type="button" class="icon-button" aria-label={`Remove ${nameOf(id)}`} onClick={() => onRemove(id)}>
              <Icon name="cross" />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

interface PolicyRowProps {
  readonly policy: ListedPolicy;
  readonly isChosen: boolean;
  readonly onToggle: () => void;
}

function PolicyRow({ policy: { name, description, statements, isGrantable }, isChosen, onToggle }: PolicyRowProps) {
  const actions = [...new Set(statements.flatMap((statement) => statement.actions))].join(', ');
  return (
    <label class="kd-policy">
      <input type="checkbox" checked={isChosen} disabled={!isGrantable && !isChosen} onChange={onToggle} />
      <span class="kd-policy-text">
        <span class="with-badge">
          <strong>{name}</strong>
          {!isGrantable && <Badge tone="muted">Beyond your rights</Badge>}
        </span>
        <span class="hint">{description === '' ? actions : description}</span>
      </span>
    </label>
  );
}

function isFound({ name, description, id }: ListedPolicy, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  return [name, description, id].some((text) => text.toLowerCase().includes(wanted));
}

function emptyText(search: string, onlyGrantable: boolean): string {
  if (search.trim() !== '') return 'No policy is called so.';
  return onlyGrantable ? 'No policy is within your rights.' : 'There are no policies yet.';
}
