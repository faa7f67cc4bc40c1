import type { ApiKeyStore, Store } from '../../lib/index.js';

/** What `testStore` needs of a test runner; Jest, Vitest and node:test all have it. */
export interface TestApi {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
  beforeEach(body: () => Promise<void>): unknown;
  afterEach(body: () => Promise<void>): unknown;
}

/** A store on an empty database. */
export interface StoreUnderTest {
  /** Closed by `testStore` after the test. */
  readonly store: Store;
  /**
   * Another instance on the same database, as another process would open it; `testStore` closes it. Left out: the store
   * is for one process, and nothing is tested across instances.
   */
  readonly openSecond?: () => Store | Promise<Store>;
  /** Ends what was opened besides; called after the stores were closed. */
  readonly cleanUp?: () => Promise<void> | void;
}

/** What the parts of the suite share; `subject` and `apiKeys` are of the test that runs. */
export interface Suite {
  readonly api: TestApi;
  readonly subject: StoreUnderTest;
  readonly apiKeys: ApiKeyStore;
}

/** Polls until `holds`, for at most five seconds unless told otherwise. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
