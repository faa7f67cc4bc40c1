import type { Core } from '../../../lib/core.js';
import type { ChangeEvent, DialectChanges } from '../../../lib/index.js';
import { checkDialects } from '../../../lib/keys/dialect-fields.js';
import { Principal } from '../../../lib/principal.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';

const by = { by: 'setup' };
const ROLES = { role_descriptors: { reader: { cluster: ['all'], metadata: { ünit: null, deep: [[1.5, true]] } } } };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };

describe.each(STORE_KINDS)('what only products know, in $name,', ({ open }) => {
  let database: Database;
  let core: Core;
  let told: ChangeEvent[];

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    core = newCore({ store: await database.connect() });
    told = [];
    core.events.on('*', (event) => void told.push(event as ChangeEvent));
  });
  afterEach(() => core.close());
  afterAll(() => database.stop());

  /** A key and a policy are made, changed and read alike. */
  const keys = {
    create: async (dialects?: DialectChanges) => (await core.apiKeys.create({ ...NEW, dialects }, by)).key,
    update: (id: string, dialects: DialectChanges, ifVersion?: number) =>
      core.apiKeys.update(id, { dialects }, { ...by, ifVersion }),
    get: (id: string) => core.apiKeys.get(id),
  };
  const policies = {
    create: (dialects?: DialectChanges) =>
      core.policies.create({ name: 'p', orgId: 'acme', statements: [{ actions: ['a:b'] }], dialects }, by),
    update: (id: string, dialects: DialectChanges, ifVersion?: number) =>
      core.policies.update(id, { dialects }, { ...by, ifVersion }),
    get: (id: string) => core.policies.get(id, 'acme'),
  };

  describe.each([
    ['a key', keys],
    ['a policy', policies],
  ])('of %s', (_name, { create, update, get }) => {
    it('is kept as it was given, and none where nothing was given', async () => {
      const { id, dialects } = await create({ elasticsearch: ROLES, trend: {}, plexus: undefined, illumio: null });
      expect(dialects).toEqual({ elasticsearch: ROLES, trend: {} });
      expect(await get(id)).toMatchObject({ dialects });
      expect((await create()).dialects).toEqual({});
    });

    it('is changed by the name of the dialect: replaced, removed, or left', async () => {
      const { id } = await create({ elasticsearch: ROLES, trend: { locale: 'en-US', roleID: 1 } });
      const changed = await update(id, { trend: { roleID: 2 }, plexus: { a: 1 } });
      const dialects = { elasticsearch: ROLES, trend: { roleID: 2 }, plexus: { a: 1 } };
      expect(changed).toMatchObject({ version: 2, dialects });
      expect(await update(id, { elasticsearch: null, plexus: null })).toMatchObject({
        version: 3,
        dialects: { trend: { roleID: 2 } },
      });
      expect(await update(id, { trend: null })).toMatchObject({ dialects: {} });
      expect(await get(id)).toMatchObject({ version: 4, dialects: {} });
    });

    it('is lost by nobody who changes another dialect at once, and by nobody who names another version', async () => {
      const { id } = await create();
      await Promise.all([update(id, { trend: { a: 1 } }), update(id, { plexus: { b: 2 } })]);
      expect(await get(id)).toMatchObject({ version: 3, dialects: { trend: { a: 1 }, plexus: { b: 2 } } });
      expect((await refusalOf(update(id, { trend: null }, 2))).code).toBe('precondition_failed');
    });

    it('is no longer the caller’s own once it is kept', async () => {
      const given = { roles: ['reader'] };
      const { id } = await create({ trend: given });
      given.roles.push('writer');
      expect(await get(id)).toMatchObject({ dialects: { trend: { roles: ['reader'] } } });
    });

    it('is told of by the names of the dialects, never by what it is', async () => {
      const { id } = await create({ trend: { note: 'hidden-1' }, plexus: { note: 'hidden-2' } });
      await update(id, { trend: { note: 'hidden-3' }, plexus: null, illumio: { note: 'hidden-4' } });
      const [created, changed] = told;
      expect(created?.after).toMatchObject({ dialects: ['trend', 'plexus'] });
      expect(changed?.before).toEqual({ dialects: ['trend', 'plexus'] });
      expect(changed?.after).toEqual({ dialects: ['trend', 'illumio'] });
      const { items } = await core.audit.list({ orgId: 'acme', limit: 2 });
      expect(items.map((item) => 'after' in item && item.after.dialects)).toEqual([
        ['trend', 'illumio'],
        ['trend', 'plexus'],
      ]);
      expect(JSON.stringify([told, items])).not.toContain('hidden');
    });

    it('is refused by the name of the dialect, and nothing is changed', async () => {
      const { id } = await create();
      const [making, changing] = [create({ trend: { a: Number.NaN } }), update(id, { trend: { a: Number.NaN } })];
      for (const refusal of [await refusalOf(making), await refusalOf(changing)]) {
        expect(refusal.code).toBe('invalid_request');
        expect(refusal.errors).toEqual([{ path: 'dialects.trend', message: 'must hold finite numbers only' }]);
      }
      expect(await get(id)).toMatchObject({ version: 1, dialects: {} });
    });

    it('counts for the size of the whole record', async () => {
      const half = { text: 'x'.repeat(40_000) };
      const { id } = await create({ trend: half });
      const { errors } = await refusalOf(update(id, { plexus: half }));
      expect(errors).toEqual([{ path: '', message: expect.stringMatching(/^is too large: 8\d{4} of at most 65536/) }]);
    });
  });

  it('gives no rights, and nobody who uses the key sees it', async () => {
    const dialects = { elasticsearch: { statements: [{ actions: ['*'] }] } };
    const { key, secret } = await core.apiKeys.create({ ...NEW, statements: [], dialects }, by);
    const principal = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    if (!(principal instanceof Principal)) throw new Error(principal.reason);
    expect(principal.can('a:b')).toBe(false);
    expect(JSON.stringify(principal)).not.toContain('elasticsearch');
  });

  it('comes with a session key, too', async () => {
    const { key } = await core.sessionKeys.mint({ userId: 'ada', orgId: 'acme', dialects: { systemlink: ROLES } }, by);
    expect(await core.apiKeys.get(key.id)).toMatchObject({ kind: 'session-key', dialects: { systemlink: ROLES } });
  });

  it('cannot be changed where the host says so', async () => {
    const strict = newCore({ store: await database.connect(), keyRules: { mutable: ['description'] } });
    const { key } = await strict.apiKeys.create({ ...NEW, dialects: { trend: {} } }, by);
    const { errors } = await refusalOf(strict.apiKeys.update(key.id, { dialects: { trend: null } }, by));
    expect(errors).toEqual([{ path: 'dialects', message: 'cannot be changed' }]);
  });
});

