import { randomBytes, randomUUID } from 'node:crypto';
import {
  type ApiKey,
  AuthError,
  type Criterion,
  hidden,
  type Latchkey,
  meetAll,
  type Principal,
} from '../../../lib/index.js';
import { everyPage } from '../pages.js';
import { invalid, lacks } from './answers.js';
import { booleanIn, choiceIn, integerIn, type Members, membersOf, needed, textIn } from './fields.js';
import {
  CORE_KEY_FIELDS,
  KEY_FIELDS,
  type KeyExtras,
  LOCALES,
  LOCK_FIELDS,
  type NumberedKey,
  toWire,
} from './key-view.js';
import type { KeyLockout } from './lockout.js';
import type { TrendSettings } from './options.js';
import type { Roles } from './roles.js';
import { filterOf, type SearchFilter, split } from './search.js';

/** Bytes of a secret. */
const SECRET_BYTES = 32;
/** Ids that the core numbers in one call. */
const CHUNK = 1_000;

/** Who asks for a change, and from where. */
export interface Asking {
  readonly principal: Principal;
  readonly address: string | null;
}

/** Keys of the core, as the product has them. Whether somebody may is asked elsewhere; beyond that the core decides. */
export class Keys {
  readonly #latchkey: Latchkey;
  readonly #settings: TrendSettings;
  readonly #lockout: KeyLockout;
  readonly #roles: Roles;

  constructor(latchkey: Latchkey, settings: TrendSettings, lockout: KeyLockout, roles: Roles) {
    this.#latchkey = latchkey;
    this.#settings = settings;
    this.#lockout = lockout;
    this.#roles = roles;
  }

  /** The key with an ID, of the organisation and not deleted. @throws AuthError `not_found`. */
  async find(ID: string | undefined, orgId: string | null): Promise<ApiKey> {
    const isNumber = ID !== undefined && /^[0-9]{1,15}$/.test(ID);
    const id = isNumber ? await this.#latchkey.dialects.numbers.find('api-key', Number(ID)) : null;
    const key = id === null ? null : await this.#latchkey.apiKeys.get(id);
    if (key === null || key.kind !== 'api-key' || key.state === 'revoked') throw new AuthError('not_found');
    if (key.orgId !== orgId) throw hidden();
    return key;
  }

  /** Those of the organisation that meet a SearchFilter, in the order of their IDs. */
  async search(orgId: string | null, body: unknown): Promise<object[]> {
    return await this.#matching(orgId, filterOf(body, KEY_FIELDS));
  }

  async list(orgId: string | null): Promise<object[]> {
    return await this.#matching(orgId, { criteria: [], maxItems: Number.POSITIVE_INFINITY });
  }

  async create(body: unknown, { principal, address }: Asking): Promise<object> {
    const { apiKeys } = this.#latchkey;
    const members = membersOf(body);
    const name = needed(textIn(members, 'keyName') || undefined, 'keyName');
    const policyId = await this.#policyIdIn(members, principal.orgId);
    const isActive = booleanIn(members, 'active') ?? true;
    const { id: ownerId, ownerKind, orgId } = principal;
    const input = {
      name,
      description: textIn(members, 'description') ?? '',
      locale: choiceIn(members, 'locale', LOCALES) ?? LOCALES[0],
      timeZone: textIn(members, 'timeZone') ?? this.#settings.timeZone,
      policyIds: [needed(policyId, 'roleID')],
      ...{ ownerId, ownerKind, orgId },
    };
    const expiresAt = integerIn(members, 'expiryDate') || null;
    const make = (at: number | undefined | null) =>
      apiKeys.create({ ...input, expiresAt: at }, { by: principal, address, draw });
    // Where the host or the credential allows no key without an end, it has the one that they allow.
    const issued = await make(expiresAt).catch((error: unknown) => {
      if (expiresAt !== null || !isOfExpiry(error)) throw error;
      return make(undefined);
    });
    const key = isActive ? issued.key : await apiKeys.disable(issued.key.id, { by: principal, address });
    return await this.toWire(key, { secret: issued.secret });
  }

