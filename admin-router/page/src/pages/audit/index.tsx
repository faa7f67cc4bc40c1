import './audit.css';
import { get } from '../../api/client.ts';
import { serverNow } from '../../api/server-time.ts';
import type { AuditEntry, Page } from '../../api/types.ts';
import { useLogin } from '../../context.ts';
import { useLoad } from '../../load.ts';
import { changeQuery, useRoute } from '../../router/route.ts';
import { Busy, EmptyState, ErrorBox } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icon.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { Pager } from '../../ui/pager.tsx';
import { filterOf, isFiltered, NO_FILTERS, questionOf, type TrailFilter } from './filter.ts';
import { FilterBar } from './filter-bar.tsx';
import { Trail } from './trail.tsx';

const LEADS = {
  all: 'What happened in your organisation, the newest first.',
  own: 'What you did, and what happened to your keys and sessions, the newest first.',
};

export default function AuditPage() {
  const { rights } = useLogin();
  const filter = filterOf(useRoute().query);
  const list = useLoad(
    (signal) => get<Page<AuditEntry>>('audit', questionOf(filter, serverNow()), signal),
    [JSON.stringify(filter)],
  );
  return (
    <>
      <PageHead
        title="Audit"
        lead={rights.has('audit:read') ? LEADS.all : LEADS.own}
        actions={
          <button type="button" class="secondary" aria-busy={list.isLoading} onClick={list.reload}>
            {!list.isLoading && <Icon name="refresh" />}
            Refresh
          </button>
        }
      />
      <FilterBar filter={filter} />
      {list.problem && <ErrorBox problem={list.problem} onRetry={list.reload} />}
      {list.value === undefined && list.isLoading && <Busy />}
      {list.value && !list.problem && <Entries page={list.value} filter={filter} isLoading={list.isLoading} />}
    </>
  );
}

interface EntriesProps {
  readonly page: Page<AuditEntry>;
  readonly filter: TrailFilter;
  readonly isLoading: boolean;
}

function Entries({ page: { items, nextCursor }, filter, isLoading }: EntriesProps) {
  if (items.length === 0 && nextCursor === null && filter.cursor === null) {
    return isFiltered(filter) ? (
      <EmptyState
        title="Nothing like that has happened"
        action={
          <button type="button" class="secondary" onClick={() => changeQuery(NO_FILTERS)}>
            Clear filters
          </button>
        }
      >
        No entry meets all of the filters.
      </EmptyState>
    ) : (
      <EmptyState title="Nothing has happened yet">Every change, login and refusal from now on stands here.</EmptyState>
    );
  }
  return (
    <>
      {items.length > 0 && <Trail caption="Entries of the audit trail" entries={items} isLoading={isLoading} />}
      {items.length === 0 && (
        <p class="faint" role="status">
          {nextCursor === null ? 'There is nothing older.' : 'Nothing here meets the filters. Something older may.'}
        </p>
      )}
      <Pager nextCursor={nextCursor} count={items.length} noun={items.length === 1 ? 'entry' : 'entries'} />
    </>
  );
}
