/** Why a request was refused, by the reason in its entry. */
export const REFUSALS = {
  missing: 'No credential was sent',
  form_not_accepted: 'Credentials are not accepted in this form',
  malformed: 'What was sent is no credential',
  unknown_id: 'There is no such key',
  wrong_secret: 'The secret was wrong',
  revoked: 'The key is revoked',
  disabled: 'The key is disabled',
  not_yet_valid: 'The key is not valid yet',
  expired: 'The key has expired',
  unused: 'The key was not used for too long',
  parent_ended: 'The key that it was made with has ended',
  address_not_allowed: 'Not from this address',
  origin_not_allowed: 'Not from this origin',
  owner_disabled: 'The owner is disabled or gone',
  owner_moved: 'The owner belongs to another organisation now',
  session_ended: 'The session has ended',
  request_id_missing: 'The request id of the session was missing',
  request_id_wrong: 'The request id of the session was wrong',
  too_many_attempts: 'Too many wrong tries from this address',
  rate_limited: 'More requests than the key is allowed',
} as const;

/** Why nobody was logged in. */
export const FAILED_LOGINS = {
  unknown_user: 'There is no such user',
  wrong_password: 'The password was wrong',
  mfa_required: 'The password was right, and a code is needed besides',
  wrong_mfa_code: 'The code was wrong',
  user_disabled: 'The user is disabled',
  wrong_login_token: 'The login token was wrong or used up',
  too_many_attempts: 'Too many wrong tries',
} as const;

/** A reason that only a newer server knows is told by its name. */
export function reasonIn(words: Readonly<Record<string, string>>, reason: unknown): string {
  if (typeof reason !== 'string') return '';
  return (Object.hasOwn(words, reason) ? words[reason] : undefined) ?? reason;
}
