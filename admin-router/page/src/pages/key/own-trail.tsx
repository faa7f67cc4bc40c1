import { get, pathOf } from '../../api/client.ts';
import type { ApiKey, AuditEntry, Page } from '../../api/types.ts';
import { useLoad } from '../../load.ts';
import { useRoute } from '../../router/route.ts';
import { Busy, ErrorBox } from '../../ui/feedback.tsx';
import { Pager } from '../../ui/pager.tsx';
import { Trail } from '../audit/trail.tsx';

const ENTRIES = 20;

/** What happened to the key. Read anew when the key is: each change of it is an entry. */
export function OwnTrail({ apiKey: { id, version } }: { readonly apiKey: ApiKey }) {
  const { cursor = '' } = useRoute().query;
  const list = useLoad(
    (signal) => get<Page<AuditEntry>>(pathOf('api-keys', id, 'audit'), { limit: ENTRIES, cursor }, signal),
    [id, version, cursor],
  );
  const items = list.value?.items ?? [];
  return (
    <section aria-labelledby="own-trail">
      <h2 id="own-trail" class="section-title">
        Audit trail
      </h2>
      {list.problem && <ErrorBox problem={list.problem} onRetry={list.reload} />}
      {list.value === undefined && list.isLoading && <Busy />}
      {list.value && (
        <>
          {items.length === 0 ? (
            <p class="faint">
              {list.value.nextCursor === null
                ? 'Nothing that is still kept.'
                : 'Nothing here; there may be older ones.'}
            </p>
          ) : (
            <Trail caption="What happened to the key" entries={items} isLoading={list.isLoading} isOfOneKey />
          )}
          <Pager
            nextCursor={list.value.nextCursor}
            count={items.length}
            noun={items.length === 1 ? 'entry' : 'entries'}
          />
        </>
      )}
    </section>
  );
}
