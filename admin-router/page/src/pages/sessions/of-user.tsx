import { useState } from 'preact/hooks';
import { get, remove } from '../../api/client.ts';
import { leaveSession } from '../../api/session.ts';
import type { ListedSession } from '../../api/types.ts';
import { useLoad } from '../../load.ts';
import type { PageProps } from '../../page-props.ts';
import { hrefOf } from '../../router/route.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { Busy, EmptyState, ErrorBox } from '../../ui/feedback.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { announceEnded, EndSession } from './end-session.tsx';
import { SessionTable } from './session-table.tsx';
import './sessions.css';

/** The sessions of one user, for whoever manages them. */
export default function SessionsOfUserPage({ params: { id: userId = '' } }: PageProps) {
  const list = useLoad((signal) => get<{ items: ListedSession[] }>('sessions', { userId }, signal), [userId]);
  const [asked, setAsked] = useState<ListedSession | 'all' | null>(null);
  const sessions = list.value?.items ?? [];
  const name = sessions[0]?.userName ?? userId;
  const isOneself = sessions.some(({ isCurrent }) => isCurrent);

  async function endAll(): Promise<void> {
    const { ended } = await remove<{ ended: number }>('sessions', { query: { userId } });
    if (isOneself) return leaveSession();
    announceEnded(ended);
    list.reload();
  }

  return (
    <>
      <PageHead
        title={`Sessions of ${name}`}
        lead={name === userId ? undefined : `User id ${userId}`}
        trail={<a href={hrefOf(['sessions', 'users'])}>Everybody’s sessions</a>}
        actions={
          <button type="button" class="secondary" disabled={sessions.length === 0} onClick={() => setAsked('all')}>
            End all
          </button>
        }
      />
      {list.problem && <ErrorBox problem={list.problem} onRetry={list.reload} />}
      {list.value === undefined && list.isLoading && <Busy />}
      {list.value !== undefined && sessions.length === 0 && (
        <EmptyState title="Not logged in">There is no session of a user with this id in your organisation.</EmptyState>
      )}
      {sessions.length > 0 && (
        <SessionTable caption={`Sessions of ${name}`} sessions={sessions} isLoading={list.isLoading} onEnd={setAsked} />
      )}
      {asked === 'all' && (
        <Confirm
          title={`End all sessions of ${name}?`}
          verb="End all"
          onConfirm={endAll}
          onClose={() => setAsked(null)}
        >
          <p>
            {isOneself
              ? 'They are your own: you will have to log in again, here and everywhere else.'
              : 'They have to log in again, everywhere. Their API keys go on working.'}
          </p>
        </Confirm>
      )}
      {asked !== null && asked !== 'all' && (
        <EndSession session={asked} onEnded={list.reload} onClose={() => setAsked(null)} />
      )}
    </>
  );
}
