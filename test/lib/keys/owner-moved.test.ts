import type { Core } from '../../../lib/core.js';
import type { IssuedKey, NewKey, User } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import { until } from '../../conformance/store-suite.js';
import { People } from '../../support/people.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import { TIMED_PLACES, type TimedPlace } from '../timed-places.js';

const by = { by: 'setup' };
const ALL = [{ actions: ['*'] }];

/** Finds users by their ids without regard to case, as some databases do. */
class GentlePeople extends People {
  override findById(id: string): Promise<User | null> {
    return super.findById(id.toLowerCase());
  }
}

describe.each(TIMED_PLACES)('the keys of a user who changes the organisation, in $name,', ({ open }) => {
  let place: TimedPlace;
  let people: People;
  let one: Core;
  let other: Core;
  const cores: Core[] = [];

  beforeAll(async () => {
    place = await open();
  });
  afterAll(() => place.stop());

  beforeEach(async () => {
    await place.clear();
    people = new GentlePeople().set('ada', { statements: ALL }).set('bob', { statements: ALL });
    [one, other] = [await start(), await start()];
  });
  afterEach(async () => {
    for (const core of cores.splice(0)) await core.close();
  });

  async function start(): Promise<Core> {
    const core = newCore({ store: place.connect(), now: place.clock.now, users: people });
    cores.push(core);
    await until('the change feed is live', () => core.store.changes.isLive);
    return core;
  }

  const create = (fields: Partial<NewKey> = {}) => one.apiKeys.create({ name: 'ci', ownerId: 'ada', ...fields }, by);

  async function outcome(core: Core, { key, secret }: IssuedKey): Promise<string> {
    const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    return verdict instanceof Principal ? `of ${verdict.orgId}` : verdict.reason;
  }

  it('are refused at once in every instance that had let them in', async () => {
    const [moved, stays] = [await create(), await create({ ownerId: 'bob' })];
    const minted = await one.sessionKeys.mint({ userId: 'ada', durationMs: 60_000 }, by);
    for (const core of [one, other]) {
      expect([await outcome(core, moved), await outcome(core, minted)]).toEqual(['of acme', 'of acme']);
      expect(await outcome(core, stays)).toBe('of acme');
    }
    people.set('ada', { orgId: 'rivals' });
    await one.userChanged('ada');
    expect([await outcome(one, moved), await outcome(one, minted)]).toEqual(['owner_moved', 'owner_moved']);
    await until('the other instance has heard of it', async () => (await outcome(other, moved)) === 'owner_moved');
    expect([await outcome(other, moved), await outcome(other, minted)]).toEqual(['owner_moved', 'owner_moved']);
    for (const core of [one, other]) expect(await outcome(core, stays)).toBe('of acme');
  });

  it('are refused in an instance that never saw them before, and let in again when the user is back', async () => {
    const issued = await create();
    people.set('ada', { orgId: null });
    await one.userChanged('ada');
    const late = await start();
    expect([await outcome(one, issued), await outcome(late, issued)]).toEqual(['owner_moved', 'owner_moved']);
    people.set('ada', { orgId: 'acme' });
    await one.userChanged('ada');
    expect(await outcome(one, issued)).toBe('of acme');
    await until('the other has heard of it', async () => (await outcome(late, issued)) === 'of acme');
  });

  it('cannot be made for an organisation that is not the user’s, also by the host’s own code', async () => {
    const { key } = await create();
    expect([key.orgId, (await create({ orgId: 'acme' })).key.orgId]).toEqual(['acme', 'acme']);
    const refused = [
      create({ orgId: 'rivals' }),
      one.sessionKeys.mint({ userId: 'ada', orgId: 'rivals', durationMs: 60_000 }, by),
    ];
    for (const making of refused) {
      const error = await refusalOf(making);
      expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
      expect(error.errors).toEqual([{ path: 'orgId', message: 'must be that of the owner' }]);
    }
  });

  it('nor for a user of no organisation with one', async () => {
    people.set('eve', { orgId: null });
    expect((await refusalOf(create({ ownerId: 'eve', orgId: 'acme' }))).errors).toEqual([
      { path: 'orgId', message: 'must be that of the owner' },
    ]);
    expect((await create({ ownerId: 'eve' })).key.orgId).toBeNull();
  });

  it('are not made under a name that the directory answers with another id', async () => {
    const fault = { message: 'is no enabled user' };
    expect((await refusalOf(create({ ownerId: 'BOB' }))).errors).toEqual([{ path: 'ownerId', ...fault }]);
    const minting = one.sessionKeys.mint({ userId: 'BOB', durationMs: 60_000 }, by);
    expect((await refusalOf(minting)).errors).toEqual([{ path: 'userId', ...fault }]);
    expect(await outcome(one, await create({ ownerId: 'bob' }))).toBe('of acme');
  });
});
