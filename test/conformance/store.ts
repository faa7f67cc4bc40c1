import { testState } from './state.js';
import { testAudit } from './store-audit.js';
import { testDocuments } from './store-documents.js';
import { testChangeFeed } from './store-feed.js';
import { testNumbers } from './store-numbers.js';
import { testPages } from './store-pages.js';
import { testPolicies } from './store-policies.js';
import { testRecords } from './store-records.js';
import type { StoreUnderTest, Suite, TestApi } from './store-suite.js';
import { testUsageAndExpunge } from './store-usage.js';
import { testUsageByDay } from './store-usage-days.js';
import { testWatchAndPolicyUsers } from './store-watch.js';

export type { StoreUnderTest, TestApi } from './store-suite.js';

/**
 * Declares the tests that every store must pass: each promise of `Store`. For Jest, Vitest and node:test.
 *
 * ```ts
 * testStore('SqlStore', async () => ({ store: new SqlStore(await emptyDatabase()) }));
 * ```
 *
 * @param makeStore called before each test: a store on an empty database.
 * @param api `describe`, `it`, `beforeEach` and `afterEach` of the test runner; left out: the globals.
 * @throws TypeError when there are no such globals.
 */
export function testStore(
  name: string,
  makeStore: () => StoreUnderTest | Promise<StoreUnderTest>,
  api: TestApi = globalApi(),
): void {
  api.describe(`${name} keeps the store contract`, () => {
    let made: StoreUnderTest | undefined;
    api.beforeEach(async () => {
      made = await makeStore();
    });
    api.afterEach(async () => {
      await made?.store.close();
      await made?.cleanUp?.();
      made = undefined;
    });
    const suite: Suite = {
      api,
      get subject() {
        if (made === undefined) throw new Error('there is a store only within a test');
        return made;
      },
      get apiKeys() {
        return this.subject.store.records.apiKeys;
      },
    };
    testRecords(suite);
    testPages(suite);
    testUsageAndExpunge(suite);
    testUsageByDay(suite);
    testWatchAndPolicyUsers(suite);
    testPolicies(suite);
    testAudit(suite);
    testNumbers(suite);
    testDocuments(suite);
    testChangeFeed(suite);
    testState(suite);
  });
}

function globalApi(): TestApi {
  const { describe, it, beforeEach, afterEach } = globalThis as Partial<TestApi>;
  if (!describe || !it || !beforeEach || !afterEach) {
    throw new TypeError(
      'testStore needs describe, it, beforeEach and afterEach: pass them as its third argument, e.g. from node:test',
    );
  }
  return { describe, it, beforeEach, afterEach };
}
