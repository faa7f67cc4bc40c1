import type { StatementInput } from './permissions/statement.js';

/** A user of the host app, as far as Latchkey needs to know. */
export interface User {
  readonly id: string;
  readonly orgId: string | null;
  /** What people type to log in. */
  readonly userName: string;
  /** A disabled user's sessions and keys are refused. */
  readonly isEnabled: boolean;
  /** Whether a login also needs a code. Default false. */
  readonly requiresMfa?: boolean;
}

/**
 * The host's users: the interface that the host app implements. Any method may reject or take too long; the request is
 * then answered 503, never 401.
 */
export interface UserDirectory {
  /** Null for an unknown name. `tenant` is what the login named, if anything. */
  findByUserName(userName: string, tenant: string | null): Promise<User | null>;
  /** Null for a user that was deleted. */
  findById(id: string): Promise<User | null>;
  /**
   * Whether the password is right. For an unknown name `user` is null: do the same work against a hash that nothing
   * matches and answer false, so that the time does not tell who exists.
   */
  verifyPassword(user: User | null, password: string): Promise<boolean>;
  /** Needed when some user has `requiresMfa`. Must accept a code only once. */
  verifyMfaCode?(user: User, code: string): Promise<boolean>;
  /**
   * What the user may do now: at most 100 statements with 500 actions and resources in all. What is more, or wrong, is 503
   * for all that the user does, and a process warning `LATCHKEY_DIRECTORY` says so.
   */
  statements(user: User): Promise<readonly StatementInput[]>;
}
