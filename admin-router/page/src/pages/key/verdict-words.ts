import type { ApiKey, KeyVerdict, Obstacle } from '../../api/types.ts';
import type { Question, refuserOf } from './matrix.ts';

/** Why a key lets nobody in. */
export const OBSTACLES: Readonly<Record<Exclude<Obstacle, 'forbidden'>, string>> = {
  revoked: 'the key is revoked',
  expired: 'the key has expired',
  disabled: 'the key is disabled',
  pending: 'the key is not valid yet',
  unused: 'nobody has used the key for as long as it allows: it counts as disabled until it is enabled again',
  parent_ended: 'a key that it was made with has ended, and it ended with that one',
  owner_disabled: 'its owner is disabled, or no longer there',
  owner_moved: 'its owner belongs to another organisation now',
};

const REFUSERS: Readonly<Record<NonNullable<ReturnType<typeof refuserOf>>, string>> = {
  statements: 'neither its statements nor its policies give it that right',
  tie: 'it is tied to other resources',
  ceiling: 'its ceiling does not reach that far: its owner, or who made it, could not do this when it was made',
};

/** The answer to a question in one sentence. `refuser`: undefined where not all of its policies could be read. */
export function verdictInWords(
  { allowed, reason }: KeyVerdict,
  question: Question,
  refuser: ReturnType<typeof refuserOf> | undefined,
): string {
  const asked = questionInWords(question);
  if (allowed) return `Yes: this key may do ${asked}.`;
  if (reason !== null && reason !== 'forbidden') return `No: ${OBSTACLES[reason]}.`;
  if (refuser === undefined) return `No: it has no right to ${asked}.`;
  if (refuser === null) return `No: it was given ${asked}, but its owner may not do that now.`;
  return `No: ${REFUSERS[refuser]}.`;
}

export function questionInWords({ action, resource, workspace }: Question): string {
  const on = resource === '' ? 'everything' : resource;
  const where = workspace === '' ? 'every workspace' : `the workspace ${workspace}`;
  return `${action} on ${on} in ${where}`;
}

/** Why a key is in the state that its badge tells; null: there is nothing to explain. */
export function whyOf(
  { state, revokedBy, revokedReason, expiresAt, notBefore }: ApiKey,
  obstacle: Obstacle | null,
): string | null {
  if (state === 'revoked') {
    const reason = revokedReason === null || revokedReason === '' ? '' : `: ${revokedReason}`;
    return `Revoked by ${revokedBy ?? 'somebody who is not known'}${reason}`;
  }
  if (state === 'expired')
    return expiresAt === null ? null : 'Its time is over. It can be extended where that is allowed.';
  if (state === 'disabled') return 'Refused until it is enabled again. The audit trail tells by whom.';
  if (state === 'pending') return notBefore === null ? null : 'Its time has not begun yet.';
  if (obstacle === null || obstacle === 'forbidden') return null;
  const words = OBSTACLES[obstacle];
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
