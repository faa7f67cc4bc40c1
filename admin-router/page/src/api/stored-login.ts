/**
 * What the tabs of one page share, in localStorage under the path that the page is mounted at: the request id, which is worth
 * nothing without the session's cookie, and when the session was last used.
 */
const LOGIN = `latchkey ${location.pathname} login`;
const ACTIVE = `latchkey ${location.pathname} active`;

/** Null: nobody is logged in. */
export function storedRequestId(): string | null {
  return read(LOGIN);
}

/** Null logs out the other tabs. */
export function storeRequestId(requestId: string | null): void {
  if (requestId !== null) {
    write(LOGIN, requestId);
    return;
  }
  for (const key of [LOGIN, ACTIVE]) forget(key);
}

export function storeActivity(at: number): void {
  write(ACTIVE, String(at));
}

/** Tells what other tabs have stored, also while Back had this page put away. Returns the function that ends it. */
export function followOtherTabs(
  onLogin: (requestId: string | null) => void,
  onActive: (at: number) => void,
): () => void {
  const listener = ({ key, newValue }: StorageEvent) => {
    if (key === LOGIN) onLogin(newValue || null);
    if (key === ACTIVE && newValue !== null) onActive(Number(newValue));
  };
  const onShown = ({ persisted }: PageTransitionEvent) => persisted && onLogin(storedRequestId());
  addEventListener('storage', listener);
  addEventListener('pageshow', onShown);
  return () => {
    removeEventListener('storage', listener);
    removeEventListener('pageshow', onShown);
  };
}

/** Where the browser keeps nothing for us, each tab has its own login, until it is loaded again. */
let inMemory: Record<string, string> = {};

function read(key: string): string | null {
  try {
    return localStorage.getItem(key) || null;
  } catch {
    return inMemory[key] || null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    inMemory = { ...inMemory, [key]: value };
  }
}

function forget(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    const { [key]: _, ...rest } = inMemory;
    inMemory = rest;
  }
}
