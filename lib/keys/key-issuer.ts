import { AuthError, type FieldError, isNotDurable, passNotDurable } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Ceiling, Statement } from '../permissions/statement.js';
import { toStatements } from '../permissions/statement.js';
import type { PolicyReader } from '../policies/policy-reader.js';
import type { Policy } from '../policies/policy-view.js';
import { Principal } from '../principal.js';
import type { ApiKeyRecord } from '../records.js';
import { keyState } from '../records.js';
import type { ApiKeyStore } from '../stores/store.js';
import { drawSecret } from '../verification/foreign-pair.js';
import { type GeneratedSecret, generateSecret } from '../verification/secret.js';
import type { KeyMaking, NewKey } from './key-builder.js';
import { refuseFaults } from './key-builder.js';
import { checkSize } from './key-input.js';
import type { Actor } from './key-rights.js';
import {
  ceilingFor,
  isOwnerInPerson,
  narrowed,
  refuseExcess,
  refuseGrant,
  refuseOpening,
  refuseOutliving,
} from './key-rights.js';
import type { ApiKey } from './key-view.js';
import type { KeyWriter, MakeOptions, SecretOptions } from './key-writer.js';

/** An id that exists is drawn again at most so often. */
const MAX_REDRAWS = 5;
/** Keys of one owner that are read at once to count those that are alive. */
const COUNT_CHUNK = 200;

/** A key that has been kept, with the policies that were named. */
export interface Issued {
  readonly key: ApiKey;
  readonly policies: readonly Policy[];
}

/** Decides whether a credential may come to have the rights that it is to have: the one gate for making and widening keys. */
export class KeyIssuer {
  readonly #store: ApiKeyStore;
  readonly #making: KeyMaking;
  readonly #policies: PolicyReader;
  readonly #writer: KeyWriter;

  constructor(store: ApiKeyStore, making: KeyMaking, policies: PolicyReader, writer: KeyWriter) {
    this.#store = store;
    this.#making = making;
    this.#policies = policies;
    this.#writer = writer;
  }

