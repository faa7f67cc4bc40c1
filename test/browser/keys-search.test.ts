import * as fc from 'fast-check';
import { searchOf } from '../../admin-router/page/src/pages/keys/criteria.ts';
import { filterOf } from '../../admin-router/page/src/pages/keys/filter.ts';
import { idInPasted } from '../../admin-router/page/src/pages/keys/pasted.ts';
import { maskInWords, maskOf, rightsOf, shownState } from '../../admin-router/page/src/pages/keys/state.ts';
import { generateSecret } from '../../lib/verification/secret.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const DAY_MS = 86_400_000;

describe('what the list of keys asks the API', () => {
  it('is for an id those that begin with it, and no other ones', () => {
    const id = fc.stringMatching(/^[\w-]{1,8}$/);
    fc.assert(
      fc.property(id, fc.oneof(id, fc.constant('')), id, (text, more, other) => {
        const { criteria = [] } = searchOf(filterOf({ q: text, in: 'id' }), null, NOW) ?? {};
        const isFound = (each: string) =>
          criteria.every(({ test, value }) => (test === 'greater-than' ? each > String(value) : each < String(value)));
        expect(criteria.map(({ field }) => field)).toEqual(criteria.map(() => 'id'));
        expect(isFound(text + more)).toBe(true);
        expect(isFound(other)).toBe(other.startsWith(text));
      }),
    );
  });

  it('begins where the ids begin, which the store does for `greater-than` and what can be an id', () => {
    const { sort, criteria } = searchOf(filterOf({ q: 'b7', in: 'id', sort: 'name' }), null, NOW) ?? {};
    expect(sort).toBe('id');
    expect(criteria?.[0]).toMatchObject({ test: 'greater-than', value: expect.stringMatching(/^b6[\w-]+$/) });
    expect(searchOf(filterOf({ q: 'no id', in: 'id' }), null, NOW)).toBeNull();
  });

  it('takes the wildcards of a pattern for themselves', () => {
    const search = searchOf(filterOf({ q: ' 100%_\\ ' }), null, NOW);
    expect(search?.criteria).toEqual([{ field: 'name', test: 'like', value: '%100\\%\\_\\\\%' }]);
  });

  it('is one’s own keys as a user, not those of a service with the same id', () => {
    expect(searchOf(filterOf({ owner: 'bob' }), 'alice', NOW)).toMatchObject({
      ownerId: 'alice',
      criteria: [{ field: 'ownerKind', test: 'equal', value: 'user' }],
    });
  });
});

describe('what is pasted into the search', () => {
  const { id, secret, token } = generateSecret('lk');
  const encoded = Buffer.from(`${id}:${secret}`).toString('base64');

  it.each([
    token,
    ` ${token}\n`,
    `X-API-Key: ${token}`,
    `Bearer ${token}`,
    `${id}:${secret}`,
    encoded,
    `Authorization: ApiKey ${encoded}`,
    `Basic ${encoded}`,
  ])('is known for a whole key: %#', (text) => {
    expect(idInPasted(text)).toBe(id);
  });

  it.each([
    'Billing worker',
    id,
    'orders:read',
    'https://example.com/a',
    'a_b_c',
    'production-environment:nightly-export-of-orders',
    '',
  ])('is text: %s', (text) => {
    expect(idInPasted(text)).toBeNull();
  });
});

describe('how a key is shown', () => {
  const keyOf = (daysLeft: number | null, state: 'active' | 'disabled' = 'active') => ({
    state,
    expiresAt: daysLeft === null ? null : new Date(NOW + daysLeft * DAY_MS).toISOString(),
  });

  it.each([
    [keyOf(13.9), 'soon'],
    [keyOf(14), 'active'],
    [keyOf(null), 'active'],
    [keyOf(1, 'disabled'), 'disabled'],
  ])('expires soon within 14 days only, and only when it works: %#', (key, state) => {
    expect(shownState(key, NOW)).toBe(state);
  });

  it('is masked, and said without the dots', () => {
    const key = { prefix: 'lk', lastFour: 'a1b2' };
    expect([maskOf(key), maskInWords(key)]).toEqual(['lk_••••a1b2', 'begins with lk, ends in a1b2']);
    const imported = { prefix: '', lastFour: '' };
    expect([maskOf(imported), maskInWords(imported)]).toEqual(['••••', 'not known']);
  });

  it('has its different actions counted, and its policies', () => {
    const statement = { resources: ['*'], workspace: '*', description: '' };
    const statements = [
      { ...statement, actions: ['a', 'b'] },
      { ...statement, actions: ['b', 'c'] },
    ];
    expect(rightsOf({ statements, policyIds: ['x'] })).toEqual({
      actions: '3',
      policies: '+ 1 policy',
      detail: 'a, b, c',
    });
    expect(rightsOf({ statements: [{ ...statement, actions: ['*'] }], policyIds: [] }).actions).toBe('all');
  });
});
