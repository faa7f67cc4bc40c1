import type { ComponentChildren } from 'preact';
import { changeQuery, useRoute } from '../router/route.ts';
import { Icon } from './icon.tsx';

export interface Column<Item> {
  readonly title: string;
  /** The name of the column for sorting: its title becomes a button that puts `sort=name` or `sort=-name` into the address. */
  readonly sort?: string;
  /** In place of the title, such as a checkbox for all rows. */
  readonly heading?: ComponentChildren;
  /** Default `text`. */
  readonly kind?: 'text' | 'number' | 'actions' | 'check';
  /** Left out where the window is narrow: nothing that one cannot do without. Default false. */
  readonly isMinor?: boolean;
  readonly cell: (item: Item) => ComponentChildren;
}

export interface TableProps<Item> {
  /** What screen readers call it. */
  readonly caption: string;
  readonly columns: readonly Column<Item>[];
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  /** What is sorted by where the address says nothing, such as `-createdAt`. */
  readonly defaultSort?: string;
  /** While it is read again. */
  readonly isLoading?: boolean;
}

/** What the elements are by themselves, until CSS makes other boxes of them: then not every browser calls them a table. */
const ROLES = {
  table: { role: 'table' },
  group: { role: 'rowgroup' },
  row: { role: 'row' },
  head: { role: 'columnheader' },
  cell: { role: 'cell' },
} as const;

/** On a narrow window each row becomes a card, in which every cell is named. */
export function Table<Item>({ caption, columns, items, keyOf, defaultSort = '', isLoading = false }: TableProps<Item>) {
  const sort = useRoute().query.sort ?? defaultSort;
  return (
    <div class="table-frame">
      <table class="list" {...ROLES.table} aria-busy={isLoading}>
        <caption class="unseen">{caption}</caption>
        <thead {...ROLES.group}>
          <tr {...ROLES.row}>
            {columns.map((column) => (
              <Heading key={column.title} column={column} sort={sort} />
            ))}
          </tr>
        </thead>
        <tbody {...ROLES.group}>
          {items.map((item) => (
            <tr key={keyOf(item)} {...ROLES.row}>
              {columns.map((column) => (
                <td key={column.title} {...ROLES.cell} class={lookOf(column)} data-title={column.title}>
                  {column.cell(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Heading<Item>({ column, sort }: { readonly column: Column<Item>; readonly sort: string }) {
  const { title, kind = 'text', sort: name } = column;
  const look = lookOf(column);
  if (name === undefined) {
    return (
      <th scope="col" {...ROLES.head} class={look}>
        {column.heading ?? (kind === 'actions' ? <span class="unseen">{title}</span> : title)}
      </th>
    );
  }
  const direction = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : undefined;
  const next = direction === 'descending' ? name : `-${name}`;
  return (
    <th scope="col" {...ROLES.head} class={look} aria-sort={direction ?? 'none'}>
      <button type="button" class={`sort ${direction ?? ''}`} onClick={() => changeQuery({ sort: next, cursor: null })}>
        {title}
        <Icon name="chevron" />
      </button>
    </th>
  );
}

function lookOf<Item>({ kind = 'text', isMinor = false }: Column<Item>): string {
  const look = kind === 'actions' ? 'row-actions' : kind;
  return isMinor ? `${look} minor` : look;
}
