import type { Express } from 'express';
import type { Latchkey, Store } from '../../../lib/index.js';
import { MemoryStore } from '../../../lib/index.js';
import { type Headers, type Reply, type Stage, startStage } from './stage.js';

/** A key as the product's answer gave it. */
export interface MadeKey {
  /** What the product calls it in its paths. */
  readonly ref: string;
  /** The record's id in the core. */
  readonly id: string;
  /** The whole credential, in the text that the product's users keep. */
  readonly credential: string;
}

/** An answer to the letter; `body` may hold `expect.any(...)`. */
export interface Exact {
  readonly status: number;
  readonly body: unknown;
}

/** One product, for the story that all of them play. */
export interface Driver {
  readonly name: string;
  mount(app: Express, latchkey: Latchkey): void;
  /** What a user sends who has logged in as the product has it, with the password of everybody. */
  login(stage: Stage, userName: 'ada' | 'bob' | 'eve'): Promise<Headers>;
  make(stage: Stage, as: Headers, input: { readonly name: string; readonly expiresInMs?: number }): Promise<MadeKey>;
  /** Sends a call that any valid key may make (who am I), with any credential in this product's form. */
  use(stage: Stage, credential: string): Promise<Reply>;
  /** The refs of the keys that are not ended, as the user sees them. */
  list(stage: Stage, as: Headers): Promise<string[]>;
  /** Changes a field that people see, and reads it back; null where nothing can be changed. */
  change: ((stage: Stage, as: Headers, ref: string) => Promise<{ before: unknown; after: unknown }>) | null;
  /** A new secret for the same key; null where the product has none. */
  rotate: ((stage: Stage, as: Headers, ref: string) => Promise<MadeKey>) | null;
  revoke(stage: Stage, as: Headers, ref: string): Promise<Reply>;
  /** Asks for a key that is not there. */
  unknown(stage: Stage, as: Headers): Promise<Reply>;
  /** A call that `bob` has no right to. */
  lackingRight(stage: Stage, as: Headers): Promise<Reply>;
  /** A call with a body that is no JSON. */
  badBody(stage: Stage, as: Headers): Promise<Reply>;
  /** The answers of the contract. `refused` is what `use` gets with a wrong, revoked or expired key. */
  readonly answers: {
    readonly refused: (why: 'wrong' | 'revoked' | 'expired', made: MadeKey) => Exact;
    readonly unknown: Exact;
    readonly lackingRight: Exact;
    readonly badBody: Exact;
  };
}

/** One story on every product: make, use, list, change, rotate, revoke, and each refusal with the exact answer. */
export function testDialect(driver: Driver, makeStore: () => Store = () => new MemoryStore()): void {
  describe(`the story of a key: ${driver.name}`, () => {
    let stage: Stage;
    let ada: Headers;
    let nowAt: number;

    beforeAll(async () => {
      nowAt = Date.now();
      const now = () => nowAt;
      stage = await startStage((app, latchkey) => driver.mount(app, latchkey), { store: makeStore(), now });
      ada = await driver.login(stage, 'ada');
    });

    afterAll(() => stage.close());

    const expectRefused = async (made: MadeKey, why: 'wrong' | 'revoked' | 'expired', credential = made.credential) => {
      const { status, body } = await driver.use(stage, credential);
      expect({ status, body }).toEqual(driver.answers.refused(why, made));
    };

    it('is made, used, listed, changed, rotated and revoked', async () => {
      const made = await driver.make(stage, ada, { name: 'ci' });
      const { key, ...rest } = { key: await stage.latchkey.apiKeys.get(made.id) };
      expect([key?.id, key?.orgId, rest]).toEqual([made.id, 'acme', {}]);
      expect((await driver.use(stage, made.credential)).status).toBe(200);
      expect(await driver.list(stage, ada)).toContain(made.ref);
      if (driver.change !== null) {
        const { before, after } = await driver.change(stage, ada, made.ref);
        expect(after).not.toEqual(before);
        expect((await driver.use(stage, made.credential)).status).toBe(200);
      }
      const last = driver.rotate === null ? made : await driver.rotate(stage, ada, made.ref);
      if (driver.rotate !== null) {
        expect([last.id, last.ref]).toEqual([made.id, made.ref]);
        expect((await driver.use(stage, last.credential)).status).toBe(200);
        await expectRefused(made, 'wrong');
      }
      expect((await driver.revoke(stage, ada, made.ref)).status).toBeLessThan(300);
      await expectRefused(last, 'revoked');
      expect(await driver.list(stage, ada)).not.toContain(made.ref);
    });

    it('is refused with a wrong secret', async () => {
      const [made, other] = [
        await driver.make(stage, ada, { name: 'a' }),
        await driver.make(stage, ada, { name: 'b' }),
      ];
      expect((await driver.use(stage, made.credential)).status).toBe(200);
      await expectRefused(made, 'wrong', wrongSecret(made.credential));
      expect((await driver.use(stage, other.credential)).status).toBe(200);
    });

    it('expires', async () => {
      const made = await driver.make(stage, ada, { name: 'short', expiresInMs: 60_000 }).catch((error: unknown) => {
        if (error === NEVER_EXPIRES) return null;
        throw error;
      });
      if (made === null) return;
      expect((await driver.use(stage, made.credential)).status).toBe(200);
      nowAt += 61_000;
      await expectRefused(made, 'expired');
    });

    it('answers as the contract says: unknown id, missing right, bad body', async () => {
      const { answers } = driver;
      ada = await driver.login(stage, 'ada');
      const exact = ({ status, body }: Reply) => ({ status, body });
      expect(exact(await driver.unknown(stage, ada))).toEqual(answers.unknown);
      expect(exact(await driver.badBody(stage, ada))).toEqual(answers.badBody);
      expect(exact(await driver.lackingRight(stage, await driver.login(stage, 'bob')))).toEqual(answers.lackingRight);
    });

    it('cannot be seen, changed or revoked from another organisation', async () => {
      const made = await driver.make(stage, ada, { name: 'acme only' });
      const eve = await driver.login(stage, 'eve');
      expect(await driver.list(stage, eve)).not.toContain(made.ref);
      await driver.revoke(stage, eve, made.ref);
      await driver.change?.(stage, eve, made.ref).catch(() => {}); // refused in whatever way; what counts is the key
      await driver.rotate?.(stage, eve, made.ref).catch(() => {});
      expect((await driver.use(stage, made.credential)).status).toBe(200);
      expect((await stage.latchkey.apiKeys.get(made.id))?.version).toBe(1);
    });
  });
}

/** To be thrown by `make` where the product's keys cannot be given an end. */
export const NEVER_EXPIRES = new Error('keys of this product have no end');

/** The credential with one character of its secret changed, of the same kind. */
export function wrongSecret(credential: string): string {
  const at = credential.length - 6;
  const changed = credential[at] === 'a' ? 'b' : 'a';
  return credential.slice(0, at) + changed + credential.slice(at + 1);
}
