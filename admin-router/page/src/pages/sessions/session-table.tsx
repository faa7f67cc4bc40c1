import type { ListedSession } from '../../api/types.ts';
import { Badge } from '../../ui/badge.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { deviceOf } from './device.ts';

export interface SessionTableProps {
  readonly caption: string;
  readonly sessions: readonly ListedSession[];
  readonly isLoading: boolean;
  readonly onEnd: (session: ListedSession) => void;
}

export function SessionTable({ caption, sessions, isLoading, onEnd }: SessionTableProps) {
  const columns: readonly Column<ListedSession>[] = [
    { title: 'Device', cell: (session) => <Device session={session} /> },
    { title: 'Address', cell: ({ address }) => <code>{address ?? 'unknown'}</code> },
    { title: 'Last used', cell: ({ lastActivityAt }) => <RelativeTime at={lastActivityAt} /> },
    { title: 'Logged in', isMinor: true, cell: ({ createdAt }) => <RelativeTime at={createdAt} /> },
    { title: 'Ends', isMinor: true, cell: ({ expiresAt }) => <RelativeTime at={expiresAt} /> },
    {
      title: 'Actions',
      kind: 'actions',
      cell: (session) => (
        <button type="button" class="secondary small" onClick={() => onEnd(session)}>
          End<span class="unseen"> the session on {deviceOf(session.userAgent)}</span>
        </button>
      ),
    },
  ];
  return <Table caption={caption} columns={columns} items={sessions} keyOf={({ id }) => id} isLoading={isLoading} />;
}

function Device({ session: { userAgent, isCurrent, kind } }: { readonly session: ListedSession }) {
  return (
    <span class="with-badge" title={userAgent ?? undefined}>
      <strong>{deviceOf(userAgent)}</strong>
      {isCurrent && <Badge tone="good">This session</Badge>}
      {kind !== 'cookie' && <Badge tone="muted">{kind === 'token' ? 'Token' : 'Other product'}</Badge>}
    </span>
  );
}
