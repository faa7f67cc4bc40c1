import { KnownNumbers } from '../../lib/known-numbers.js';
import { MemoryNumbers } from '../../lib/stores/memory/memory-numbers.js';

/** Numbers that note what they are asked. */
class Asked extends MemoryNumbers {
  readonly asked: unknown[] = [];

  override of(kind: string, ids: readonly string[]): Promise<number[]> {
    this.asked.push([kind, ids]);
    return super.of(kind, ids);
  }

  override find(kind: string, number: number): Promise<string | null> {
    this.asked.push([kind, number]);
    return super.find(kind, number);
  }
}

describe('numbers that are remembered', () => {
  let store: Asked;
  let known: KnownNumbers;

  beforeEach(() => {
    store = new Asked();
    known = new KnownNumbers(store);
  });

  it('are asked for once, in both directions', async () => {
    expect(await known.of('api-key', ['a', 'b', 'a'])).toEqual([1, 2, 1]);
    expect(await known.of('api-key', ['b', 'a'])).toEqual([2, 1]);
    expect(await known.find('api-key', 2)).toBe('b');
    expect(store.asked).toHaveLength(1);
  });

  it('are asked for only where they are missing, and come in order', async () => {
    await store.of('api-key', ['x', 'y']);
    store.asked.length = 0;
    expect(await known.of('api-key', ['b'])).toEqual([3]);
    expect(await known.of('api-key', ['y', 'b', 'c', 'x', 'c'])).toEqual([2, 3, 4, 1, 4]);
    expect(store.asked).toEqual([
      ['api-key', ['b']],
      ['api-key', ['y', 'c', 'x', 'c']],
    ]);
  });

  it('keep kinds apart', async () => {
    expect(await known.of('api-key', ['a'])).toEqual([1]);
    expect(await known.of('user', ['b'])).toEqual([1]);
    expect([await known.find('api-key', 1), await known.find('user', 1)]).toEqual(['a', 'b']);
  });

  it('do not remember that there is none: it may be given later', async () => {
    expect(await known.find('api-key', 1)).toBeNull();
    await store.of('api-key', ['a']);
    expect(await known.find('api-key', 1)).toBe('a');
  });

  it('refuse what the store refuses', async () => {
    await expect(known.of('api-key', [''])).rejects.toThrow(TypeError);
    await expect(known.of('NO', [])).rejects.toThrow(TypeError);
    await expect(known.find('NO', 1)).rejects.toThrow(TypeError);
    expect(await known.find('api-key', 1.5)).toBeNull();
  });
});
