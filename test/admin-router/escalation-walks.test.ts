import fc from 'fast-check';
import type { NewKey, StatementInput } from '../../lib/index.js';
import { MemoryStore, Principal } from '../../lib/index.js';
import { type AdminApp, type Answer, startAdminApp } from '../support/admin-app.js';

const WALKS = 12;
const MIN_STEPS = 15;
const MAX_STEPS = 40;

const ACTIONS = ['orders:read', 'orders:write', 'users:read', 'keys:grant', 'keys:manage-own', 'policies:manage', 'x'];
const RESOURCES = ['orders/1', 'orders/12', 'orders/2', 'users/1', 'api-keys', 'policies'];
const WORKSPACES = ['w1', 'w2', '*'];
const PROBES = ACTIONS.flatMap((action) =>
  [...RESOURCES, '*'].flatMap((resource) => WORKSPACES.map((workspace) => [action, resource, workspace] as const)),
);

const OFFICE = ['keys:manage-own', 'keys:manage', 'keys:read', 'policies:manage', 'session-keys:issue'];
const READS = { actions: ['orders:r*'], resources: ['orders/1*'], workspace: 'w1' };
/** What mallory begins with. */
interface Beginning {
  readonly what: string;
  readonly fields: Partial<NewKey>;
  /** The key has a policy, too, that follows a template in `w2`. Then no administrator changes policies meanwhile. */
  readonly follows?: boolean;
}

const BEGINNINGS: readonly Beginning[] = [
  { what: 'rights of the office and a few others', fields: { statements: [{ actions: OFFICE }, READS] } },
  {
    what: 'the right to make keys for others besides',
    fields: {
      statements: [
        { actions: [...OFFICE, 'keys:grant'] },
        READS,
        { actions: ['orders:write'], resources: ['orders/2'] },
      ],
    },
  },
  {
    what: 'everything, tied to a little',
    fields: { statements: [{ actions: ['*'] }], resources: ['api-keys*', 'session-keys*', 'policies*', 'orders/1*'] },
  },
  {
    what: 'an hour, and not the right to manage all keys',
    fields: {
      statements: [{ actions: ['keys:manage-own', 'policies:manage', 'session-keys:issue'] }, READS],
      lifetimeMs: 3_600_000,
    },
  },
  {
    what: 'a policy that follows a template elsewhere',
    fields: { statements: [{ actions: OFFICE }, { actions: ['orders:*'], workspace: 'w1' }] },
    follows: true,
  },
];
const HOST_POLICIES = [
  { id: 'weak', name: 'Weak', statements: [{ ...READS, actions: ['orders:read'] }] },
  { id: 'strong', name: 'Strong', statements: [{ actions: ['orders:*'] }] },
];

const workspace = fc.constantFrom(...WORKSPACES);
const pick = (values: readonly string[]) => fc.subarray([...values], { minLength: 1, maxLength: 2 });
const anyStatement: fc.Arbitrary<StatementInput> = fc.record(
  {
    actions: pick([...ACTIONS, 'orders:*', '*:read', 'orders:r*', 'keys:*', '*']),
    resources: pick([...RESOURCES, 'orders/*', 'orders/1*', '*']),
    workspace,
  },
  { requiredKeys: ['actions'] },
);
/** What mallory mostly has. */
const ownStatement = fc.constantFrom<StatementInput>(
  READS,
  { ...READS, actions: ['orders:read'] },
  { ...READS, resources: ['orders/12'] },
  { ...READS, actions: ['orders:write'] },
  { actions: ['keys:manage-own', 'policies:manage'] },
);
const statements = fc.array(fc.oneof({ weight: 2, arbitrary: ownStatement }, anyStatement), { maxLength: 2 });
/** Names one of what there is by then. */
const which = fc.nat(1_000);
const rights = fc.record(
  {
    statements,
    policies: fc.array(which, { minLength: 1, maxLength: 2 }),
    resources: pick(['orders/1', 'orders/1*', 'api-keys*', '*']),
    expiresInSeconds: fc.constantFrom(60, 7_200, 8_640_000),
  },
  { requiredKeys: [] },
);

