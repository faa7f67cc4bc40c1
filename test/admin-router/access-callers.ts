import type { StatementInput } from '../../lib/index.js';

/** What the rules of the admin API ask for: rights, and what a request came with. */
export type Fact =
  | 'keys:manage-own'
  | 'keys:read'
  | 'keys:manage'
  | 'keys:grant'
  | 'keys:introspect'
  | 'session-keys:issue'
  | 'sessions:manage'
  | 'policies:read'
  | 'policies:manage'
  | 'audit:read'
  | 'health:read'
  | 'session'
  | 'session-key';

/** Somebody who asks. */
export interface Caller {
  readonly orgId: 'acme' | 'other';
  readonly comesWith: 'nothing' | 'key' | 'internal key' | 'session key' | 'session' | 'session token';
  readonly statements: readonly StatementInput[];
  readonly policyIds: readonly string[];
  readonly resources: readonly string[] | null;
  /** What is true of them: written down by hand, for the rules to be held against. */
  readonly facts: readonly Fact[];
}

const ALL: readonly Fact[] = [
  'keys:manage-own',
  'keys:read',
  'keys:manage',
  'keys:grant',
  'keys:introspect',
  'session-keys:issue',
  'sessions:manage',
  'policies:read',
  'policies:manage',
  'audit:read',
  'health:read',
];
const EVERYTHING: readonly StatementInput[] = [{ actions: ['*'] }];

export const CALLERS: Readonly<Record<string, Caller>> = {
  nobody: caller({ comesWith: 'nothing', facts: ALL }),
  'a plain key': caller({ statements: [{ actions: ['orders:read'] }] }),
  'a key without rights': caller({}),
  'an owner': holding('keys:manage-own'),
  'a reader of keys': holding('keys:read'),
  'a manager of keys': holding('keys:manage'),
  'who may grant keys': holding('keys:grant'),
  'a manager who may grant': holding('keys:manage', 'keys:grant'),
  'who may introspect': holding('keys:introspect'),
  'an issuer of session keys': holding('session-keys:issue'),
  'an issuer for others': holding('session-keys:issue', 'keys:grant'),
  'a manager of sessions': holding('sessions:manage'),
  'a reader of policies': holding('policies:read'),
  'a manager of policies': holding('policies:manage'),
  'a reader of the trail': holding('audit:read'),
  'a reader of the health': holding('health:read'),
  'an auditor by policy': caller({
    policyIds: ['auditor'],
    facts: ['keys:read', 'policies:read', 'audit:read', 'health:read'],
  }),
  'full access by policy': caller({ policyIds: ['full-access'], facts: ALL }),
  'full access by statement': caller({ statements: EVERYTHING, facts: ALL }),
  'keys:*': caller({
    statements: [{ actions: ['keys:*'] }],
    facts: ['keys:manage-own', 'keys:read', 'keys:manage', 'keys:grant', 'keys:introspect'],
  }),
  '*:manage': caller({
    statements: [{ actions: ['*:manage'] }],
    facts: ['keys:manage', 'sessions:manage', 'policies:manage'],
  }),
  'keys:manage*': caller({ statements: [{ actions: ['keys:manage*'] }], facts: ['keys:manage', 'keys:manage-own'] }),
  'full access to another resource': caller({ statements: [{ actions: ['*'], resources: ['orders/*'] }] }),
  'full access in one workspace': caller({ statements: [{ actions: ['*'], workspace: 'w1' }] }),
  'full access, tied to another resource': caller({ statements: EVERYTHING, resources: ['orders/*'] }),
  'a session of a user': holding('keys:manage-own', 'session'),
  'a session of a plain user': caller({ comesWith: 'session', statements: [], facts: ['session'] }),
  'a session of an administrator': caller({ comesWith: 'session', statements: EVERYTHING, facts: [...ALL, 'session'] }),
  'a session token of a user': {
    ...holding('keys:manage-own', 'session'),
    comesWith: 'session token',
  },
  'a session key': holding('keys:manage-own', 'session-key'),
  'a session key with full access': caller({
    comesWith: 'session key',
    statements: EVERYTHING,
    facts: [...ALL, 'session-key'],
  }),
  'an internal key, outside': caller({ comesWith: 'internal key', statements: EVERYTHING, facts: ALL }),
  'full access in another organisation': caller({ orgId: 'other', statements: EVERYTHING, facts: ALL }),
  'a session in another organisation': caller({
    orgId: 'other',
    comesWith: 'session',
    statements: EVERYTHING,
    facts: [...ALL, 'session'],
  }),
};

/** Whether nobody lets them in, whatever they may do. */
export function isRefused({ comesWith }: Caller): boolean {
  return comesWith === 'nothing' || comesWith === 'internal key';
}

function caller(fields: Partial<Caller>): Caller {
  return {
    orgId: 'acme',
    comesWith: 'key',
    statements: [],
    policyIds: [],
    resources: null,
    facts: [],
    ...fields,
  };
}

/** One who has exactly the rights that are named. */
function holding(...facts: Fact[]): Caller {
  const isSession = facts.includes('session');
  const comesWith = isSession ? 'session' : facts.includes('session-key') ? 'session key' : 'key';
  const actions = facts.filter((fact) => fact.includes(':'));
  return caller({ comesWith, statements: [{ actions }], facts });
}
