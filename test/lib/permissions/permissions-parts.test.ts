import fc from 'fast-check';
import { intersect, Permissions } from '../../../lib/permissions/permissions.js';
import type { Ceiling, Statement } from '../../../lib/permissions/statement.js';
import { FULL_ACCESS } from '../../../lib/permissions/statement.js';
import {
  concreteText,
  likelyQuestions,
  likelyStatements,
  naiveAllows,
  type Question,
  statement,
  statements,
  workspaces,
} from '../statement-samples.js';

const list = fc.array(fc.oneof(likelyStatements, fc.constant(FULL_ACCESS)), { maxLength: 4 });
const lists = fc.array(list, { minLength: 1, maxLength: 4 });
const RUNS = { numRuns: 1_000 };

/** Of several lists, in each way that there is to say it. */
function allWays([first, ...others]: readonly (readonly Statement[])[]): Permissions[] {
  if (first === undefined) throw new Error('there is no list');
  const parts = others.map((each) => new Permissions(each));
  const alone = new Permissions(first);
  return [
    new Permissions(first, ...others),
    new Permissions(alone, ...parts),
    intersect(alone, ...parts),
    parts.reduce((all, part) => intersect(part, all), alone),
  ];
}

/** As a ceiling that was kept is read back. */
function fromCeiling([first, ...others]: Ceiling): Permissions {
  return new Permissions(first ?? [FULL_ACCESS], ...others);
}

/** The answers to all questions, one letter for each: quick to compare. */
function answers(permissions: Permissions, questions = likelyQuestions): string {
  return questions.map((question) => (permissions.allows(...question) ? 'y' : 'n')).join('');
}

/** Whether `outer` allows all that `inner` does, as far as it is asked. */
function allowsAllOf(outer: Permissions, inner: Permissions): boolean {
  return likelyQuestions.every((question) => !inner.allows(...question) || outer.allows(...question));
}

