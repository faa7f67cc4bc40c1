import type { StatementInput, User, UserDirectory } from '../../lib/index.js';

/** The password of everybody. */
export const PASSWORD = 'correct horse battery staple';

/** A host's users in memory. It knows every name, unless it was told otherwise; and it can fail, or hang. */
export class TestDirectory implements UserDirectory {
  readonly #changed = new Map<string, Partial<User> | null>();
  /** What befalls every call. */
  mode: 'answers' | 'fails' | 'hangs' = 'answers';

  disable(id: string): void {
    this.#changed.set(id, { isEnabled: false });
  }

  enable(id: string): void {
    this.#changed.delete(id);
  }

  remove(id: string): void {
    this.#changed.set(id, null);
  }

  findByUserName(userName: string): Promise<User | null> {
    return this.findById(userName);
  }

  findById(id: string): Promise<User | null> {
    const changed = this.#changed.get(id);
    return this.#answer(changed === null ? null : { id, orgId: null, userName: id, isEnabled: true, ...changed });
  }

  verifyPassword(user: User | null, password: string): Promise<boolean> {
    return this.#answer(user !== null && password === PASSWORD);
  }

  statements(): Promise<readonly StatementInput[]> {
    return this.#answer([{ actions: ['*'] }]);
  }

  #answer<Value>(value: Value): Promise<Value> {
    if (this.mode === 'hangs') return new Promise(() => {});
    if (this.mode === 'fails') return Promise.reject(new Error('the directory is down'));
    return Promise.resolve(value);
  }
}
