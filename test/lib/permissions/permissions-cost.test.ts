import type { Core } from '../../../lib/core.js';
import type { StatementInput } from '../../../lib/index.js';
import { LIMITS } from '../../../lib/limits.js';
import { Permissions } from '../../../lib/permissions/permissions.js';
import { checkStatements, toStatements } from '../../../lib/permissions/statement.js';
import { Principal } from '../../../lib/principal.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';

/** What one comparison of all that a key can hold may take: it takes some 0.2 s, and took 10 s once. */
const BOUND_MS = 2_000;
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };
const by = { by: 'setup' };

function list<Value>(length: number, make: (index: number) => Value): Value[] {
  return Array.from({ length }, (_, index) => make(index));
}

const TAILS = [':b*', ':b*:*', ':*', ':*:*', '*'];

/** 500 patterns: each action contains all that is asked for, and only the very last resource contains those asked for. */
const HELD: StatementInput[] = TAILS.map((tail, s) => ({
  actions: list(50, (i) => `orders:${'a'.repeat(i + 1)}*${tail}`.replace('**', '*')),
  resources: list(50, (i) => `orders/a*:b${s}*c${String(i).padStart(2, '0')}*`),
}));
/** As many, of which no two are alike. */
const ASKED: StatementInput[] = list(5, (s) => ({
  actions: list(50, (i) => `orders:${'a'.repeat(50)}*:b*:x${s}${i}*`),
  resources: list(50, (i) => `orders/a*:b4*c49*:${s}${i}`),
}));
const BEYOND: StatementInput[] = ASKED.map(({ actions, resources = [] }) => ({
  actions,
  resources: [...resources.slice(0, -1), 'orders/a*:b4*c50*'],
}));

function msOf(action: () => void): number {
  const startedAt = performance.now();
  action();
  return performance.now() - startedAt;
}

describe('rights of as many patterns as a key can hold', () => {
  const [held, asked, beyond] = [HELD, ASKED, BEYOND].map(toStatements) as [
    ReturnType<typeof toStatements>,
    ReturnType<typeof toStatements>,
    ReturnType<typeof toStatements>,
  ];

  it('can be kept', () => {
    for (const statements of [held, asked, beyond]) expect(checkStatements(statements)).toEqual([]);
  });

  it('are compared with as many in every way at once', () => {
    const took = msOf(() => {
      const [one, other] = [new Permissions(held), new Permissions(asked)];
      expect(one.uncovered(asked)).toEqual([]);
      expect(one.uncovered(beyond)).toEqual([0, 1, 2, 3, 4]);
      expect([one.includes(other), one.includes(new Permissions(beyond))]).toEqual([true, false]);
      expect(new Permissions(one, other).toCeiling()).toEqual([asked]);
    });
    expect(took).toBeLessThan(BOUND_MS);
  });

  it('are compared in several parts at once', () => {
    const took = msOf(() => {
      const parts = list(4, (i) => new Permissions([...held, ...toStatements([{ actions: [`other:${i}`] }])]));
      const [first = new Permissions(held), ...others] = parts;
      const all = new Permissions(first, ...others, new Permissions(asked));
      expect(all.toCeiling()).toEqual([asked]);
      expect(all.includes(new Permissions(asked))).toBe(true);
    });
    expect(took).toBeLessThan(BOUND_MS);
  });
});

describe('a key of as many patterns as it can hold', () => {
  let core: Core;

  beforeEach(() => {
    core = newCore();
  });
  afterEach(() => core.close());

  /** With no more rights than a principal has who asks for a key. */
  async function maker(statements: readonly StatementInput[], policyIds: readonly string[] = []): Promise<Principal> {
    const { key, secret } = await core.apiKeys.create({ ...NEW, statements, policyIds }, by);
    const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    if (!(verdict instanceof Principal)) throw new Error(`not let in: ${verdict.reason}`);
    return verdict;
  }

  it('makes and changes one of as many at once', async () => {
    const asker = await maker(HELD);
    const startedAt = performance.now();
    const { key } = await core.apiKeys.create({ ...NEW, statements: ASKED }, { by: asker });
    const changed = await core.apiKeys.update(key.id, { statements: ASKED.toReversed() }, { by: asker });
    await refusalOf(core.apiKeys.create({ ...NEW, statements: BEYOND }, { by: asker }));
    expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
    expect(changed.statements).toHaveLength(5);
  });

  describe('with the policies that it is given', () => {
    const TOO_MANY = 'must have at most 2000 actions and resources in all, with those of the key itself';

    /** A policy of so many actions and resources. */
    async function policyOf(count: number, tag: string): Promise<string> {
      const statements = list(count / 50, (s) => ({
        actions: list(25, (i) => `orders:a*:${tag}${s}x${i}*`),
        resources: list(25, (i) => `orders/a*:b*:${tag}${s}x${i}*`),
      }));
      return (await core.policies.create({ name: tag, orgId: 'acme', statements }, by)).id;
    }

    it('has at most 2,000 of them, its own counted', async () => {
      expect(LIMITS.policyPatterns).toBe(2_000);
      const policyIds = await Promise.all(['p', 'q', 'r', 's'].map((tag) => policyOf(500, tag)));
      const { key } = await core.apiKeys.create({ ...NEW, policyIds, statements: [] }, by);
      const one = [{ actions: ['orders:read'], resources: ['*'] }];
      for (const refused of [
        core.apiKeys.create({ ...NEW, policyIds, statements: one }, by),
        core.apiKeys.update(key.id, { statements: one }, by),
        core.sessionKeys.mint({ userId: 'ada', orgId: 'acme', durationMs: 60_000, policyIds, statements: one }, by),
      ]) {
        const error = await refusalOf(refused);
        expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
        expect(error.errors).toEqual([{ path: 'policyIds', message: TOO_MANY }]);
      }
      const fewer = { policyIds: policyIds.slice(1), statements: one };
      expect((await core.apiKeys.update(key.id, fewer, by)).policyIds).toEqual(policyIds.slice(1));
      expect((await refusalOf(core.apiKeys.update(key.id, { policyIds }, by))).errors[0]?.message).toBe(TOO_MANY);
    });

    it('makes one that has the same policies at once', async () => {
      const policyIds = await Promise.all(['p', 'q', 'r'].map((tag) => policyOf(500, tag)));
      const asker = await maker(HELD, policyIds);
      const startedAt = performance.now();
      const { key } = await core.apiKeys.create({ ...NEW, statements: ASKED.slice(0, 1), policyIds }, { by: asker });
      expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
      expect(key.policyIds).toEqual(policyIds);
    });
  });
});
