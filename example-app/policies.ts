import type { HostPolicy } from 'latchkey';

/** The app's own roles, which keys can be given by id, besides `full-access` and `auditor` that Latchkey brings. */
export const POLICIES: readonly HostPolicy[] = [
  { id: 'reader', name: 'Reader', statements: [{ actions: ['orders:read'] }] },
];
