import type { Latchkey, Policy } from '../../../lib/index.js';
import { AuthError, meetAll } from '../../../lib/index.js';
import type { DialectCall, DialectRoute } from '../dialect.js';
import { call } from '../dialect.js';
import { everyPage } from '../pages.js';
import { type Handler, lacks, told, type Words } from './answers.js';
import type { TrendSettings } from './options.js';
import { may, type Right } from './rights.js';
import { changesOf, newRoleOf } from './role-input.js';
import { BUILT_IN, CORE_ROLE_FIELDS, ROLE_FIELDS, toWire, urnOf } from './role-view.js';
import { filterOf, split } from './search.js';
import { undisturbed } from './undisturbed.js';

/** The policies that a key can have. */
const ROLE_TYPES = ['role', 'custom'] as const;

const UNKNOWN = 'The administrator role does not exist.';
const VIEW: Words = { forbidden: 'Not authorized to view administrator roles.', notFound: UNKNOWN };
const EDIT: Words = {
  forbidden: 'Not authorized to edit administrator roles.',
  notFound: UNKNOWN,
  members: { statements: 'rights', dialects: 'rights' },
};

/** Policies of the core, as the roles of the product. */
export class Roles {
  readonly #latchkey: Latchkey;
  readonly #settings: TrendSettings;

  constructor(latchkey: Latchkey, settings: TrendSettings) {
    this.#latchkey = latchkey;
    this.#settings = settings;
  }

  /** In the order of `policyIds`, whether there are such policies or not; those that are not built in come after. */
  async numbersOf(policyIds: readonly string[]): Promise<number[]> {
    const others = [...new Set(policyIds.filter((id) => !BUILT_IN.includes(id)))];
    const given = new Map<string, number>();
    for (let start = 0; start < others.length; start += 1_000) {
      const some = others.slice(start, start + 1_000);
      const numbers = await this.#latchkey.dialects.numbers.of('policy', some);
      for (const [index, id] of some.entries()) given.set(id, (numbers[index] as number) + BUILT_IN.length);
    }
    return policyIds.map((id) => given.get(id) ?? BUILT_IN.indexOf(id) + 1);
  }

  /** The role with a number, of the organisation or built in; null for any other. */
  async find(number: number, orgId: string | null): Promise<Policy | null> {
    const at = number - BUILT_IN.length;
    const id = BUILT_IN[number - 1] ?? (at > 0 ? await this.#latchkey.dialects.numbers.find('policy', at) : null);
    return id === null ? null : await this.byId(id, orgId);
  }

  /** Null for what is no role. */
  async byId(id: string, orgId: string | null): Promise<Policy | null> {
    const policy = await this.#latchkey.policies.get(id, orgId);
    return ROLE_TYPES.some((type) => type === policy?.type) ? policy : null;
  }

  async urnOf(name: string, orgId: string | null): Promise<string> {
    return urnOf(name, this.#settings.region, await this.tenantOf(orgId));
  }

  /** The tenant of an app that has no organisations is 1. */
  async tenantOf(orgId: string | null): Promise<number> {
    const [number] = orgId === null ? [] : await this.#latchkey.dialects.numbers.of('org', [orgId]);
    return number ?? 1;
  }

  routes(): DialectRoute[] {
    const { policies } = this.#latchkey;
    return [
      this.#route('GET', '/api/roles', 'list roles', 'canViewAdministratorRoles', VIEW, async ({ principal }) => ({
        body: { roles: await this.#search(principal.orgId, {}) },
      })),
      this.#route('POST', '/api/roles', 'make a role', 'canCreateNewAdministratorRoles', EDIT, async (asked) => {
        const { principal, address, body } = asked;
        const input = { ...newRoleOf(body), orgId: principal.orgId };
        return await this.#answer(await policies.create(input, { by: principal, address }), asked);
      }),
      this.#route('POST', '/api/roles/search', 'search roles', 'canViewAdministratorRoles', VIEW, async (asked) => ({
        body: { roles: await this.#search(asked.principal.orgId, asked.body) },
      })),
      this.#route('GET', '/api/roles/:id', 'read a role', 'canViewAdministratorRoles', VIEW, async (asked) =>
        this.#answer(await this.#asked(asked, 'canViewAdministratorRoles'), asked),
      ),
      this.#route(
        'POST',
        '/api/roles/:id',
        'change a role',
        'canEditAdministratorRoleProperties',
        EDIT,
        async (asked) => {
          const { principal: by, address, body } = asked;
          const changed = await undisturbed(async () => {
            const role = await this.#asked(asked, 'canEditAdministratorRoleProperties');
            const changes = changesOf(body, role);
            const options = { by, address, ifVersion: role.version };
            return Object.keys(changes).length === 0 ? role : await policies.update(role.id, changes, options);
          });
          return await this.#answer(changed, asked);
        },
      ),
      this.#route('DELETE', '/api/roles/:id', 'delete a role', 'canDeleteAdministratorRoles', EDIT, async (asked) => {
        const role = await this.#asked(asked, 'canDeleteAdministratorRoles');
        await policies.remove(role.id, { by: asked.principal, address: asked.address });
        return {};
      }),
    ];
  }

  /** Asks for the right to all of them, except where a role is named. */
  #route(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    summary: string,
    right: Right,
    words: Words,
    handle: Handler,
  ): DialectRoute {
    const isOne = path.endsWith(':id');
    const guarded: Handler = async (asked) => {
      if (!isOne && !may(asked.principal, right)) throw lacks(right);
      return await handle(asked);
    };
    return call(method, path, summary, right, told(words, guarded));
  }

  /** The role that the path names. What came with the app's code or with Latchkey cannot be changed. */
  async #asked({ principal, params }: DialectCall, right: Right): Promise<Policy> {
    const isNumber = /^[0-9]{1,15}$/.test(params.id ?? '');
    const role = isNumber ? await this.find(Number(params.id), principal.orgId) : null;
    if (!may(principal, right, role?.id)) throw lacks(right);
    if (role === null) throw new AuthError('not_found');
    if (role.isBuiltIn && right !== 'canViewAdministratorRoles') throw lacks(right);
    return role;
  }

  async #search(orgId: string | null, body: unknown): Promise<object[]> {
    const { maxItems, criteria } = filterOf(body, ROLE_FIELDS);
    const { pushed, rest } = split(criteria, CORE_ROLE_FIELDS);
    const all = [{ field: 'type', test: 'in', value: ROLE_TYPES } as const, ...pushed];
    const roles = await everyPage((paging) => this.#latchkey.policies.search({ orgId, ...paging }, all));
    const numbers = await this.numbersOf(roles.map(({ id }) => id));
    const tenant = await this.tenantOf(orgId);
    const shown = roles.map((role, index) => toWire(role, numbers[index] as number, this.#settings.region, tenant));
    return (await meetAll(shown, rest)).sort((a, b) => a.ID - b.ID).slice(0, maxItems);
  }

  async #answer(role: Policy, { principal }: DialectCall) {
    const [number] = await this.numbersOf([role.id]);
    return { body: toWire(role, number as number, this.#settings.region, await this.tenantOf(principal.orgId)) };
  }
}
