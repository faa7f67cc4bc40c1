import fc from 'fast-check';
import type { Policy, Statement } from '../../admin-router/page/src/api/types.ts';
import { everyDay, totalOf } from '../../admin-router/page/src/pages/key/days.ts';
import { extentOf, RightsMatrix, refuserOf, sourcesOf } from '../../admin-router/page/src/pages/key/matrix.ts';
import { matches, overlap } from '../../admin-router/page/src/pages/key/patterns.ts';
import { OBSTACLES, verdictInWords } from '../../admin-router/page/src/pages/key/verdict-words.ts';
import { Permissions } from '../../lib/permissions/permissions.js';

const text = fc.stringMatching(/^[ab]{0,5}$/);
const pattern = fc.stringMatching(/^[ab*]{0,5}$/);
const TEXTS = ['', ...'ab'].flatMap((a) => ['', ...'ab'].flatMap((b) => ['', ...'ab'].map((c) => a + b + c)));

function statement(actions: string[], resources = ['*'], workspace = '*'): Statement {
  return { actions, resources, workspace, description: '' };
}

/** The same, by a regular expression. */
function plainMatch(glob: string, candidate: string): boolean {
  return new RegExp(`^${glob.split('*').join('.*')}$`).test(candidate);
}

describe('the patterns of the page', () => {
  it('match what the library matches', () => {
    fc.assert(
      fc.property(pattern, text, (glob, candidate) => matches(glob, candidate) === plainMatch(glob, candidate)),
    );
  });

  it('overlap when there is a text that both match', () => {
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const isCommon = TEXTS.some((candidate) => plainMatch(a, candidate) && plainMatch(b, candidate));
        expect(overlap(a, b)).toBe(overlap(b, a));
        if (isCommon) expect(overlap(a, b)).toBe(true);
        if (!a.includes('*')) expect(overlap(a, b)).toBe(plainMatch(b, a));
      }),
    );
  });

  it.each([
    ['orders:*', '*:read', true],
    ['orders:*', 'stock:*', false],
    ['a*b', 'a', false],
    ['a*b*c', 'ab*', true],
    ['*', '', true],
  ])('%s and %s: %s', (a, b, isCommon) => {
    expect(overlap(a, b)).toBe(isCommon);
  });
});