  /** Changes what is given; 0 removes the end. `ifVersion`: only of this version. */
  async modify(key: ApiKey, body: unknown, { principal: by, address }: Asking, ifVersion?: number): Promise<ApiKey> {
    const { apiKeys } = this.#latchkey;
    const members = membersOf(body);
    const isActive = booleanIn(members, 'active');
    const changes = { ...differing(ownChangesIn(members), key), ...(await this.#roleChangeIn(members, key)) };
    const isChanged = Object.keys(changes).length > 0;
    const changed = isChanged ? await apiKeys.update(key.id, changes, { by, address, ifVersion }) : key;
    if (isActive === undefined) return changed;
    if (!isActive) return await apiKeys.disable(key.id, { by, address });
    const isLetIn = await this.#isLetIn(changed); // as in a whole key sent back: then no right to let it in is asked for
    const enabled = isLetIn ? changed : await apiKeys.enable(key.id, { by, address });
    await this.#lockout.clear(key.id);
    return enabled;
  }

  /** Whether it is neither disabled, nor locked, nor can have been unused for too long. */
  async #isLetIn({ id, enabled, disableUnusedAfterMs }: ApiKey): Promise<boolean> {
    if (!enabled || disableUnusedAfterMs !== null) return false;
    const [lock] = await this.#lockout.read([id]);
    return lock?.unlockAt === null;
  }

  /**
   * The changes that a key may make to itself: nothing that has it do more, or live longer than `key` does as it was read.
   * @throws AuthError `forbidden`; `precondition_failed` where it was changed since.
   */
  async modifySelf(key: ApiKey, body: unknown, asking: Asking): Promise<ApiKey> {
    const members = membersOf(body);
    const { roleID } = await this.#numbered(key);
    const asked = integerIn(members, 'roleID') ?? roleID;
    const isActive = booleanIn(members, 'active') ?? key.enabled;
    const { expiresAt = key.expiresAt } = ownChangesIn(members);
    const isPutOff = (expiresAt ?? Number.POSITIVE_INFINITY) > (key.expiresAt ?? Number.POSITIVE_INFINITY);
    if (asked !== roleID || isActive !== key.enabled || isPutOff) throw lacks('canEditApiKeyProperties');
    const { roleID: _, active: __, ...own } = members;
    return await this.modify(key, own, asking, key.version);
  }

  /** A new secret; the one before ends at once. */
  async renew(key: ApiKey, { principal: by, address }: Asking): Promise<object> {
    const issued = await this.#latchkey.apiKeys.rotate(key.id, { by, address, draw });
    return await this.toWire(issued.key, { secret: issued.secret });
  }

  async remove({ id }: ApiKey, { principal: by, address }: Asking): Promise<void> {
    await this.#latchkey.apiKeys.revoke(id, { by, address });
  }

  async toWire(key: ApiKey, { secret, ...extras }: KeyExtras & { secret?: string } = {}): Promise<object> {
    const numbered = await this.#numbered(key);
    const [lock] = await this.#lockout.read([key.id]);
    const secretKey = secret === undefined ? {} : { secretKey: `${numbered.ID}:${secret}` };
    return toWire(numbered, this.#settings.timeZone, { ...extras, ...(lock && { lock }), ...secretKey });
  }

  /** An ApiKeyCurrent: the key has just signed in. */
  async toCurrent(key: ApiKey): Promise<object> {
    const [policyId] = key.policyIds;
    const role = policyId === undefined ? null : await this.#roles.byId(policyId, key.orgId);
    const roleURN = role === null ? undefined : await this.#roles.urnOf(role.name, key.orgId);
    const current = { roleURN, tenantID: await this.#roles.tenantOf(key.orgId) };
    return await this.toWire(key, { current, lastSignIn: this.#latchkey.dialects.now() });
  }

  async #matching(orgId: string | null, { criteria, maxItems }: SearchFilter): Promise<object[]> {
    const { pushed, rest } = split(criteria, CORE_KEY_FIELDS);
    const all: Criterion[] = [
      { field: 'kind', test: 'equal', value: 'api-key' },
      { field: 'state', test: 'in', value: ['active', 'pending', 'disabled', 'expired'] },
      ...pushed,
    ];
    const keys = await everyPage((paging) => this.#latchkey.apiKeys.search({ orgId, ...paging }, all));
    const numbered = (await this.#allNumbered(keys)).sort((a, b) => a.ID - b.ID);
    // The failures of a key are looked at only where they are asked for, or shown.
    const late = rest.filter(({ field }) => LOCK_FIELDS.includes(field));
    const early = rest.filter((criterion) => !late.includes(criterion));
    const { timeZone } = this.#settings;
    const views = numbered.map((each) => ({ ...toWire(each, timeZone), of: each }));
    const candidates = (await meetAll(views, early)).map(({ of }) => of);
    const shown = late.length > 0 ? candidates : candidates.slice(0, maxItems);
    const locks = await this.#lockout.read(shown.map(({ key }) => key.id));
    const whole = shown.map((each, index) => {
      const lock = locks[index];
      return toWire(each, timeZone, lock && { lock });
    });
    return (await meetAll(whole, late)).slice(0, maxItems);
  }

  async #numbered(key: ApiKey): Promise<NumberedKey> {
    const [numbered] = await this.#allNumbered([key]);
    return numbered as NumberedKey;
  }

  async #allNumbered(keys: readonly ApiKey[]): Promise<NumberedKey[]> {
    const found: NumberedKey[] = [];
    for (let start = 0; start < keys.length; start += CHUNK) {
      const some = keys.slice(start, start + CHUNK);
      const ids = some.map(({ id }) => id);
      const policyIds = some.flatMap((key) => key.policyIds.slice(0, 1));
      const [IDs, roleIDs] = await Promise.all([
        this.#latchkey.dialects.numbers.of('api-key', ids),
        this.#roles.numbersOf(policyIds),
      ]);
      const roleOf = new Map(policyIds.map((policyId, index) => [policyId, roleIDs[index]]));
      found.push(
        ...some.map((key, at) => ({ key, ID: IDs[at] as number, roleID: roleOf.get(key.policyIds[0] ?? '') })),
      );
    }
    return found;
  }

  /** A key that is given a role has its rights, and no others. */
  async #roleChangeIn(members: Members, { policyIds, statements, orgId }: ApiKey) {
    const policyId = await this.#policyIdIn(members, orgId);
    if (policyId === undefined) return {};
    const isSame = policyIds.length === 1 && policyIds[0] === policyId;
    return { ...(!isSame && { policyIds: [policyId] }), ...(statements.length > 0 && { statements: [] }) };
  }

  async #policyIdIn(members: Members, orgId: string | null): Promise<string | undefined> {
    const number = integerIn(members, 'roleID');
    if (number === undefined) return undefined;
    const role = await this.#roles.find(number, orgId);
    if (role === null) throw invalid('roleID');
    return role.id;
  }
}

/** The members that a key may change of itself. */
function ownChangesIn(members: Members) {
  const expiresAt = integerIn(members, 'expiryDate');
  const changes = {
    name: textIn(members, 'keyName'),
    description: textIn(members, 'description'),
    locale: choiceIn(members, 'locale', LOCALES),
    timeZone: textIn(members, 'timeZone'),
    expiresAt: expiresAt === 0 ? null : expiresAt,
  };
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Partial<
    typeof changes
  >;
}

/** Clients send a whole key back, of which they have changed a member. */
function differing(changes: ReturnType<typeof ownChangesIn>, key: ApiKey): Partial<typeof changes> {
  return Object.fromEntries(Object.entries(changes).filter(([name, value]) => key[name as keyof ApiKey] !== value));
}

/** The record's id is a UUID; the product shows its number. */
function draw(id: string = randomUUID()): { id: string; secret: string } {
  return { id, secret: randomBytes(SECRET_BYTES).toString('base64') };
}

/** Whether nothing but the end of a key was refused. */
function isOfExpiry(error: unknown): boolean {
  const isRefusal = error instanceof AuthError && (error.code === 'invalid_request' || error.code === 'forbidden');
  return isRefusal && error.errors.length > 0 && error.errors.every(({ path }) => path === 'expiresAt');
}
