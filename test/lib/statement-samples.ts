import fc from 'fast-check';
import type { Statement } from '../../lib/permissions/statement.js';
import { toStatement } from '../../lib/permissions/statement.js';

/** Few letters, so that patterns and texts often meet. */
export const patternText = fc.string({ unit: fc.constantFrom('a', 'b', ':', '*'), maxLength: 8 });
export const concreteText = fc.string({ unit: fc.constantFrom('a', 'b', ':'), maxLength: 8 });
export const workspaces = fc.constantFrom('*', 'w1', 'w2');

/** Statements of any patterns, also of such as cannot be kept. */
export const statements: fc.Arbitrary<Statement> = fc.record({
  actions: fc.array(patternText, { minLength: 1, maxLength: 3 }),
  resources: fc.array(patternText, { minLength: 1, maxLength: 3 }),
  workspace: workspaces,
  description: fc.constant(''),
});

const part = fc.constantFrom('*', 'a', 'b', 'a*', '*b', 'ab');

/** Statements as people write them, of which many contain others. */
export const likelyStatements: fc.Arbitrary<Statement> = fc.record({
  actions: fc.array(
    fc.array(part, { minLength: 1, maxLength: 2 }).map((parts) => parts.join(':')),
    {
      minLength: 1,
      maxLength: 2,
    },
  ),
  resources: fc.array(fc.constantFrom('*', 'a', 'b', 'a*', 'ab', 'a*b', '*b'), { minLength: 1, maxLength: 2 }),
  workspace: fc.constantFrom('*', '*', 'w1', 'w2'),
  description: fc.constant(''),
});

export type Question = readonly [action: string, resource: string, workspace: string];

/** What may be asked of `likelyStatements`: each of them allows some of it. */
export const likelyQuestions: readonly Question[] = ['a', 'b', 'a:a', 'a:b', 'b:ab', 'ab:b', 'aa:ab', 'bb:b'].flatMap(
  (action) =>
    ['a', 'b', 'ab', 'aab', 'ba', 'abb', '*'].flatMap((resource) =>
      ['w1', 'w2', 'w3', '*'].map((workspace): Question => [action, resource, workspace]),
    ),
);

export function statement(actions: string[], resources: string[] = ['*'], workspace = '*'): Statement {
  return toStatement({ actions, resources, workspace });
}

const references = new Map<string, RegExp>();

/** What a pattern means, said with a regular expression. */
export function reference(pattern: string): RegExp {
  const known = references.get(pattern);
  if (known !== undefined) return known;
  const parts = pattern.split('*').map((run) => run.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const made = new RegExp(`^${parts.join('[^]*')}$`, 'u');
  references.set(pattern, made);
  return made;
}

/** Whether any of `list` allows what is asked, said as plainly as can be. */
export function naiveAllows(list: readonly Statement[], [action, resource, workspace]: Question): boolean {
  return list.some(
    (each) =>
      each.actions.some((pattern) => reference(pattern).test(action)) &&
      each.resources.some((pattern) => reference(pattern).test(resource)) &&
      (each.workspace === '*' || each.workspace === workspace),
  );
}
