import { SharedParts } from '../../../lib/verification/shared-parts.js';
import { Draw } from '../../conformance/store-samples.js';

const draw = new Draw(1);
const statements = (...actions: string[]) => [{ actions, resources: ['*'], workspace: '*', description: '' }];

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
    'changes nothing of what a record says: %p',
    (fields) => {
      const record = draw.record(fields);
      const before = structuredClone(record);
      const shared = new SharedParts().share(record);
      expect(shared).toEqual(before);
      expect([shared, shared.statements, shared.statements[0]?.actions, shared.parentIds].every(Object.isFrozen)).toBe(
        true,
      );
    },
  );

  it('is left as it is where it is frozen already', () => {
    const parts = new SharedParts();
    const record = parts.share(draw.record());
    expect(parts.share(record)).toBe(record);
  });
});
