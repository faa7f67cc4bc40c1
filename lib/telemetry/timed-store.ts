import type { Store } from '../stores/store.js';
import { wrappedStore } from '../stores/wrapped-store.js';

/** Told when a call is over: `operation` is such as `apiKeys.get`; `error` is what it rejected with, null when it did not. */
export type CallListener = (operation: string, seconds: number, error: unknown) => void;

/** `store`, of which every call of the records and the state is told. Calls and answers are what they were. */
export function timedStore(store: Store, tell: CallListener): Store {
  return wrappedStore(store, (verb, operation) => (...args) => {
    const startedAt = performance.now();
    const answer = verb(...args);
    const settled = (error: unknown) => tell(operation, (performance.now() - startedAt) / 1_000, error);
    if (answer instanceof Promise) answer.then(() => settled(null), settled);
    return answer;
  });
}
