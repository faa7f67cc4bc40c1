import { AuthError, storeUnavailable } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { Statement } from '../permissions/statement.js';
import { checkStatements, toStatements } from '../permissions/statement.js';
import { isText } from '../text.js';
import type { User, UserDirectory } from '../users.js';

/** The longest that one call of the host's directory may take, in ms. */
export const DIRECTORY_TIMEOUT_MS = 2_000;

/** The host's directory with a bound on every call. Whatever goes wrong is `store_unavailable`: never a no. Undefined is null. */
export class BoundedDirectory {
  readonly #directory: UserDirectory;
  readonly #timeoutMs: number;

  /** @throws TypeError for a time-out out of range. */
  constructor(directory: UserDirectory, timeoutMs: number = DIRECTORY_TIMEOUT_MS) {
    if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > 60_000) {
      throw new TypeError('usersTimeoutMs must be a whole number from 1 to 60000');
    }
    this.#directory = directory;
    this.#timeoutMs = timeoutMs;
  }

  async findByUserName(userName: string, tenant: string | null): Promise<User | null> {
    return asUser(
      'findByUserName',
      await this.#within('findByUserName', () => this.#directory.findByUserName(userName, tenant)),
    );
  }

  async findById(id: string): Promise<User | null> {
    return asUser('findById', await this.#within('findById', () => this.#directory.findById(id)));
  }

  async verifyPassword(user: User | null, password: string): Promise<boolean> {
    const isRight = await this.#within('verifyPassword', () => this.#directory.verifyPassword(user, password));
    return user !== null && isRight === true;
  }

  async verifyMfaCode(user: User, code: string): Promise<boolean> {
    const { verifyMfaCode } = this.#directory;
    if (verifyMfaCode === undefined)
      throw storeUnavailable('a user requires MFA, but the directory has no verifyMfaCode');
    return (await this.#within('verifyMfaCode', () => verifyMfaCode.call(this.#directory, user, code))) === true;
  }

  async statements(user: User): Promise<readonly Statement[]> {
    const answer = await this.#within('statements', () => this.#directory.statements(user));
    const statements = toStatements(answer);
    const [fault] = checkStatements(statements);
    if (fault !== undefined) {
      warn(`of ${user.id}: ${fault.path} ${fault.message}`);
      throw unavailable('statements', `answered none: ${fault.path} ${fault.message}`);
    }
    return statements;
  }

  async #within<Answer>(method: keyof UserDirectory, call: () => Promise<Answer>): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unavailable(method, 'did not answer in time')), this.#timeoutMs);
    });
    try {
      return await Promise.race([call(), tooLate]);
    } catch (error) {
      throw error instanceof AuthError ? error : unavailable(method, 'failed');
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What is no user must not pass for one: an id that is no text would be another user's elsewhere. */
function asUser(method: string, answer: User | null | undefined): User | null {
  if (answer === null || answer === undefined) return null;
  const { id, orgId = null, userName, isEnabled } = answer;
  const isUser =
    isText(id, 1, LIMITS.identifier) &&
    (orgId === null || isText(orgId, 1, LIMITS.identifier)) &&
    isText(userName, 1, 256) &&
    typeof isEnabled === 'boolean';
  if (!isUser) throw unavailable(method, 'answered what is no user: id, userName and isEnabled must be there');
  return { ...answer, id, orgId };
}

let hasWarned = false;

/** Once: it is the same for every request of that user. */
function warn(fault: string): void {
  if (hasWarned) return;
  hasWarned = true;
  process.emitWarning(
    `The user directory's statements cannot be used, ${fault}. Requests of such users are answered 503.`,
    {
      code: 'LATCHKEY_DIRECTORY',
    },
  );
}

/** The host's own error text stays out of it: it might hold what the user typed. */
function unavailable(method: string, what: string): AuthError {
  return storeUnavailable(`the user directory's ${method} ${what}`);
}
