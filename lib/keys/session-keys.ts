import type { FieldError } from '../errors.js';
import type { StatementInput } from '../permissions/statement.js';
import type { Policy } from '../policies/policy-view.js';
import { toInternalPolicy } from '../policies/policy-view.js';
import { Principal } from '../principal.js';
import type { DialectChanges } from './dialect-fields.js';
import type { KeyMaking, NewKey } from './key-builder.js';
import { buildKey, checkNewKey, settleOwner } from './key-builder.js';
import type { KeyIssuer } from './key-issuer.js';
import type { Actor } from './key-rights.js';
import { actorName } from './key-rights.js';
import type { IssuedKey } from './key-view.js';
import type { MakeOptions, SecretOptions } from './key-writer.js';

const DEFAULT_DURATION_MS = 3_600_000;
const MIN_DURATION_MS = 1_000;
const MAX_DURATION_MS = 86_400_000;
/** A session key stays readable this long after its end, in ms. */
const RETENTION_MS = 86_400_000;

export interface NewSessionKey {
  /** On whose behalf it acts. A service that asks for its own id means itself. */
  readonly userId: string;
  readonly orgId?: string | null | undefined;
  readonly name?: string | undefined;
  /** Of policies whose rights it has, as they are at the time of each request. */
  readonly policyIds?: readonly string[] | undefined;
  readonly statements?: readonly StatementInput[] | undefined;
  /** 1,000 to 86,400,000 ms; default one hour. */
  readonly durationMs?: number | undefined;
  readonly defaultWorkspace?: string | null | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  readonly allowedAddresses?: readonly string[] | null | undefined;
  readonly allowedOrigins?: readonly string[] | null | undefined;
  /** From code only. */
  readonly dialects?: DialectChanges | undefined;
}

export interface IssuedSessionKey extends IssuedKey {
  /** Those that `policyIds` named, then, where it has statements of its own, these as a policy of type `internal`. */
  readonly policies: readonly Policy[];
}

/**
 * Mints session keys: API keys that always expire, soon, and carry rights of their own, never more than their issuer's.
 * Once made they are listed, revoked and verified as API keys are.
 */
export class SessionKeys {
  readonly #making: KeyMaking;
  readonly #issuer: KeyIssuer;

  constructor(making: KeyMaking, issuer: KeyIssuer) {
    this.#making = making;
    this.#issuer = issuer;
  }

  /** @throws AuthError `invalid_request` naming each field; `forbidden` when `by` would give more than it has. */
  async mint(input: NewSessionKey, options: MakeOptions & SecretOptions): Promise<IssuedSessionKey> {
    const { by } = options;
    const { durationMs = DEFAULT_DURATION_MS } = input;
    const [policyIds, statements] = [input.policyIds ?? [], input.statements ?? []];
    const nowAt = this.#making.now();
    const expiresAt = nowAt + (typeof durationMs === 'number' ? durationMs : 0);
    const secret = await this.#issuer.newSecret(options);
    const asked: NewKey = {
      name: input.name ?? secret.id,
      ownerId: input.userId,
      ownerKind: isItself(by, input.userId) ? 'service' : 'user',
      orgId: input.orgId,
      properties: input.properties,
      defaultWorkspace: input.defaultWorkspace,
      allowedAddresses: input.allowedAddresses,
      allowedOrigins: input.allowedOrigins,
      dialects: input.dialects,
      statements,
      policyIds,
    };
    actorName(by);
    const settled = await settleOwner(asked, by, this.#making, 'userId');
    const made = { kind: 'session-key' as const, by, secret, expiresAt, expungeAt: expiresAt + RETENTION_MS };
    const record = buildKey(settled, made, this.#making, nowAt);
    const faults = [...checkDuration(durationMs), ...asUserFaults(checkNewKey(settled.input, record))];
    const { key, policies } = await this.#issuer.issue(record, asked, faults, options);
    return {
      key,
      secret: secret.secret,
      token: secret.token,
      policies: statements.length === 0 ? policies : [...policies, toInternalPolicy(record)],
    };
  }
}

function isItself(by: Actor, userId: string): boolean {
  return by instanceof Principal && by.ownerKind === 'service' && by.id === userId;
}

/** The owner of the record is the user of the input. */
function asUserFaults(errors: readonly FieldError[]): FieldError[] {
  return errors.map(({ path, message }) => ({ path: path === 'ownerId' ? 'userId' : path, message }));
}

function checkDuration(ms: number): FieldError[] {
  if (Number.isSafeInteger(ms) && ms >= MIN_DURATION_MS && ms <= MAX_DURATION_MS) return [];
  return [
    { path: 'durationMs', message: `must be a whole number of ms from ${MIN_DURATION_MS} to ${MAX_DURATION_MS}` },
  ];
}