describe('the rights of a key as a table', () => {
  const policy: Pick<Policy, 'id' | 'name' | 'statements'> = {
    id: 'p1',
    name: 'Reports',
    statements: [statement(['reports:read', 'orders:read'], ['reports/*', 'orders/*'], 'north')],
  };
  const own = { statements: [statement(['orders:read', 'orders:write'], ['orders/*'])] };
  const sources = sourcesOf(own, [policy as Policy]);

  it('has the actions and what they are on, with where they come from', () => {
    const matrix = new RightsMatrix(sources, { ceiling: [], resources: null });
    expect(matrix.actions).toEqual(['orders:read', 'orders:write', 'reports:read']);
    expect(matrix.scopes).toHaveLength(3);
    expect(matrix.grantsOf('orders:read')).toEqual([
      { resource: 'orders/*', workspace: '*', sources: [''], extent: 'whole', cutBy: null },
      { resource: 'reports/*', workspace: 'north', sources: ['p1'], extent: 'whole', cutBy: null },
      { resource: 'orders/*', workspace: 'north', sources: ['p1'], extent: 'whole', cutBy: null },
    ]);
  });

  it.each<[string, Statement[][], string[] | null, string]>([
    ['a ceiling that has it', [[statement(['orders:*'])]], null, 'whole'],
    ['a ceiling that is narrower', [[statement(['orders:read'], ['orders/7'])]], null, 'part'],
    ['a ceiling of one workspace', [[statement(['*'], ['*'], 'north')]], null, 'part'],
    ['a ceiling without it', [[statement(['stock:*'])]], null, 'none'],
    ['an empty ceiling', [[]], null, 'none'],
    ['two bounds, of which one has it', [[statement(['*'])], [statement(['stock:*'])]], null, 'none'],
    ['a tie to it', [], ['orders/*', 'x'], 'whole'],
    ['a tie to some of it', [], ['orders/7'], 'part'],
    ['a tie to something else', [], ['reports/*'], 'none'],
  ])('tells what %s leaves', (_, ceiling, resources, extent) => {
    const scope = { resource: 'orders/*', workspace: '*' };
    expect(extentOf('orders:read', scope, { ceiling, resources }).extent).toBe(extent);
  });

  it('says whole and none only where the library says so', () => {
    const patterns = fc.constantFrom('a:*', 'a:b', '*', '*:b', 'c:b', 'a*', 'b*');
    const some = fc.record({
      actions: fc.array(patterns, { minLength: 1, maxLength: 2 }),
      resources: fc.array(patterns, { minLength: 1, maxLength: 2 }),
      workspace: fc.constantFrom('*', 'w', 'v'),
      description: fc.constant(''),
    });
    const texts = fc.constantFrom('a:b', 'a:c', 'c:b', 'b', 'x');
    fc.assert(
      fc.property(fc.array(some), some, texts, texts, fc.constantFrom('w', 'v', 'u'), (layer, granted, a, r, w) => {
        const [action = '*'] = granted.actions;
        const [resource = '*'] = granted.resources;
        const { extent } = extentOf(
          action,
          { resource, workspace: granted.workspace },
          { ceiling: [layer], resources: null },
        );
        const right = [{ ...granted, actions: [action], resources: [resource] }];
        const isGiven = new Permissions(right).allows(a, r, w);
        const isLeft = new Permissions(right, layer).allows(a, r, w);
        if (extent === 'whole') expect(isLeft).toBe(isGiven);
        if (extent === 'none') expect(isLeft).toBe(false);
      }),
    );
  });

  it('knows what refuses a question', () => {
    const ask = (action: string, resource = '', workspace = '') => ({ action, resource, workspace });
    const none = { ceiling: [], resources: null };
    const within = { ceiling: [[statement(['orders:read'])]], resources: null };
    expect(refuserOf(ask('stock:read', 'orders/1'), sources, none)).toBe('statements');
    expect(refuserOf(ask('orders:read'), sources, none)).toBe('statements'); // on all resources
    expect(refuserOf(ask('orders:write', 'orders/1'), sources, within)).toBe('ceiling');
    expect(refuserOf(ask('orders:read', 'orders/1'), sources, { ...none, resources: ['x'] })).toBe('tie');
    expect(refuserOf(ask('orders:read', 'orders/1'), sources, within)).toBeNull();
    expect(refuserOf(ask('reports:read', 'reports/1', 'north'), sources, none)).toBeNull();
    expect(refuserOf(ask('reports:read', 'reports/1', 'south'), sources, none)).toBe('statements');
  });

  it('answers in words, whatever the reason is', () => {
    const question = { action: 'a', resource: '', workspace: 'w' };
    expect(verdictInWords({ allowed: true, reason: null }, question, null)).toBe(
      'Yes: this key may do a on everything in the workspace w.',
    );
    for (const reason of Object.keys(OBSTACLES) as (keyof typeof OBSTACLES)[]) {
      expect(verdictInWords({ allowed: false, reason }, question, null)).toMatch(/^No: [a-z].+\.$/);
    }
    const forbidden = { allowed: false, reason: 'forbidden' } as const;
    for (const refuser of ['statements', 'tie', 'ceiling', null, undefined] as const) {
      expect(verdictInWords(forbidden, question, refuser)).toMatch(/^No: [a-z].+\.$/);
    }
  });
});

describe('the days of the chart', () => {
  it('are the last 30, also those without any use', () => {
    const nowAt = Date.parse('2026-03-01T23:59:59Z');
    const days = everyDay([{ day: '2026-02-28', uses: 3, failures: 1 }], nowAt);
    expect(days).toHaveLength(30);
    expect(days[0]).toEqual({ day: '2026-01-31', uses: 0, failures: 0 });
    expect(days[28]).toEqual({ day: '2026-02-28', uses: 3, failures: 1 });
    expect(days[29]?.day).toBe('2026-03-01');
    expect(totalOf(days)).toEqual({ uses: 3, failures: 1 });
  });
});
