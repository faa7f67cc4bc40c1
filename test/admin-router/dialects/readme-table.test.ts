import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DialectRouter } from '../../../admin-router/dialects/dialect.js';
import * as elasticsearch from '../../../admin-router/dialects/elasticsearch.js';
import * as illumio from '../../../admin-router/dialects/illumio.js';
import * as plexus from '../../../admin-router/dialects/plexus.js';
import * as systemlink from '../../../admin-router/dialects/systemlink.js';
import * as trend from '../../../admin-router/dialects/trend.js';
import { createLatchkey, type Latchkey } from '../../../lib/index.js';
import { People } from '../../support/people.js';

const README = join(__dirname, '..', '..', '..', 'README.md');
const [BEGIN, END] = [
  '<!-- dialects: made from the route tables by readme-table.test.ts -->',
  '<!-- end of dialects -->',
];

interface Product {
  readonly name: string;
  readonly routerOf: (latchkey: Latchkey) => DialectRouter;
  readonly leftOut: readonly { readonly call: string; readonly why: string }[];
}

const PRODUCTS: readonly Product[] = [
  {
    name: 'Elasticsearch',
    routerOf: (latchkey) => elasticsearch.elasticsearch(latchkey),
    leftOut: elasticsearch.LEFT_OUT,
  },
  {
    name: 'Trend Workload Security',
    routerOf: (latchkey) => trend.trend(latchkey, { legacySignIn: true }),
    leftOut: trend.LEFT_OUT,
  },
  { name: 'Illumio PCE', routerOf: (latchkey) => illumio.illumio(latchkey), leftOut: illumio.LEFT_OUT },
  {
    name: 'NI SystemLink',
    routerOf: (latchkey) =>
      systemlink.systemlink(latchkey, { whitelistedRoutes: true, whitelistedApiKeyHashes: 'a'.repeat(128) }),
    leftOut: systemlink.LEFT_OUT,
  },
  { name: 'Plexus Connect', routerOf: (latchkey) => plexus.plexus(latchkey), leftOut: plexus.LEFT_OUT },
];

function tableOf(latchkey: Latchkey): string {
  const rows = PRODUCTS.flatMap(({ name, routerOf, leftOut }) => [
    ...routerOf(latchkey).routes.map(({ methods, path, summary, right, isPublic }) => {
      const call = `${methods.join(', ')} ${path.replace(/:(\w+)/g, '{$1}')}`;
      return [name, `\`${call}\``, summary, isPublic ? 'nobody logged in' : right || 'anybody let in'];
    }),
    ...leftOut.map(({ call, why }) => [name, call, `**left out**: ${why}`, '']),
  ]);
  const lines = [['product', 'call', 'what', 'for'], ['---', '---', '---', '---'], ...rows];
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}

/** `UPDATE_README=1 npx jest readme-table` writes it. */
it('the README has the calls of all dialects, as the route tables do', async () => {
  const latchkey = createLatchkey({ users: new People(), session: { secret: 's'.repeat(32) } });
  const table = tableOf(latchkey);
  await latchkey.close();
  const readme = readFileSync(README, 'utf8');
  const [from, to] = [readme.indexOf(BEGIN) + BEGIN.length, readme.indexOf(END)];
  expect([from > BEGIN.length, to > from]).toEqual([true, true]);
  if (process.env.UPDATE_README === '1') {
    writeFileSync(README, `${readme.slice(0, from)}\n\n${table}\n\n${readme.slice(to)}`);
  } else {
    expect(readme.slice(from, to).trim()).toBe(table);
  }
});
