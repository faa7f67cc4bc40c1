import type { OpenApiDocument } from '../../admin-router/openapi.js';
import { RULES } from '../admin-router/access-rules.js';
import { startAdminApp } from '../support/admin-app.js';
import { People } from '../support/people.js';
import { loginOptions } from '../support/signed-in.js';
import { codesIn, tableAfter } from './markdown.js';

const RIGHT = /\b[a-z]+(?:-[a-z]+)*:[a-z]+(?:-[a-z]+)*\b/g;
/** What stands for the right to read a key. */
const AS_TO_READ = /^as to read it$/;
const TO_READ_A_KEY = ['keys:manage', 'keys:manage-own', 'keys:read'];

const rows = tableAfter('README.md', 'routes: every route of the admin router').map(
  ([route = '', what = '', right = '']) => ({
    route: codesIn(route)[0] ?? '',
    told: new Set(codesIn(what).flatMap((code) => code.match(/^\w+/) ?? [])),
    rights: AS_TO_READ.test(right) ? TO_READ_A_KEY : [...new Set(codesIn(right))].sort(),
  }),
);

/** The rights with which something is done, as the rules have them that every caller is tried by (access.test.ts). */
function rightsOf(route: string): string[] {
  const clauses = RULES.filter((rule) => rule.route === route).flatMap(({ expected }) => expected.split('; '));
  const done = clauses.filter((clause) => /^(?:2|revoked)/.test(clause));
  return [...new Set(done.flatMap((clause) => clause.match(RIGHT) ?? []))].sort();
}

it('the README names every route of the admin router, and no other', () => {
  expect(rows.map(({ route }) => route).sort()).toEqual([...new Set(RULES.map(({ route }) => route))].sort());
});

it.each(rows)('$route takes the rights that the README says', ({ route, rights }) => {
  expect(rights).toEqual(rightsOf(route));
});

it('the README names every parameter of a query', async () => {
  const app = await startAdminApp(loginOptions(new People()));
  const document = (await app.call('GET', '/openapi.json', null)).body as unknown as OpenApiDocument;
  await app.close();
  const untold = rows.flatMap(({ route, told }) => {
    const [method = '', path = ''] = route.split(' ');
    const operation = document.paths[path.replace(':id', '{id}')]?.[method.toLowerCase()] as Operation | undefined;
    const queries = (operation?.parameters ?? []).filter(({ in: where }) => where === 'query');
    return queries.filter(({ name }) => !told.has(name)).map(({ name }) => `${route}: ${name}`);
  });
  expect(untold).toEqual([]);
});

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}
