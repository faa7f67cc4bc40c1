import { jsonFaultAt } from '../../admin-router/json-fault.js';
import {
  checkDescription,
  checkIdentifier,
  checkName,
  checkStatements,
  LIMITS as PAGE_LIMITS,
  statementsIn,
} from '../../admin-router/page/src/pages/policies/check.js';
import { jsonOf, merge, NEW_DRAFT, patternsIn } from '../../admin-router/page/src/pages/policies/draft.js';
import { lineOf, placeOf, readJson } from '../../admin-router/page/src/pages/policies/json.js';
import { checkIdentifier as apiIdentifier, checkKeyFields } from '../../lib/keys/key-input.js';
import { LIMITS } from '../../lib/limits.js';
import { checkStatements as apiStatements } from '../../lib/permissions/statement.js';

const FULL = { actions: ['*'], resources: ['*'], workspace: '*', description: '' };
const many = (count: number, text: string) => Array.from({ length: count }, (_, index) => `${text}${index}`);

const ACTIONS = [
  '*',
  'a',
  'a:b',
  'a:*',
  '*:a',
  'a*',
  '*a',
  'a*b',
  '**',
  'a:',
  ':a',
  'a::b',
  '',
  'a b',
  'ä',
  'a.b-c_d:1',
];
const RESOURCES = ['*', 'a/b', 'a b', '', 'a\u007f', 'a\u0000', 'ä/ö', 'x'.repeat(512), 'x'.repeat(513), '\ud800'];
const TEXTS = [
  '',
  'x',
  '*',
  'a*',
  'x'.repeat(128),
  'x'.repeat(129),
  'x'.repeat(257),
  'x'.repeat(1_001),
  'a\nb',
  '\udc00',
];

describe('the check of the page, beside that of the API', () => {
  it('has the same limits', () => {
    expect(LIMITS).toMatchObject(PAGE_LIMITS);
  });

  it.each([
    ...[...ACTIONS, 'x'.repeat(129)].map((action) => [{ ...FULL, actions: [action] }]),
    ...RESOURCES.map((resource) => [{ ...FULL, resources: [resource] }]),
    ...TEXTS.map((workspace) => [{ ...FULL, workspace }]),
    ...TEXTS.map((description) => [{ ...FULL, description }]),
    [{ ...FULL, actions: [] }],
    [{ ...FULL, resources: [] }],
    [{ ...FULL, actions: ['a', 'b', 'a'] }],
    [{ ...FULL, resources: ['a', 'a'] }],
    [{ ...FULL, actions: many(50, 'a') }],
    [{ ...FULL, actions: many(51, 'a') }],
    [{ ...FULL, resources: many(101, 'a') }],
  ])('says the same of a statement, case %#', (statement) => {
    expect(checkStatements([FULL, statement])).toEqual(apiStatements([FULL, statement]));
  });

  it.each([0, 1, 100, 101])('says the same of %d statements', (count) => {
    const statements = Array.from({ length: count }, () => FULL);
    expect(checkStatements(statements)).toEqual(apiStatements(statements));
  });

  it.each([4, 5])('says the same of %d statements with 100 patterns each', (count) => {
    const wide = { ...FULL, actions: ['a'], resources: many(100, 'a') };
    const statements = Array.from({ length: count }, () => wide);
    expect(checkStatements(statements)).toEqual(apiStatements(statements));
    expect(checkStatements(statements)).toHaveLength(count === 5 ? 1 : 0);
  });

  it.each(TEXTS)('says the same of a name, a description and an id, case %#', (text) => {
    expect(checkName(text)).toEqual(checkKeyFields({ name: text }));
    expect(checkDescription(text)).toEqual(checkKeyFields({ description: text }));
    expect(checkIdentifier('workspace', text)).toEqual(apiIdentifier('workspace', text));
  });
});

