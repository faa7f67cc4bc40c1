import type { Core } from '../../../lib/core.js';
import type { HostPolicy, NewSessionKey } from '../../../lib/index.js';
import type { SessionKeys } from '../../../lib/keys/session-keys.js';
import { Principal } from '../../../lib/principal.js';
import type { Clock } from '../clock.js';
import { DAY_MS } from '../clock.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import { TIMED_PLACES, type TimedPlace } from '../timed-places.js';

const HOUR_MS = 3_600_000;
const by = { by: 'setup' };
const READ = { actions: ['orders:read'], resources: ['orders/*'], workspace: 'w1', description: 'reads orders' };
const SHIP: HostPolicy = { id: 'ship', name: 'Shipping', statements: [{ actions: ['parcels:*'] }] };
const LOOK: HostPolicy = { id: 'look', name: 'Looking', statements: [READ] };

describe.each(TIMED_PLACES)('a session key in $name', ({ open }) => {
  let place: TimedPlace;
  let clock: Clock;
  let core: Core;
  let sessionKeys: SessionKeys;

  beforeAll(async () => {
    place = await open();
    clock = place.clock;
  });
  afterAll(() => place.stop());

  beforeEach(async () => {
    await place.clear();
    core = newCore({ store: place.connect(), now: clock.now, policies: Object.freeze([SHIP, LOOK]) });
    sessionKeys = core.sessionKeys;
  });
  afterEach(() => core.close());

  const mint = (fields: Partial<NewSessionKey> = {}, actor: Principal | string = 'setup') =>
    sessionKeys.mint({ userId: 'ada', orgId: 'acme', ...fields }, { by: actor });

  async function reason(id: string, secret: string): Promise<string> {
    const verdict = await core.verifier.verify({ scheme: 'api-key', id, secret }, null);
    return verdict instanceof Principal ? 'ok' : verdict.reason;
  }

  async function principalOf({ key, secret }: { key: { id: string }; secret: string }): Promise<Principal> {
    const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    if (!(verdict instanceof Principal)) throw new Error(`not let in: ${verdict.reason}`);
    return verdict;
  }

  it('is an API key of its own kind that lives an hour when nothing is said', async () => {
    const { key, secret, token, policies } = await mint();
    expect(key).toMatchObject({
      kind: 'session-key',
      name: key.id,
      ownerId: 'ada',
      orgId: 'acme',
      createdBy: 'setup',
      statements: [],
      resources: null,
      properties: {},
      defaultWorkspace: null,
      internalOnly: false,
      state: 'active',
      createdAt: clock.nowAt,
      expiresAt: clock.nowAt + HOUR_MS,
    });
    expect([token, policies]).toEqual([`lk_${key.id}_${secret}`, []]);
    const { credential } = await principalOf({ key, secret });
    expect(credential).toMatchObject({ kind: 'session-key', id: key.id, expiresAt: clock.nowAt + HOUR_MS });
    expect(await core.apiKeys.get(key.id)).toMatchObject({ id: key.id, kind: 'session-key' });
  });

  it('refers to the policies that it names, and keeps the statements of its own', async () => {
    const issued = await mint({ policyIds: ['look', 'ship'], statements: [{ actions: ['a:b'] }] });
    const own = [{ actions: ['a:b'], resources: ['*'], workspace: '*', description: '' }];
    const parcels = { actions: ['parcels:*'], resources: ['*'], workspace: '*', description: '' };
    expect(issued.key).toMatchObject({ policyIds: ['look', 'ship'], statements: own });
    const principal = await principalOf(issued);
    expect(principal.policyIds).toEqual(['look', 'ship']);
    expect(principal.statements).toEqual([...own, READ, parcels]);
    expect(principal.can('a:b')).toBe(true);
    expect(principal.can('orders:read', 'orders/1', 'w1')).toBe(true);
    expect(principal.can('orders:read', 'orders/1', 'w2')).toBe(false);
    expect(principal.can('parcels:send')).toBe(true);
    expect(principal.can('keys:manage')).toBe(false);
  });

  it('is answered with its policies as they are, and with its own statements as one of type internal', async () => {
    const { key, policies } = await mint({ policyIds: ['ship', 'look'], statements: [{ actions: ['a:b'] }] });
    const [ship, look, inline] = policies;
    expect(policies).toHaveLength(3);
    expect(ship).toEqual(await core.policies.get('ship', 'acme'));
    expect(look).toMatchObject({ id: 'look', name: 'Looking', type: 'role', isBuiltIn: true, statements: [READ] });
    expect(inline).toEqual({
      id: key.id,
      version: 1,
      type: 'internal',
      name: key.name,
      description: '',
      orgId: 'acme',
      statements: [{ actions: ['a:b'], resources: ['*'], workspace: '*', description: '' }],
      templateId: null,
      workspace: null,
      properties: {},
      dialects: {},
      createdBy: 'setup',
      createdAt: clock.nowAt,
      updatedAt: clock.nowAt,
      isBuiltIn: false,
    });
    expect(await core.policies.get(key.id, 'acme')).toEqual(inline);
    expect(await core.policies.get(key.id, 'other')).toBeNull();
  });

  it('has no policy of its own where it has no statements of its own, nor can another key have one', async () => {
    const { key, policies } = await mint({ policyIds: ['look'], statements: [] });
    expect(policies.map(({ id }) => id)).toEqual(['look']);
    expect(await core.policies.get(key.id, 'acme')).toBeNull();
    const other = await mint({ statements: [READ] });
    const error = await refusalOf(mint({ policyIds: [other.key.id] }));
    expect(error.errors).toEqual([{ path: 'policyIds.0', message: 'names no policy' }]);
  });

  it('follows a policy that is changed, and has nothing of one that is gone', async () => {
    const policy = await core.policies.create({ name: 'Builds', orgId: 'acme', statements: [READ] }, by);
    const issued = await mint({ policyIds: [policy.id] });
    expect((await principalOf(issued)).can('orders:read', 'orders/1', 'w1')).toBe(true);
    await core.policies.update(policy.id, { statements: [{ actions: ['parcels:*'] }] }, by);
    const changed = await principalOf(issued);
    expect([changed.can('orders:read', 'orders/1', 'w1'), changed.can('parcels:send')]).toEqual([false, true]);
    expect(await core.policies.remove(policy.id, { ...by, detach: true })).toBe(1);
    const left = await principalOf(issued);
    expect([left.can('parcels:send'), left.policyIds]).toEqual([false, []]);
  });

  it('is not made with a policy of another organisation, nor with a template', async () => {
    const foreign = await core.policies.create({ name: 'Theirs', orgId: 'other', statements: [READ] }, by);
    const template = await core.policies.create(
      { name: 'Shape', type: 'template', orgId: 'acme', statements: [READ] },
      by,
    );
    const { errors } = await refusalOf(mint({ policyIds: ['look', foreign.id, template.id] }));
    expect(errors).toEqual([
      { path: 'policyIds.1', message: 'names no policy' },
      { path: 'policyIds.2', message: 'names no policy' },
    ]);
  });

  it('takes null for nothing, as callers without types have it', async () => {
    const { key, policies } = await mint({ statements: null as never, policyIds: null as never });
    expect([key.statements, key.policyIds, policies]).toEqual([[], [], []]);
    const { items } = await core.apiKeys.list({ orgId: 'acme' });
    expect(items.map(({ id }) => id)).toEqual([key.id]);
  });

  it('keeps name, properties and default workspace', async () => {
    const fields = { name: 'build 7', properties: { build: '7', branch: 'main' }, defaultWorkspace: 'w1' };
    const issued = await mint(fields);
    expect(issued.key).toMatchObject(fields);
    expect((await principalOf(issued)).properties).toEqual(fields.properties);
  });

  it.each<[string, Partial<NewSessionKey>, string, string]>([
    ['an unknown policy', { policyIds: ['look', 'gone'] }, 'policyIds.1', 'names no policy'],
    ['a policy named like a member of objects', { policyIds: ['__proto__'] }, 'policyIds.0', 'names no policy'],
    ['no time', { durationMs: 0 }, 'durationMs', 'must be a whole number of ms from 1000 to 86400000'],
    ['less than none', { durationMs: -1 }, 'durationMs', 'must be a whole number of ms from 1000 to 86400000'],
    ['more than a day', { durationMs: DAY_MS + 1 }, 'durationMs', 'must be a whole number of ms from 1000 to 86400000'],
    ['half a ms', { durationMs: 1_000.5 }, 'durationMs', 'must be a whole number of ms from 1000 to 86400000'],
    ['for ever', { durationMs: Infinity }, 'durationMs', 'must be a whole number of ms from 1000 to 86400000'],
    ['a number that is none', { durationMs: NaN }, 'durationMs', 'must be a whole number of ms from 1000 to 86400000'],
    [
      'a time that is a text',
      { durationMs: '60000' as never },
      'durationMs',
      'must be a whole number of ms from 1000 to 86400000',
    ],
    [
      'a time that is no number',
      { durationMs: 60_000n as never },
      'durationMs',
      'must be a whole number of ms from 1000 to 86400000',
    ],
    ['no user', { userId: '' }, 'userId', 'must have 1 to 128 printable characters'],
    ['an empty organisation', { orgId: '' }, 'orgId', 'must have 1 to 128 printable characters'],
    ['an empty workspace', { defaultWorkspace: '' }, 'defaultWorkspace', 'must have 1 to 128 printable characters'],
    ['an empty name', { name: '' }, 'name', 'must have 1 to 256 printable characters'],
  ])('is not made with %s', async (_what, fields, path, message) => {
    const error = await refusalOf(mint(fields));
    expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
    expect(error.errors).toContainEqual({ path, message });
  });

  it('names every field that has to be mended at once', async () => {
    const { errors } = await refusalOf(mint({ policyIds: ['x', 'y'], durationMs: 1, name: '' }));
    expect(errors.map(({ path }) => path)).toEqual(['policyIds.0', 'policyIds.1', 'durationMs', 'name']);
  });

  it.each([1_000, HOUR_MS, DAY_MS])('of %i ms is refused the moment it expires', async (durationMs) => {
    const { key, secret } = await mint({ durationMs });
    expect(key.expiresAt).toBe(clock.nowAt + durationMs);
    expect(await reason(key.id, secret)).toBe('ok');
    clock.advance(durationMs - 1);
    expect(await reason(key.id, secret)).toBe('ok');
    clock.advance(1);
    expect(await reason(key.id, secret)).toBe('expired');
    expect(await core.apiKeys.get(key.id)).toMatchObject({ state: 'expired' });
  });

  it.each(['left alone', 'changed', 'revoked'])('is removed for good a day after its end: %s', async (how) => {
    const { key, secret } = await mint();
    if (how === 'changed') await core.apiKeys.update(key.id, { name: 'other' }, by);
    if (how === 'revoked') await core.apiKeys.revoke(key.id, by);
    clock.advance(HOUR_MS + DAY_MS - 1);
    expect(await core.apiKeys.expunge()).toBe(0);
    expect(await core.apiKeys.get(key.id)).not.toBeNull();
    clock.advance(1);
    expect(await core.apiKeys.expunge()).toBe(1);
    expect(await core.apiKeys.get(key.id)).toBeNull();
    expect(await reason(key.id, secret)).toBe('unknown_id');
  });

  it('always expires: no change makes it live longer, not even where keys may live for ever', async () => {
    const store = place.connect();
    const generous = newCore({ store, now: clock.now, keys: { allowNever: true, maxLifetimeMs: null } });
    const { key, secret } = await mint();
    for (const change of [{ expiresAt: null }, { expiresAt: clock.nowAt + 2 * DAY_MS }, { lifetimeMs: 60_000 }]) {
      const error = await refusalOf(generous.apiKeys.update(key.id, change, by));
      expect(error.errors).toEqual([{ path: 'expiresAt', message: 'of a session key cannot be changed' }]);
    }
    const rotated = await generous.apiKeys.rotate(key.id, { ...by, graceMs: 5 * DAY_MS });
    await generous.apiKeys.disable(key.id, by);
    await generous.apiKeys.enable(key.id, by);
    clock.advance(HOUR_MS);
    expect([await reason(key.id, secret), await reason(key.id, rotated.secret)]).toEqual(['expired', 'expired']);
    await generous.close();
  });

  describe('issued by a principal', () => {
    async function issuer(actions: string[], resources: string[] | null = null): Promise<Principal> {
      const statements = [{ actions }];
      return await principalOf(
        await core.apiKeys.create({ name: 'issuer', ownerId: 'ida', orgId: 'acme', statements, resources }, by),
      );
    }

    it('never has more rights than its issuer, by policy or by statement', async () => {
      const ida = await issuer(['orders:*', 'session-keys:issue']);
      const issued = await mint({ policyIds: ['look'] }, ida);
      expect(issued.key).toMatchObject({ ownerId: 'ada', createdBy: 'ida' });
      for (const [fields, paths] of [
        [{ policyIds: ['ship'] }, ['policyIds.0']],
        [{ policyIds: ['look', 'full-access'], statements: [{ actions: ['*'] }] }, ['statements.0', 'policyIds.1']],
        [{ statements: [{ actions: ['orders:*', 'users:read'] }] }, ['statements.0']],
      ] as const) {
        const error = await refusalOf(mint(fields, ida));
        expect(error).toMatchObject({
          code: 'forbidden',
          status: 403,
          message: 'The key would have more rights than the credential.',
        });
        expect(error.errors.map(({ path }) => path)).toEqual(paths);
      }
    });

    it('does not grow beyond its issuer with a policy that grows', async () => {
      const ida = await issuer(['orders:*']);
      const policy = await core.policies.create({ name: 'Growing', orgId: 'acme', statements: [READ] }, by);
      const issued = await mint({ policyIds: [policy.id] }, ida);
      await core.policies.update(policy.id, { statements: [{ actions: ['*'] }] }, by);
      const principal = await principalOf(issued);
      expect(principal.can('orders:write', 'orders/9')).toBe(true);
      expect(principal.can('parcels:send')).toBe(false);
    });

    it('names the keys that it comes from, the nearest first', async () => {
      const ida = await issuer(['*']);
      const child = await mint({ statements: [{ actions: ['*'] }] }, ida);
      const grandchild = await mint({}, await principalOf(child));
      expect(child.key.parentIds).toEqual([ida.credential.id]);
      expect(grandchild.key.parentIds).toEqual([child.key.id, ida.credential.id]);
    });

    it('is tied to the resources that its issuer is tied to', async () => {
      const ida = await issuer(['*'], ['orders/1*']);
      const issued = await mint({ statements: [{ actions: ['*'] }] }, ida);
      expect(issued.key.resources).toEqual(['orders/1*']);
      const principal = await principalOf(issued);
      expect([principal.can('a', 'orders/12'), principal.can('a', 'orders/2')]).toEqual([true, false]);
    });

    it('which is a session key itself does not outlive it, nor does an API key', async () => {
      const ida = await principalOf(await mint({ statements: [{ actions: ['*'] }], durationMs: HOUR_MS }));
      clock.advance(HOUR_MS / 2);
      const errors = [{ path: 'expiresAt', message: expect.stringMatching(/^must not be after /) }];
      const late = HOUR_MS / 2 + 1_000;
      expect((await refusalOf(mint({ durationMs: late }, ida))).errors).toEqual(errors);
      const apiKey = { name: 'k', ownerId: 'ada', orgId: 'acme' };
      const tooLong = await refusalOf(core.apiKeys.create({ ...apiKey, lifetimeMs: late }, { by: ida }));
      expect([tooLong.status, tooLong.errors]).toEqual([403, errors]);
      const made = [
        (await mint({ durationMs: HOUR_MS / 2 }, ida)).key,
        (await core.apiKeys.create({ ...apiKey, lifetimeMs: HOUR_MS / 2 }, { by: ida })).key,
        (await core.apiKeys.create(apiKey, { by: ida })).key,
      ];
      for (const { expiresAt } of made) expect(expiresAt).toBe(ida.credential.expiresAt);
      const error = await refusalOf(core.apiKeys.update(made[1]?.id ?? '', { lifetimeMs: DAY_MS }, { by: ida }));
      expect(error.errors).toEqual(errors);
    });
  });
});
