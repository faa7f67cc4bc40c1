import { Redis } from 'ioredis';
import type { Page } from 'playwright-core';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { generateSecret } from '../../lib/verification/secret.js';
import { makeKey } from '../scale/key-loader.js';
import { madeAt, nameOf, ownerOf } from '../scale/people.js';
import { type Stage, startStage } from './stage.js';

const KEYS = 100_000;
/** Wide: a page takes some 50 ms. */
const PAGE_WITHIN_MS = 5_000;
/** As wide: it takes some 15 s of a machine that does nothing besides. */
const SEEDED_WITHIN_MS = 300_000;

/**
 * Through a store of its own, which sends many commands at once: keys that differ by name, owner and age. Resolves to the id of the
 * oldest one.
 */
async function seed(url: string): Promise<string> {
  const client = new Redis(url, { enableAutoPipelining: true });
  const store = new RedisStore(client, { timeoutMs: SEEDED_WITHIN_MS, maxPending: KEYS });
  const loadedAt = Date.now();
  const { record } = await makeKey(0, loadedAt);
  const ids = Array.from({ length: KEYS }, () => generateSecret('lk').id);
  let next = 0;
  const insert = async () => {
    while (next < KEYS) {
      const index = next++;
      const createdAt = madeAt(index, KEYS, loadedAt);
      const fields = { id: ids[index] ?? '', name: nameOf(index), ownerId: ownerOf(index), createdAt };
      await store.records.apiKeys.insert({ ...record, ...fields });
    }
  };
  await Promise.all(Array.from({ length: 500 }, insert));
  await store.close();
  client.disconnect();
  return ids[0] ?? '';
}

describe('the list of 100,000 keys', () => {
  let stage: Stage;
  let known: string;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
    known = await seed(stage.redis?.url ?? '');
  }, SEEDED_WITHIN_MS);
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  /** What the list asks the API while `act` is under way, and how long it takes until `text` is there. */
  async function measure(page: Page, text: string, act: () => Promise<unknown>) {
    const asked: string[] = [];
    const note = (request: { url(): string }) => void asked.push(new URL(request.url()).pathname);
    page.on('request', note);
    const startedAt = performance.now();
    await act();
    await page.getByRole('link', { name: text, exact: true }).waitFor();
    const ms = performance.now() - startedAt;
    page.off('request', note);
    return { ms, requests: asked.filter((path) => path.includes('/api-keys')) };
  }

  it('shows its pages with one request each, at once', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await visitor.logIn('Root', { hash: '#/sessions' });
    const first = await measure(page, nameOf(KEYS - 1), () =>
      page.getByRole('link', { name: 'All keys', exact: true }).click(),
    );
    const next = await measure(page, nameOf(KEYS - 26), () => page.getByRole('button', { name: 'Next' }).click());
    const back = await measure(page, nameOf(KEYS - 1), () => page.getByRole('button', { name: 'Previous' }).click());
    const byName = await measure(page, nameOf(0), async () => {
      await page.getByRole('button', { name: 'Name' }).click(); // Z to A
      await page.getByRole('button', { name: 'Name' }).click();
    });
    for (const { requests, ms } of [first, next, back]) {
      expect(requests).toEqual(['/auth/api-keys/search']);
      expect(ms).toBeLessThan(PAGE_WITHIN_MS);
    }
    expect(byName.requests.length).toBeLessThanOrEqual(2);
    expect(byName.ms).toBeLessThan(PAGE_WITHIN_MS);
  });

  it('finds a key by its id, and the keys of an owner, without looking at the others', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await visitor.logIn('Root', { hash: '#/all-keys' });
    await page.getByLabel('Search in').selectOption('id');
    const byId = await measure(page, nameOf(0), () => page.getByLabel('Search by key id').fill(known.slice(0, 12)));
    expect(byId.requests).toEqual(['/auth/api-keys/search']);
    expect(await page.locator('tbody tr').count()).toBe(1);
    await page.getByRole('button', { name: 'Clear filters' }).click();
    const ofOwner = await measure(page, nameOf(99_990), async () => {
      await visitor.goto('#/all-keys?owner=build-robot&size=100');
    });
    expect(byId.ms).toBeLessThan(PAGE_WITHIN_MS);
    expect(ofOwner.ms).toBeLessThan(PAGE_WITHIN_MS);
    expect(await page.locator('tbody tr').count()).toBe(100);
  });

  it('searches through many keys a part at a time, says so, and goes on when asked to', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await visitor.logIn('Root', { hash: '#/all-keys' });
    await page.getByLabel('Search by name').fill('import 00075000');
    await page.getByText('Nothing found so far').waitFor();
    await visitor.picture('keys-search-on');
    await page.getByRole('button', { name: 'Search on' }).click();
    await page.getByRole('link', { name: nameOf(75_000) }).waitFor();
  });
});
