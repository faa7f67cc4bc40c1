import fc from 'fast-check';
import type { Core } from '../../../lib/core.js';
import type { IssuedKey, NewKey } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import type { Draw } from '../../../lib/verification/foreign-pair.js';
import { generateSecret } from '../../../lib/verification/secret.js';
import { Clock } from '../clock.js';
import { CountingStore } from '../counting-store.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';

const by = { by: 'setup' };
const NEW: NewKey = { name: 'ci', ownerId: 'ada', orgId: 'acme', statements: [{ actions: ['orders:read'] }] };

/** Ids that no other test of the same database has; they sort by `n`. */
let drawn = 0;
const draw: Draw = (id) => {
  const n = String(drawn++).padStart(6, '0');
  return { id: id ?? `drawn-_${n}`, secret: `-/+=:a_secret_of_20_${n}` };
};

async function verdictOf({ verifier }: Core, id: string, secret: string): Promise<string> {
  const verdict = await verifier.verify({ scheme: 'api-key', id, secret }, null);
  return verdict instanceof Principal ? verdict.credential.id : verdict.reason;
}

describe.each(STORE_KINDS)('a key whose pair was drawn, in $name,', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let core: Core;

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    clock = new Clock();
    core = newCore({ store: await database.connect(), now: clock.now });
  });
  afterEach(() => core.close());
  afterAll(() => database.stop());

  const create = (fields: Partial<NewKey> = {}): Promise<IssuedKey> =>
    core.apiKeys.create({ ...NEW, ...fields }, { ...by, draw });
  const letsIn = async ({ key, secret }: IssuedKey): Promise<boolean> =>
    (await verdictOf(core, key.id, secret)) === key.id;

  it('is answered as it was drawn, and lets in', async () => {
    const issued = await create();
    const { key, secret, token } = issued;
    expect(secret).toMatch(/^-\/\+=:a_secret_of_20_\d{6}$/);
    expect(token).toBe(`${key.id}:${secret}`);
    expect(key).toMatchObject({ prefix: '', lastFour: secret.slice(-4), kind: 'api-key', state: 'active' });
    expect(await letsIn(issued)).toBe(true);
    expect(await core.apiKeys.get(key.id)).toEqual(key);
    expect(JSON.stringify(await core.audit.list({ orgId: 'acme' }))).not.toContain(secret);
  });

  it('is refused with any other secret, as an unknown one is', async () => {
    const { key, secret } = await create();
    expect(await verdictOf(core, key.id, `${secret}x`)).toBe('wrong_secret');
    expect(await verdictOf(core, `${key.id}x`, secret)).toBe('unknown_id');
    expect(await verdictOf(core, key.id, 'short')).toBe('malformed');
    await core.apiKeys.revoke(key.id, by);
    expect(await verdictOf(core, key.id, secret)).toBe('revoked');
  });

  it('is never let in by the pair of another one', async () => {
    const [one, other] = [await create(), await create()];
    const pairs = [one, other, await core.apiKeys.create(NEW, by)].map(({ key, secret }) => ({ id: key.id, secret }));
    const unit = fc.constantFrom(...'aZ09-_');
    const id = fc.oneof(
      fc.constantFrom(...pairs.map((pair) => pair.id)),
      fc.string({ unit, minLength: 8, maxLength: 64 }),
    );
    const ascii = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
    const secret = fc.oneof(
      fc.constantFrom(...pairs.map((pair) => pair.secret)),
      fc.string({ unit: ascii, minLength: 20, maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(id, secret, async (someId, someSecret) => {
        const isRight = pairs.some((pair) => pair.id === someId && pair.secret === someSecret);
        expect((await verdictOf(core, someId, someSecret)) === someId).toBe(isRight);
      }),
      { numRuns: 200 },
    );
  });

  it('has another id drawn where there is one already, five times at most', async () => {
    const taken = (await create()).key.id;
    let calls = 0;
    const takes =
      (times: number): Draw =>
      () => {
        calls++;
        return calls <= times ? { ...draw(), id: taken } : draw();
      };
    const { key } = await core.apiKeys.create(NEW, { ...by, draw: takes(5) });
    expect([calls, key.id === taken]).toEqual([6, false]);
    calls = 0;
    const refusal = await refusalOf(core.apiKeys.create(NEW, { ...by, draw: takes(6) }));
    expect([calls, refusal.code, refusal.reason]).toEqual([6, 'conflict', 'every id that was drawn exists']);
  });

  it('is not made of a pair that cannot be verified', async () => {
    const wrong = { ...by, draw: () => ({ id: '123456789', secret: 's'.repeat(20) }) };
    await expect(core.apiKeys.create(NEW, wrong)).rejects.toThrow(TypeError);
    await expect(core.sessionKeys.mint({ userId: 'ada' }, wrong)).rejects.toThrow(TypeError);
    expect((await core.apiKeys.list({ orgId: 'acme' })).items.map(({ id }) => id)).not.toContain('123456789');
  });

  it('is rotated to a secret that is drawn for its id, the old one having its grace', async () => {
    const old = await create();
    const issued = await core.apiKeys.rotate(old.key.id, { ...by, draw, graceMs: 1_000 });
    expect(issued.token).toBe(`${old.key.id}:${issued.secret}`);
    expect(issued.key).toMatchObject({ id: old.key.id, prefix: '', lastFour: issued.secret.slice(-4) });
    expect([await letsIn(issued), await letsIn(old)]).toEqual([true, true]);
    clock.advance(1_000);
    expect([await letsIn(issued), await letsIn(old)]).toEqual([true, false]);
  });

  it('is rotated without a draw to a secret like ours, by its own id', async () => {
    const old = await create();
    const issued = await core.apiKeys.rotate(old.key.id, by);
    expect(issued.secret).toMatch(/^[0-9A-Za-z]{49}$/);
    expect([issued.token, issued.key.prefix]).toEqual([`${old.key.id}:${issued.secret}`, '']);
    expect([await letsIn(issued), await letsIn(old)]).toEqual([true, false]);
  });

  it('leaves keys of our own as they are: these are rotated to a secret of ours, whatever is drawn', async () => {
    const { key } = await core.apiKeys.create(NEW, by);
    const issued = await core.apiKeys.rotate(key.id, { ...by, draw });
    expect([issued.token, issued.key.prefix]).toEqual([`lk_${key.id}_${issued.secret}`, 'lk']);
    expect(await letsIn(issued)).toBe(true);
  });

  it('may be a session key, whose own statements are a policy by its id', async () => {
    const input = { userId: 'ada', orgId: 'acme', statements: [{ actions: ['a:b'] }] };
    const issued = await core.sessionKeys.mint(input, { ...by, draw });
    expect(issued.key).toMatchObject({ kind: 'session-key', name: issued.key.id, prefix: '' });
    expect(await letsIn(issued)).toBe(true);
    expect(await core.policies.get(issued.key.id, 'acme')).toEqual(issued.policies[0]);
  });

  it('is listed in every order, page by page, beside keys of our own', async () => {
    const ownerId = `lister-${drawn}`;
    const made = [
      await create({ ownerId }),
      await core.apiKeys.create({ ...NEW, ownerId }, by),
      await create({ ownerId }),
    ];
    for (const sort of ['createdAt', 'name', 'expiresAt', 'lastUsedAt', 'id'] as const) {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await core.apiKeys.list({ orgId: 'acme', ownerId, sort, limit: 1, cursor });
        ids.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect([...ids].sort()).toEqual(made.map(({ key }) => key.id).sort());
    }
    const [first, ...rest] = made.map(({ key }) => key.id).sort();
    const after = [{ field: 'id', test: 'greater-than', value: first ?? '' } as const];
    const { items } = await core.apiKeys.search({ orgId: 'acme', ownerId, sort: 'id' }, after);
    expect(items.map(({ id }) => id)).toEqual(rest);
  });

  it('ends when its secret is found', async () => {
    const issued = await create();
    const report = (token: string) => core.leakedKeys.report({ token });
    expect(await report(`${issued.key.id}:${issued.secret.replace('a', 'b')}`)).toBe(false);
    expect(await report(issued.secret)).toBe(false);
    expect(await letsIn(issued)).toBe(true);
    expect(await report(issued.token)).toBe(true);
    expect(await verdictOf(core, issued.key.id, issued.secret)).toBe('revoked');
  });
});

describe('the look-ups for a pair that was drawn', () => {
  it('are one for an unknown id, and none for what cannot be one', async () => {
    const store = new CountingStore();
    const core = newCore({ store });
    const { key, secret } = await core.apiKeys.create(NEW, { ...by, draw });
    store.drain();
    for (let n = 0; n < 3; n++) expect(await verdictOf(core, 'nobody-has-this', secret)).toBe('unknown_id');
    expect(store.drain()).toEqual(['get']);
    expect(await verdictOf(core, key.id, secret)).toBe(key.id);
    expect(store.drain()).toEqual(['get']);
    const verdict = core.verifier.verify({ scheme: 'basic', id: key.id, secret }, null);
    expect(verdict).toBeInstanceOf(Principal); // at once
    const cannotBe = [
      ['administrator', 'a password'],
      ['12345678901234567890', secret],
      [`${key.id}:`, secret],
      [key.id, `${secret}\n`],
      [`${generateSecret('lk').id}x`, generateSecret('lk').secret],
    ] as const;
    for (const [id, other] of cannotBe) expect(await verdictOf(core, id, other)).toBe('malformed');
    expect(store.drain()).toEqual([]);
    await core.close();
  });
});
