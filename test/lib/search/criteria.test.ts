import fc from 'fast-check';
import type { Criterion, FieldTypes, Searchable } from '../../../lib/search/criteria.js';
import { checkCriteria, compileCriteria, escapeLike } from '../../../lib/search/criteria.js';

const FIELDS: FieldTypes = {
  id: 'id',
  name: 'string',
  state: ['active', 'revoked'],
  tags: 'list',
  count: 'number',
  madeAt: 'date',
  enabled: 'boolean',
};

function meets(record: Searchable, ...criteria: Criterion[]): boolean {
  expect(checkCriteria(criteria, FIELDS)).toEqual([]);
  return compileCriteria(criteria)(record);
}

function isLike(text: string, pattern: string): boolean {
  return meets({ name: text }, { field: 'name', test: 'like', value: pattern });
}

describe('like', () => {
  it.each([
    ['', '', true],
    ['', '%', true],
    ['', '_', false],
    ['abc', 'abc', true],
    ['abc', 'ABC', true],
    ['ABC', 'abc', true],
    ['abc', 'ab', false],
    ['abc', '%c', true],
    ['abc', 'a%', true],
    ['abc', '_b_', true],
    ['abc', '__', false],
    ['abc', '%%%', true],
    ['abcabc', '%abc', true],
    ['aXbXc', 'a%x%c', true],
    ['100%', '100\\%', true],
    ['1000', '100\\%', false],
    ['a_b', 'a\\_b', true],
    ['axb', 'a\\_b', false],
    ['a\\b', 'a\\\\b', true],
    ['a\\', 'a\\', true],
    ['abc', 'a\\bc', true],
    ['a\nb', 'a_b', true],
    ['a\nb', 'a%', true],
    ['🔑', '_', true],
    ['a.c', 'a.c', true],
    ['abc', 'a.c', false],
    ['ÄPFEL', 'äpfel', true],
    ['ΟΔΟΣ', '%Σ', true],
    ['Οδος', 'ΟΔΟΣ', true],
    ['Straße', 'STRA_E', true],
    ['İstanbul', '_stanbul', true],
  ])('%j like %j: %s', (text, pattern, expected) => {
    expect(isLike(text, pattern)).toBe(expected);
    expect(meets({ name: text }, { field: 'name', test: 'not-like', value: pattern })).toBe(!expected);
  });

  it('matches what a naive reference matches', () => {
    const letters = fc.constantFrom('a', 'B', 'b', '%', '_', '\\', 'é', '🔑');
    fc.assert(
      fc.property(
        fc.string({ unit: letters, maxLength: 8 }),
        fc.string({ unit: letters, maxLength: 8 }),
        (text, pattern) => {
          expect(isLike(text, pattern)).toBe(naiveLike([...text], tokensOf(pattern)));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('matches only the text itself when that is escaped', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '%', '_', '\\', 'é', '🔑', ' '), maxLength: 12 });
    fc.assert(
      fc.property(text, text, (one, other) => {
        expect(isLike(one, escapeLike(one))).toBe(true);
        expect(isLike(other, escapeLike(one))).toBe(other === one);
      }),
    );
  });

  it('decides on a hostile pattern within a second', () => {
    const startedAt = performance.now();
    for (const pattern of ['%a'.repeat(50), `${'%a'.repeat(49)}%b`, `%${'_'.repeat(98)}b`, `%${'a'.repeat(97)}b%`]) {
      isLike('a'.repeat(1_000), pattern);
    }
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it.each([
    ['abc', 'abc', true],
    ['abc', 'ABC', false],
    ['aXbXc', 'a%x%c', false],
    ['aXbXc', 'a%X%c', true],
    ['ς', 'σ', false],
  ])('with regard to case: %j like %j: %s', (text, pattern, expected) => {
    const criterion = { field: 'name', value: pattern, caseSensitive: true };
    expect(meets({ name: text }, { ...criterion, test: 'like' })).toBe(expected);
    expect(meets({ name: text }, { ...criterion, test: 'not-like' })).toBe(!expected);
  });

  it('is false, and so is not-like, for a field that is null or missing', () => {
    for (const record of [{ name: null }, {}]) {
      expect(meets(record, { field: 'name', test: 'like', value: '%' })).toBe(false);
      expect(meets(record, { field: 'name', test: 'not-like', value: 'x' })).toBe(false);
    }
  });
});

type Token = { readonly kind: 'run' | 'one' } | { readonly kind: 'literal'; readonly character: string };

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i] as string;
    const next = characters[i + 1];
    if (character === '\\' && next !== undefined) {
      tokens.push({ kind: 'literal', character: next });
      i++;
    } else if (character === '%') tokens.push({ kind: 'run' });
    else if (character === '_') tokens.push({ kind: 'one' });
    else tokens.push({ kind: 'literal', character });
  }
  return tokens;
}