describe('checkDialects', () => {
  const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) });
  const ring: Record<string, unknown> = {};
  ring.ring = [ring, ring, ring];
  const shared = { text: 'x'.repeat(100) };
  let many: object = shared;
  for (let n = 0; n < 15; n++) many = { a: many, b: many, c: many, d: many };

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['undefined and null', { trend: undefined, plexus: null }],
    ['all that JSON has', { trend: { a: null, b: [true, 'x', -0.5, {}], '': '😀', constructor: 'x' } }],
    ['twenty levels', { trend: nested(20) }],
    ['what is undefined within', { trend: { a: undefined } }],
    ['an object without a prototype', { trend: Object.create(null) }],
    ['ten dialects', Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`d-${n}`, {}]))],
  ])('finds no fault in %s', (_name, dialects) => {
    expect(checkDialects(dialects)).toEqual([]);
  });

  it.each<[string, unknown, string, string]>([
    ['null', null, 'dialects', 'must be an object with an entry for each dialect'],
    ['a list', [], 'dialects', 'must be an object with an entry for each dialect'],
    ['a text', 'trend', 'dialects', 'must be an object with an entry for each dialect'],
    [
      'eleven dialects',
      Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`d-${n}`, {}])),
      'dialects',
      'must have at most 10 entries',
    ],
    ['a name in capitals', { Trend: {} }, 'dialects', 'must have names of 1 to 32 lower-case letters, digits and "-"'],
    [
      'a name that is a prototype',
      JSON.parse('{"__proto__":{}}'),
      'dialects',
      'must have names of 1 to 32 lower-case letters, digits and "-"',
    ],
    ['a list for an entry', { trend: [] }, 'dialects.trend', 'must be a JSON object, or null'],
    ['a text for an entry', { trend: 'x' }, 'dialects.trend', 'must be a JSON object, or null'],
    ['a date for an entry', { trend: new Date() }, 'dialects.trend', 'must be a JSON object, or null'],
    ['a date', { trend: { a: new Date() } }, 'dialects.trend', 'must hold nothing but what JSON has'],
    ['a map', { trend: { a: new Map() } }, 'dialects.trend', 'must hold nothing but what JSON has'],
    ['a function', { trend: { a: () => 1 } }, 'dialects.trend', 'must hold nothing but what JSON has'],
    ['a bigint', { trend: { a: 1n } }, 'dialects.trend', 'must hold nothing but what JSON has'],
    ['undefined in a list', { trend: { a: [undefined] } }, 'dialects.trend', 'must hold nothing but what JSON has'],
    ['its own form', { trend: { toJSON: 1 } }, 'dialects.trend', 'must hold nothing but what JSON has'],
    ['infinity', { trend: { a: [Infinity] } }, 'dialects.trend', 'must hold finite numbers only'],
    [
      'half a character',
      { trend: { a: '\ud800' } },
      'dialects.trend',
      'must not hold half a character (a lone surrogate)',
    ],
    [
      'half a character in a name',
      { trend: { '\ud800': 1 } },
      'dialects.trend',
      'must not hold half a character (a lone surrogate)',
    ],
    [
      'a prototype',
      { trend: JSON.parse('{"a":[{"__proto__":{"isAdmin":true}}]}') },
      'dialects.trend',
      'must not have a member named __proto__',
    ],
    ['twenty-one levels', { trend: nested(21) }, 'dialects.trend', 'must be at most 20 levels deep'],
    ['itself', { trend: ring }, 'dialects.trend', 'must be at most 20 levels deep'],
    ['the same part too often', { trend: many }, 'dialects.trend', 'is too large: more than 65536 values'],
    [
      'too much',
      { trend: { a: 'x'.repeat(65_530) } },
      'dialects.trend',
      'is too large: 65538 of at most 65536 characters',
    ],
  ])('names the entry that is, or holds, %s', (_name, dialects, path, message) => {
    expect(checkDialects(dialects)).toEqual([{ path, message }]);
  });

  it('names each entry that is wrong', () => {
    expect(checkDialects({ trend: 1, plexus: {}, illumio: { a: Number.NaN } }).map(({ path }) => path)).toEqual([
      'dialects.trend',
      'dialects.illumio',
    ]);
  });
});
