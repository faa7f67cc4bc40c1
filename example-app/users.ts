import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';

export interface User {
  /** What a key's `ownerId` and `req.user.id` refer to. */
  readonly id: string;
  readonly name: string;
  readonly passwordHash: string;
}

/** The app's own users. Latchkey keeps none: all it ever sees of them is their id. */
export class Users {
  readonly #users: ReadonlyMap<string, User>;
  /** Verified in place of an unknown user's, so that the time of an answer does not tell who exists. */
  readonly #nobodysHash: string;

  private constructor(users: readonly User[], nobodysHash: string) {
    this.#users = new Map(users.map((user) => [user.id, user]));
    this.#nobodysHash = nobodysHash;
  }

  /** Passwords come from the environment; without one nobody can log in as that user. */
  static async create({ ADMIN_PASSWORD, ALICE_PASSWORD } = process.env): Promise<Users> {
    const users = await Promise.all([
      makeUser('admin', 'Administrator', ADMIN_PASSWORD),
      makeUser('alice', 'Alice', ALICE_PASSWORD),
    ]);
    return new Users(users, await hash(randomPassword()));
  }

  find(id: string): User | undefined {
    return this.#users.get(id);
  }

  /** The user, when the password is right; null for a wrong password and for an unknown user alike. */
  async checkPassword(id: string, password: string): Promise<User | null> {
    const user = this.#users.get(id);
    const isRight = await verify(user?.passwordHash ?? this.#nobodysHash, password);
    return user !== undefined && isRight ? user : null;
  }
}

async function makeUser(id: string, name: string, password = randomPassword()): Promise<User> {
  return { id, name, passwordHash: await hash(password) }; // Argon2id, with a salt of its own
}

function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}
