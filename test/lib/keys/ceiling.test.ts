import fc from 'fast-check';
import type { Core } from '../../../lib/core.js';
import type { IssuedKey, KeyChanges, NewKey, Statement } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import { until } from '../../conformance/store-suite.js';
import { People } from '../../support/people.js';
import { Clock } from '../clock.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import { likelyQuestions, likelyStatements, naiveAllows, reference, statement } from '../statement-samples.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';

const setup = { by: 'setup' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };
const ALL = statement(['*']);
const ORDERS = statement(['orders:*']);
const READ = statement(['orders:read']);
const PARCELS = statement(['parcels:*']);

async function principalOf(core: Core, { key, secret }: IssuedKey): Promise<Principal> {
  const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
  if (!(verdict instanceof Principal)) throw new Error(`not let in: ${verdict.reason}`);
  return verdict;
}

/** Of these actions those that the key may do now. */
async function rightsOf(core: Core, issued: IssuedKey): Promise<string[]> {
  const principal = await principalOf(core, issued);
  return ['orders:read', 'orders:write', 'parcels:send', 'users:read'].filter((action) => principal.can(action));
}

/** Somebody who has logged in. */
function session(id: string, statements: readonly Statement[]): Principal {
  const credential = {
    kind: 'session' as const,
    id: 's',
    name: id,
    scheme: 'session-cookie' as const,
    expiresAt: null,
  };
  const none = { policyIds: [], resources: null, properties: {}, locale: null, timeZone: null };
  return new Principal({ id, orgId: 'acme', credential, statements, ...none });
}

