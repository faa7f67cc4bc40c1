import type { Store } from './stores/store.js';

/** Told when a call is over: `operation` is such as `apiKeys.get`; `error` is what it rejected with, null when it did not. */
export type CallListener = (operation: string, seconds: number, error: unknown) => void;

/** `store`, of which every call of the records and the state is told. Calls and answers are what they were. */
export function timedStore(store: Store, tell: CallListener): Store {
  return {
    records: timedPart(store.records, 'records', tell),
    state: timedPart(store.state, 'state', tell),
    changes: store.changes,
    health: () => store.health(),
    close: () => store.close(),
  };
}

/** The methods of `part` and of the parts in it, by the name of the innermost. */
function timedPart<Part extends object>(part: Part, name: string, tell: CallListener): Part {
  const timed = new Map<string, unknown>();
  return new Proxy(part, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      const isObject = typeof value === 'object' && value !== null;
      if (typeof key === 'symbol' || (!isObject && typeof value !== 'function')) return value;
      const before = timed.get(key);
      if (before !== undefined) return before;
      const wrapped = isObject ? timedPart(value, key, tell) : timedMethod(target, key, `${name}.${key}`, tell);
      timed.set(key, wrapped);
      return wrapped;
    },
  });
}

function timedMethod(target: object, key: string, operation: string, tell: CallListener): unknown {
  return (...args: readonly unknown[]): unknown => {
    const startedAt = performance.now();
    const answer: unknown = Reflect.apply(Reflect.get(target, key) as () => unknown, target, args);
    const settled = (error: unknown) => tell(operation, (performance.now() - startedAt) / 1_000, error);
    if (answer instanceof Promise) answer.then(() => settled(null), settled);
    return answer;
  };
}
