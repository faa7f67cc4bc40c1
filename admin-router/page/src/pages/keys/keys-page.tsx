import './keys.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiKey } from '../../api/types.ts';
import { useLogin } from '../../context.ts';
import { useLoad } from '../../load.ts';
import { changeQuery, navigate, useRoute } from '../../router/route.ts';
import { Busy, ErrorBox, Notice } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icon.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { Pager } from '../../ui/pager.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { NEW_KEY } from '../key-dialogs/key-dialog-props.ts';
import { useAllowedKeys } from './allowed.ts';
import { keyColumns, type RowAction } from './columns.tsx';
import { DEFAULT_SORT, filterOf, isFiltered, ownFilterOf } from './filter.ts';
import { KeyDialog } from './key-dialog.tsx';
import { ListBar, SelectAll } from './list-bar.tsx';
import { NoKeys } from './no-keys.tsx';
import { RevokeKeys } from './revoke-keys.tsx';
import { readKeys } from './search.ts';
import { Toolbar } from './toolbar.tsx';

const LEADS = {
  own: 'What your programs call this API with. Revoke what you no longer use.',
  all: 'The keys of everybody in your organisation.',
};

type Asked =
  | { readonly action: RowAction; readonly apiKey: ApiKey }
  | { readonly action: 'revoke-many'; readonly keys: readonly ApiKey[] }
  | null;

/** The list of one's own keys, or of all that may be seen. */
export function KeysPage({ isOfAll }: { readonly isOfAll: boolean }) {
  const { query } = useRoute();
  const { principal } = useLogin();
  const ownId = isOfAll ? null : principal.id;
  const filter = isOfAll ? filterOf(query) : ownFilterOf(query);
  const address = JSON.stringify({ ...filter, scope: filter.text === '' ? null : filter.scope });
  const list = useLoad((signal) => readKeys(filter, ownId, signal), [address, ownId]);
  const [asked, setAsked] = useState<Asked>(null);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => setSelected(new Set()), [address]);

  const isChanged = useRef(false);
  useEffect(() => {
    if (isChanged.current && document.activeElement === document.body) focusHeading();
    isChanged.current = false;
  }, [list.value]);
  const readAgain = () => {
    isChanged.current = true;
    list.reload();
  };

  const allowed = useAllowedKeys();
  const keys = list.value?.items ?? [];
  const selectable = keys.filter((key) => allowed.of(key).revoke);
  const chosen = selectable.filter(({ id }) => selected.has(id));
  const select = (ids: readonly string[], isSelected: boolean) => {
    const next = new Set(selected);
    for (const id of ids) isSelected ? next.add(id) : next.delete(id);
    setSelected(next);
  };
  const selectAll = {
    count: selectable.length,
    selected: chosen.length,
    onChange: (isSelected: boolean) =>
      select(
        selectable.map(({ id }) => id),
        isSelected,
      ),
  };
  const checkColumn: Column<ApiKey> = {
    title: 'Select',
    kind: 'check',
    heading: <SelectAll {...selectAll} />,
    cell: ({ id, name, ...key }) => (
      <input
        type="checkbox"
        aria-label={`Select ${name}`}
        disabled={!allowed.of({ id, name, ...key }).revoke}
        checked={selected.has(id)}
        onChange={({ currentTarget }) => select([id], currentTarget.checked)}
      />
    ),
  };
  const columns = keyColumns({
    isOfAll,
    managesSome: allowed.managesSome,
    actionsOf: allowed.of,
    onAction: (action, apiKey) => setAsked({ action, apiKey }),
  });
  const isStaleCursor = list.problem?.errors.some(({ path }) => path === 'cursor') ?? false;

  return (
    <>
      <PageHead
        title={isOfAll ? 'All keys' : 'My keys'}
        lead={isOfAll ? LEADS.all : LEADS.own}
        actions={allowed.create && <CreateButton text="Create key" />}
      />
      <Toolbar filter={filter} isOfAll={isOfAll} />
      {list.problem && !isStaleCursor && <ErrorBox problem={list.problem} onRetry={list.reload} />}
      {isStaleCursor && <StaleCursor />}
      {list.value === undefined && list.isLoading && <Busy label="Loading the keys" />}
      {list.value !== undefined && (
        <>
          <p class="unseen" role="status">
            {list.isLoading ? '' : `${keys.length} keys on this page`}
          </p>
          {(keys.length > 0 || isFiltered(filter) || filter.cursor !== null) && (
            <ListBar
              selectAll={allowed.managesSome && keys.length > 0 ? selectAll : null}
              size={filter.size}
              isLoading={list.isLoading}
              onRefresh={list.reload}
              onRevoke={() => setAsked({ action: 'revoke-many', keys: chosen })}
            />
          )}
          {keys.length === 0 ? (
            <NoKeys
              filter={filter}
              list={list.value}
              create={allowed.create && <CreateButton text="Create your first key" />}
            />
          ) : (
            <div class="key-list">
              <Table
                caption={isOfAll ? 'All keys' : 'Your keys'}
                columns={allowed.managesSome ? [checkColumn, ...columns] : columns}
                items={keys}
                keyOf={({ id }) => id}
                defaultSort={DEFAULT_SORT}
                isLoading={list.isLoading}
              />
            </div>
          )}
          {list.value.isPartial && keys.length > 0 && (
            <p class="list-note">Not all keys are searched yet: “Next” looks through more of them.</p>
          )}
          {(keys.length > 0 || filter.cursor !== null) && (
            <Pager nextCursor={list.value.nextCursor} count={keys.length} noun={keys.length === 1 ? 'key' : 'keys'} />
          )}
        </>
      )}
      {asked?.action === 'revoke-many' && (
        <RevokeKeys keys={asked.keys} onDone={readAgain} onClose={() => setAsked(null)} />
      )}
      {asked !== null && asked.action !== 'revoke-many' && (
        <KeyDialog action={asked.action} apiKey={asked.apiKey} onDone={readAgain} onClose={() => setAsked(null)} />
      )}
    </>
  );
}

/** For the row that had the focus may no longer be in the list. */
function focusHeading(): void {
  document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
}

function CreateButton({ text }: { readonly text: string }) {
  return (
    <button type="button" onClick={() => navigate(NEW_KEY)}>
      <Icon name="plus" />
      {text}
    </button>
  );
}

/** A cursor leads on in the list that it came from, and in no other one. */
function StaleCursor() {
  return (
    <Notice kind="warn">
      <p>This address leads into the middle of another list.</p>
      <button type="button" class="secondary small" onClick={() => changeQuery({ cursor: null }, { replace: true })}>
        Go to the first page
      </button>
    </Notice>
  );
}