describe('several parts', () => {
  it('allow exactly what all of them allow', () => {
    let allowed = 0;
    fc.assert(
      fc.property(lists, (parts) => {
        const expected = likelyQuestions.map((question) => parts.every((part) => naiveAllows(part, question)));
        allowed += expected.filter(Boolean).length;
        const letters = expected.map((yes) => (yes ? 'y' : 'n')).join('');
        for (const permissions of allWays(parts)) expect(answers(permissions)).toBe(letters);
      }),
      RUNS,
    );
    expect(allowed).toBeGreaterThan(1_000);
  });

  it('allow exactly what all of them allow, of any patterns and texts', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(statements, { maxLength: 4 }), { minLength: 1, maxLength: 3 }),
        fc.tuple(concreteText, concreteText, workspaces),
        (parts, question) => {
          const expected = parts.every((part) => naiveAllows(part, question));
          for (const permissions of allWays(parts)) expect(permissions.allows(...question)).toBe(expected);
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('lose no right when any of them gets one statement more', () => {
    fc.assert(
      fc.property(lists, likelyStatements, fc.nat(3), fc.nat(4), (parts, more, index, at) => {
        const changed = parts.map((part, i) =>
          i === index % parts.length ? [...part.slice(0, at), more, ...part.slice(at)] : part,
        );
        const [before, after] = [allWays(parts)[0] as Permissions, allWays(changed)[0] as Permissions];
        expect(allowsAllOf(after, before)).toBe(true);
      }),
      RUNS,
    );
  });

  it('gain no right when there is one part more', () => {
    fc.assert(
      fc.property(lists, list, (parts, more) => {
        const [before, after] = [allWays(parts)[0] as Permissions, allWays([...parts, more])[0] as Permissions];
        expect(allowsAllOf(before, after)).toBe(true);
      }),
      RUNS,
    );
  });

  it('one of which has no statement allow nothing', () => {
    for (const permissions of allWays([[FULL_ACCESS], [], [FULL_ACCESS]])) {
      expect(answers(permissions)).not.toContain('y');
    }
  });
});

describe('covers', () => {
  it('asks every part, and says yes only where all that the statement allows is allowed', () => {
    let covered = 0;
    fc.assert(
      fc.property(lists, likelyStatements, (parts, wanted) => {
        for (const permissions of allWays(parts)) {
          if (!permissions.covers(wanted)) continue;
          covered++;
          const asked = likelyQuestions.filter((question) => naiveAllows([wanted], question));
          expect(asked.every((question) => permissions.allows(...question))).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(covered).toBeGreaterThan(100);
  });
});

describe('includes', () => {
  it('says yes only where everything that the other ones allow is allowed', () => {
    let included = 0;
    fc.assert(
      fc.property(lists, lists, (outerParts, innerParts) => {
        const [outer, inner] = [allWays(outerParts)[0] as Permissions, allWays(innerParts)[0] as Permissions];
        if (!outer.includes(inner)) return;
        included++;
        expect(allowsAllOf(outer, inner)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
    expect(included).toBeGreaterThan(100);
  });

  it('says yes to the same, to fewer statements, and to more parts', () => {
    fc.assert(
      fc.property(lists, list, fc.nat(3), (parts, more, index) => {
        const permissions = allWays(parts)[0] as Permissions;
        const fewer = parts.map((part, i) => (i === index % parts.length ? part.slice(1) : part));
        for (const inner of [...allWays(parts), ...allWays(fewer), ...allWays([more, ...parts])]) {
          expect(permissions.includes(inner)).toBe(true);
        }
        expect(new Permissions([FULL_ACCESS]).includes(permissions)).toBe(true);
      }),
      RUNS,
    );
  });

  it('is not fooled by parts that hold each other in only together', () => {
    const holder = new Permissions([statement(['a:read'], ['r/1'])]);
    const inner = new Permissions([statement(['a:*'], ['r/1'])], [statement(['*'], ['r/1', 'r/2'])]);
    expect(holder.includes(inner)).toBe(false);
    expect(new Permissions([statement(['a:*'], ['r/*'])]).includes(inner)).toBe(true);
    expect(inner.includes(new Permissions([statement(['a:x'], ['r/1'])]))).toBe(true);
    expect(inner.includes(new Permissions([statement(['a:x'], ['r/2'])]))).toBe(false);
  });
});

describe('toCeiling', () => {
  it('compiled again allows exactly the same', () => {
    fc.assert(
      fc.property(lists, (parts) => {
        for (const permissions of allWays(parts)) {
          const again = fromCeiling(permissions.toCeiling());
          expect(answers(again)).toBe(answers(permissions));
          expect(again.includes(permissions) && permissions.includes(again)).toBe(true);
          expect(again.toCeiling()).toEqual(permissions.toCeiling());
        }
      }),
      RUNS,
    );
  });

  it('compiled again allows exactly the same, of any patterns and texts', () => {
    const questions = fc.array(fc.tuple(concreteText, concreteText, workspaces), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(fc.array(statements, { maxLength: 3 }), { minLength: 1, maxLength: 3 }),
        questions,
        (parts, asked) => {
          const permissions = allWays(parts)[0] as Permissions;
          const again = fromCeiling(permissions.toCeiling());
          const these: readonly Question[] = asked;
          expect(answers(again, these)).toBe(answers(permissions, these));
        },
      ),
      RUNS,
    );
  });

  it('keeps no list that bounds nothing, nor one that another makes needless', () => {
    const some = statement(['orders:*']);
    const fewer = statement(['orders:read'], ['orders/*']);
    expect(new Permissions([FULL_ACCESS]).toCeiling()).toEqual([]);
    expect(new Permissions([FULL_ACCESS, some], [FULL_ACCESS]).toCeiling()).toEqual([]);
    expect(new Permissions([FULL_ACCESS], [some]).toCeiling()).toEqual([[some]]);
    expect(new Permissions([some], [fewer], [some]).toCeiling()).toEqual([[fewer]]);
    expect(new Permissions([fewer], [some]).toCeiling()).toEqual([[fewer]]);
    expect(new Permissions([some], []).toCeiling()).toEqual([[]]);
    expect(new Permissions([some], [statement(['*:read'])]).toCeiling()).toEqual([[some], [statement(['*:read'])]]);
  });

  it('does not grow from generation to generation of one and the same list', () => {
    const own = [statement(['orders:*']), statement(['parcels:read'])];
    let ceiling: Ceiling = [own];
    for (let generation = 0; generation < 20; generation++) ceiling = new Permissions(own, ...ceiling).toCeiling();
    expect(ceiling).toEqual([own]);
  });

  it('holds in whatever statements stand beside it: nobody can make more of it than it was made from', () => {
    fc.assert(
      fc.property(lists, list, list, (parts, own, ofOwner) => {
        const maker = allWays(parts)[0] as Permissions;
        const [first = [FULL_ACCESS], ...others] = [...maker.toCeiling(), ofOwner];
        const narrowed = new Permissions(first, ...others).toCeiling();
        expect(maker.includes(new Permissions(own, ...narrowed))).toBe(true);
        expect(new Permissions(ofOwner).includes(new Permissions(own, ...narrowed))).toBe(true);
      }),
      RUNS,
    );
  });
});
