import type { DialectAnswer, DialectCall } from '../dialect.js';
import { invalid } from './answers.js';
import type { IllumioSettings } from './options.js';

/** A list, cut to `max_results` (0: the counts alone), with how many there are and how many match. */
export async function collection<Item>(
  matching: readonly Item[],
  total: number,
  { query }: Pick<DialectCall, 'query'>,
  { maxResults }: Pick<IllumioSettings, 'maxResults'>,
  show: (page: readonly Item[]) => object[] | Promise<object[]>,
): Promise<DialectAnswer> {
  const asked = query.get('max_results');
  if (asked !== null && !/^[0-9]{1,9}$/.test(asked)) {
    throw invalid("The property '#/max_results' of type String did not match the following type: integer");
  }
  const most = asked === null ? maxResults : Number(asked);
  const headers = { 'X-Total-Count': String(total), 'X-Matched-Count': String(matching.length) };
  return { headers, body: await show(matching.slice(0, most)) };
}
