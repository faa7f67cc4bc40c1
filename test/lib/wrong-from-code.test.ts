import type { Core } from '../../lib/core.js';
import { createLatchkey } from '../../lib/index.js';
import { newCore } from './new-core.js';
import { refusalOf } from './refusals.js';

const ID = 'each needs an id of 1 to 128 letters, digits, ".", "_" and "-", and not "." or ".."';
const NO_CRITERION = 'must be a criterion: { field, test, value }';
const NAME = 'name must have 1 to 256 printable characters';
const right = { id: 'clerk', name: 'Clerk', statements: [{ actions: ['orders:read'] }] };

describe('a policy of the host’s that is wrong', () => {
  it.each<[string, unknown, string]>([
    ['null', null, ID],
    ['nothing', undefined, ID],
    ['a text', 'clerk', ID],
    ['without an id', { ...right, id: undefined }, ID],
    ['with an empty id', { ...right, id: '' }, ID],
    ['with white space in its id', { ...right, id: 'the clerk' }, ID],
    ['with a slash in its id', { ...right, id: 'acme/clerk' }, ID],
    ['with an id that is a step in a path', { ...right, id: '..' }, ID],
    ['with an id that is no step in a path', { ...right, id: '.' }, ID],
    ['with an id that is too long', { ...right, id: 'c'.repeat(129) }, ID],
    ['with a number as its id', { ...right, id: 7 }, ID],
    ['without a name', { ...right, name: undefined }, `clerk: ${NAME}`],
    ['with null for a name', { ...right, name: null }, `clerk: ${NAME}`],
    ['with an empty name', { ...right, name: '' }, `clerk: ${NAME}`],
    ['with a number for a name', { ...right, name: 7 }, `clerk: ${NAME}`],
    ['with a name of two lines', { ...right, name: 'a\nb' }, `clerk: ${NAME}`],
    [
      'with no text as description',
      { ...right, description: 7 },
      'clerk: description must have at most 1000 characters',
    ],
    ['without statements', { ...right, statements: undefined }, 'clerk: statements must have at most 100 entries'],
    ['with null for a statement', { ...right, statements: [null] }, 'clerk: statements.0 must be a statement'],
    [
      'with a hole among its statements',
      { ...right, statements: new Array(1) },
      'clerk: statements.0 must be a statement',
    ],
    ['with an id that stands twice', right, 'two have the same id'],
    ['with an id of ours', { ...right, id: 'auditor' }, 'two have the same id'],
  ])('is named: %s', (_, wrong, fault) => {
    const policies = [right, wrong] as never;
    expect(() => createLatchkey({ policies })).toThrow(new TypeError(`policies: ${fault}`));
  });
});

describe('a search that the host’s own code makes wrong', () => {
  let core: Core;

  beforeEach(() => {
    core = newCore();
  });
  afterEach(() => core.close());

  it.each<[string, unknown, { path: string; message: string }[]]>([
    ['null', null, [{ path: 'criteria', message: 'must be a list' }]],
    ['a text', 'name', [{ path: 'criteria', message: 'must be a list' }]],
    [
      'one without a list',
      { field: 'name', test: 'equal', value: 'x' },
      [{ path: 'criteria', message: 'must be a list' }],
    ],
    ['a list of null', [null], [{ path: 'criteria.0', message: NO_CRITERION }]],
    ['a list with a hole', new Array(1), [{ path: 'criteria.0', message: NO_CRITERION }]],
    [
      'a list with a text and undefined',
      [{ field: 'name', test: 'equal', value: 'x' }, 'name', undefined],
      [1, 2].map((at) => ({ path: `criteria.${at}`, message: NO_CRITERION })),
    ],
  ])('is refused where the criteria are %s', async (_, criteria, errors) => {
    for (const search of [core.apiKeys, core.policies]) {
      const error = await refusalOf(() => search.search({ orgId: 'acme' }, criteria as never));
      expect(error).toMatchObject({ code: 'invalid_request', status: 400, errors });
    }
  });

  it.each(['matches', 'toString', '', undefined, null])('is refused for the test %j', async (test) => {
    const criteria = [{ field: 'name', test, value: 'x' }] as never;
    const searches = [
      () => core.apiKeys.search({ orgId: 'acme' }, criteria),
      () => core.policies.search({ orgId: 'acme' }, criteria),
    ];
    for (const search of searches) {
      const error = await refusalOf(search);
      expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
      expect(error.errors).toEqual([
        { path: 'criteria.0.test', message: expect.stringMatching(/^names no test; there are: equal, not-equal, /) },
      ]);
    }
  });
});