describe.each(STORE_KINDS)('where the host tells who its users are, in $name,', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let people: People;
  let core: Core;
  const cores: Core[] = [];

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    clock = new Clock();
    people = new People().set('ada', { statements: [ORDERS] }).set('boss', { statements: [ALL] });
    core = await start();
  });
  afterEach(async () => {
    for (const each of cores.splice(0)) await each.close();
  });
  afterAll(() => database.stop());

  async function start(): Promise<Core> {
    const made = newCore({ store: await database.connect(), now: clock.now, users: people });
    cores.push(made);
    return made;
  }

  const create = (fields: Partial<NewKey> = {}, actor: Principal | string = 'setup') =>
    core.apiKeys.create({ ...NEW, ...fields }, { by: actor });
  const update = (id: string, fields: KeyChanges, actor: Principal | string = 'setup') =>
    core.apiKeys.update(id, fields, { by: actor });

  async function become(id: string, statements: readonly Statement[]): Promise<void> {
    people.set(id, { statements });
    await core.userChanged(id);
  }

  it('a key made with neither statements nor policies has what its owner may do', async () => {
    for (const actor of ['setup', session('boss', [ALL]), session('ada', [ORDERS])]) {
      const issued = await create({}, actor);
      expect(issued.key.statements).toEqual([ORDERS]);
      expect(issued.key.ceiling).toEqual([[ORDERS]]);
      expect(await rightsOf(core, issued)).toEqual(['orders:read', 'orders:write']);
    }
    const empty = await create({ statements: [] });
    expect([empty.key.statements, await rightsOf(core, empty)]).toEqual([[], []]);
    const withPolicy = await create({ policyIds: ['auditor'] });
    expect([withPolicy.key.statements, await rightsOf(core, withPolicy)]).toEqual([[], ['orders:read']]);
  });

  it('a key can do no more than its owner could when it was made, whatever its statements say', async () => {
    const issued = await create({ statements: [ALL] });
    expect(await rightsOf(core, issued)).toEqual(['orders:read', 'orders:write']);
    expect((await create({ ownerId: 'boss', statements: [ALL] })).key.ceiling).toEqual([]);
  });

  it('a key made for somebody else can do no more than either of them', async () => {
    people.set('eve', { statements: [READ, PARCELS] });
    const issued = await create({ ownerId: 'eve', statements: [ORDERS] }, session('ada', [ORDERS]));
    expect(await rightsOf(core, issued)).toEqual(['orders:read']);
    await become('eve', [ALL]);
    expect(await rightsOf(core, issued)).toEqual(['orders:read']);
  });

  it('a policy that grows gives a key nothing beyond that', async () => {
    const policy = await core.policies.create({ name: 'p', orgId: 'acme', statements: [READ] }, setup);
    const issued = await create({ policyIds: [policy.id] });
    expect(await rightsOf(core, issued)).toEqual(['orders:read']);
    await core.policies.update(policy.id, { statements: [ORDERS] }, setup);
    expect(await rightsOf(core, issued)).toEqual(['orders:read', 'orders:write']);
    await core.policies.update(policy.id, { statements: [ALL] }, setup);
    expect(await rightsOf(core, issued)).toEqual(['orders:read', 'orders:write']);
    await core.policies.update(policy.id, { statements: [PARCELS] }, setup);
    expect(await rightsOf(core, issued)).toEqual([]);
  });

  it('an owner who is promoted gives nothing to keys that were made before, until that is asked for', async () => {
    const issued = await create({ statements: [ALL] });
    await become('ada', [ORDERS, PARCELS]);
    expect(await rightsOf(core, issued)).toEqual(['orders:read', 'orders:write']);
    expect((await update(issued.key.id, { name: 'renamed' })).ceiling).toEqual([[ORDERS]]);
    expect((await update(issued.key.id, { statements: [ALL, READ] })).ceiling).toEqual([[ORDERS]]);
    expect(await rightsOf(core, issued)).toEqual(['orders:read', 'orders:write']);
    expect((await update(issued.key.id, { refreshCeiling: true })).ceiling).toEqual([[ORDERS, PARCELS]]);
    expect(await rightsOf(core, issued)).toEqual(['orders:read', 'orders:write', 'parcels:send']);
    const later = await create({ statements: [ALL] });
    expect(await rightsOf(core, later)).toEqual(['orders:read', 'orders:write', 'parcels:send']);
  });

  it('a ceiling that is refreshed falls as it rises', async () => {
    const issued = await create({ statements: [ALL] });
    await become('ada', [READ]);
    expect((await update(issued.key.id, { refreshCeiling: true })).ceiling).toEqual([[READ]]);
    await become('ada', [ALL]);
    expect(await rightsOf(core, issued)).toEqual(['orders:read']);
    expect((await update(issued.key.id, { refreshCeiling: true })).ceiling).toEqual([]);
    expect((await rightsOf(core, issued)).length).toBe(4);
  });

  it('an owner who may do less than before can refresh a key down to that, in person, and change nothing else of it', async () => {
    const issued = await create({ statements: [ORDERS] });
    const { id } = issued.key;
    const itself = await principalOf(core, issued);
    await become('ada', [READ]);
    const ada = session('ada', [READ]);
    const fresh = { refreshCeiling: true, statements: [READ] };
    const zoe = session('zoe', [READ]);
    const elsewhere = new Principal({ ...ada, orgId: 'umbrella' });
    const service = new Principal({ ...ada, ownerKind: 'service' });
    const byKey = new Principal({ ...ada, credential: { ...itself.credential, id: 'another' } });
    for (const by of [zoe, elsewhere, service, byKey]) {
      expect(await refusalOf(update(id, fresh, by))).toMatchObject({ code: 'forbidden' });
    }
    expect(await refusalOf(update(id, { name: 'mine' }, ada))).toMatchObject({ code: 'forbidden' });
    expect(await refusalOf(update(id, { ...fresh, statements: [PARCELS] }, ada))).toMatchObject({ code: 'forbidden' });
    expect(await core.apiKeys.get(id)).toMatchObject({ statements: [ORDERS], ceiling: [[ORDERS]] });
    expect(await update(id, fresh, ada)).toMatchObject({ statements: [READ], ceiling: [[READ]] });
    await become('ada', [ALL]);
    expect(await rightsOf(core, issued)).toEqual(['orders:read']);
  });

  it('a ceiling of an owner who is disabled or deleted is refreshed to nothing', async () => {
    for (const end of ['disabled', 'deleted']) {
      people.set('eve', { statements: [ALL], isEnabled: true });
      await core.userChanged('eve');
      const issued = await create({ ownerId: 'eve', statements: [ORDERS] });
      if (end === 'disabled') people.set('eve', { isEnabled: false });
      else people.delete('eve');
      expect((await update(issued.key.id, { refreshCeiling: true })).ceiling).toEqual([[]]);
      people.set('eve', { statements: [ALL], isEnabled: true });
      await core.userChanged('eve');
      expect(await rightsOf(core, issued)).toEqual([]);
    }
  });

  it('an owner who is demoted takes it from every key, in every process that has heard of it', async () => {
    const other = await start();
    const [issued, early] = [await create({ statements: [ALL] }), await create()];
    expect(await rightsOf(other, issued)).toEqual(['orders:read', 'orders:write']);
    people.set('ada', { statements: [READ] });
    await core.userChanged('ada');
    expect(await rightsOf(core, issued)).toEqual(['orders:read']);
    expect(await rightsOf(core, early)).toEqual(['orders:read']);
    await until('the other process knows', async () => (await rightsOf(other, issued)).length === 1);
    await become('ada', [ORDERS, PARCELS]);
    expect(await rightsOf(core, issued)).toEqual(['orders:read', 'orders:write']);
  });

  it('an owner who is demoted is found out within a minute where nobody tells', async () => {
    const issued = await create();
    expect((await rightsOf(core, issued)).length).toBe(2);
    people.set('ada', { statements: [] });
    clock.advance(60_000);
    expect(await rightsOf(core, issued)).toEqual([]);
  });

  it('what a key could do no more when it made another one, that one cannot do when the owner can again', async () => {
    const parent = await create({ statements: [ALL] });
    await become('ada', [READ]);
    const child = await create({}, await principalOf(core, parent));
    expect([child.key.statements, child.key.ceiling]).toEqual([[READ], [[READ]]]);
    await become('ada', [ALL]);
    expect(await rightsOf(core, child)).toEqual(['orders:read']);
    expect(await rightsOf(core, parent)).toEqual(['orders:read', 'orders:write']);
  });

  it('who asks for a fresh ceiling is part of it, and cannot raise it above itself, nor can a key its own', async () => {
    const issued = await create({ statements: [ALL] });
    await become('ada', [ALL]);
    const self = await principalOf(core, issued);
    expect((await update(issued.key.id, { refreshCeiling: true }, self)).ceiling).toEqual([[ORDERS]]);
    const both = await update(issued.key.id, { refreshCeiling: true }, session('zoe', [ORDERS, PARCELS]));
    expect(both.ceiling).toEqual([[ORDERS, PARCELS]]);
    expect((await rightsOf(core, issued)).length).toBe(3);
    const error = await refusalOf(update(issued.key.id, { refreshCeiling: true }, session('zoe', [ORDERS])));
    expect(error).toMatchObject({ code: 'forbidden', errors: [{ path: 'statements.0' }] });
    expect(await core.apiKeys.get(issued.key.id)).toMatchObject({ ceiling: [[ORDERS, PARCELS]] });
  });

  it('allows exactly what the statements, the policy, the owner then, the owner now and the tie all allow', async () => {
    const lists = fc.array(likelyStatements, { minLength: 1, maxLength: 3 });
    const tie = fc.option(fc.constantFrom(['a*'], ['ab', '*b'], ['b']), { nil: null });
    let allowed = 0;
    await fc.assert(
      fc.asyncProperty(lists, lists, lists, lists, lists, tie, async (own, early, late, then, now, resources) => {
        await become('ada', then.map(distinct));
        const policy = await core.policies.create({ name: 'p', orgId: 'acme', statements: early.map(distinct) }, setup);
        const issued = await create({ statements: own.map(distinct), policyIds: [policy.id], resources });
        await core.policies.update(policy.id, { statements: late.map(distinct) }, setup);
        await become('ada', now.map(distinct));
        const principal = await principalOf(core, issued);
        for (const question of likelyQuestions) {
          const isTied = resources === null || resources.some((each) => reference(each).test(question[1]));
          const parts = [[...own, ...late], then, now];
          const expected = isTied && parts.every((part) => naiveAllows(part, question));
          if (expected) allowed++;
          if (principal.can(...question) !== expected) throw new Error(`${question} must be ${expected}`);
        }
      }),
      { numRuns: 100 },
    );
    expect(allowed).toBeGreaterThan(100);
  });
});

