import type { Store } from './store.js';

/** A method of a store, bound to it. */
export type Verb = (...args: readonly unknown[]) => unknown;

/** `store`, with every verb of its records and its state as `wrap` makes it. `name` is such as `apiKeys.get`. */
export function wrappedStore(store: Store, wrap: (verb: Verb, name: string) => Verb): Store {
  return {
    records: wrappedPart(store.records, 'records', wrap),
    state: wrappedPart(store.state, 'state', wrap),
    changes: store.changes,
    health: (now) => store.health(now),
    close: () => store.close(),
  };
}

/** The methods of `part` and of the parts in it, by the name of the innermost. */
function wrappedPart<Part extends object>(part: Part, name: string, wrap: (verb: Verb, name: string) => Verb): Part {
  const wrapped = new Map<string, unknown>();
  return new Proxy(part, {
    get(target, key) {
      const before = typeof key === 'symbol' ? undefined : wrapped.get(key);
      if (before !== undefined) return before;
      const value: unknown = Reflect.get(target, key);
      const isObject = typeof value === 'object' && value !== null;
      if (typeof key === 'symbol' || (!isObject && typeof value !== 'function')) return value;
      const verb: Verb = (...args) => Reflect.apply(Reflect.get(target, key) as unknown as Verb, target, args);
      const made = isObject ? wrappedPart(value, key, wrap) : wrap(verb, `${name}.${key}`);
      wrapped.set(key, made);
      return made;
    },
  });
}
