import { AuthError, storeUnavailable } from './errors.js';
import type { Statement } from './permissions.js';
import { toStatement } from './permissions.js';
import type { User, UserDirectory } from './users.js';

/** The longest that one call of the host's directory may take, in ms. */
export const DIRECTORY_TIMEOUT_MS = 2_000;

/** The host's directory with a bound on every call. Whatever goes wrong is `store_unavailable`: never a no. Undefined is null. */
export class BoundedDirectory {
  readonly #directory: UserDirectory;
  readonly #timeoutMs: number;

  constructor(directory: UserDirectory, timeoutMs: number = DIRECTORY_TIMEOUT_MS) {
    this.#directory = directory;
    this.#timeoutMs = timeoutMs;
  }

  async findByUserName(userName: string, tenant: string | null): Promise<User | null> {
    return (await this.#within('findByUserName', () => this.#directory.findByUserName(userName, tenant))) ?? null;
  }

  async findById(id: string): Promise<User | null> {
    return (await this.#within('findById', () => this.#directory.findById(id))) ?? null;
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
    return (await this.#within('statements', () => this.#directory.statements(user))).map(toStatement);
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

/** The host's own error text stays out of it: it might hold what the user typed. */
function unavailable(method: string, what: string): AuthError {
  return storeUnavailable(`the user directory's ${method} ${what}`);
}
