import { trend } from '../../../admin-router/dialects/trend.js';
import { type Headers, type Stage, startStage } from './stage.js';
import { makeKey, message, signIn, TREND_OPTIONS, type TrendKey, VERSION, withKey } from './trend-driver.js';

const START_AT = 1_760_000_000_000;
const HOUR_MS = 3_600_000;

let stage: Stage;
let nowAt: number;
let ada: Headers;
/** The IDs of the keys, in the order in which they were made. */
let IDs: number[];

/** What each search leaves as it is: made once. */
beforeAll(async () => {
  nowAt = START_AT;
  const options = { now: () => nowAt, keys: { allowNever: true }, usage: { flushIntervalMs: 10 } };
  stage = await startStage((app, latchkey) => {
    app.use('/', trend(latchkey, { ...TREND_OPTIONS, sessions: { secureCookie: false, idleMs: 366 * 86_400_000 } }));
  }, options);
  ada = await signIn(stage, 'ada');
  const eve = await signIn(stage, 'eve');
  await makeKey(stage, eve, { keyName: 'of another tenant' });
  const inputs = [
    { keyName: 'First Key', description: '100% sure', roleID: 1 },
    { keyName: 'first key', description: 'c:\\keys', roleID: 2, timeZone: 'Asia/Tokyo' },
    { keyName: 'Second_Key', roleID: 2, active: false, expiryDate: START_AT + 10 * HOUR_MS },
    { keyName: 'Last', roleID: 1, expiryDate: START_AT + 20 * HOUR_MS },
  ];
  const made: TrendKey[] = [];
  for (const input of inputs) {
    made.push(await makeKey(stage, ada, input));
    nowAt += 1_000;
  }
  IDs = made.map(({ ID }) => ID);
  const [first, second] = made as [TrendKey, TrendKey];
  await stage.send('GET', '/api/apikeys/current', withKey(first.secretKey));
  await stage.send('GET', '/api/apikeys/current', withKey(`${second.ID}:${'A'.repeat(43)}=`));
  await new Promise((resolve) => setTimeout(resolve, 100)); // the use is written
});
afterAll(() => stage.close());

const search = (body: unknown, what = 'apikeys') => stage.send('POST', `/api/${what}/search`, ada, body);

/** The places of the keys that were found, by their order. */
async function found(filter: object): Promise<number[]> {
  const { status, text, body } = await search(filter);
  if (status !== 200) throw new Error(text);
  return (body as { apiKeys: TrendKey[] }).apiKeys.map(({ ID }) => IDs.indexOf(ID));
}

const by = (fieldName: string, rest: object = {}) => found({ searchCriteria: [{ fieldName, ...rest }] });

it('finds everything of the organisation by its ID, without criteria', async () => {
  expect(await found({})).toEqual([0, 1, 2, 3]);
  expect(await found({ searchCriteria: [], sortByObjectID: true })).toEqual([0, 1, 2, 3]);
  expect(await found({ maxItems: 2 })).toEqual([0, 1]);
  expect(await found({ maxItems: '100000' })).toEqual([0, 1, 2, 3]);
});

it.each<[stringValue: string, rest: object, found: number[]]>([
  ['First Key', {}, [0]],
  ['first key', { stringTest: 'equal' }, [1]],
  ['First Key', { stringTest: 'not-equal' }, [1, 2, 3]],
  ['%Key', {}, [0, 2]],
  ['%key', {}, [1]],
  ['%Key', { stringTest: 'not-equal' }, [1, 3]],
  ['_irst _ey', {}, [0, 1]],
  ['Second_Key', {}, [2]],
  ['Second_Key', { stringWildcards: false }, [2]],
  ['%Key', { stringWildcards: false }, []],
  ['L%t', { stringWildcards: true }, [3]],
  ['%', {}, [0, 1, 2, 3]],
  ['', {}, []],
])('tests keyName with %j %j', async (stringValue, rest, places) => {
  expect(await by('keyName', { stringValue, ...rest })).toEqual(places);
});

it('takes a backslash for itself, and a percent sign for itself without wildcards', async () => {
  expect(await by('description', { stringValue: 'c:\\k%' })).toEqual([1]);
  expect(await by('description', { stringValue: '100% sure', stringWildcards: false })).toEqual([0]);
  expect(await by('description', { stringValue: '' })).toEqual([2, 3]);
});

