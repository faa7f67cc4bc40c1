import { DialectError } from '../../../../admin-router/dialects/dialect.js';
import { type KeyDocument, leavesOf } from '../../../../admin-router/dialects/elasticsearch/document.js';
import { type Matcher, QueryBudget } from '../../../../admin-router/dialects/elasticsearch/query-context.js';

export const NOW = Date.parse('2026-01-10T12:00:00.000Z');
const DAY = 86_400_000;

function document(id: string, fields: Partial<KeyDocument> & { readonly meta?: object } = {}): KeyDocument {
  const { meta = {}, ...rest } = fields;
  return {
    id,
    username: 'ada',
    realm_name: 'default_native',
    name: id,
    type: 'rest',
    creation: NOW,
    expiration: null,
    invalidated: false,
    invalidation: null,
    metadata: leavesOf(meta),
    ...rest,
  };
}

/** Four keys that differ in everything. */
export const DOCUMENTS: readonly KeyDocument[] = [
  document('one', {
    creation: NOW - 2 * DAY,
    expiration: NOW + DAY,
    meta: { team: 'red', level: 5, flags: { hot: true } },
  }),
  document('two', {
    username: 'bob',
    creation: NOW - DAY,
    name: 'Two words',
    meta: { team: ['red', 'blue'], level: '5' },
  }),
  document('three', { creation: NOW, invalidated: true, invalidation: NOW - 1, expiration: NOW - DAY }),
  document('four', { username: 'bob', name: 'a*b?c', creation: NOW + DAY, meta: { flags: { hot: false } } }),
];

export function context() {
  return { budget: new QueryBudget(), nowAt: NOW, depth: 0, hasTypedKeys: false };
}

/** The ids of those that match. */
export function matching(matches: Matcher): string[] {
  return DOCUMENTS.filter(matches).map(({ id }) => id);
}

/** The type and reason of the error in the product's shape. */
export function faultOf(run: () => unknown): { readonly type: string; readonly reason: string } {
  try {
    run();
  } catch (error) {
    if (!(error instanceof DialectError)) throw error;
    const { type, reason } = (error.answer.body as { error: { type: string; reason: string } }).error;
    return { type, reason };
  }
  throw new Error('nothing was refused');
}
