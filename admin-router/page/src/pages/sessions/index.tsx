import { useState } from 'preact/hooks';
import { get, remove } from '../../api/client.ts';
import type { ListedSession } from '../../api/types.ts';
import { useLoad } from '../../load.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { Busy, ErrorBox } from '../../ui/feedback.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { announceEnded, EndSession } from './end-session.tsx';
import { SessionTable } from './session-table.tsx';
import { Whose } from './whose.tsx';
import './sessions.css';

type Asked = { readonly session: ListedSession } | 'others' | null;

/** Where the user is logged in. */
export default function SessionsPage() {
  const list = useLoad((signal) => get<{ items: ListedSession[] }>('sessions', {}, signal), []);
  const [asked, setAsked] = useState<Asked>(null);
  const sessions = list.value?.items ?? [];
  const others = sessions.filter(({ isCurrent }) => !isCurrent);

  async function endOthers(): Promise<void> {
    const { ended } = await remove<{ ended: number }>('sessions', { query: { except: 'current' } });
    announceEnded(ended);
    list.reload();
  }

  return (
    <>
      <PageHead
        title="Sessions"
        lead="Where you are logged in. End what you do not know, and change your password."
        actions={
          <button type="button" class="secondary" disabled={others.length === 0} onClick={() => setAsked('others')}>
            End all others
          </button>
        }
      />
      <Whose isOfAll={false} />
      {list.problem && <ErrorBox problem={list.problem} onRetry={list.reload} />}
      {list.value === undefined && list.isLoading && <Busy />}
      {list.value !== undefined && (
        <SessionTable
          caption="Your sessions"
          sessions={sessions}
          isLoading={list.isLoading}
          onEnd={(session) => setAsked({ session })}
        />
      )}
      {asked === 'others' && (
        <Confirm title="End all other sessions?" verb="End them" onConfirm={endOthers} onClose={() => setAsked(null)}>
          <p>{`Whoever uses the ${others.length === 1 ? 'other session' : `other ${others.length} sessions`} has to log in again. This one goes on.`}</p>
        </Confirm>
      )}
      {asked !== null && asked !== 'others' && (
        <EndSession session={asked.session} onEnded={list.reload} onClose={() => setAsked(null)} />
      )}
    </>
  );
}
