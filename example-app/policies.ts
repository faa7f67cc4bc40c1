import type { Policy } from 'latchkey';

/** The roles that a session key can be made from, by id. */
export const POLICIES: readonly Policy[] = [
  { id: 'reader', name: 'Reader', statements: [{ actions: ['orders:read'] }] },
  { id: 'auditor', name: 'Auditor', statements: [{ actions: ['orders:read', 'keys:read'] }] },
];
