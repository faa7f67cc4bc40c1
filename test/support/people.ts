import type { StatementInput, User, UserDirectory } from '../../lib/index.js';

export const PASSWORD = 'correct horse battery staple';
export const MFA_CODE = '424242';

export interface Person extends User {
  readonly password: string;
  readonly statements: readonly StatementInput[];
}

/** A directory in which everybody's password is `PASSWORD`, and which notes what it is asked. */
export class People implements UserDirectory {
  readonly #people = new Map<string, Person>();
  /** The methods called, in order. */
  readonly calls: (keyof UserDirectory)[] = [];
  /** What the methods named here do in place of answering; it is told what the user typed. */
  faults: Partial<Record<keyof UserDirectory, (typed: string) => Promise<never>>> = {};

  /** Adds a person, or changes one. */
  set(id: string, fields: Partial<Person> = {}): this {
    const fresh = { id, orgId: 'acme', userName: id, isEnabled: true, password: PASSWORD, statements: [] };
    this.#people.set(id, { ...fresh, ...this.#people.get(id), ...fields });
    return this;
  }

  orgOf(id: string): string | null {
    return this.#people.get(id)?.orgId ?? null;
  }

  /** All of them belong to `orgId` now. Returns who they are. */
  moveTo(orgId: string): string[] {
    const ids = [...this.#people.keys()];
    for (const id of ids) this.set(id, { orgId });
    return ids;
  }

  delete(id: string): void {
    this.#people.delete(id);
  }

  /** How often passwords were looked at since the last time. */
  drainGuesses(): number {
    return this.calls.splice(0).filter((call) => call === 'verifyPassword').length;
  }

  findByUserName(userName: string, tenant: string | null): Promise<User | null> {
    const wanted = userName.toLowerCase();
    return this.#answer('findByUserName', userName, () => {
      const found = [...this.#people.values()].find((person) => person.userName.toLowerCase() === wanted);
      return tenant === null || tenant === found?.orgId ? (found ?? null) : null;
    });
  }

  findById(id: string): Promise<User | null> {
    return this.#answer('findById', id, () => this.#people.get(id) ?? null);
  }

  verifyPassword(user: User | null, password: string): Promise<boolean> {
    return this.#answer('verifyPassword', password, () => this.#people.get(user?.id ?? '')?.password === password);
  }

  verifyMfaCode(_user: User, code: string): Promise<boolean> {
    return this.#answer('verifyMfaCode', code, () => code === MFA_CODE);
  }

  statements(user: User): Promise<readonly StatementInput[]> {
    return this.#answer('statements', user.id, () => this.#people.get(user.id)?.statements ?? []);
  }

  #answer<Value>(method: keyof UserDirectory, typed: string, value: () => Value): Promise<Value> {
    this.calls.push(method);
    const fault = this.faults[method];
    return fault === undefined ? Promise.resolve(value()) : fault(typed);
  }
}