/** No entry twice: such a statement is not kept. */
function distinct({ actions, resources, ...rest }: Statement): Statement {
  return { ...rest, actions: [...new Set(actions)], resources: [...new Set(resources)] };
}

describe.each(STORE_KINDS)('where the host does not tell who its users are, in $name,', ({ open }) => {
  let database: Database;
  let core: Core;

  beforeAll(async () => {
    database = await open();
    core = newCore({ store: await database.connect() });
  });
  afterAll(async () => {
    await core.close();
    await database.stop();
  });

  const create = (fields: Partial<NewKey> = {}, actor: Principal | string = 'setup') =>
    core.apiKeys.create({ ...NEW, ...fields }, { by: actor });
  const policyOf = async (...statements: Statement[]) =>
    (await core.policies.create({ name: 'p', orgId: 'acme', statements }, setup)).id;

  it('a key made with neither statements nor policies has what its maker has, or nothing of the host', async () => {
    const policyId = await policyOf(PARCELS);
    const maker = await principalOf(core, await create({ statements: [READ], policyIds: [policyId] }));
    const issued = await create({}, maker);
    expect(issued.key).toMatchObject({ statements: [READ, PARCELS], policyIds: [], ceiling: [[READ, PARCELS]] });
    expect((await create()).key).toMatchObject({ statements: [], ceiling: [] });
  });

  it('a policy that grows gives a key nothing beyond what its maker could do, then or now', async () => {
    const policyId = await policyOf(READ);
    const maker = await principalOf(core, await create({ statements: [ORDERS] }));
    const issued = await create({ policyIds: [policyId] }, maker);
    await core.policies.update(policyId, { statements: [ALL] }, setup);
    expect(await rightsOf(core, issued)).toEqual(['orders:read', 'orders:write']);
    const unbound = await create({ policyIds: [policyId] });
    expect((await rightsOf(core, unbound)).length).toBe(4);
  });

  it('who gives a key further rights bounds them, too', async () => {
    const policyId = await policyOf(READ);
    const { key, ...rest } = await create({ statements: [READ, PARCELS] });
    const admin = session('zoe', [ORDERS, PARCELS]);
    const changed = await core.apiKeys.update(key.id, { policyIds: [policyId] }, { by: admin });
    expect(changed.ceiling).toEqual([[ORDERS, PARCELS]]);
    await core.policies.update(policyId, { statements: [ALL] }, setup);
    expect(await rightsOf(core, { key, ...rest })).toEqual(['orders:read', 'orders:write', 'parcels:send']);
  });

  it('a fresh ceiling is what may do now who asks for it; the host’s own code takes it away', async () => {
    const { key } = await create({ statements: [ALL] }, session('zoe', [ALL, READ]));
    expect(key.ceiling).toEqual([]);
    const narrow = await create({ statements: [ORDERS] }, session('zoe', [ORDERS]));
    const fresh = (actor: Principal | string) =>
      core.apiKeys.update(narrow.key.id, { refreshCeiling: true }, { by: actor });
    expect((await fresh(session('zoe', [ORDERS, PARCELS]))).ceiling).toEqual([[ORDERS, PARCELS]]);
    expect((await fresh('setup')).ceiling).toEqual([]);
  });

  it('statements and policies beyond who asks are each named', async () => {
    const [read, parcels] = [await policyOf(READ), await policyOf(PARCELS)];
    const asks = session('zoe', [ORDERS]);
    const message = 'goes beyond the rights of the credential that asks for it';
    const fields = { statements: [READ, PARCELS, ALL], policyIds: [read, 'full-access', 'auditor', parcels] };
    const expected = ['statements.1', 'statements.2', 'policyIds.1', 'policyIds.2', 'policyIds.3'].map((path) => ({
      path,
      message,
    }));
    const error = await refusalOf(create(fields, asks));
    expect(error).toMatchObject({ code: 'forbidden', status: 403, errors: expected });
    expect(error.message).toBe('The key would have more rights than the credential.');
    const { key } = await create({ statements: [READ] });
    expect((await refusalOf(core.apiKeys.update(key.id, fields, { by: asks }))).errors).toEqual(expected);
    expect(await core.apiKeys.get(key.id)).toMatchObject({ version: 1 });
  });

  it('what a key has already is not asked about again, nor what is taken from it', async () => {
    const { key } = await create({ statements: [ALL, READ], policyIds: ['full-access'] }, session('zoe', [ALL]));
    const bound = await create({ statements: [READ] }, session('zoe', [ORDERS]));
    const record = await core.apiKeys.update(bound.key.id, { statements: [READ, ORDERS] }, setup);
    const asks = session('zoe', [ORDERS, PARCELS]);
    expect(await core.apiKeys.update(record.id, { statements: [ORDERS, READ] }, { by: asks })).toMatchObject({
      statements: [ORDERS, READ],
    });
    expect(await core.apiKeys.update(record.id, { statements: [] }, { by: asks })).toMatchObject({ statements: [] });
    expect(await refusalOf(core.apiKeys.update(key.id, { statements: [] }, { by: asks }))).toMatchObject({
      status: 403,
    });
  });

  it('keys that exist are compared by what they can really do: their bounds count', async () => {
    const issued = await create({ statements: [ALL], policyIds: ['full-access'] });
    const asks = session('zoe', [ORDERS]);
    const rotate = () => core.apiKeys.rotate(issued.key.id, { by: asks });
    const error = await refusalOf(rotate);
    expect(error).toMatchObject({ code: 'forbidden', errors: [{ path: 'statements.0' }] });
    await core.apiKeys.update(issued.key.id, { refreshCeiling: true }, { by: session('boss', [ALL]) });
    expect(await refusalOf(rotate)).toMatchObject({ code: 'forbidden' });
    const held = await create({ policyIds: ['auditor'] }, session('zoe', [statement(['*:read'])]));
    expect(held.key.ceiling).toEqual([[statement(['*:read'])]]);
    expect(await refusalOf(core.apiKeys.rotate(held.key.id, { by: asks }))).toMatchObject({
      code: 'forbidden',
      errors: [{ path: 'policyIds' }],
    });
    const reader = session('rea', [statement(['*:read']), ORDERS]);
    expect((await core.apiKeys.rotate(held.key.id, { by: reader })).key.version).toBe(2);
  });

  it('a key that a policy has made stronger than who asks is theirs no more', async () => {
    const policyId = await policyOf(READ);
    const { key } = await create({ policyIds: [policyId] });
    const asks = session('zoe', [ORDERS]);
    expect(await core.apiKeys.update(key.id, { name: 'one' }, { by: asks })).toMatchObject({ version: 2 });
    await core.policies.update(policyId, { statements: [READ, PARCELS] }, setup);
    const beyond = { code: 'forbidden', errors: [{ path: 'policyIds' }] };
    expect(await refusalOf(core.apiKeys.update(key.id, { name: 'two' }, { by: asks }))).toMatchObject(beyond);
    expect(await refusalOf(core.apiKeys.rotate(key.id, { by: asks }))).toMatchObject(beyond);
    expect(await core.apiKeys.revoke(key.id, { by: asks })).toMatchObject({ state: 'revoked' });
  });

  it('a record does not grow from generation to generation', async () => {
    let maker: Principal | string = session('zoe', [ORDERS, PARCELS]);
    const ceilings: unknown[] = [];
    for (let generation = 0; generation < 5; generation++) {
      const issued: IssuedKey = await create({}, maker);
      ceilings.push(issued.key.ceiling);
      maker = await principalOf(core, issued);
    }
    expect(ceilings).toEqual(Array(5).fill([[ORDERS, PARCELS]]));
  });
});
