import { SharedParts } from '../../../lib/verification/shared-parts.js';
import { copyOf, Draw } from '../../conformance/store-samples.js';

const draw = new Draw(1);
const statements = (...actions: string[]) => [{ actions, resources: ['*'], workspace: '*', description: '' }];

/** A new field of keys that is not among these takes memory in every cached key. */
const ONLY_SHOWN = [
  'version',
  'description',
  'createdBy',
  'dialects',
  'prefix',
  'lastFour',
  'updatedAt',
  'revokedBy',
  'revokedReason',
  'defaultWorkspace',
  'expungeAt',
];

describe('what cached keys share', () => {
  it('are equal lists of statements, those of ceilings among them', () => {
    const parts = new SharedParts();
    const one = parts.share(draw.record({ statements: statements('a'), ceiling: [statements('b')] }));
    const other = parts.share(draw.record({ statements: statements('b'), ceiling: [statements('a')] }));
    expect(other.statements).toBe(one.ceiling[0]);
    expect(other.ceiling[0]).toBe(one.statements);
  });

  it('are not lists that differ, nor very long ones', () => {
    const parts = new SharedParts();
    const long = Array.from({ length: 200 }, (_, index) => `action:${index}`);
    const records = [['a'], ['b'], long, long].map((actions) =>
      parts.share(draw.record({ statements: statements(...actions) })),
    );
    expect(new Set(records.map((record) => record.statements)).size).toBe(4);
  });

  it.each([{}, { parentIds: ['p'], policyIds: ['q'], ceiling: [statements('c')], properties: {}, dialects: {} }])(
    'changes nothing of what verification needs of a record: %p',
    (fields) => {
      const record = draw.record(fields);
      const shared = new SharedParts().share(copyOf(record));
      expect(record).toMatchObject(shared);
      const parts = [shared, shared.statements, shared.statements[0]?.actions, shared.parentIds];
      expect(parts.every(Object.isFrozen)).toBe(true);
    },
  );

  it('leaves out what only is shown', () => {
    const record = draw.record();
    const kept = Object.keys(new SharedParts().share(record));
    expect(
      Object.keys(record)
        .filter((field) => !kept.includes(field))
        .sort(),
    ).toEqual(ONLY_SHOWN.toSorted());
  });

  it('is left as it is where it is frozen already', () => {
    const record = Object.freeze(draw.record());
    expect(new SharedParts().share(record)).toBe(record);
  });
});
