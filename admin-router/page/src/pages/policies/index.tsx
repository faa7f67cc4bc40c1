import { useEffect, useRef, useState } from 'preact/hooks';
import type { Policy } from '../../api/types.ts';
import { useLogin } from '../../context.ts';
import { useLoad } from '../../load.ts';
import { changeQuery, hrefOf, useRoute } from '../../router/route.ts';
import { Badge } from '../../ui/badge.tsx';
import { Busy, EmptyState, ErrorBox, Notice } from '../../ui/feedback.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { Pager } from '../../ui/pager.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { filterOf, readPolicies, TYPE_CHOICES } from './search.ts';
import { TYPE_WORDS } from './words.ts';
import './policies.css';

/** All policies of the organisation. */
export default function PoliciesPage() {
  const filter = filterOf(useRoute().query);
  const mayManage = useLogin().rights.has('policies:manage');
  const { text, type, cursor } = filter;
  const list = useLoad((signal) => readPolicies(filter, signal), [text, type, cursor]);
  const isFiltered = text !== '' || type !== null;
  const create = (
    <a class="button" href={hrefOf(['new-policy'])}>
      New policy
    </a>
  );
  return (
    <>
      <PageHead
        title="Policies"
        lead="Named lists of rights, which keys can have. A change of one takes effect for all keys that have it."
        actions={mayManage && create}
      />
      <search class="toolbar">
        <SearchField text={text} />
        <select
          aria-label="Type"
          value={type ?? ''}
          onChange={({ currentTarget }) => changeQuery({ type: currentTarget.value, cursor: null })}
        >
          <option value="">All types</option>
          {Object.entries(TYPE_CHOICES).map(([choice, words]) => (
            <option key={choice} value={choice}>
              {words}
            </option>
          ))}
        </select>
        {isFiltered && (
          <button type="button" class="link" onClick={() => changeQuery({ q: null, type: null, cursor: null })}>
            Clear filters
          </button>
        )}
      </search>
      {list.problem && <ErrorBox problem={list.problem} onRetry={list.reload} />}
      {list.value === undefined && list.isLoading && <Busy />}
      {list.value?.isPartial && (
        <Notice>Only a part of the policies has been searched yet. The next page goes on from there.</Notice>
      )}
      {list.value !== undefined && list.value.items.length > 0 && (
        <Table
          caption="Policies"
          columns={COLUMNS}
          items={list.value.items}
          keyOf={({ id }) => id}
          isLoading={list.isLoading}
        />
      )}
      {list.value !== undefined && list.value.items.length === 0 && !list.value.isPartial && (
        <EmptyState title={isFiltered ? 'No policy is like that' : 'No policies'}>
          {isFiltered ? 'Search for another part of the name, or clear the filters.' : 'There is nothing on this page.'}
        </EmptyState>
      )}
      {list.value !== undefined && (list.value.items.length > 0 || list.value.nextCursor !== null) && (
        <Pager nextCursor={list.value.nextCursor} count={list.value.items.length} noun="policies" />
      )}
    </>
  );
}

const COLUMNS: readonly Column<Policy>[] = [
  {
    title: 'Name',
    cell: ({ id, name, description }) => (
      <span class="policy-name">
        <a href={hrefOf(['policies', id])}>{name}</a>
        {description !== '' && <span class="policy-about">{description}</span>}
      </span>
    ),
  },
  {
    title: 'Type',
    cell: ({ type, isBuiltIn, templateId }) => (
      <span class="with-badge">
        {TYPE_WORDS[type]}
        {isBuiltIn && <Badge tone="info">Built in</Badge>}
        {templateId !== null && <Badge tone="muted">From a template</Badge>}
      </span>
    ),
  },
  { title: 'Statements', kind: 'number', cell: ({ statements }) => statements.length },
  {
    title: 'Changed',
    isMinor: true,
    cell: ({ isBuiltIn, updatedAt }) => <RelativeTime at={isBuiltIn ? null : updatedAt} none="–" />,
  },
];

/** After the last letter, in ms. */
const TYPED_AFTER_MS = 300;
const MAX_LENGTH = 90;

function SearchField({ text }: { readonly text: string }) {
  const [typed, setTyped] = useState(text);
  const sent = useRef(text);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    if (text !== sent.current) setTyped(text);
    sent.current = text;
  }, [text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const searchFor = (wanted: string) => {
    clearTimeout(timer.current);
    if (wanted === sent.current) return;
    sent.current = wanted;
    changeQuery({ q: wanted, cursor: null }, { replace: true });
  };
  const onInput = (value: string) => {
    setTyped(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => searchFor(value.trim()), TYPED_AFTER_MS);
  };
  return (
    <form
      class="policy-search"
      onSubmit={(event) => {
        event.preventDefault();
        searchFor(typed.trim());
      }}
    >
      <input
        type="search"
        aria-label="Search by name"
        placeholder="Search by name"
        value={typed}
        maxLength={MAX_LENGTH}
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
    </form>
  );
}