it.each<[test: string | undefined, found: number[]]>([
  [undefined, [0, 3]],
  ['equal', [0, 3]],
  ['not-equal', [1, 2]],
  ['less-than', []],
  ['less-than-or-equal', [0, 3]],
  ['greater-than', [1, 2]],
  ['greater-than-or-equal', [0, 1, 2, 3]],
])('tests roleID with %s', async (numericTest, places) => {
  expect(await by('roleID', { numericValue: '1', numericTest })).toEqual(places);
});

it.each<[test: string, of: number, found: number[]]>([
  ['equal', 1, [1]],
  ['not-equal', 1, [0, 2, 3]],
  ['less-than', 1, [0]],
  ['less-than-or-equal', 1, [0, 1]],
  ['greater-than', 1, [2, 3]],
  ['greater-than-or-equal', 1, [1, 2, 3]],
])('tests the ID with %s', async (idTest, of, places) => {
  expect(await found({ searchCriteria: [{ idTest, idValue: IDs[of] }] })).toEqual(places);
});

it('pages by ID', async () => {
  const after = (idValue: number | undefined) => ({
    maxItems: 2,
    searchCriteria: [{ idTest: 'greater-than', idValue }],
  });
  expect(await found(after(0))).toEqual([0, 1]);
  expect(await found(after(IDs[1]))).toEqual([2, 3]);
  expect(await found(after(IDs[3]))).toEqual([]);
});

it('tests booleans by themselves', async () => {
  expect(await by('active')).toEqual([0, 1, 3]);
  expect(await by('active', { booleanTest: true })).toEqual([0, 1, 3]);
  expect(await by('active', { booleanTest: false })).toEqual([2]);
});

it('tests dates with ends that are in or out, or open', async () => {
  const created = (rest: object) => by('created', rest);
  expect(await created({ firstDateValue: START_AT + 1_000, lastDateValue: START_AT + 2_000 })).toEqual([1, 2]);
  const out = { firstDateInclusive: false, lastDateInclusive: false };
  expect(await created({ firstDateValue: START_AT, lastDateValue: START_AT + 3_000, ...out })).toEqual([1, 2]);
  expect(await created({ firstDateValue: START_AT + 2_000 })).toEqual([2, 3]);
  expect(await created({ firstDateValue: null, lastDateValue: START_AT })).toEqual([0]);
  expect(await created({})).toEqual([0, 1, 2, 3]);
  expect(await by('expiryDate', { lastDateValue: START_AT + 15 * HOUR_MS })).toEqual([2]);
});

it('tests what is not set', async () => {
  expect(await by('expiryDate', { nullTest: true })).toEqual([0, 1]);
  expect(await by('expiryDate', { nullTest: false })).toEqual([2, 3]);
  expect(await by('lastSignIn', { nullTest: false })).toEqual([0]);
  expect(await by('unlockTime', { nullTest: true })).toEqual([0, 1, 2, 3]);
  expect(await by('unsuccessfulSignInAttempts', { nullTest: true })).toEqual([]);
});

it('tests the failures of keys', async () => {
  expect(await by('unsuccessfulSignInAttempts', { numericTest: 'greater-than', numericValue: 0 })).toEqual([1]);
  expect(await by('unsuccessfulSignInAttempts', { numericValue: 0 })).toEqual([0, 2, 3]);
});

it('tests zones as a text and as a choice, the default one included', async () => {
  expect(await by('timeZone', { stringValue: 'Asia/%' })).toEqual([1]);
  expect(await by('timeZone', { choiceValue: 'America/New_York' })).toEqual([0, 2, 3]);
  expect(await by('timeZone', { choiceTest: 'not-equal', choiceValue: 'America/New_York' })).toEqual([1]);
});

it('wants all criteria to hold', async () => {
  const searchCriteria = [
    { fieldName: 'keyName', stringValue: '%Key' },
    { fieldName: 'roleID', numericValue: 1 },
    { fieldName: 'active' },
    { idTest: 'less-than', idValue: 1_000 },
  ];
  expect(await found({ searchCriteria })).toEqual([0]);
  const many = Array.from({ length: 20 }, () => ({ fieldName: 'keyName', stringValue: 'Last' }));
  expect(await found({ searchCriteria: many })).toEqual([3]);
});

