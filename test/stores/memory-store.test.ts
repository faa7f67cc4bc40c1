import { MemoryStore } from '../../lib/index.js';
import { testStore } from '../conformance/store.js';
import { Draw } from '../conformance/store-samples.js';

testStore('MemoryStore', () => ({ store: new MemoryStore() }));

describe('MemoryStore', () => {
  it('is always live, for no other process can change what it holds', () => {
    expect(new MemoryStore().changes.isLive).toBe(true);
  });

  it('shares nothing with another instance', async () => {
    const [one, other] = [new MemoryStore(), new MemoryStore()];
    const record = new Draw(5).record();
    await one.records.apiKeys.insert(record);
    expect(await other.records.apiKeys.get(record.id)).toBeNull();
  });
});
