import { setImmediate as turn } from 'node:timers/promises';
import { Turnstile } from '../../lib/turnstile.js';

/** Passes works through a turnstile; each is under way until it is ended. */
function passing(turnstile: Turnstile, count: number) {
  const begun: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const passed = Array.from({ length: count }, (_, name) =>
    turnstile.pass(() => {
      begun.push(name);
      return new Promise<number>((resolve, reject) => {
        ends[name] = (error) => (error === undefined ? resolve(name) : reject(error));
      });
    }),
  );
  const end = async (name: number, error?: Error) => {
    ends[name]?.(error);
    await Promise.allSettled([passed[name]]);
  };
  return { begun, passed, end };
}

describe('a turnstile', () => {
  it('lets so many run at once, and the others in their order, as there is room', async () => {
    const { begun, passed, end } = passing(new Turnstile(2, 10_000), 5);
    expect(begun).toEqual([0, 1]);
    await end(1);
    await turn();
    expect(begun).toEqual([0, 1, 2]);
    await end(0);
    await turn();
    expect(begun).toEqual([0, 1, 2, 3]);
    for (const name of [2, 3]) await end(name);
    await turn();
    await end(4);
    expect(await Promise.all(passed)).toEqual([0, 1, 2, 3, 4]);
  });

  it('has room again where work fails, or throws at once', async () => {
    const turnstile = new Turnstile(1, 10_000);
    const { begun, passed, end } = passing(turnstile, 2);
    await end(0, new Error('failed'));
    await expect(passed[0]).rejects.toThrow('failed');
    await turn();
    expect(begun).toEqual([0, 1]);
    await end(1);
    const throwing = () => {
      throw new Error('thrown');
    };
    await expect(turnstile.pass(throwing)).rejects.toThrow('thrown');
    expect(await turnstile.pass(async () => 'free')).toBe('free');
  });

  it('lets the next one in only in a later turn of the event loop', async () => {
    const { begun, end } = passing(new Turnstile(1, 10_000), 2);
    await end(0);
    expect(begun).toEqual([0]);
    await turn();
    expect(begun).toEqual([0, 1]);
    await end(1);
  });

  it('refuses what waited too long, without beginning it, and goes on with the others', async () => {
    const { begun, passed, end } = passing(new Turnstile(1, 50), 2);
    await expect(passed[1]).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(begun).toEqual([0]);
    await end(0);
    await expect(passed[0]).resolves.toBe(0);
    const turnstile = new Turnstile(1, 50);
    for (const name of ['a', 'b']) expect(await turnstile.pass(async () => name)).toBe(name);
  });
});
