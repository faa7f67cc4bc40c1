/** Why a request was refused. For logs and the audit trail: outside, all of them are one 401. */
export type RefusalReason =
  | 'missing'
  | 'form_not_accepted'
  | 'malformed'
  | 'unknown_id'
  | 'wrong_secret'
  | 'revoked'
  | 'disabled'
  | 'not_yet_valid'
  | 'expired'
  | 'unused'
  | 'parent_ended'
  | 'address_not_allowed'
  | 'origin_not_allowed'
  | 'owner_disabled'
  | 'owner_moved'
  | 'session_ended'
  | 'request_id_missing'
  | 'request_id_wrong';

/** A request that is not let in. One object for each reason: refusing must cost less than letting in. */
export class Refusal {
  readonly reason: RefusalReason;
  readonly #isOfCookie: boolean;

  constructor(reason: RefusalReason, isOfCookie = false) {
    this.reason = reason;
    this.#isOfCookie = isOfCookie;
    Object.freeze(this);
  }

  /** What was refused is a cookie: the challenges of other forms do not speak of it. */
  get isOfCookie(): boolean {
    return this.#isOfCookie;
  }
}

export const MISSING = new Refusal('missing');
export const FORM_NOT_ACCEPTED = new Refusal('form_not_accepted');
export const MALFORMED = new Refusal('malformed');
export const UNKNOWN_ID = new Refusal('unknown_id');
export const WRONG_SECRET = new Refusal('wrong_secret');
export const REVOKED = new Refusal('revoked');
export const DISABLED = new Refusal('disabled');
export const NOT_YET_VALID = new Refusal('not_yet_valid');
export const EXPIRED = new Refusal('expired');
export const UNUSED_TOO_LONG = new Refusal('unused');
export const PARENT_ENDED = new Refusal('parent_ended');
export const ADDRESS_NOT_ALLOWED = new Refusal('address_not_allowed');
export const ORIGIN_NOT_ALLOWED = new Refusal('origin_not_allowed');
/** The owner is of another organisation now than the key. */
export const OWNER_MOVED = new Refusal('owner_moved');
export const OWNER_DISABLED = new Refusal('owner_disabled');
export const SESSION_ENDED = new Refusal('session_ended');
export const COOKIE_SESSION_ENDED = new Refusal('session_ended', true);
export const COOKIE_OWNER_DISABLED = new Refusal('owner_disabled', true);
export const REQUEST_ID_MISSING = new Refusal('request_id_missing', true);
export const REQUEST_ID_WRONG = new Refusal('request_id_wrong', true);