describe('statements typed as JSON', () => {
  it('has what may be left out', () => {
    expect(statementsIn([{ actions: ['a'] }])).toEqual({ statements: [{ ...FULL, actions: ['a'] }], errors: [] });
  });

  it.each([
    [{}, 'statements'],
    ['x', 'statements'],
    [[1], 'statements.0'],
    [[null], 'statements.0'],
    [[[]], 'statements.0'],
    [[{}], 'statements.0.actions'],
    [[{ actions: 'a' }], 'statements.0.actions'],
    [[{ actions: [1] }], 'statements.0.actions'],
    [[{ actions: ['a'], resources: null }], 'statements.0.resources'],
    [[{ actions: ['a'], workspace: 1 }], 'statements.0.workspace'],
    [[{ actions: ['a'], description: {} }], 'statements.0.description'],
    [[{ actions: ['a'], effect: 'Deny' }], 'statements.0.effect'],
  ])('refuses what is no list of them: %j', (value, path) => {
    const { statements, errors } = statementsIn(value);
    expect(statements).toBeNull();
    expect(errors.map((error) => error.path)).toEqual([path]);
  });

  it.each([
    '[]',
    '[{"a": [1, -2.5e3, true, null, "\\u00e4\\n"]}, {}]',
    ' "x" ',
    '{"__proto__": 1}',
    '[,]',
    '[1 2]',
    '{"a" 1}',
    '{a: 1}',
    '[1,',
    '"abc',
    '"a\nb"',
    '01',
    'tru',
    '[] []',
    '',
  ])('is read as JSON.parse reads it: %j', (text) => {
    const read = readJson(text);
    let parsed: { value: unknown } | null = null;
    try {
      parsed = { value: JSON.parse(text) };
    } catch {}
    expect(read.isJson ? { value: read.value } : null).toEqual(parsed);
    if (!read.isJson && !text.startsWith('"')) expect(read.at).toBe(jsonFaultAt(text));
  });

  it('is not read when it is nested without end, or names something twice', () => {
    expect(readJson('['.repeat(10_000))).toMatchObject({ isJson: false, message: 'this is nested too deeply' });
    expect(readJson('{"a": 1, "a": 2}')).toEqual({
      isJson: false,
      at: 9,
      message: '"a" stands here for the second time',
    });
  });

  it('knows the line of each value, and of what should be in one', () => {
    const text = '[\n  {\n    "actions": [\n      "a",\n      "b c"\n    ]\n  }\n]';
    const read = readJson(text);
    if (!read.isJson) throw new Error(read.message);
    const lineAt = (path: string) => lineOf(text, placeOf(read.places, path));
    expect(['', '0', '0.actions', '0.actions.1', '0.workspace'].map(lineAt)).toEqual([1, 2, 3, 5, 2]);
  });

  it('is written with its fields in one order', () => {
    const shuffled = { description: 'd', workspace: 'w', resources: ['r'], actions: ['a'] };
    expect(Object.keys(JSON.parse(jsonOf([shuffled]))[0])).toEqual([
      'actions',
      'resources',
      'workspace',
      'description',
    ]);
  });

  it('is split at white space, and actions at commas', () => {
    expect(patternsIn(' a, b\n\tc,,d ', 'actions')).toEqual(['a', 'b', 'c', 'd']);
    expect(patternsIn('a,b c\n', 'resources')).toEqual(['a,b', 'c']);
  });
});

describe('what two have changed at once', () => {
  const base = { ...NEW_DRAFT, name: 'Base', description: 'old', statements: [FULL] };

  it('is taken from each where only one has changed it', () => {
    const { draft, disputed } = merge({ ...base, name: 'Mine' }, base, { ...base, description: 'theirs' });
    expect(draft).toEqual({ ...base, name: 'Mine', description: 'theirs' });
    expect(disputed).toEqual([]);
  });

  it('is disputed where both have, and stays as it was typed', () => {
    const mine = { ...base, name: 'Mine', description: 'same', statements: [] };
    const theirs = { ...base, name: 'Theirs', description: 'same', statements: [FULL, FULL] };
    expect(merge(mine, base, theirs)).toEqual({ draft: mine, disputed: ['name', 'statements'] });
  });
});
