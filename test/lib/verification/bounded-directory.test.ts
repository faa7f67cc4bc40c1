import type { StatementInput, User } from '../../../lib/index.js';
import { BoundedDirectory } from '../../../lib/verification/bounded-directory.js';
import { TestDirectory } from '../../support/test-directory.js';

const ADA: User = { id: 'ada', orgId: null, userName: 'ada', isEnabled: true };

/** A directory whose answers nobody has checked. */
function answering(answer: unknown): BoundedDirectory {
  const directory = new TestDirectory();
  directory.findById = () => Promise.resolve(answer as User);
  directory.statements = () => Promise.resolve(answer as StatementInput[]);
  return new BoundedDirectory(directory);
}

describe('the host’s directory', () => {
  it.each([
    [7],
    ['ada'],
    [{}],
    [{ ...ADA, id: 7 }],
    [{ ...ADA, id: '' }],
    [{ ...ADA, id: undefined }],
    [{ ...ADA, orgId: 5 }],
    [{ ...ADA, userName: null }],
    [{ ...ADA, isEnabled: 'yes' }],
  ])('that answers %j for a user is out of order: neither a yes nor a no', async (answer) => {
    await expect(answering(answer).findById('ada')).rejects.toMatchObject({ code: 'store_unavailable', status: 503 });
  });

  it.each([[null], [undefined], [[null]], [[{}]], [[{ actions: 'a' }]], [[{ actions: ['a b'] }]]])(
    'that answers %j for statements is out of order too',
    async (answer) => {
      await expect(answering(answer).statements(ADA)).rejects.toMatchObject({ code: 'store_unavailable' });
    },
  );

  it('may leave the organisation out, and answer undefined for nobody', async () => {
    const { orgId: _, ...withoutOrg } = ADA;
    expect(await answering(withoutOrg).findById('ada')).toEqual(ADA);
    expect(await answering(undefined).findById('ada')).toBeNull();
  });

  it.each([0, -1, 1.5, 1e12, Number.NaN])('has no time-out of %d', (timeoutMs) => {
    expect(() => new BoundedDirectory(new TestDirectory(), timeoutMs)).toThrow(TypeError);
  });
});
