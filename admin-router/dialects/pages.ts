import { type ApiKey, AuthError, type KeyFilter, type Latchkey, type ListQuery } from '../../lib/index.js';

const PAGE = 200;
/** What one answer of a product without paging can hold; beyond, its client has to ask for less. */
const MAX_ITEMS = 20_000;
/** Look-ups in the host's directory. */
const AT_ONCE = 16;

/**
 * Every key that meets `filter`, in the order of `query`, for products that answer whole lists.
 * @throws AuthError `invalid_request` where there are more than `most`.
 */
export async function everyKey(
  { apiKeys }: Pick<Latchkey, 'apiKeys'>,
  query: Omit<ListQuery, 'limit' | 'cursor'>,
  filter: KeyFilter = {},
  most = MAX_ITEMS,
): Promise<ApiKey[]> {
  return await everyPage((paging) => apiKeys.list({ ...query, ...paging }, filter), most);
}

/**
 * What is on all pages that `read` answers.
 * @throws AuthError `invalid_request` where there is more than `most`.
 */
export async function everyPage<Item>(
  read: (paging: { limit: number; cursor?: string | undefined }) => Promise<PageOf<Item>>,
  most = MAX_ITEMS,
): Promise<Item[]> {
  const found: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: PAGE, cursor });
    found.push(...page.items);
    if (found.length > most) {
      throw new AuthError('invalid_request', { message: `There are more than ${most} of them. Ask for fewer.` });
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found;
}

/** Answers of `read` for all `items`, in their order: a few are asked for at once, however many there are. */
export async function readEach<Item, Answer>(
  items: readonly Item[],
  read: (item: Item) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    answers.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(read))));
  }
  return answers;
}

interface PageOf<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}