it.each<[member: string, filter: object]>([
  ['maxItems', { maxItems: 0 }],
  ['maxItems', { maxItems: 'all' }],
  ['sortByObjectID', { sortByObjectID: 1 }],
  ['searchCriteria', { searchCriteria: {} }],
  ['searchCriteria', { searchCriteria: Array.from({ length: 21 }, () => ({ idTest: 'equal', idValue: 1 })) }],
  ['fieldName', { searchCriteria: [{}] }],
  ['fieldName', { searchCriteria: [{ fieldName: 'keyname', stringValue: 'x' }] }],
  ['fieldName', { searchCriteria: [{ fieldName: 'locale', choiceValue: 'en-US' }] }],
  ['fieldName', { searchCriteria: [{ fieldName: 'ID', numericValue: 1 }] }],
  ['fieldName', { searchCriteria: [{ fieldName: 'secretKey', stringValue: '%' }] }],
  ['fieldName', { searchCriteria: [{ fieldName: 'constructor', stringValue: '%' }] }],
  ['stringValue', { searchCriteria: [{ fieldName: 'keyName' }] }],
  ['stringValue', { searchCriteria: [{ fieldName: 'keyName', stringValue: 1 }] }],
  ['stringValue', { searchCriteria: [{ fieldName: 'keyName', stringValue: 'x'.repeat(513) }] }],
  ['searchCriteria', { searchCriteria: [{ fieldName: 'keyName', stringValue: `%${'x'.repeat(100)}` }] }],
  ['stringTest', { searchCriteria: [{ fieldName: 'keyName', stringValue: 'x', stringTest: 'like' }] }],
  ['stringWildcards', { searchCriteria: [{ fieldName: 'keyName', stringValue: 'x', stringWildcards: 'no' }] }],
  ['numericTest', { searchCriteria: [{ fieldName: 'roleID', numericValue: 1, numericTest: 'between' }] }],
  ['numericValue', { searchCriteria: [{ fieldName: 'roleID' }] }],
  ['numericValue', { searchCriteria: [{ fieldName: 'roleID', numericValue: 1.5 }] }],
  ['booleanTest', { searchCriteria: [{ fieldName: 'active', booleanTest: 'true' }] }],
  ['firstDateValue', { searchCriteria: [{ fieldName: 'created', firstDateValue: 'now' }] }],
  ['nullTest', { searchCriteria: [{ fieldName: 'created', nullTest: 1 }] }],
  ['idValue', { searchCriteria: [{ idTest: 'equal' }] }],
  ['idTest', { searchCriteria: [{ idTest: 'like', idValue: 1 }] }],
])('names %s of %j', async (member, filter) => {
  expect(await search(filter)).toMatchObject(message(400, `Invalid value for ${member}.`));
});

it('searches roles by name, description and ID', async () => {
  const names = async (filter: object) =>
    ((await search(filter, 'roles')).body as { roles: { name: string }[] }).roles.map(({ name }) => name);
  await stage.send('POST', '/api/roles', ada, { name: 'Auditors of keys', description: 'look' });
  expect(await names({})).toEqual(['Full Access', 'Auditor', 'Auditors of keys']);
  expect(await names({ searchCriteria: [{ fieldName: 'name', stringValue: 'Auditor%' }] })).toEqual([
    'Auditor',
    'Auditors of keys',
  ]);
  expect(await names({ searchCriteria: [{ fieldName: 'description', stringValue: '' }] })).toEqual([
    'Full Access',
    'Auditor',
  ]);
  expect(await names({ searchCriteria: [{ idTest: 'greater-than', idValue: 1 }], maxItems: 1 })).toEqual(['Auditor']);
  expect(await search({ searchCriteria: [{ fieldName: 'roleID', numericValue: 1 }] }, 'roles')).toMatchObject(
    message(400, 'Invalid value for fieldName.'),
  );
});

it('needs the right to see what it searches', async () => {
  const bob = await signIn(stage, 'bob');
  expect(await stage.send('POST', '/api/apikeys/search', bob, {})).toMatchObject(
    message(403, 'Not authorized to view API keys.'),
  );
  expect(await stage.send('POST', '/api/roles/search', bob, {})).toMatchObject(
    message(403, 'Not authorized to view administrator roles.'),
  );
  expect((await stage.send('POST', '/api/apikeys/search', VERSION, {})).status).toBe(401);
});
