import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import type { StatementInput, User, UserDirectory } from 'latchkey';

/** The organisation that all users here belong to. A key of another one could not be seen by them. */
export const ORGANISATION = 'acme';

/** What the app keeps of a user; of this, Latchkey sees what `User` names. */
export interface Account extends User {
  readonly name: string;
  readonly passwordHash: string;
  readonly rights: readonly StatementInput[];
}

/** A password that nobody has set, to be told once. */
export type ToldPasswords = Readonly<Record<'ADMIN_PASSWORD' | 'ALICE_PASSWORD', string | null>>;

/** The app's own users. Latchkey keeps none: it asks, by these methods. */
export class Users implements UserDirectory {
  /** Those that were made up here; null for one that came from the environment. */
  readonly toldPasswords: ToldPasswords;
  readonly #accounts: ReadonlyMap<string, Account>;
  /** Verified in place of an unknown user's, so that the time of an answer does not tell who exists. */
  readonly #nobodysHash: string;

  private constructor(accounts: readonly Account[], nobodysHash: string, toldPasswords: ToldPasswords) {
    this.#accounts = new Map(accounts.map((account) => [account.id, account]));
    this.#nobodysHash = nobodysHash;
    this.toldPasswords = toldPasswords;
  }

  /** Passwords come from the environment, or are made up. */
  static async create({ ADMIN_PASSWORD, ALICE_PASSWORD } = process.env): Promise<Users> {
    const adminPassword = ADMIN_PASSWORD || randomPassword();
    const alicePassword = ALICE_PASSWORD || randomPassword();
    const mayReadOrders = { actions: ['orders:read'] };
    const mayManageOwnKeys = { actions: ['keys:manage-own'] };
    const [admin, alice, nobodysHash] = await Promise.all([
      makeAccount('admin', 'Administrator', adminPassword, [{ actions: ['*'] }]),
      makeAccount('alice', 'Alice', alicePassword, [mayReadOrders, mayManageOwnKeys]),
      hash(randomPassword()),
    ]);
    return new Users([admin, alice], nobodysHash, {
      ADMIN_PASSWORD: ADMIN_PASSWORD ? null : adminPassword,
      ALICE_PASSWORD: ALICE_PASSWORD ? null : alicePassword,
    });
  }

  find(id: string): Account | undefined {
    return this.#accounts.get(id);
  }

  async findById(id: string): Promise<User | null> {
    return this.find(id) ?? null;
  }

  /** User names are ids here, and there is one organisation, which a login may name or not. */
  async findByUserName(userName: string, tenant: string | null): Promise<User | null> {
    return tenant === null || tenant === ORGANISATION ? this.findById(userName) : null;
  }

  async verifyPassword(user: User | null, password: string): Promise<boolean> {
    const account = user === null ? undefined : this.find(user.id);
    const isRight = await verify(account?.passwordHash ?? this.#nobodysHash, password);
    return account !== undefined && isRight;
  }

  async statements({ id }: User): Promise<readonly StatementInput[]> {
    return this.find(id)?.rights ?? [];
  }
}

async function makeAccount(
  id: string,
  name: string,
  password: string,
  rights: readonly StatementInput[],
): Promise<Account> {
  const passwordHash = await hash(password); // Argon2id, with a salt of its own
  return { id, orgId: ORGANISATION, userName: id, isEnabled: true, name, passwordHash, rights };
}

function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}