function naiveLike(text: readonly string[], [token, ...rest]: readonly Token[]): boolean {
  if (token === undefined) return text.length === 0;
  if (token.kind === 'run') return text.concat('').some((_, from) => naiveLike(text.slice(from), rest));
  const [first, ...others] = text;
  if (first === undefined) return false;
  if (token.kind === 'literal' && token.character.toLowerCase() !== first.toLowerCase()) return false;
  return naiveLike(others, rest);
}

describe('the other tests', () => {
  const record = {
    id: 'aB3',
    name: 'ci',
    state: 'active',
    tags: ['red', 'Blue'],
    count: 3,
    madeAt: 1_000,
    enabled: false,
  };
  const empty = { id: undefined, name: null, state: null, tags: [], count: null, madeAt: undefined };

  it.each<[Criterion, boolean]>([
    [{ field: 'name', test: 'equal', value: 'ci' }, true],
    [{ field: 'name', test: 'equal', value: 'CI' }, false],
    [{ field: 'name', test: 'not-equal', value: 'CI' }, true],
    [{ field: 'count', test: 'equal', value: 3 }, true],
    [{ field: 'enabled', test: 'equal', value: false }, true],
    [{ field: 'enabled', test: 'not-equal', value: false }, false],
    [{ field: 'count', test: 'less-than', value: 3 }, false],
    [{ field: 'count', test: 'less-than-or-equal', value: 3 }, true],
    [{ field: 'count', test: 'greater-than', value: 2.5 }, true],
    [{ field: 'madeAt', test: 'greater-than-or-equal', value: 1_000 }, true],
    [{ field: 'madeAt', test: 'greater-than', value: 1_000 }, false],
    [{ field: 'name', test: 'in', value: ['a', 'ci'] }, true],
    [{ field: 'name', test: 'in', value: ['a'] }, false],
    [{ field: 'name', test: 'in', value: [] }, false],
    [{ field: 'name', test: 'null', value: true }, false],
    [{ field: 'name', test: 'null', value: false }, true],
    [{ field: 'id', test: 'equal', value: 'aB3' }, true],
    [{ field: 'id', test: 'equal', value: 'ab3' }, false],
    [{ field: 'id', test: 'in', value: ['aB4', 'aB3'] }, true],
    [{ field: 'id', test: 'like', value: 'a%' }, true],
    [{ field: 'id', test: 'greater-than', value: 'aB2' }, true],
    [{ field: 'id', test: 'greater-than', value: 'aB3' }, false],
    [{ field: 'id', test: 'greater-than-or-equal', value: 'aB3' }, true],
    [{ field: 'id', test: 'greater-than', value: 'Zz9' }, true],
    [{ field: 'id', test: 'less-than', value: 'aa' }, true],
    [{ field: 'id', test: 'less-than', value: 'aB' }, false],
    [{ field: 'id', test: 'less-than-or-equal', value: '' }, false],
    [{ field: 'state', test: 'equal', value: 'active' }, true],
    [{ field: 'state', test: 'not-equal', value: 'active' }, false],
    [{ field: 'state', test: 'in', value: ['revoked', 'active'] }, true],
    [{ field: 'state', test: 'in', value: ['revoked'] }, false],
    [{ field: 'state', test: 'like', value: 'ACT%' }, true],
    [{ field: 'tags', test: 'contains', value: 'red' }, true],
    [{ field: 'tags', test: 'contains', value: 'blue' }, false],
    [{ field: 'tags', test: 'contains', value: 're' }, false],
    [{ field: 'tags', test: 'null', value: false }, true],
    [{ field: 'count', test: 'between', value: [3, 3] }, true],
    [{ field: 'count', test: 'between', value: [1, 2] }, false],
    [{ field: 'count', test: 'between', value: [4, 2] }, false],
    [{ field: 'madeAt', test: 'between', value: [999, 1_000] }, true],
    [{ field: 'madeAt', test: 'between', value: [1_000, 1_001] }, true],
    [{ field: 'madeAt', test: 'between', value: [1_001, 2_000] }, false],
  ])('%j: %s', (criterion, expected) => {
    expect(meets(record, criterion)).toBe(expected);
  });

  it.each<[Criterion, boolean]>([
    [{ field: 'name', test: 'null', value: true }, true],
    [{ field: 'madeAt', test: 'null', value: true }, true],
    [{ field: 'enabled', test: 'null', value: true }, true],
    [{ field: 'name', test: 'null', value: false }, false],
    [{ field: 'name', test: 'equal', value: '' }, false],
    [{ field: 'name', test: 'not-equal', value: '' }, true],
    [{ field: 'name', test: 'in', value: ['', 'null'] }, false],
    [{ field: 'count', test: 'less-than', value: 1 }, false],
    [{ field: 'count', test: 'less-than-or-equal', value: 0 }, false],
    [{ field: 'count', test: 'greater-than', value: -1 }, false],
    [{ field: 'madeAt', test: 'greater-than-or-equal', value: 0 }, false],
    [{ field: 'madeAt', test: 'between', value: [-1e15, 1e15] }, false],
    [{ field: 'id', test: 'less-than', value: 'zzz' }, false],
    [{ field: 'id', test: 'greater-than-or-equal', value: '' }, false],
    [{ field: 'state', test: 'in', value: ['active', 'revoked'] }, false],
    [{ field: 'state', test: 'not-equal', value: 'active' }, true],
    [{ field: 'tags', test: 'contains', value: '' }, false],
    [{ field: 'tags', test: 'null', value: true }, true],
    [{ field: 'tags', test: 'null', value: false }, false],
  ])('of a field that is not set, %j: %s', (criterion, expected) => {
    expect(meets(empty, criterion)).toBe(expected);
  });

  it('must all hold; none is met by all', () => {
    const both: Criterion[] = [
      { field: 'name', test: 'equal', value: 'ci' },
      { field: 'count', test: 'greater-than', value: 5 },
    ];
    expect(meets(record, ...both)).toBe(false);
    expect(meets({ ...record, count: 6 }, ...both)).toBe(true);
    expect(meets(record)).toBe(true);
  });
});

