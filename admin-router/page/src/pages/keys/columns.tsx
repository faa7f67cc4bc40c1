import type { ApiKey } from '../../api/types.ts';
import { changeQuery, hrefOf, navigate } from '../../router/route.ts';
import { Badge } from '../../ui/badge.tsx';
import type { Column } from '../../ui/table.tsx';
import { AbsoluteTime, dateOf, RelativeTime } from '../../ui/time.tsx';
import type { KeyActions } from './allowed.ts';
import { Menu, type MenuItem } from './menu.tsx';
import { maskInWords, maskOf, rightsOf, STATES, shownState } from './state.ts';

export type RowAction = 'edit' | 'rotate' | 'disable' | 'enable' | 'revoke';

export interface ColumnOptions {
  /** Whether the owner is shown. */
  readonly isOfAll: boolean;
  /** Whether there is anything that can be done with a key. */
  readonly managesSome: boolean;
  actionsOf(key: ApiKey): KeyActions;
  onAction(action: RowAction, key: ApiKey): void;
}

export function keyColumns({ isOfAll, managesSome, actionsOf, onAction }: ColumnOptions): readonly Column<ApiKey>[] {
  const isOwn = (key: ApiKey) => actionsOf(key).isOwn;
  return [
    { title: 'Name', sort: 'name', cell: (key) => <Name apiKey={key} /> },
    { title: 'Key', cell: (key) => <Mask apiKey={key} /> },
    ...(isOfAll ? [{ title: 'Owner', cell: (key: ApiKey) => <Owner apiKey={key} isOwn={isOwn(key)} /> }] : []),
    { title: 'Rights', isMinor: true, cell: (key) => <Rights apiKey={key} /> },
    { title: 'Created', sort: 'createdAt', isMinor: true, cell: ({ createdAt }) => <Day at={createdAt} /> },
    { title: 'Last used', sort: 'lastUsedAt', cell: ({ lastUsedAt }) => <RelativeTime at={lastUsedAt} /> },
    { title: 'Expires', sort: 'expiresAt', cell: (key) => <Expiry apiKey={key} /> },
    { title: 'State', cell: (key) => <State apiKey={key} /> },
    ...(managesSome
      ? [
          {
            title: 'Actions',
            kind: 'actions' as const,
            cell: (key: ApiKey) => <Menu label={`Actions for ${key.name}`} items={itemsOf(key, actionsOf, onAction)} />,
          },
        ]
      : []),
  ];
}

const WORDS: readonly (readonly [RowAction, string])[] = [
  ['edit', 'Edit …'],
  ['rotate', 'Rotate …'],
  ['disable', 'Disable …'],
  ['enable', 'Enable …'],
  ['revoke', 'Revoke …'],
];

function itemsOf(
  key: ApiKey,
  actionsOf: ColumnOptions['actionsOf'],
  onAction: ColumnOptions['onAction'],
): readonly MenuItem[] {
  const allowed = actionsOf(key);
  const offered = WORDS.filter(([action]) => allowed[action]);
  return [
    { text: 'Show details', onChoose: () => navigate(['keys', key.id]) },
    ...offered.map(([action, text]) => ({
      text,
      isHarmful: action === 'revoke',
      onChoose: () => onAction(action, key),
    })),
  ];
}

interface OfKey {
  readonly apiKey: ApiKey;
}

function Name({ apiKey: { id, name, description, kind, imported } }: OfKey) {
  return (
    <span class="key-name">
      <a href={hrefOf(['keys', id])} title={description === '' ? name : `${name}\n${description}`}>
        {name}
      </a>
      {imported && (
        <span class="mark" title="The app had this key before: rotating it gives it a secret of the new form">
          imported
        </span>
      )}
      {kind === 'session-key' && <span class="mark">session key</span>}
    </span>
  );
}

function Mask({ apiKey }: OfKey) {
  return (
    <>
      <code class="mask" aria-hidden="true">
        {maskOf(apiKey)}
      </code>
      <span class="unseen">{maskInWords(apiKey)}</span>
    </>
  );
}

/** Leads to the other keys of the same owner. */
function Owner({ apiKey: { ownerId, ownerKind }, isOwn }: OfKey & { readonly isOwn: boolean }) {
  return (
    <span class="key-owner">
      <button
        type="button"
        class="link"
        title={`Only keys of ${ownerId}`}
        onClick={() => changeQuery({ owner: ownerId, cursor: null })}
      >
        {ownerId}
      </button>
      {isOwn && <span class="mark">you</span>}
      {ownerKind === 'service' && <span class="mark">service</span>}
    </span>
  );
}

function Rights({ apiKey }: OfKey) {
  const { actions, policies, detail } = rightsOf(apiKey);
  return (
    <span title={detail} class="key-rights">
      {actions} {policies && <span class="faint">{policies}</span>}
    </span>
  );
}

function Day({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={new Date(at).toLocaleString('en-GB')}>
      {dateOf(at)}
    </time>
  );
}

/** What is near in words, what is far by its date. */
function Expiry({ apiKey }: OfKey) {
  const { expiresAt } = apiKey;
  if (expiresAt === null) return <AbsoluteTime at={null} />;
  return shownState(apiKey) === 'soon' ? <RelativeTime at={expiresAt} /> : <Day at={expiresAt} />;
}

function State({ apiKey }: OfKey) {
  const { tone, word } = STATES[shownState(apiKey)];
  return <Badge tone={tone}>{word}</Badge>;
}
