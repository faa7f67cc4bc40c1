import { refuse } from './errors.js';

const DEFAULT_TAKE = 50;
const MAX_TAKE = 100;
const MAX_NAME = 256;
const SORTS = ['name', 'created', 'updated'] as const;

/** What every list of the product takes. */
export interface ListQuery {
  readonly skip: number;
  readonly take: number;
  readonly sortby: (typeof SORTS)[number];
  readonly isDescending: boolean;
  /** Null: any. */
  readonly name: string | null;
}

/** What every list is sorted and filtered by. Instants are epoch ms. */
interface Listed {
  readonly name: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** @throws DialectError for a parameter that does not hold, or comes twice. */
export function readList(query: URLSearchParams): ListQuery {
  const name = parameter(query, 'name');
  if (name !== null && name.length > MAX_NAME) throw invalid('name');
  return {
    skip: readSkip(parameter(query, 'skip')),
    take: readTake(parameter(query, 'take')),
    sortby: choice(query, 'sortby', SORTS) ?? 'created',
    isDescending: choice(query, 'order', ['ascending', 'descending']) === 'descending',
    name,
  };
}

/** The value of a parameter; null where it is not given. */
export function parameter(query: URLSearchParams, name: string): string | null {
  const values = query.getAll(name);
  if (values.length > 1) throw invalid(name);
  return values[0] ?? null;
}

/** The values of a list with commas; null where it is not given. */
export function list(query: URLSearchParams, name: string): string[] | null {
  const text = parameter(query, name);
  return text === null ? null : text.split(',').map((each) => each.trim());
}

export function choice<Choice extends string>(
  query: URLSearchParams,
  name: string,
  choices: readonly Choice[],
): Choice | null {
  const text = parameter(query, name);
  if (text === null) return null;
  const found = choices.find((each) => each === text);
  if (found === undefined) throw invalid(name);
  return found;
}

export function invalid(name: string) {
  return refuse('invalidParameter', { args: [name] });
}

function readSkip(text: string | null): number {
  const skip = integer(text, 'skip', 0);
  if (skip < 0) throw refuse('skipNegative');
  return skip;
}

function readTake(text: string | null): number {
  const take = integer(text, 'take', DEFAULT_TAKE);
  if (take <= 0) throw refuse('takeNegative');
  if (take > MAX_TAKE) throw invalid('take');
  return take;
}

function integer(text: string | null, name: string, otherwise: number): number {
  if (text === null) return otherwise;
  if (!/^-?\d{1,9}$/.test(text)) throw invalid(name);
  return Number(text);
}

/** The hits of a list, of which `page` is shown. */
export function select<Item extends Listed>(
  items: readonly Item[],
  { skip, take, sortby, isDescending, name }: ListQuery,
): { readonly totalCount: number; readonly page: readonly Item[] } {
  const wanted = name === null ? items : items.filter((item) => matches(item.name, name));
  const sign = isDescending ? -1 : 1;
  const sorted = [...wanted].sort((a, b) => sign * compare(a, b, sortby)); // stable
  return { totalCount: sorted.length, page: sorted.slice(skip, skip + take) };
}

function compare(a: Listed, b: Listed, sortby: ListQuery['sortby']): number {
  if (sortby === 'created') return a.createdAt - b.createdAt;
  if (sortby === 'updated') return a.updatedAt - b.updatedAt;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** To the letter, but for a `*` at either end, which stands for any characters. */
function matches(name: string, pattern: string): boolean {
  const start = pattern.startsWith('*') ? 1 : 0;
  const end = pattern.length > start && pattern.endsWith('*') ? pattern.length - 1 : pattern.length;
  const text = pattern.slice(start, end);
  if (start === 1 && end < pattern.length) return name.includes(text);
  if (end < pattern.length) return name.startsWith(text);
  return start === 1 ? name.endsWith(text) : name === text;
}
