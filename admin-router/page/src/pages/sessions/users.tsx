import { useState } from 'preact/hooks';
import { get } from '../../api/client.ts';
import type { Page, SessionUser } from '../../api/types.ts';
import { useLoad } from '../../load.ts';
import { hrefOf, navigate, useRoute } from '../../router/route.ts';
import { Busy, EmptyState, ErrorBox } from '../../ui/feedback.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { Pager } from '../../ui/pager.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { Whose } from './whose.tsx';
import './sessions.css';

const PAGE_SIZE = 25;

/** Who of the organisation is logged in. */
export default function SessionUsersPage() {
  const cursor = useRoute().query.cursor ?? null;
  const { value, problem, isLoading, reload } = useLoad(
    (signal) => get<Page<SessionUser>>('sessions/users', { limit: PAGE_SIZE, cursor }, signal),
    [cursor],
  );
  return (
    <>
      <PageHead title="Sessions" lead="Who of your organisation is logged in." />
      <Whose isOfAll />
      <FindUser />
      {problem && <ErrorBox problem={problem} onRetry={reload} />}
      {value === undefined && isLoading && <Busy />}
      {value !== undefined && value.items.length === 0 && <EmptyState title="Nobody is logged in" />}
      {value !== undefined && value.items.length > 0 && (
        <Table
          caption="Users who are logged in"
          columns={COLUMNS}
          items={value.items}
          keyOf={({ userId }) => userId}
          isLoading={isLoading}
        />
      )}
      {value !== undefined && (value.items.length > 0 || cursor !== null) && (
        <Pager nextCursor={value.nextCursor} count={value.items.length} noun="users" />
      )}
    </>
  );
}

const COLUMNS: readonly Column<SessionUser>[] = [
  { title: 'User', cell: ({ userId, userName }) => <a href={hrefOf(['sessions', 'users', userId])}>{userName}</a> },
  { title: 'User id', cell: ({ userId }) => <code>{userId}</code> },
  { title: 'Sessions', kind: 'number', cell: ({ sessions }) => sessions },
  { title: 'Last used', cell: ({ lastActivityAt }) => <RelativeTime at={lastActivityAt} /> },
];

/** The list is by user id, and can be long. */
function FindUser() {
  const [id, setId] = useState('');
  return (
    <form
      class="toolbar find-user"
      onSubmit={(event) => {
        event.preventDefault();
        if (id.trim() !== '') navigate(['sessions', 'users', id.trim()]);
      }}
    >
      <input
        type="search"
        aria-label="User id"
        placeholder="Go to a user by id"
        value={id}
        maxLength={128}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        onInput={({ currentTarget }) => setId(currentTarget.value)}
      />
      <button type="submit" class="secondary">
        Show sessions
      </button>
    </form>
  );
}
