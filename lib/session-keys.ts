import type { FieldError } from './errors.js';
import { AuthError } from './errors.js';
import type { KeyMaking, NewKey } from './key-builder.js';
import { buildKey, checkNewKey, refuseFaults, settleOwner } from './key-builder.js';
import { checkSize } from './key-input.js';
import type { Actor } from './key-rights.js';
import { actorName, refuseExcess, refuseOutliving } from './key-rights.js';
import type { IssuedKey } from './key-view.js';
import { toApiKey } from './key-view.js';
import type { StatementInput } from './permissions.js';
import { checkStatements, toStatement } from './permissions.js';
import type { ApiKeyRecord } from './records.js';
import { UNUSED } from './records.js';
import { generateSecret } from './secret.js';
import type { ApiKeyStore } from './stores/store.js';

const DEFAULT_DURATION_MS = 3_600_000;
const MIN_DURATION_MS = 1_000;
const MAX_DURATION_MS = 86_400_000;
/** A session key stays readable this long after its end, in ms. */
const RETENTION_MS = 86_400_000;

/** A policy of the host's own: a named list of statements that session keys can be made from. */
export interface Policy {
  readonly id: string;
  readonly name: string;
  readonly statements: readonly StatementInput[];
}

export interface NewSessionKey {
  /** On whose behalf it acts. */
  readonly userId: string;
  readonly orgId?: string | null | undefined;
  readonly name?: string | undefined;
  /** Of policies that the host has named; their statements are copied into the key. */
  readonly policyIds?: readonly string[] | undefined;
  readonly statements?: readonly StatementInput[] | undefined;
  /** 1,000 to 86,400,000 ms; default one hour. */
  readonly durationMs?: number | undefined;
  readonly defaultWorkspace?: string | null | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

export interface IssuedSessionKey extends IssuedKey {
  /** Those that `policyIds` named. */
  readonly policies: readonly Policy[];
}

/**
 * Mints session keys: API keys that always expire, soon, and carry rights of their own, never more than their issuer's.
 * Once made they are listed, revoked and verified as API keys are.
 */
export class SessionKeys {
  readonly #store: ApiKeyStore;
  readonly #making: KeyMaking;
  readonly #policies: ReadonlyMap<string, Policy>;

  /** @throws TypeError for a policy whose statements are wrong, or whose id stands twice. */
  constructor(store: ApiKeyStore, making: KeyMaking, policies: readonly Policy[]) {
    this.#store = store;
    this.#making = making;
    this.#policies = new Map(policies.map((policy) => [policy.id, policy]));
    for (const { id, statements } of policies) {
      const [fault] = checkStatements(statements.map(toStatement));
      if (fault !== undefined) throw new TypeError(`policies: ${id}: ${fault.path} ${fault.message}`);
    }
    if (this.#policies.size !== policies.length) throw new TypeError('policies: two have the same id');
  }

  /** @throws AuthError `invalid_request` naming each field; `forbidden` when `by` would give more than it has. */
  async mint(input: NewSessionKey, { by }: { readonly by: Actor }): Promise<IssuedSessionKey> {
    const { policyIds = [], statements = [], durationMs = DEFAULT_DURATION_MS } = input;
    const policies = policyIds.map((id) => this.#policies.get(id));
    const nowAt = this.#making.now();
    const expiresAt = nowAt + durationMs;
    const secret = generateSecret(this.#making.prefix);
    const asked: NewKey = {
      name: input.name ?? secret.id,
      ownerId: input.userId,
      orgId: input.orgId,
      properties: input.properties,
      defaultWorkspace: input.defaultWorkspace,
      statements: [...policies.flatMap((policy) => policy?.statements ?? []), ...statements],
    };
    actorName(by);
    const key = await settleOwner(asked, by, this.#making, 'userId');
    const made = { kind: 'session-key' as const, by, secret, expiresAt, expungeAt: expiresAt + RETENTION_MS };
    const record = buildKey(key, made, this.#making, nowAt);
    refuseFaults([...this.#checkPolicies(policyIds), ...checkDuration(durationMs), ...checkRecord(key, record)]);
    refuseFaults(checkSize(record));
    refuseExcess(by, record);
    refuseOutliving(by, record);
    if (!(await this.#store.insert(record))) throw new AuthError('conflict', { reason: 'the id exists' });
    return {
      key: toApiKey(record, UNUSED, nowAt),
      secret: secret.secret,
      token: secret.token,
      policies: policies.filter((policy) => policy !== undefined),
    };
  }

  #checkPolicies(ids: readonly string[]): FieldError[] {
    return ids.flatMap((id, index) =>
      this.#policies.has(id) ? [] : [{ path: `policyIds.${index}`, message: 'names no policy' }],
    );
  }
}

/** The owner of the record is the user of the input. */
function checkRecord(input: NewKey, record: ApiKeyRecord): FieldError[] {
  return asUserFaults(checkNewKey(input, record));
}

function asUserFaults(errors: readonly FieldError[]): FieldError[] {
  return errors.map(({ path, message }) => ({ path: path === 'ownerId' ? 'userId' : path, message }));
}

function checkDuration(ms: number): FieldError[] {
  if (Number.isSafeInteger(ms) && ms >= MIN_DURATION_MS && ms <= MAX_DURATION_MS) return [];
  return [
    { path: 'durationMs', message: `must be a whole number of ms from ${MIN_DURATION_MS} to ${MAX_DURATION_MS}` },
  ];
}