const often = <Value>(arbitrary: fc.Arbitrary<Value>) => ({ weight: 3, arbitrary });
const step = fc.oneof(
  often(fc.record({ does: fc.constant('make' as const), as: which, rights, forAnother: fc.boolean() })),
  fc.record({ does: fc.constant('mint' as const), as: which, rights, forAnother: fc.boolean() }),
  often(fc.record({ does: fc.constant('change' as const), as: which, key: which, rights, refreshes: fc.boolean() })),
  fc.record({ does: fc.constant('rotate' as const), as: which, key: which }),
  fc.record({ does: fc.constant('enable' as const), as: which, key: which }),
  fc.record({ does: fc.constant('policy' as const), as: which, statements, isTemplate: fc.boolean() }),
  fc.record({ does: fc.constant('follow' as const), as: which, policy: which, workspace }),
  often(fc.record({ does: fc.constant('edit' as const), as: which, policy: which, statements })),
  fc.record({ does: fc.constant('move' as const), as: which, policy: which, workspace }),
  fc.record({ does: fc.constant('remove' as const), as: which, policy: which }),
  /** An administrator goes on with their work meanwhile. */
  often(fc.record({ does: fc.constant('grow' as const), policy: which, statements })),
);
type Rights = typeof rights extends fc.Arbitrary<infer Value> ? Value : never;
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** All that mallory comes to hold on one walk, and all that there is to be tried. */
class Walk {
  /** By the id of the key; a new secret takes the place of the old one. */
  readonly #held = new Map<string, string>();
  readonly keys: string[] = [];
  readonly policies: string[] = ['weak', 'strong', 'full-access'];
  readonly #app: AdminApp;
  #admin: string | null = null;
  steps = 0;
  gained = 0;

  constructor(app: AdminApp) {
    this.#app = app;
  }

  async begin({ fields: ofMine, follows = false }: Beginning, orgId: string): Promise<void> {
    const make = (fields: object) => this.#app.key({ ownerId: 'mallory', orgId, ...fields });
    const name = async (fields: object) => {
      const { id } = await this.#app.latchkey.policies.create({ name: 'n', orgId, ...fields }, { by: 'root' });
      this.policies.push(id);
      return id;
    };
    await name({});
    const templateId = await name({ type: 'template', statements: [{ actions: ['orders:read'], workspace: 'w1' }] });
    const follower = await name({ templateId, workspace: 'w2' });
    this.#admin = follows ? null : (await make({ ownerId: 'root', actions: ['*'] })).token;
    const mine = await make({ ...ofMine, ...(follows && { policyIds: [follower] }) });
    this.#held.set(mine.key.id, mine.token);
    const others = [
      await make({ statements: [{ ...READS, actions: ['orders:read'] }], lifetimeMs: 60_000 }),
      await make({ statements: [{ actions: ['*'] }] }),
      await make({ statements: [], policyIds: ['weak'] }),
      await make({ statements: [], policyIds: ['strong'], resources: ['orders/1'] }),
      await make({ ownerId: 'zoe', statements: [{ actions: ['orders:*'] }] }),
    ];
    await this.#app.latchkey.apiKeys.disable(others[0]?.key.id ?? '', { by: 'test' });
    this.keys.push(mine.key.id, ...others.map(({ key }) => key.id));
  }