describe('checkCriteria', () => {
  const check = (criterion: object) => checkCriteria([criterion as Criterion], FIELDS);

  it.each(['nope', 'secretHash', '__proto__', 'constructor', 'toString', ''])('refuses the field %j', (field) => {
    expect(check({ field, test: 'null', value: true })).toEqual([
      { path: 'criteria.0.field', message: 'names a field that cannot be searched' },
    ]);
  });

  it.each([
    ['name', 'null', 'true', 'must be true or false'],
    ['name', 'equal', 1, 'must be a string for this field'],
    ['name', 'equal', 'x'.repeat(513), 'must be a string for this field'],
    ['name', 'not-equal', null, 'must be a string for this field'],
    ['count', 'equal', '1', 'must be a number for this field'],
    ['madeAt', 'not-equal', '2026', 'must be a number for this field'],
    ['enabled', 'equal', 'true', 'must be a boolean for this field'],
    ['count', 'like', '1%', 'cannot be a pattern: this field holds no text'],
    ['enabled', 'not-like', '1%', 'cannot be a pattern: this field holds no text'],
    ['name', 'like', 7, 'must be a text of at most 100 characters'],
    ['name', 'not-like', '%'.repeat(513), 'must be a text of at most 100 characters'],
    ['count', 'in', ['1'], 'cannot be a list: this field holds no text'],
    ['name', 'in', 'ci', 'must be a list of at most 1000 texts'],
    ['name', 'in', [1], 'must be a list of at most 1000 texts'],
    ['name', 'in', Array(1_001).fill('a'), 'must be a list of at most 1000 texts'],
    ['name', 'less-than', 1, 'cannot be ordered: this field holds no number, date or id'],
    ['enabled', 'greater-than', 1, 'cannot be ordered: this field holds no number, date or id'],
    ['state', 'less-than', 'active', 'cannot be ordered: this field holds no number, date or id'],
    ['tags', 'less-than', 'red', 'cannot be ordered: this field holds no number, date or id'],
    ['count', 'less-than', '1', 'must be a number'],
    ['id', 'less-than', 1, 'must be an id'],
    ['id', 'greater-than', 'x'.repeat(513), 'must be an id'],
    ['id', 'greater-than', '\ud800', 'must be an id'],
    ['id', 'equal', 1, 'must be a string for this field'],
    ['state', 'equal', 'Active', 'must be one of: active, revoked'],
    ['state', 'not-equal', null, 'must be one of: active, revoked'],
    ['state', 'in', ['active', 'gone'], 'must be one of: active, revoked'],
    ['state', 'in', 'active', 'must be a list of at most 1000 texts'],
    ['tags', 'equal', 'red', 'cannot be compared: this field holds a list'],
    ['tags', 'like', 'r%', 'cannot be a pattern: this field holds no text'],
    ['tags', 'in', ['red'], 'cannot be a list: this field holds no text'],
    ['tags', 'contains', ['red'], 'must be a text of at most 512 characters'],
    ['tags', 'contains', 'x'.repeat(513), 'must be a text of at most 512 characters'],
    ['name', 'contains', 'c', 'cannot be contained: this field holds no list'],
    ['name', 'between', [1, 2], 'cannot be a range: this field holds no number or date'],
    ['id', 'between', ['a', 'b'], 'cannot be a range: this field holds no number or date'],
    ['count', 'between', 1, 'must be two numbers or dates'],
    ['count', 'between', [1], 'must be two numbers or dates'],
    ['count', 'between', [1, 2, 3], 'must be two numbers or dates'],
    ['count', 'between', [1, '2'], 'must be two numbers or dates'],
    ['madeAt', 'between', [0, Number.POSITIVE_INFINITY], 'must be two numbers or dates'],
    ['count', 'less-than-or-equal', Number.NaN, 'must be a number'],
    ['madeAt', 'greater-than-or-equal', Number.POSITIVE_INFINITY, 'must be a number'],
  ])('refuses %s %s with such a value, and says what it must be', (field, test, value, message) => {
    expect(check({ field, test, value })).toEqual([{ path: 'criteria.0.value', message }]);
  });

  it('names every fault by its place', () => {
    const criteria: Criterion[] = [
      { field: 'name', test: 'null', value: true },
      { field: 'nope', test: 'null', value: true },
      { field: 'count', test: 'like', value: '%' },
    ];
    expect(checkCriteria(criteria, FIELDS).map(({ path }) => path)).toEqual(['criteria.1.field', 'criteria.2.value']);
  });

  it('takes at most five patterns, however many other tests stand beside them', () => {
    const like: Criterion = { field: 'name', test: 'like', value: '%a%' };
    const other: Criterion = { field: 'name', test: 'null', value: false };
    expect(checkCriteria([...Array(5).fill(like), ...Array(15).fill(other)], FIELDS)).toEqual([]);
    expect(checkCriteria(Array(6).fill({ ...like, test: 'not-like' }), FIELDS)).toEqual([
      { path: 'criteria', message: 'must have at most 5 patterns' },
    ]);
  });

  it('takes at most twenty', () => {
    const one: Criterion = { field: 'name', test: 'null', value: true };
    expect(checkCriteria(Array(20).fill(one), FIELDS)).toEqual([]);
    expect(checkCriteria(Array(21).fill(one), FIELDS)).toEqual([
      { path: 'criteria', message: 'must have at most 20 entries' },
    ]);
  });
});
