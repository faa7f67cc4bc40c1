import { AuthError } from '../../lib/errors.js';
import { Principal } from '../../lib/principal.js';
import { MemoryStore } from '../../lib/stores/memory/memory-store.js';
import { newCore } from './new-core.js';

const by = { by: 'setup' };
const DRAIN_MS = 5_000;

describe('close()', () => {
  afterEach(() => jest.useRealTimers());

  async function start() {
    const store = new MemoryStore();
    const order: string[] = [];
    const { apiKeys } = store.records;
    const addUsage = jest.spyOn(apiKeys, 'addUsage');
    jest.spyOn(store, 'close').mockImplementation(async () => void order.push('the store is closed'));
    const core = newCore({ store, cache: { maxEntries: 0 } });
    const { key, secret } = await core.apiKeys.create({ name: 'k', ownerId: 'ada' }, by);
    const verify = async () => await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    return { core, apiKeys, addUsage, order, key, verify };
  }

  /** Has a verb of the store wait until it is let go. */
  function hold<Verb extends 'get' | 'update'>(apiKeys: MemoryStore['records']['apiKeys'], verb: Verb): () => void {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const real = (apiKeys[verb] as (...args: unknown[]) => Promise<unknown>).bind(apiKeys);
    jest.spyOn(apiKeys, verb).mockImplementation((async (...args: unknown[]) => {
      await held;
      return await real(...args);
    }) as never);
    return release;
  }

  it('waits for a verification under way, and counts it', async () => {
    const { core, apiKeys, addUsage, order, key, verify } = await start();
    const release = hold(apiKeys, 'get');
    const verifying = verify().then((verdict) => {
      order.push('decided');
      return verdict;
    });
    const closed = core.close();
    await expect(verify()).rejects.toMatchObject({ code: 'store_unavailable', reason: 'latchkey is closed' });
    expect(order).toEqual([]);
    release();
    expect(await verifying).toBeInstanceOf(Principal);
    await closed;
    expect(order).toEqual(['decided', 'the store is closed']);
    expect(addUsage).toHaveBeenCalledWith([expect.objectContaining({ id: key.id, uses: 1 })]);
  });

  it('refuses a cached key, too, which is decided without a promise', async () => {
    const core = newCore();
    const { key, secret } = await core.apiKeys.create({ name: 'k', ownerId: 'ada' }, by);
    const verify = () => core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    await verify();
    expect(verify()).toBeInstanceOf(Principal);
    await core.close();
    expect(verify).toThrow(AuthError);
  });

  it('waits for a change under way', async () => {
    const { core, apiKeys, order, key } = await start();
    const release = hold(apiKeys, 'update');
    const revoking = core.apiKeys.revoke(key.id, by).then(() => order.push('revoked'));
    while (jest.mocked(apiKeys.update).mock.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const closed = core.close();
    release();
    await Promise.all([revoking, closed]);
    expect(order).toEqual(['revoked', 'the store is closed']);
  });

  it('does not wait for ever', async () => {
    jest.useFakeTimers();
    const { core, apiKeys, order, verify } = await start();
    const release = hold(apiKeys, 'get');
    const verifying = verify();
    const closed = core.close();
    await jest.advanceTimersByTimeAsync(DRAIN_MS - 1);
    expect(order).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    await closed;
    expect(order).toEqual(['the store is closed']);
    release();
    await verifying;
  });
});