  /** The secret of a new key. @throws TypeError as `drawSecret`; AuthError `conflict` when every id that is drawn exists. */
  async newSecret({ draw }: SecretOptions): Promise<GeneratedSecret> {
    if (draw === undefined) return generateSecret(this.#making.prefix);
    for (let tries = 0; tries <= MAX_REDRAWS; tries++) {
      const drawn = drawSecret(draw);
      if ((await this.#store.get(drawn.id)) === null) return drawn;
    }
    throw new AuthError('conflict', { reason: 'every id that was drawn exists' });
  }

  /**
   * Keeps a record that was built from `input`, in which `faults` were found.
   * @throws AuthError `invalid_request` for a policy that is not there; `forbidden` when `by` would give more than it has;
   * `conflict` when the owner has as many keys as are allowed; `not_durable`, the key being revoked as far as that goes.
   */
  async issue(
    record: ApiKeyRecord,
    input: Partial<NewKey>,
    faults: readonly FieldError[],
    options: MakeOptions,
  ): Promise<Issued> {
    const policies = await this.#demandRights(record, input, faults, options);
    await this.#refuseTooMany(record, 1);
    const key = await this.#insert(record, options);
    try {
      await this.#refuseTooMany(record, 0); // others may have been made at once
    } catch (error) {
      await this.#revoke(record.id, 'made at once with others, beyond the limit').catch(passNotDurable);
      throw error;
    }
    return { key, policies };
  }

  /**
   * Keeps the record of a key that is in use already: how many its owner has is not asked, and what was not confirmed stays, to
   * be confirmed when it is taken in again. @throws AuthError as `issue`; `conflict` when the id exists.
   */
  async adopt(
    record: ApiKeyRecord,
    input: Partial<NewKey>,
    faults: readonly FieldError[],
    options: MakeOptions,
  ): Promise<void> {
    await this.#demandRights(record, input, faults, options);
    await this.#writer.insert(record, options);
  }

  async #demandRights(
    record: ApiKeyRecord,
    input: Partial<NewKey>,
    faults: readonly FieldError[],
    { by }: MakeOptions,
  ): Promise<Policy[]> {
    const policies = await this.#demandPolicies(record, faults);
    refuseFaults(checkSize(record));
    refuseGrant(by, { statements: input.statements && toStatements(input.statements), policies });
    refuseExcess(by, record, await this.#writer.rightsOf(record));
    refuseOutliving(by, record);
    refuseOpening(by, record);
    return policies;
  }

  /** A key that nobody was told of is of no use, and must not stand in the way of the next one. */
  async #insert(record: ApiKeyRecord, options: MakeOptions): Promise<ApiKey> {
    try {
      return await this.#writer.insert(record, options);
    } catch (error) {
      if (isNotDurable(error)) await this.#revoke(record.id, 'not confirmed by the replicas').catch(() => {}); // told so
      throw error;
    }
  }

  async #revoke(id: string, revokedReason: string): Promise<void> {
    const { lifetimes } = this.#making;
    await this.#writer.change('key.revoked', id, { by: 'latchkey' }, (kept, nowAt) => ({
      ...kept,
      revokedAt: nowAt,
      revokedBy: 'latchkey',
      revokedReason,
      expungeAt: kept.kind === 'session-key' ? kept.expungeAt : lifetimes.expungeAt(kept.expiresAt, nowAt),
    }));
  }

  /**
   * `next` with the ceiling that goes with its new rights, once `by` may change `record` into it. Rights that `record` has
   * already are not asked about again: its ceiling holds them in.
   * @throws AuthError as `issue`.
   */
  async regrant(record: ApiKeyRecord, next: ApiKeyRecord, by: Actor, refreshes: boolean): Promise<ApiKeyRecord> {
    // Owners who may do less than their key was made for have to be able to narrow it: what comes of it is held in below.
    if (!(refreshes && isOwnerInPerson(by, record))) {
      refuseExcess(by, record, await this.#writer.rightsOf(record));
    }
    if (this.isRevived(record, next)) await this.#refuseTooMany(next, 1);
    const isRegranted = next.statements !== record.statements || next.policyIds !== record.policyIds;
    if (isRegranted) {
      // An id that it has already may name a policy that is there no more.
      const added = next.policyIds.filter((id) => !record.policyIds.includes(id));
      const policies = await this.#demandPolicies(next, [], added);
      refuseGrant(by, { statements: next.statements, policies, had: record });
    }
    const regranted = { ...next, ceiling: await this.#ceilingAfter(record, by, isRegranted, refreshes) };
    refuseExcess(by, regranted, await this.#writer.rightsOf(regranted));
    return regranted;
  }

  /** Whether a change has a key work again that had ended. */
  isRevived(record: ApiKeyRecord, next: ApiKeyRecord): boolean {
    return this.#hasEnded(record) && !this.#hasEnded(next);
  }

  /**
   * Once a key works again that had ended, being `before`: others may have been made, or changed so, at once.
   * @throws AuthError `conflict`, the key having ended again, when the owner has more keys than are allowed.
   */
  async recount(before: ApiKeyRecord): Promise<void> {
    const { id, expiresAt, expungeAt } = before;
    try {
      await this.#refuseTooMany(before, 0);
    } catch (error) {
      const ended = (kept: ApiKeyRecord) => ({ ...kept, expiresAt, expungeAt });
      await this.#writer.change('key.changed', id, { by: 'latchkey' }, ended);
      throw error;
    }
  }

  /** All faults are told at once; but what is no list of ids is not looked up. */
  async #demandPolicies(
    { statements, policyIds, orgId }: ApiKeyRecord,
    faults: readonly FieldError[] = [],
    wanted = policyIds,
  ): Promise<Policy[]> {
    if (faults.some(({ path }) => path.startsWith('policyIds'))) refuseFaults(faults);
    const found = await this.#policies.lookUp(policyIds, orgId);
    const missing = found.faults.filter(({ path }) => wanted.includes(policyIds[Number(path.split('.')[1])] ?? ''));
    refuseFaults([
      ...missing,
      ...faults,
      // What is no list of statements cannot be counted.
      ...(faults.length > 0 ? [] : checkTogether([statements, ...found.policies.map((each) => each.statements)])),
    ]);
    return found.policies;
  }

  async #ceilingAfter(record: ApiKeyRecord, by: Actor, isRegranted: boolean, refreshes: boolean): Promise<Ceiling> {
    if (refreshes) {
      const owner = record.ownerKind === 'service' ? undefined : await this.#making.findOwner(record.ownerId);
      return ceilingFor(by, owner === null ? [] : (owner?.statements ?? null)); // one who is gone may do nothing
    }
    // Who gives it further rights bounds those, too: a policy may grow after this.
    return isRegranted && by instanceof Principal ? narrowed([...record.ceiling, ...by.toCeiling()]) : record.ceiling;
  }

  /** Counts the owner's keys that have not ended; `more` are to come. Made and then counted again, so never exceeded. */
  async #refuseTooMany({ kind, orgId, ownerId, ownerKind }: ApiKeyRecord, more: number): Promise<void> {
    const { maxPerUser } = this.#making.rules;
    if (kind !== 'api-key' || maxPerUser === Number.POSITIVE_INFINITY) return;
    let count = more;
    let after: string | undefined;
    do {
      const query = { orgId, ownerId, order: 'createdAt' as const, descending: true, after, limit: COUNT_CHUNK };
      const page = await this.#store.page(query);
      const isCounted = (record: ApiKeyRecord) =>
        record.kind === kind && record.ownerKind === ownerKind && !this.#hasEnded(record);
      count += page.entries.filter(({ record }) => isCounted(record)).length;
      if (count > maxPerUser) {
        throw new AuthError('conflict', { message: 'The user has as many keys as are allowed. Revoke one of them.' });
      }
      after = page.next ?? undefined;
    } while (after !== undefined);
  }

  #hasEnded(record: ApiKeyRecord): boolean {
    const { lifetimes, now } = this.#making;
    const state = keyState(lifetimes.aged(record), now());
    return state === 'revoked' || state === 'expired';
  }
}

/** Comparing rights costs the product of what is compared: so there is a bound on what one key is given. */
function checkTogether(lists: readonly (readonly Statement[])[]): FieldError[] {
  const count = lists.flat().reduce((sum, { actions, resources }) => sum + actions.length + resources.length, 0);
  if (lists.length === 1 || count <= LIMITS.policyPatterns) return [];
  const message = `must have at most ${LIMITS.policyPatterns} actions and resources in all, with those of the key itself`;
  return [{ path: 'policyIds', message }];
}
