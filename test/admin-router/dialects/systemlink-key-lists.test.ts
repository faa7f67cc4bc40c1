import { FULL_ACCESS } from '../../../lib/index.js';
import { basic, type Reply, type Stage, startStage } from './stage.js';
import { BASE, invalidParameter, mountBoth, type SkylineKey } from './systemlink-driver.js';

const KEYS = `${BASE}/keys`;
const ada = basic('ada');
const by = { by: 'test' };

let stage: Stage;

const exact = ({ status, body }: Reply) => ({ status, body });
const make = (name: string) => stage.send('POST', KEYS, ada, { name, policyIds: [] });
const list = async (query = '') =>
  (await stage.send('GET', `${KEYS}${query}`, ada)).body as { totalCount: number; keys: SkylineKey[] };

describe('a list of keys', () => {
  beforeEach(async () => {
    let nowAt = Date.now();
    stage = await startStage((app, latchkey) => mountBoth(app, latchkey), { now: () => ++nowAt });
    for (const name of ['beta', 'alpha', 'gamma', 'alphabet']) await make(name);
  });

  afterEach(() => stage.close());

  const names = async (query: string) => (await list(query)).keys.map(({ name }) => name);

  it('is by creation, and by what is asked for', async () => {
    expect(await names('')).toEqual(['beta', 'alpha', 'gamma', 'alphabet']);
    expect(await names('?order=descending')).toEqual(['alphabet', 'gamma', 'alpha', 'beta']);
    expect(await names('?sortby=name')).toEqual(['alpha', 'alphabet', 'beta', 'gamma']);
    expect(await names('?sortby=name&order=descending')).toEqual(['gamma', 'beta', 'alphabet', 'alpha']);
    const [first] = (await list()).keys;
    await stage.send('PUT', `${KEYS}/${first?.id}`, ada, { properties: { a: '1' } });
    expect(await names('?sortby=updated&order=ascending')).toEqual(['alpha', 'gamma', 'alphabet', 'beta']);
  });

  it('counts all hits before paging', async () => {
    expect(await list('?skip=1&take=2')).toMatchObject({ totalCount: 4, keys: [{ name: 'alpha' }, { name: 'gamma' }] });
    expect(await list('?skip=10')).toEqual({ totalCount: 4, keys: [] });
    expect(await list('?name=alpha*&take=1')).toMatchObject({ totalCount: 2, keys: [{ name: 'alpha' }] });
  });

  it('is filtered by name: to the letter, or with a star at either end', async () => {
    expect(await names('?name=alpha')).toEqual(['alpha']);
    expect(await names('?name=Alpha')).toEqual([]);
    expect(await names('?name=alpha*')).toEqual(['alpha', 'alphabet']);
    expect(await names('?name=*bet')).toEqual(['alphabet']);
    expect(await names('?name=*eta*')).toEqual(['beta']);
    expect(await names('?name=a*a')).toEqual([]);
    expect((await list('?name=*')).totalCount).toBe(4);
    expect((await list('?name=**')).totalCount).toBe(4);
  });

  it('is filtered by user, and holds no session keys, no ended keys and no secrets', async () => {
    await stage.latchkey.sessionKeys.mint({ userId: 'ada', statements: [FULL_ACCESS] }, by);
    const { key } = await stage.latchkey.apiKeys.create({ name: 'of bob', ownerId: 'bob', statements: [] }, by);
    expect(await names('?user=bob')).toEqual(['of bob']);
    expect((await list('?user=ada')).totalCount).toBe(4);
    expect((await list()).totalCount).toBe(5);
    await stage.latchkey.apiKeys.revoke(key.id, by);
    expect((await list()).totalCount).toBe(4);
    expect((await stage.send('GET', KEYS, ada)).text).not.toContain('secret');
  });

  it('takes 50 where nothing is said, and 100 at most', async () => {
    const made = Array.from({ length: 47 }, (_, n) => make(`k${n}`));
    await Promise.all(made);
    expect(await list()).toMatchObject({ totalCount: 51 });
    expect((await list()).keys).toHaveLength(50);
    expect((await list('?take=100')).keys).toHaveLength(51);
    expect(exact(await stage.send('GET', `${KEYS}?take=101`, ada))).toEqual(invalidParameter('take'));
  });

  it.each([
    ['sortby=size', 'sortby'],
    ['order=up', 'order'],
    ['take=many', 'take'],
    ['skip=1.5', 'skip'],
    ['skip=1&skip=2', 'skip'],
    ['name=a&name=b', 'name'],
    ['user=', 'user'],
    [`user=${'u'.repeat(200)}`, 'user'],
    [`name=${'n'.repeat(300)}`, 'name'],
    ['skip=99999999999999', 'skip'],
  ])('refuses %s', async (query, name) => {
    expect(exact(await stage.send('GET', `${KEYS}?${query}`, ada))).toEqual(invalidParameter(name));
  });

  it('has errors of their own for numbers below what they may be', async () => {
    const error = async (query: string) => (await stage.send('GET', `${KEYS}?${query}`, ada)).body;
    expect(await error('skip=-1')).toMatchObject({
      error: {
        name: 'SkylineWebServices.SkipMustBePositive',
        code: -252201,
        message: 'Skip must be a positive integer.',
      },
    });
    expect(await error('take=0')).toMatchObject({
      error: {
        name: 'SkylineWebServices.TakeMustBePositive',
        code: -252202,
        message: 'Take must be a positive integer.',
      },
    });
  });
});
