import { intersect, Patterns, Permissions } from '../../../lib/permissions/permissions.js';
import type { Statement } from '../../../lib/permissions/statement.js';
import { naiveAllows, type Question, statement } from '../statement-samples.js';

const TEXT = 'a'.repeat(10_240);
/** What a matcher that goes back would take for ever to decide; none of them matches `TEXT`, but for the first. */
const HOSTILE: readonly string[] = [
  '*a'.repeat(250),
  `${'*a'.repeat(250)}*b`,
  `${'*a'.repeat(200)}b${'*a'.repeat(50)}`,
  `*b${'*a'.repeat(250)}`,
  `${'a*'.repeat(250)}b*`,
  `*${'a'.repeat(500)}b*`,
  `*b${'a'.repeat(500)}*`,
  `*${'ab'.repeat(250)}*`,
  `${'*aaaa'.repeat(100)}b*`,
];

function msOf(action: () => void): number {
  const startedAt = performance.now();
  action();
  return performance.now() - startedAt;
}

/** How often texts are searched while `action` runs. */
function searchesOf(action: () => void): number {
  const indexOf = jest.spyOn(String.prototype, 'indexOf');
  try {
    action();
    return indexOf.mock.calls.length;
  } finally {
    indexOf.mockRestore();
  }
}

describe('a hostile pattern', () => {
  it.each(HOSTILE)('of %# is decided right and at once against 10 kB', (pattern) => {
    const patterns = new Patterns([pattern]);
    let matched = false;
    expect(msOf(() => (matched = patterns.matches(TEXT)))).toBeLessThan(1_000);
    expect(matched).toBe(pattern === HOSTILE[0]);
  });

  it('is looked for once for each of its parts, however long the text is', () => {
    for (const pattern of HOSTILE) {
      const patterns = new Patterns([pattern]);
      const parts = pattern.split('*').length;
      for (const length of [10, 1_000, 100_000]) {
        expect(searchesOf(() => patterns.matches('a'.repeat(length)))).toBeLessThanOrEqual(parts);
      }
    }
  });

  it('a hundred times over is decided at once, as resource and as action, in one part and in several', () => {
    const many = Array.from({ length: 100 }, (_, i) => `${HOSTILE[1 + (i % (HOSTILE.length - 1))]}${i}`);
    const asResources = many.map((pattern) => statement(['a:b'], [pattern]));
    const asActions = many.map((pattern) => statement([pattern], ['*']));
    const permissions = [
      new Permissions(asResources),
      new Permissions([statement(['a:b'], many)]),
      new Permissions(asActions),
      intersect(new Permissions([statement(['*'])]), new Permissions(asResources), new Permissions(asActions)),
    ];
    const took = msOf(() => {
      for (const each of permissions) {
        expect(each.allows('a:b', TEXT, 'w')).toBe(false);
        expect(each.allows(TEXT, 'r', 'w')).toBe(false);
        expect(each.allows(TEXT, TEXT, 'w')).toBe(false);
      }
    });
    expect(took).toBeLessThan(1_000);
  });

  it('is compared with other ones at once', () => {
    const many = Array.from({ length: 100 }, (_, i) => statement(['a:b'], [`${'*a'.repeat(200)}*${i}`]));
    const others = Array.from({ length: 100 }, (_, i) => statement(['a:b'], [`${'*a'.repeat(201)}*${i}b`]));
    const [one, other] = [new Permissions(many), new Permissions(others)];
    expect(
      msOf(() => {
        expect(one.includes(other)).toBe(false);
        expect(one.includes(one)).toBe(true);
        expect(intersect(one, other).toCeiling()).toHaveLength(2);
      }),
    ).toBeLessThan(1_000);
  });
});

describe('a thousand statements', () => {
  const thousand = <Made>(make: (i: number) => Made) => Array.from({ length: 1_000 }, (_, i) => make(i));
  const shapes: readonly [string, readonly Statement[], readonly Question[]][] = [
    [
      'of distinct actions',
      thousand((i) => statement([`service${i % 10}:verb${i}`])),
      [
        ['service0:verb0', 'r', 'w'],
        ['service9:verb999', 'r', 'w'],
        ['service9:verb0', 'r', 'w'],
        ['service0:verb1000', 'r', 'w'],
        ['service0:verb', 'r', 'w'],
      ],
    ],
    [
      'of one action on a thousand resources',
      thousand((i) => statement(['orders:read'], [`orders/${i}`], i % 2 === 0 ? '*' : 'w1')),
      [
        ['orders:read', 'orders/0', 'w2'],
        ['orders:read', 'orders/999', 'w1'],
        ['orders:read', 'orders/999', 'w2'],
        ['orders:read', 'orders/1000', 'w1'],
        ['orders:write', 'orders/0', 'w1'],
        ['orders:read', '*', '*'],
      ],
    ],
    [
      'of whole services',
      thousand((i) => statement([`service${i}:*`])),
      [
        ['service0:read', 'r', 'w'],
        ['service999:read:all', 'r', 'w'],
        ['service999:', 'r', 'w'],
        ['service999', 'r', 'w'],
        ['service1000:read', 'r', 'w'],
        ['xservice1:read', 'r', 'w'],
      ],
    ],
    [
      'of patterns at the end of an action',
      thousand((i) => statement([`*:verb${i}`])),
      [
        ['orders:verb0', 'r', 'w'],
        ['a:b:verb999', 'r', 'w'],
        [':verb7', 'r', 'w'],
        ['orders:verb1000', 'r', 'w'],
        ['verb7', 'r', 'w'],
      ],
    ],
    [
      'of patterns of resources',
      thousand((i) => statement(['orders:read', 'orders:list'], [`customers/${i}/*/lines`], `w${i % 3}`)),
      [
        ['orders:read', 'customers/0/1/lines', 'w0'],
        ['orders:list', 'customers/998/1/2/lines', 'w2'],
        ['orders:list', 'customers/998/1/2/lines', 'w1'],
        ['orders:list', 'customers/998/lines', 'w2'],
        ['orders:write', 'customers/0/1/lines', 'w0'],
        ['orders:read', 'customers/1000/1/lines', 'w1'],
      ],
    ],
    [
      'of which the last allows everything',
      thousand((i) => (i < 999 ? statement([`a:${i}`], [`r/${i}`], 'w') : statement(['*']))),
      [
        ['anything:at-all', 'r', 'w'],
        ['a:1', 'r/2', '*'],
      ],
    ],
  ];

  it.each(shapes)('%s decide right', (_, list, questions) => {
    const permissions = new Permissions(list);
    const bounded = intersect(permissions, new Permissions([statement(['*'], ['*'], 'w1'), statement(['*'])]));
    const expected = questions.map((question) => naiveAllows(list, question));
    expect(expected).toContain(true);
    expect(questions.map((question) => permissions.allows(...question))).toEqual(expected);
    expect(questions.map((question) => bounded.allows(...question))).toEqual(expected);
  });

  it.each(shapes)('%s cover each of them, and are kept as they are', (_, list) => {
    const permissions = new Permissions(list);
    for (const each of list) expect(permissions.covers(each)).toBe(true);
    expect(permissions.toCeiling()).toEqual(list.at(-1)?.actions[0] === '*' ? [] : [list]);
  });
});
