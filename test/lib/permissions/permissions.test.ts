import fc from 'fast-check';
import { Patterns, Permissions } from '../../../lib/permissions/permissions.js';
import {
  checkResources,
  checkStatements,
  FULL_ACCESS,
  toStatement,
  toStatements,
} from '../../../lib/permissions/statement.js';
import {
  concreteText,
  naiveAllows,
  patternText,
  reference,
  statement,
  statements,
  workspaces,
} from '../statement-samples.js';

describe('a pattern', () => {
  it.each([
    ['orders:read', 'orders:read', true],
    ['orders:read', 'orders:reads', false],
    ['orders:read', 'Orders:read', false],
    ['orders:*', 'orders:', true],
    ['orders:*', 'orders:read:all', true],
    ['orders:*', 'order:read', false],
    ['*:read', 'orders:read', true],
    ['*', '', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['a*b*c', 'abbc', true],
    ['a*b*c', 'acb', false],
    ['ab*ba', 'aba', false],
    ['*ab*b', 'xab', false],
    ['*ab*b', 'xabb', true],
    ['a*bc*c', 'axbc', false],
    ['a*bc*c', 'abcbcc', true],
    ['*.*', 'a.b', true],
    ['a.c', 'abc', false],
    ['orders/*', 'orders/1\n2', true],
  ])('%j on %j: %s', (pattern, text, expected) => {
    expect(new Patterns([pattern]).matches(text)).toBe(expected);
  });

  it('matches what its regular expression matches', () => {
    fc.assert(
      fc.property(patternText, patternText, (pattern, text) => {
        expect(new Patterns([pattern]).matches(text)).toBe(reference(pattern).test(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it('matches what its regular expression matches, near what it was made from', () => {
    const fills = fc.array(concreteText, { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(patternText, fills, fc.nat(20), (pattern, fill, at) => {
        const rest = [...fill];
        const text = pattern.replace(/\*/g, () => (rest.pop() ?? '').slice(0, 2));
        for (const each of [text, text.slice(0, at) + text.slice(at + 1)]) {
          expect(new Patterns([pattern]).matches(each)).toBe(reference(pattern).test(each));
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('matches what its regular expression matches, in any script', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), text, text, (runs, between, other) => {
        const pattern = runs.join('*');
        for (const each of [runs.join(between), other]) {
          expect(new Patterns([pattern]).matches(each)).toBe(reference(pattern).test(each));
        }
      }),
    );
  });

  it('in a list: any may match', () => {
    fc.assert(
      fc.property(fc.array(patternText, { maxLength: 5 }), patternText, (patterns, text) => {
        expect(new Patterns(patterns).matches(text)).toBe(patterns.some((each) => reference(each).test(text)));
      }),
    );
  });

  it.each([
    ['*a'.repeat(250), 'a'.repeat(10_240)],
    [`${'*a'.repeat(250)}*b`, 'a'.repeat(10_240)],
    [`${'*a'.repeat(200)}b${'*a'.repeat(50)}`, 'a'.repeat(10_240)],
    [`*${'a'.repeat(250)}b*`, 'a'.repeat(10_240)],
  ])('that is hostile is decided at once', (pattern, text) => {
    const startedAt = performance.now();
    const patterns = new Patterns([pattern]);
    for (let i = 0; i < 10; i++) patterns.matches(text);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe('permissions', () => {
  it('allow nothing without a statement', () => {
    expect(new Permissions([]).allows('orders:read', 'orders/1', 'w1')).toBe(false);
    expect(new Permissions([]).allows('', '', '')).toBe(false);
  });

  it('allow everything with full access', () => {
    const all = new Permissions([FULL_ACCESS]);
    expect(all.allows('orders:read')).toBe(true);
    expect(all.allows('x:y', 'orders/1', 'w1')).toBe(true);
    expect(Object.isFrozen(FULL_ACCESS) && Object.isFrozen(FULL_ACCESS.actions)).toBe(true);
  });

  it('ask for action, resource and workspace in one and the same statement', () => {
    const permissions = new Permissions([
      statement(['orders:read'], ['orders/*'], 'w1'),
      statement(['orders:write'], ['orders/7'], 'w2'),
    ]);
    expect(permissions.allows('orders:read', 'orders/7', 'w1')).toBe(true);
    expect(permissions.allows('orders:write', 'orders/7', 'w2')).toBe(true);
    expect(permissions.allows('orders:read', 'orders/7', 'w2')).toBe(false);
    expect(permissions.allows('orders:write', 'orders/8', 'w2')).toBe(false);
    expect(permissions.allows('orders:write', 'orders/7', 'w1')).toBe(false);
  });

  it('take a question without resource or workspace for all of them', () => {
    const one = new Permissions([statement(['orders:read'], ['orders/1'], 'w1')]);
    expect(one.allows('orders:read', 'orders/1', 'w1')).toBe(true);
    expect(one.allows('orders:read', 'orders/1')).toBe(false);
    expect(one.allows('orders:read')).toBe(false);
    expect(new Permissions([statement(['orders:read'])]).allows('orders:read')).toBe(true);
  });

  it('are not fooled by a star in the question', () => {
    const some = new Permissions([statement(['orders:read'], ['orders/1', 'orders/2'], 'w1')]);
    expect(some.allows('*', 'orders/1', 'w1')).toBe(false);
    expect(some.allows('orders:*', 'orders/1', 'w1')).toBe(false);
    expect(some.allows('orders:read', 'orders/*', 'w1')).toBe(false);
    expect(some.allows('orders:read', 'orders/1', '*')).toBe(false);
  });

  it('are never fewer with one statement more', () => {
    const questions = fc.tuple(concreteText, concreteText, workspaces);
    fc.assert(
      fc.property(
        fc.array(statements, { maxLength: 4 }),
        statements,
        questions,
        fc.nat(4),
        (list, more, question, at) => {
          const more_ = [...list.slice(0, at), more, ...list.slice(at)];
          if (new Permissions(list).allows(...question)) expect(new Permissions(more_).allows(...question)).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('mean the union of what each statement alone allows', () => {
    fc.assert(
      fc.property(fc.array(statements, { maxLength: 4 }), concreteText, concreteText, workspaces, (list, a, r, w) => {
        expect(new Permissions(list).allows(a, r, w)).toBe(naiveAllows(list, [a, r, w]));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('covers', () => {
  it('says yes only where everything that the statement allows is allowed', () => {
    let covered = 0;
    const fill = fc.array(concreteText, { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(
        fc.array(statements, { minLength: 1, maxLength: 4 }),
        statements,
        fill,
        fill,
        fc.constantFrom('w1', 'w2', 'w3'),
        (list, wanted, actionFill, resourceFill, workspace) => {
          const permissions = new Permissions(list);
          if (!permissions.covers(wanted)) return;
          covered++;
          const concrete = (pattern: string, fills: string[]) => pattern.replace(/\*/g, () => fills.pop() ?? '');
          for (const action of wanted.actions) {
            for (const resource of wanted.resources) {
              const question = [
                concrete(action, [...actionFill]),
                concrete(resource, [...resourceFill]),
                wanted.workspace === '*' ? workspace : wanted.workspace,
              ] as const;
              expect(new Permissions([wanted]).allows(...question)).toBe(true);
              expect(permissions.allows(...question)).toBe(true);
            }
          }
        },
      ),
      { numRuns: 10_000 },
    );
    expect(covered).toBeGreaterThan(100);
  });

  it('says yes to each of its own statements, and to parts of them', () => {
    fc.assert(
      fc.property(fc.array(statements, { minLength: 1, maxLength: 4 }), (list) => {
        const permissions = new Permissions(list);
        for (const each of list) {
          expect(permissions.covers(each)).toBe(true);
          expect(permissions.covers({ ...each, actions: each.actions.slice(0, 1) })).toBe(true);
        }
      }),
    );
  });

  it.each([
    [statement(['orders:*'], ['orders/*'], 'w1'), statement(['orders:read'], ['orders/1'], 'w1'), true],
    [statement(['orders:*'], ['orders/*'], 'w1'), statement(['orders:r*'], ['orders/1*'], 'w1'), true],
    [statement(['orders:*'], ['orders/*'], 'w1'), statement(['orders:read'], ['orders/1'], '*'), false],
    [statement(['orders:*'], ['orders/*'], 'w1'), statement(['*'], ['orders/1'], 'w1'), false],
    [statement(['orders:*'], ['orders/*'], 'w1'), statement(['orders:read'], ['*'], 'w1'), false],
    [statement(['orders:read']), statement(['orders:read', 'orders:write']), false],
    [statement(['*']), FULL_ACCESS, true],
  ])('%j, asked for %j: %s', (mine, wanted, expected) => {
    expect(new Permissions([mine]).covers(wanted)).toBe(expected);
  });
});

describe('toStatement', () => {
  it('fills in what was left out, and copies', () => {
    const actions = ['orders:read'];
    const made = toStatement({ actions });
    actions.push('*');
    expect(made).toEqual({ actions: ['orders:read'], resources: ['*'], workspace: '*', description: '' });
  });

  it('keeps an empty list empty: it is then refused', () => {
    expect(toStatement({ actions: [], resources: [] })).toMatchObject({ actions: [], resources: [] });
  });

  it('leaves no hole in a list that has one: it is then refused', () => {
    const holed = new Array<never>(2);
    expect(checkStatements(toStatements(holed)).map(({ path }) => path)).toEqual(['statements.0', 'statements.1']);
  });
});

describe('checkStatements', () => {
  it.each(['*', 'orders', 'orders:read', 'orders:*', '*:read', 'a.b_c-d:e', 'orders:re*', '*ers:read', 'a:b:c:d'])(
    'takes the action %j',
    (action) => expect(checkStatements([statement([action])])).toEqual([]),
  );

  it.each(['', ':', 'orders:', ':read', 'or*ders', '**', 'orders read', 'ördér', 'a/b', `${'a'.repeat(129)}`, 'a\n'])(
    'refuses the action %j and shows one that is right',
    (action) => {
      expect(checkStatements([statement(['ok']), statement(['ok', action])])).toEqual([
        {
          path: 'statements.1.actions.1',
          message: 'must be like "orders:read", with * alone or at the start or end of a part, at most 128 characters',
        },
      ]);
    },
  );

  it('names every fault with its place and its mend', () => {
    const wrong = { actions: [], resources: [], workspace: 'w*', description: 'x'.repeat(1_001) };
    expect(checkStatements([wrong], 'policies.0')).toEqual([
      { path: 'policies.0.0.actions', message: 'must have 1 to 50 entries' },
      { path: 'policies.0.0.resources', message: 'must have 1 to 100 entries' },
      { path: 'policies.0.0.workspace', message: 'must be the id of one workspace, or "*" for all' },
      { path: 'policies.0.0.description', message: 'must have at most 1000 characters' },
    ]);
    expect(checkStatements(Array(101).fill(FULL_ACCESS))).toEqual([
      { path: 'statements', message: 'must have at most 100 entries' },
    ]);
    expect(checkStatements([statement(Array(51).fill('a'))])).toEqual([
      { path: 'statements.0.actions', message: 'must have 1 to 50 entries' },
    ]);
    expect(checkStatements([statement(['a'], ['*'], 'w'.repeat(129))])).toEqual([
      { path: 'statements.0.workspace', message: 'must be the id of one workspace, or "*" for all' },
    ]);
  });

  it('takes everything at its bound', () => {
    const numbered = (count: number, length: number) =>
      Array.from({ length: count }, (_, i) => String(i).padEnd(length, 'x'));
    const most = toStatement({
      actions: numbered(50, 128),
      resources: numbered(100, 512),
      workspace: 'w'.repeat(128),
      description: 'd'.repeat(1_000),
    });
    expect(checkStatements([most, most, most, statement(numbered(50, 5))])).toHaveLength(1);
    expect(checkStatements([most, most, most, statement(numbered(49, 5))])).toEqual([]);
    expect(checkStatements(Array(100).fill(statement(['a'])))).toEqual([]);
  });

  it('bounds the patterns of all statements together, and refuses one that stands there twice', () => {
    const many = Array.from({ length: 51 }, (_, i) => statement(Array.from({ length: 9 }, (__, j) => `a${i}:${j}`)));
    expect(checkStatements(many)).toEqual([
      { path: 'statements', message: 'must have at most 500 actions and resources in all' },
    ]);
    expect(checkStatements([statement(['a', 'b', 'a'])])).toEqual([
      { path: 'statements.0.actions', message: 'must hold no entry twice' },
    ]);
  });

  it.each([
    [{ actions: 'admin', resources: ['*'], workspace: '*', description: '' }, 'statements.0.actions'],
    [{ actions: [5], resources: ['*'], workspace: '*', description: '' }, 'statements.0.actions.0'],
    [{ actions: ['a'], resources: 'x', workspace: '*', description: '' }, 'statements.0.resources'],
    [{ actions: ['a'], resources: ['*'], workspace: 5, description: '' }, 'statements.0.workspace'],
    [{ actions: ['a'], resources: ['*'], workspace: '*', description: { length: 5 } }, 'statements.0.description'],
    [{ actions: ['a'], resources: ['*'], workspace: '*', description: '\ud800' }, 'statements.0.description'],
    [{ actions: ['a'], resources: ['\udfff'], workspace: '*', description: '' }, 'statements.0.resources.0'],
    [null, 'statements.0'],
    [undefined, 'statements.0'],
  ])('refuses %j, which no type checker has seen', (wrong, path) => {
    expect(checkStatements([wrong as never]).map((fault) => fault.path)).toEqual([path]);
  });

  it('decides on a hostile action at once', () => {
    const startedAt = performance.now();
    for (const action of [`${'a:'.repeat(64)}!`, `${'a'.repeat(127)}!`, `${'*a'.repeat(64)}`, `${'a*:'.repeat(42)}!`]) {
      expect(checkStatements([statement([action])])).toHaveLength(1);
    }
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe('comparing rights', () => {
  it('is quick for the most that a key can hold', () => {
    const globs = Array.from({ length: 99 }, (_, i) => `*${i}`);
    const holder = new Permissions(Array.from({ length: 4 }, () => statement(['orders:read'], globs)));
    const asked = Array.from({ length: 3 }, () =>
      statement(
        Array.from({ length: 50 }, (_, i) => `a:${i}`),
        globs,
      ),
    );
    const startedAt = performance.now();
    for (const each of asked) expect(holder.covers(each)).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });
});

describe('checkResources', () => {
  it('refuses white space, control characters, nothing, and too much', () => {
    const message = 'must have 1 to 512 characters and no white space';
    expect(checkResources(['ok', '', 'a b', 'a\tb', 'a\0', 'r'.repeat(513)])).toEqual([
      { path: 'resources.1', message },
      { path: 'resources.2', message },
      { path: 'resources.3', message },
      { path: 'resources.4', message },
      { path: 'resources.5', message },
    ]);
    expect(checkResources([])).toEqual([{ path: 'resources', message: 'must have 1 to 100 entries' }]);
    expect(checkResources(['*', 'orders/*/lines', 'ürün:1'])).toEqual([]);
  });
});
