import { get, pathOf } from '../../api/client.ts';
import type { ApiKey, Page, Policy } from '../../api/types.ts';
import { useLoad } from '../../load.ts';
import { hrefOf, useRoute } from '../../router/route.ts';
import { Badge } from '../../ui/badge.tsx';
import { Busy, EmptyState, ErrorBox, Notice } from '../../ui/feedback.tsx';
import { Pager } from '../../ui/pager.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { maskInWords, maskOf, STATES, shownState } from '../keys/state.ts';

const PAGE_SIZE = 25;

interface OfPolicy {
  readonly policy: Policy;
}

/** Who has its rights: keys, and of a template the policies that follow it. */
export function UsedBy({ policy }: OfPolicy) {
  return (
    <section aria-label="Used by">
      <h2 class="section-title">Used by</h2>
      {policy.type === 'template' ? <Followers policy={policy} /> : <Keys policy={policy} />}
    </section>
  );
}

function Keys({ policy: { id } }: OfPolicy) {
  const cursor = useRoute().query.cursor ?? null;
  const { value, problem, isLoading, reload } = useLoad(
    (signal) => get<Page<ApiKey>>(pathOf('policies', id, 'users'), { limit: PAGE_SIZE, cursor }, signal),
    [id, cursor],
  );
  if (problem !== null) return <ErrorBox problem={problem} onRetry={reload} />;
  if (value === undefined) return <Busy />;
  if (value.items.length === 0 && value.nextCursor === null && cursor === null) {
    return <EmptyState title="No key has this policy">None that still works and that you may see.</EmptyState>;
  }
  return (
    <>
      <Table
        caption="Keys that have the policy"
        columns={KEY_COLUMNS}
        items={value.items}
        keyOf={(key) => key.id}
        isLoading={isLoading}
      />
      <Pager nextCursor={value.nextCursor} count={value.items.length} noun="keys" />
    </>
  );
}

const KEY_COLUMNS: readonly Column<ApiKey>[] = [
  { title: 'Name', cell: ({ id, name }) => <a href={hrefOf(['keys', id])}>{name}</a> },
  {
    title: 'Key',
    cell: (key) => (
      <>
        <code aria-hidden="true">{maskOf(key)}</code>
        <span class="unseen">{maskInWords(key)}</span>
      </>
    ),
  },
  { title: 'Owner', cell: ({ ownerId }) => ownerId },
  { title: 'Last used', isMinor: true, cell: ({ lastUsedAt }) => <RelativeTime at={lastUsedAt} /> },
  { title: 'Expires', isMinor: true, cell: ({ expiresAt }) => <RelativeTime at={expiresAt} /> },
  {
    title: 'State',
    cell: (key) => {
      const { tone, word } = STATES[shownState(key)];
      return <Badge tone={tone}>{word}</Badge>;
    },
  },
];

function Followers({ policy: { id } }: OfPolicy) {
  const cursor = useRoute().query.cursor ?? null;
  const { value, problem, isLoading, reload } = useLoad(
    (signal) => get<Page<Policy>>('policies', { templateId: id, limit: PAGE_SIZE, cursor }, signal),
    [id, cursor],
  );
  if (problem !== null) return <ErrorBox problem={problem} onRetry={reload} />;
  if (value === undefined) return <Busy />;
  if (value.items.length === 0 && value.nextCursor === null && cursor === null) {
    return (
      <EmptyState title="No policy follows this template">
        Make a policy whose statements come from it, for a workspace.
      </EmptyState>
    );
  }
  return (
    <>
      <Table
        caption="Policies that follow the template"
        columns={FOLLOWER_COLUMNS}
        items={value.items}
        keyOf={(policy) => policy.id}
        isLoading={isLoading}
      />
      <Pager nextCursor={value.nextCursor} count={value.items.length} noun="policies" />
    </>
  );
}

const FOLLOWER_COLUMNS: readonly Column<Policy>[] = [
  { title: 'Name', cell: ({ id, name }) => <a href={hrefOf(['policies', id])}>{name}</a> },
  { title: 'Workspace', cell: ({ workspace }) => <code>{workspace}</code> },
  { title: 'Changed', isMinor: true, cell: ({ updatedAt }) => <RelativeTime at={updatedAt} /> },
];

const NAMED = 5;

/** For whom a change takes effect, before it is made. */
export function UsedByNotice({ policy: { id, type } }: OfPolicy) {
  const isTemplate = type === 'template';
  const { value } = useLoad<Page<ApiKey | Policy>>(
    (signal) =>
      isTemplate
        ? get('policies', { templateId: id, limit: NAMED }, signal)
        : get(pathOf('policies', id, 'users'), { limit: NAMED }, signal),
    [id, isTemplate],
  );
  if (value === undefined || value.items.length === 0) return null;
  return (
    <Notice>
      <p>
        What you save takes effect at once for{' '}
        {value.items.map((user, index) => (
          <span key={user.id}>
            {index > 0 && ', '}
            <a href={hrefOf([isTemplate ? 'policies' : 'keys', user.id])}>{user.name}</a>
          </span>
        ))}
        {value.nextCursor !== null && ' and others'}.
      </p>
    </Notice>
  );
}
