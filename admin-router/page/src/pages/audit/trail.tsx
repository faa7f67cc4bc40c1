import { useState } from 'preact/hooks';
import type { AuditEntry } from '../../api/types.ts';
import { hrefOf } from '../../router/route.ts';
import { Badge } from '../../ui/badge.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { relativeTime } from '../../ui/time.tsx';
import { EntryDialog } from './entry-dialog.tsx';
import { actorOf, keyOf, storyOf, titleOf } from './event-words.ts';
import { exactTime } from './exact-time.ts';
import './trail.css';

export interface TrailProps {
  readonly caption: string;
  readonly entries: readonly AuditEntry[];
  readonly isLoading: boolean;
  /** Where all entries are about one key, it need not be named in each. Default false. */
  readonly isOfOneKey?: boolean;
}

/** Entries of the audit trail, with the whole of one in a dialog. */
export function Trail({ caption, entries, isLoading, isOfOneKey = false }: TrailProps) {
  const [opened, setOpened] = useState<AuditEntry | null>(null);
  const keyColumn: Column<AuditEntry> = { title: 'Key', cell: (entry) => <KeyLink id={keyOf(entry)} /> };
  const columns: readonly Column<AuditEntry>[] = [
    { title: 'When', cell: ({ at }) => <Moment at={at} /> },
    { title: 'What', cell: (entry) => <What entry={entry} /> },
    { title: 'Who', cell: (entry) => <Who id={actorOf(entry)} /> },
    ...(isOfOneKey ? [] : [keyColumn]),
    { title: 'From', isMinor: true, cell: ({ address }) => (address === null ? <None /> : <code>{address}</code>) },
    {
      title: 'Actions',
      kind: 'actions',
      cell: (entry) => (
        <button type="button" class="secondary small" onClick={() => setOpened(entry)}>
          Details<span class="unseen">{` of: ${titleOf(entry)}, ${exactTime(entry.at)}`}</span>
        </button>
      ),
    },
  ];
  return (
    <div class="trail">
      <Table caption={caption} columns={columns} items={entries} keyOf={({ id }) => id} isLoading={isLoading} />
      {opened && <EntryDialog entry={opened} onClose={() => setOpened(null)} />}
    </div>
  );
}

/** Both the exact time and how long ago that is. */
export function Moment({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} class="moment">
      <span>{exactTime(at)}</span> <span class="faint">{relativeTime(at)}</span>
    </time>
  );
}

function What({ entry }: { readonly entry: AuditEntry }) {
  const story = storyOf(entry);
  return (
    <div class="what">
      <span class="with-badge">
        <strong>{titleOf(entry)}</strong>
        {entry.outcome === 'refused' && <Badge tone="bad">Refused</Badge>}
        {entry.count > 1 && entry.type !== 'activity.dropped' && (
          <span class="times" title={`The last time ${exactTime(entry.lastAt)}`}>
            <span aria-hidden="true">×</span>
            <span class="unseen">times </span>
            {entry.count}
          </span>
        )}
      </span>
      {story !== '' && <span class="story">{story}</span>}
    </div>
  );
}

function Who({ id }: { readonly id: string | null }) {
  return id === null ? <None /> : <a href={hrefOf(['audit'], { actor: id })}>{id}</a>;
}

export function KeyLink({ id }: { readonly id: string | null }) {
  if (id === null) return <None />;
  return (
    <a href={hrefOf(['keys', id])} class="key-link">
      <code>{id}</code>
    </a>
  );
}

function None() {
  return (
    <span class="faint">
      <span aria-hidden="true">–</span>
      <span class="unseen">nobody, or not known</span>
    </span>
  );
}
