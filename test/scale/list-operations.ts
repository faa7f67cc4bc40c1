import type { KeyPage, ListQuery } from '../../lib/keys/key-search.js';
import type { Criterion } from '../../lib/search/criteria.js';
import { encodeCursor } from '../../lib/search/scan.js';
import { LIFETIME_MS } from './key-loader.js';
import { type Operation, operation } from './operation.js';
import { KEYS_OF_OWNER, LARGE_OWNER, LARGE_OWNER_EVERY, madeAt, nameOf, ORG, ownerCount, ownerName } from './people.js';
import type { Population } from './population.js';

const PAGE = 50;
/** Records that a search looks at in one call, at most. */
const SCANNED = 2_000;
const LAST_ID = 'z'.repeat(22);
/** Half of all ids come before it, more or less. */
const MIDDLE_ID = 'V';

/** After what a page begins: made from what is known of the keys, so that nobody has to page there. */
type Position = (population: Population) => string;

/** The second half, and one more of the large owner's: a page of them is full also with the fewest keys. */
const middleOf = ({ keys }: Population) => Math.floor(keys / 2) - LARGE_OWNER_EVERY;

const middleAge: Position = (population) => ageOf(population, middleOf(population));
const middleName: Position = (population) => `${nameOf(middleOf(population)).toLowerCase()}:${LAST_ID}`;
const middleExpiry: Position = (population) =>
  `${LIFETIME_MS + instantOf(population, middleOf(population))}:${LAST_ID}`;
const middleId: Position = () => `0:${MIDDLE_ID}`;

/** After it, so many of the loaded keys are left. */
function lastAge(count: number): Position {
  return (population) => ageOf(population, population.keys - count - 1);
}

function ageOf(population: Population, index: number): string {
  return `${instantOf(population, index)}:${LAST_ID}`;
}

function instantOf({ keys, loadedAt }: Population, index: number): number {
  return madeAt(index, keys, loadedAt);
}

function list(title: string, query: Partial<ListQuery>, after?: Position): Operation {
  const { sort = 'createdAt', descending = false } = query;
  return operation(title, (population) => {
    const cursor = after && encodeCursor([sort, descending, after(population)]);
    const page = { orgId: ORG, limit: PAGE, cursor, ...query };
    return {
      run: () => population.core.apiKeys.list(page),
      isRight: ({ items }: KeyPage) => items.length === PAGE,
    };
  });
}

function search(title: string, criterion: Criterion, count: number, fullFrom?: number): Operation {
  const prepare = ({ core }: Population) => ({
    run: () => core.apiKeys.search({ orgId: ORG, limit: PAGE }, [criterion]),
    isRight: ({ items }: KeyPage) => items.length === count,
  });
  return operation(title, prepare, fullFrom);
}

const LARGE = { ownerId: LARGE_OWNER };

export const LIST_OPERATIONS: readonly Operation[] = [
  list('organisation, oldest first: first page', {}),
  list('organisation, oldest first: middle page', {}, middleAge),
  list('organisation, oldest first: last page', {}, lastAge(PAGE)),
  list('organisation, newest first: first page', { descending: true }),
  list('organisation, by name: middle page', { sort: 'name' }, middleName),
  list('organisation, by expiry: middle page', { sort: 'expiresAt' }, middleExpiry),
  list('organisation, by last use: a page of those never used', { sort: 'lastUsedAt' }, middleId),
  list('organisation, by id: middle page', { sort: 'id' }, middleId),
  operation(`owner of ${KEYS_OF_OWNER} keys: the page`, (population, n) => ({
    run: () => population.core.apiKeys.list({ orgId: ORG, ownerId: ownerName(n % ownerCount(population.keys)) }),
    isRight: ({ items }: KeyPage) => items.length >= KEYS_OF_OWNER,
  })),
  list('owner of a tenth of all keys: first page', LARGE),
  list('owner of a tenth of all keys: middle page', LARGE, middleAge),
  list('owner of a tenth of all keys: last page', LARGE, lastAge(PAGE * LARGE_OWNER_EVERY)),
  search('search, all meet it', { field: 'name', test: 'like', value: '%import%' }, PAGE),
  search('search, none meets it: looks at 2,000', { field: 'name', test: 'like', value: '%invoice%' }, 0, SCANNED),
];
