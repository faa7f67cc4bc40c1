import type { ApiKey } from '../../../lib/index.js';
import { compileAggregations, duplicateAggs } from './aggregations.js';
import { readInteger, readObject, tokenOf } from './body.js';
import { illegalArgument, parseFault } from './errors.js';
import { mapGently } from './gently.js';
import { keyToDocument, keyToWire } from './key-view.js';
import { listKeys, ownKeys } from './keys.js';
import type { Setting } from './options.js';
import { booleanOf } from './presentation.js';
import { compileQuery } from './query.js';
import { type Matcher, QueryBudget } from './query-context.js';
import { demand, mayDo, RIGHTS } from './rights.js';
import { type EsCall, type EsRoute, route } from './routing.js';
import { compileSort, type Ranked, type Sort } from './sort.js';
import type { UserNames } from './user-names.js';

const PARSER = 'query_api_key_request_payload';
const MEMBERS = ['query', 'aggs', 'aggregations', 'from', 'size', 'sort', 'search_after'];
const MAX_WINDOW = 10_000;

/** Searches keys. */
export function queryRoutes(setting: Setting, names: UserNames): EsRoute[] {
  return [
    route(setting, {
      methods: ['GET', 'POST'],
      path: '/_security/_query/api_key',
      summary: 'query keys',
      action: RIGHTS.query.action,
      demands: RIGHTS.queryOwn,
      takes: ['with_limited_by', 'with_profile_uid', 'typed_keys'],
      isAboutKeys: true,
      handle: async (call) => ({ body: await queryKeys(setting, names, call) }),
    }),
  ];
}

interface Entry extends Ranked {
  readonly key: ApiKey;
}

async function queryKeys(
  setting: Setting,
  names: UserNames,
  { caller, body, query: parameters }: EsCall,
): Promise<object> {
  const withLimitedBy = booleanOf(parameters, 'with_limited_by');
  booleanOf(parameters, 'with_profile_uid');
  const asked = readQuery(body, booleanOf(parameters, 'typed_keys'), setting.latchkey.dialects.now());
  const seesAll = mayDo(caller, RIGHTS.query);
  if (!seesAll && caller.key !== null && withLimitedBy) demand(caller, RIGHTS.query);
  const keys = seesAll ? await listKeys(setting, caller.principal, undefined) : await ownKeys(setting, caller);
  const { realm } = setting;
  // Names are looked up for all only where they may matter.
  const nameOf = await names.ofAll(/username|simple_query_string/.test(JSON.stringify(body ?? {})) ? keys : []);
  const found = await mapGently([...keys.entries()], ([place, key]): readonly Entry[] => {
    const document = keyToDocument(key, nameOf(key), realm.name);
    return asked.matches(document) ? [{ key, place, document }] : [];
  });
  const hits = found.flat();
  const { sort } = asked;
  const ordered = sort === null ? hits : hits.sort(sort.compare);
  const page = ordered.filter(asked.isAfter).slice(asked.from, asked.from + asked.size);
  const shownName = await names.ofAll(page.map(({ key }) => key));
  const shown = await mapGently(page, (entry) =>
    keyToWire(entry.key, { username: shownName(entry.key), realm, withLimitedBy, sort: sort?.values(entry) }),
  );
  const aggregations = asked.aggregate?.(hits.map(({ document }) => document));
  return { total: hits.length, count: shown.length, api_keys: shown, ...(aggregations && { aggregations }) };
}

interface Asked {
  readonly matches: Matcher;
  readonly from: number;
  readonly size: number;
  readonly sort: Sort | null;
  readonly isAfter: (entry: Ranked) => boolean;
  readonly aggregate: ReturnType<typeof compileAggregations> | null;
}

function readQuery(body: unknown, hasTypedKeys: boolean, nowAt: number): Asked {
  const given = readObject(body, PARSER, MEMBERS);
  const [from, size] = [readInteger(given, 'from', PARSER) ?? 0, readInteger(given, 'size', PARSER) ?? 10];
  for (const [name, value] of Object.entries({ from, size })) {
    if (value < 0) throw illegalArgument(`[${name}] parameter cannot be negative but was [${value}]`);
  }
  if (from + size > MAX_WINDOW) {
    throw illegalArgument(
      `Result window is too large, from + size must be less than or equal to: [${MAX_WINDOW}] but was [${from + size}]`,
    );
  }
  const { query, aggs, aggregations, search_after: after } = given;
  if (aggs !== undefined && aggregations !== undefined) throw duplicateAggs();
  const context = { budget: new QueryBudget(), nowAt, depth: 0, hasTypedKeys };
  const sort = compileSort(given.sort, nowAt);
  const wanted = aggs ?? aggregations ?? null;
  return {
    matches: query === undefined || query === null ? () => true : compileQuery(query, context),
    from,
    size,
    sort,
    isAfter: after === undefined || after === null ? () => true : compileAfter(after, sort, from, nowAt),
    aggregate: wanted === null ? null : compileAggregations(wanted, context),
  };
}

function compileAfter(after: unknown, sort: Sort | null, from: number, nowAt: number): (entry: Ranked) => boolean {
  if (!Array.isArray(after))
    throw parseFault(`[${PARSER}] search_after doesn't support values of type: ${tokenOf(after)}`);
  if (after.length === 0) throw illegalArgument('Values must contains at least one value.');
  if (sort === null) throw illegalArgument('Sort must contain at least one field.');
  if (from > 0) throw illegalArgument('`from` parameter must be set to 0 when `search_after` is used.');
  return sort.after(after, nowAt);
}