  get tokens(): string[] {
    return [...this.#held.values()];
  }

  async take(step: Step): Promise<void> {
    this.steps++;
    const { status, body } = await this.#ask(step);
    if (status >= 500) throw new Error(`${step.does}: ${status}`);
    if (status >= 300) return;
    this.gained++;
    if (typeof body?.token === 'string') this.#held.set(body.id, body.token);
    if (step.does === 'make' || step.does === 'mint') this.keys.push(body.id);
    if (step.does === 'policy' || step.does === 'follow') this.policies.push(body.id);
  }

  #ask(step: Step): Promise<Answer> {
    const key = `/api-keys/${'key' in step ? at(this.keys, step.key) : ''}`;
    const policyId = 'policy' in step ? at(this.policies, step.policy) : '';
    const policy = `/policies/${policyId}`;
    const as = 'as' in step ? at(this.tokens, step.as) : this.#admin;
    const call = (method: string, path: string, body?: object) => this.#app.call(method, path, as, body);
    switch (step.does) {
      case 'make':
        return call('POST', '/api-keys', {
          name: 'n',
          ...this.#named(step.rights),
          ...(step.forAnother && { ownerId: 'zoe' }),
        });
      case 'mint': {
        const { resources: _, expiresInSeconds: __, ...rest } = this.#named(step.rights);
        return call('POST', '/session-keys', {
          ...rest,
          durationSeconds: 600,
          ...(step.forAnother && { userId: 'zoe' }),
        });
      }
      case 'change':
        return call('PATCH', key, { ...this.#named(step.rights), refreshCeiling: step.refreshes });
      case 'rotate':
      case 'enable':
        return call('POST', `${key}/${step.does}`, {});
      case 'policy':
        return call('POST', '/policies', {
          name: 'n',
          statements: step.statements,
          type: step.isTemplate ? 'template' : 'role',
        });
      case 'follow':
        return call('POST', '/policies', { name: 'n', templateId: policyId, workspace: step.workspace });
      case 'edit':
      case 'grow':
        return call('PATCH', policy, { statements: step.statements });
      case 'move':
        return call('PATCH', policy, { workspace: step.workspace });
      case 'remove':
        return call('DELETE', `${policy}?detach=true`);
    }
  }

  #named({ policies, ...rest }: Rights) {
    return { ...rest, ...(policies && { policyIds: [...new Set(policies.map((index) => at(this.policies, index)))] }) };
  }
}

function at(values: readonly string[], index: number): string {
  return values[index % values.length] as string;
}

describe('whatever mallory does, step by step, and an administrator between', () => {
  let app: AdminApp;
  let walks = 0;
  const taken = { steps: 0, gained: 0 };

  beforeAll(async () => {
    const options = { store: new MemoryStore(), policies: HOST_POLICIES, audit: { flushIntervalMs: 60_000 } };
    app = await startAdminApp(options, (host, latchkey) => {
      host.get('/rights', latchkey.authenticate(), ({ user }, res) => {
        if (!(user instanceof Principal)) throw new Error('nobody');
        const may = PROBES.filter(([action, resource, workspace]) => user.can(action, resource, workspace));
        res.json({
          may: may.map(String),
          expiresAt: user.credential.expiresAt,
          canManage: user.can('keys:manage', 'api-keys'),
        });
      });
    });
  });
  afterAll(() => app.close());

  async function rightsOf(token: string): Promise<{ may: string[]; expiresAt: number; canManage: boolean } | null> {
    const { status, body } = await app.callHost('GET', '/rights', token);
    return status === 200 ? (body as never) : null;
  }

  it.each(BEGINNINGS.map((beginning) => [beginning.what, beginning] as const))(
    'nothing that they hold allows more than they began with: %s',
    async (_what, beginning) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: MIN_STEPS, maxLength: MAX_STEPS }), async (steps) => {
          const walk = new Walk(app);
          await walk.begin(beginning, `org-${walks++}`);
          const first = await rightsOf(walk.tokens[0] ?? '');
          if (first === null) throw new Error('not let in');
          for (const each of steps) await walk.take(each);
          for (const token of walk.tokens) {
            const rights = await rightsOf(token);
            if (rights === null) continue;
            expect(rights.may.filter((probe) => !first.may.includes(probe))).toEqual([]);
            if (!first.canManage) expect(rights.expiresAt).toBeLessThanOrEqual(first.expiresAt);
          }
          taken.steps += walk.steps;
          taken.gained += walk.gained;
        }),
        { numRuns: WALKS },
      );
    },
    120_000,
  );

  it('they got somewhere: the walks were not all refusals', () => {
    expect(taken.gained).toBeGreaterThan(taken.steps / 10);
    process.stdout.write(`${taken.steps} steps, of which ${taken.gained} were let through\n`);
  });
});
