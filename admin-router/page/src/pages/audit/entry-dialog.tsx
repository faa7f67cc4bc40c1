import type { AuditEntry } from '../../api/types.ts';
import { hrefOf } from '../../router/route.ts';
import { Badge } from '../../ui/badge.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Fact } from '../../ui/fact.tsx';
import { relativeTime } from '../../ui/time.tsx';
import { differenceOf, type FieldChange, linesOf } from './difference.ts';
import { storyOf, titleOf } from './event-words.ts';
import { exactTime } from './exact-time.ts';
import { fieldWords } from './field-words.ts';

/** What is told by the dialog in its own way. */
const TOLD = ['id', 'type', 'outcome', 'at', 'lastAt', 'count', 'before', 'after'];
/** Where more than this many items are in a field, the field is a list that scrolls. */
const LONG = 12;

/** The whole of an entry. */
export function EntryDialog({ entry, onClose }: { readonly entry: AuditEntry; readonly onClose: () => void }) {
  const { type, outcome, at, lastAt, count, id } = entry;
  const changes = differenceOf(entry);
  const isNew = Object.keys((entry.before as object | undefined) ?? {}).length === 0;
  const story = storyOf(entry);
  const close = (
    <button type="button" class="secondary" onClick={onClose}>
      Close
    </button>
  );
  return (
    <Dialog title={titleOf(entry)} size="wide" onClose={onClose} footer={close}>
      {story !== '' && <p class="entry-story">{story}</p>}
      <dl class="entry-facts">
        <Fact label="When">
          {exactTime(at)} <span class="faint">{relativeTime(at)}</span>
        </Fact>
        {count > 1 && (
          <Fact label="How often">
            {`${count} times`} <span class="faint">{`the last time ${exactTime(lastAt)}`}</span>
          </Fact>
        )}
        <Fact label="Outcome">
          <Badge tone={outcome === 'refused' ? 'bad' : 'good'}>{outcome === 'refused' ? 'Refused' : 'Success'}</Badge>
        </Fact>
        {Object.keys(entry)
          .filter((field) => !TOLD.includes(field))
          .map((field) => (
            <EntryFact key={field} field={field} value={entry[field]} onLeave={onClose} />
          ))}
        <Fact label="Type">
          <code>{type}</code>
        </Fact>
        <Fact label="Entry">
          <code>{id}</code>
        </Fact>
      </dl>
      {changes.length > 0 && (
        <>
          <h3 class="section-title">{isNew ? 'As it was made' : 'What was changed'}</h3>
          <ChangeTable changes={changes} isNew={isNew} />
        </>
      )}
    </Dialog>
  );
}

interface EntryFactProps {
  readonly field: string;
  readonly value: unknown;
  /** A link leads away from the dialog. */
  readonly onLeave: () => void;
}

function EntryFact({ field, value, onLeave }: EntryFactProps) {
  const lines = linesOf(field, value);
  if (lines.length === 0) return null;
  const href = linkOf(field, value);
  const text = lines.join(', ');
  return (
    <Fact label={field === 'address' ? 'From' : fieldWords(field)}>
      {href === null ? (
        text
      ) : (
        <a href={href} onClick={onLeave}>
          {text}
        </a>
      )}
    </Fact>
  );
}

/** Where a fact leads: to the key, the policy, or to what else somebody did. */
function linkOf(field: string, value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (field === 'keyId') return hrefOf(['keys', value]);
  if (field === 'policyId') return hrefOf(['policies', value]);
  if (field === 'credentialId') return hrefOf(['audit'], { credential: value });
  if (['actorId', 'ownerId', 'userId'].includes(field)) return hrefOf(['audit'], { actor: value });
  return null;
}

function ChangeTable({ changes, isNew }: { readonly changes: readonly FieldChange[]; readonly isNew: boolean }) {
  return (
    <table class="changes">
      <caption class="unseen">{isNew ? 'The fields of the new record' : 'The fields that differ'}</caption>
      <thead>
        <tr>
          <th scope="col">Field</th>
          {!isNew && <th scope="col">Before</th>}
          <th scope="col">{isNew ? 'Value' : 'After'}</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ field, label, removed, added, kept }) => (
          <tr key={field}>
            <th scope="row">{label}</th>
            {!isNew && (
              <td data-title="Before">
                <Lines lines={removed} kind="del" />
              </td>
            )}
            <td data-title={isNew ? undefined : 'After'}>
              <Lines lines={added} kind={isNew ? 'plain' : 'ins'} />
              {kept > 0 && <p class="kept">{kept === 1 ? 'One entry stays' : `${kept} entries stay`}</p>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface LinesProps {
  readonly lines: readonly string[];
  readonly kind: 'del' | 'ins' | 'plain';
}

function Lines({ lines, kind }: LinesProps) {
  if (lines.length === 0) return <span class="faint">nothing</span>;
  const isLong = lines.length > LONG;
  return (
    // What scrolls has to be reached by keyboard.
    <ul class={isLong ? 'lines long' : 'lines'} tabIndex={isLong ? 0 : undefined}>
      {lines.map((line, index) => (
        <li key={`${index}:${line}`}>
          {kind === 'plain' ? line : kind === 'del' ? <del>{line}</del> : <ins>{line}</ins>}
        </li>
      ))}
    </ul>
  );
}
