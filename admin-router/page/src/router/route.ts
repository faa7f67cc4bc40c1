import { createStore, useStore } from '../store.ts';

/** Where the page is, as its address says after the `#`: `#/keys?state=active&sort=-createdAt`. */
export interface Route {
  /** Decoded; without the slash at the beginning. `['key', 'x1']`. */
  readonly segments: readonly string[];
  /** Filters: they live in the address, so that back, forward and bookmarks know them. */
  readonly query: Readonly<Record<string, string>>;
}

export type QueryChange = Readonly<Record<string, string | number | null | undefined>>;

const current = createStore<Route>(parse(location.hash));
/** Asked before the page changes. */
let guard: ((go: () => void) => void) | null = null;

addEventListener('hashchange', () => {
  if (guard === null) return current.set(parse(location.hash));
  const { segments, query } = current.get();
  const wanted = location.hash;
  history.pushState(null, '', hrefOf(segments, query));
  guard(() => {
    guard = null;
    location.hash = wanted;
  });
});

/**
 * Holds whoever wants to leave by a link, by Back or by an address: `ask` is told, and calls `go` for them to go there after all.
 * Returns the function that ends it.
 */
export function holdLeaving(ask: (go: () => void) => void): () => void {
  guard = ask;
  return () => {
    if (guard === ask) guard = null;
  };
}

export function useRoute(): Route {
  return useStore(current);
}

/** `hrefOf(['key', id], { tab: 'audit' })` is `#/key/x1?tab=audit`. Null, undefined and empty values are left out. */
export function hrefOf(segments: readonly string[], query: QueryChange = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    const text = String(value ?? '');
    if (text !== '') search.set(name, text);
  }
  const path = `#/${segments.map(encodeURIComponent).join('/')}`;
  return search.size === 0 ? path : `${path}?${search}`;
}

/** Goes there, as a link does. */
export function navigate(segments: readonly string[], query: QueryChange = {}): void {
  location.hash = hrefOf(segments, query);
}

/**
 * Changes filters in the address and leaves the others; null takes one out. With `replace` the address before is not one that
 * Back leads to: for what changes while typing.
 */
export function changeQuery(change: QueryChange, { replace = false } = {}): void {
  const { segments, query } = current.get();
  const href = hrefOf(segments, { ...query, ...change });
  if (!replace) {
    location.hash = href;
    return;
  }
  history.replaceState(history.state, '', href);
  current.set(parse(href));
}

function parse(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const segments = path.split('/').filter((part) => part !== '');
  return { segments: segments.map(decode), query: Object.fromEntries(new URLSearchParams(search)) };
}

/** An address that somebody has broken is one that leads nowhere. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
