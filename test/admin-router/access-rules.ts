import type { Caller, Fact } from './access-callers.js';

/** Whose the thing is that a request is about. */
export type Relation =
  | 'own'
  | 'another’s'
  | 'another organisation’s'
  | 'unknown'
  /** Of no user in particular. */
  | 'any'
  /** Policies: of Latchkey itself, and the statements of a session key. */
  | 'built-in'
  | 'internal';

/** The thing that is asked about: a user, or what `:id` of the route stands for. */
export interface Target {
  readonly userId: string;
  readonly id: string;
}

export interface Request {
  readonly query?: string;
  readonly body?: object;
}

export interface Rule {
  /** Method and path. */
  readonly route: string;
  readonly of: Relation;
  readonly ask: (target: Target) => Request;
  /** `200 if keys:read or keys:manage and keys:grant; else 403`: the first that holds. `and` binds more. */
  readonly expected: string;
}

/** What the callers of a public route come with decides nothing. */
export const PUBLIC_ROUTES = ['POST /leaked', 'POST /login', 'POST /sessions', 'GET /openapi.json', 'GET /settings'];

const NOTHING = () => ({});
const OWNER = ({ userId }: Target) => ({ query: `?ownerId=${userId}` });
const USER = ({ userId }: Target) => ({ query: `?userId=${userId}` });
const NAME = { name: 'x' };
const LOGIN = { userName: 'other-person', password: 'correct horse battery staple' };
const FOREIGN = { 'another organisation’s': '404', unknown: '404' };

/** Who sees keys, and who may change them. What may not be seen is not there. */
const SEEN = {
  own: '200 if keys:manage-own or keys:manage or keys:read; else 404',
  'another’s': '200 if keys:manage or keys:read; else 404',
  ...FOREIGN,
};
const CHANGED = {
  own: '200 if keys:manage-own or keys:manage; 403 if keys:read; else 404',
  'another’s': '200 if keys:manage; 403 if keys:read; else 404',
  ...FOREIGN,
};
const ROTATED = {
  ...CHANGED,
  'another’s': '200 if keys:manage and keys:grant; 403 if keys:manage or keys:read; else 404',
};
const REVOKED = {
  own: 'revoked if keys:manage-own or keys:manage; forbidden if keys:read; else not_found',
  'another’s': 'revoked if keys:manage; forbidden if keys:read; else not_found',
  'another organisation’s': 'not_found',
  unknown: 'not_found',
};
/** Lists of another organisation's user are allowed to those who may list others', and empty. */
const OTHERS_LISTED = '200 if keys:read or keys:manage; else 403';
const LISTED = {
  own: '200 if keys:manage-own or keys:read or keys:manage; else 403',
  'another’s': OTHERS_LISTED,
  'another organisation’s': OTHERS_LISTED,
  unknown: OTHERS_LISTED,
};
/** A user who is not there, or not in the organisation, can be named by nobody. */
const MADE = {
  own: '201 if keys:manage-own or keys:manage; else 403',
  'another’s': '201 if keys:grant; else 403',
  'another organisation’s': '400 if keys:grant; else 403',
  unknown: '400 if keys:grant; else 403',
};
const MINTED = {
  own: '201 if session-keys:issue; else 403',
  'another’s': '201 if session-keys:issue and keys:grant; else 403',
  'another organisation’s': '400 if session-keys:issue and keys:grant; else 403',
  unknown: '400 if session-keys:issue and keys:grant; else 403',
};
/** A session lets a user see and end all their sessions; a key of theirs does not. */
const SESSIONS = {
  own: '200 if session or sessions:manage; else 403',
  'another’s': '200 if sessions:manage; else 403',
  'another organisation’s': '200 if sessions:manage; else 403',
  unknown: '200 if sessions:manage; else 403',
};
const SESSION_ENDED = {
  own: '204 if session or sessions:manage; else 404',
  'another’s': '204 if sessions:manage; else 404',
};
const SIGN_INS = {
  own: '200 if session or sessions:manage; else 404',
  'another’s': '200 if sessions:manage; else 404',
};
const POLICY_SEEN = '200 if policies:read or policies:manage; else 404';
const POLICY_CHANGED = {
  any: '200 if policies:manage; 403 if policies:read; else 404',
  'built-in': '409 if policies:manage; 403 if policies:read; else 404',
  internal: '409 if policies:manage; 403 if policies:read; else 404',
  ...FOREIGN,
};
const ANYBODY = { any: '200' };

export const RULES: readonly Rule[] = [
  ...rules('POST /api-keys', MADE, ({ userId }) => ({ body: { ...NAME, ownerId: userId } })),
  ...rules('POST /api-keys', { own: MADE.own }, () => ({ body: NAME })),
  ...rules('GET /api-keys', { any: LISTED.own }),
  ...rules('GET /api-keys', LISTED, OWNER),
  ...rules('POST /api-keys/search', { any: LISTED.own }, () => ({ body: {} })),
  ...rules('POST /api-keys/search', LISTED, ({ userId }) => ({ body: { ownerId: userId } })),
  ...rules('POST /api-keys/revoke', REVOKED, ({ id }) => ({ body: { ids: [id] } })),
  ...rules('GET /api-keys/:id', SEEN),
  ...rules('POST /api-keys/:id/can', SEEN, () => ({ body: { action: 'orders:read' } })),
  ...rules('GET /api-keys/:id/audit', SEEN),
  ...rules('GET /api-keys/:id/usage', SEEN),
  ...rules('PATCH /api-keys/:id', CHANGED, () => ({ body: NAME })),
  ...rules('DELETE /api-keys/:id', CHANGED),
  ...rules('POST /api-keys/:id/rotate', ROTATED, () => ({ body: {} })),
  ...rules('POST /api-keys/:id/disable', CHANGED),
  ...rules('POST /api-keys/:id/enable', CHANGED),

  ...rules('POST /session-keys', MINTED, ({ userId }) => ({ body: { userId } })),
  ...rules('POST /session-keys', { own: MINTED.own }, () => ({ body: {} })),
  ...rules('POST /session-keys', { own: '403' }, () => ({ body: { orgId: 'third' } })),
  ...rules('GET /session-keys', { any: '200 if session-keys:issue or keys:read; else 403' }),
  ...rules('DELETE /session-keys/self', { any: '204 if session-key; else 404' }),
  ...rules('DELETE /session-keys/:id', {
    own: '200 if session-keys:issue or keys:manage; else 404', // one that the caller has issued
    'another’s': '200 if keys:manage; else 404',
    ...FOREIGN,
  }),

  ...rules('POST /login', ANYBODY, () => ({ body: LOGIN })),
  ...rules('POST /sessions', { any: '201' }, () => ({ body: LOGIN })),
  ...rules('GET /sessions', { own: SESSIONS.own }),
  ...rules('GET /sessions', SESSIONS, USER),
  ...rules('DELETE /sessions', { own: SESSIONS.own }),
  ...rules('DELETE /sessions', SESSIONS, USER),
  ...rules('GET /sessions/users', { any: '200 if sessions:manage; else 403' }),
  ...rules('GET /sessions/current', { any: '200 if session; else 404' }),
  ...rules('DELETE /sessions/current', { any: '204 if session; else 404' }),
  ...rules('DELETE /sessions/:id', { ...SESSION_ENDED, ...FOREIGN }),
  ...rules('GET /sign-in-attempts', { ...SIGN_INS, ...FOREIGN }, ({ userId }) => ({ query: `?userName=${userId}` })),

  ...rules('POST /policies', { any: '201 if policies:manage; else 403' }, () => ({ body: NAME })),
  ...rules('GET /policies', { any: '200 if policies:read or policies:manage; else 403' }),
  ...rules('GET /policies', { any: '200 if policies:read or policies:manage; else 403' }, () => ({
    query: '?grantable=true',
  })),
  ...rules('POST /policies/search', { any: '200 if policies:read or policies:manage; else 403' }, () => ({ body: {} })),
  ...rules('GET /policies/:id', { any: POLICY_SEEN, 'built-in': POLICY_SEEN, internal: POLICY_SEEN, ...FOREIGN }),
  ...rules('GET /policies/:id/users', { any: POLICY_SEEN, 'built-in': POLICY_SEEN, internal: POLICY_SEEN, ...FOREIGN }),
  ...rules('PATCH /policies/:id', POLICY_CHANGED, () => ({ body: NAME })),
  ...rules('DELETE /policies/:id', POLICY_CHANGED),

  ...rules('POST /leaked', ANYBODY, () => ({ body: { token: 'nothing of ours' } })),
  ...rules('GET /audit', { any: '200 if audit:read or session or keys:manage-own; else 403' }),
  ...rules(
    'GET /audit',
    { 'another’s': '200 if audit:read or session or keys:manage-own; else 403' },
    ({ userId }) => ({
      query: `?actor=${userId}`,
    }),
  ),
  ...rules('GET /audit', { own: '200 if audit:read or session or keys:manage-own; else 403' }, ({ id }) => ({
    query: `?key=${id}`,
  })),
  ...rules('GET /whoami', ANYBODY),
  ...rules('POST /can', ANYBODY, () => ({ body: { action: 'orders:read' } })),
  ...rules('POST /introspect', { any: '200 if keys:introspect; else 403' }, () => ({
    body: { token: 'nothing of ours' },
  })),
  ...rules('GET /health', { any: '200 if health:read; else 403' }),
  ...rules('GET /openapi.json', ANYBODY),
  ...rules('GET /settings', ANYBODY),
];

/** What a rule says for a caller who is let in: a status, or an outcome in the answer. */
export function expectedOf({ expected }: Rule, { facts }: Pick<Caller, 'facts'>): string {
  for (const clause of expected.split('; ')) {
    const [, outcome = '', condition] = /^(?:else )?(\w+)(?: if (.+))?$/.exec(clause) ?? [];
    if (outcome === '') throw new Error(`this is no rule: ${expected}`);
    const holds = (names: string) => names.split(' and ').every((name) => facts.includes(name as Fact));
    if (condition === undefined || condition.split(' or ').some(holds)) return outcome;
  }
  throw new Error(`this rule does not say what else: ${expected}`);
}

function rules(route: string, expected: Partial<Record<Relation, string>>, ask: Rule['ask'] = NOTHING): Rule[] {
  return Object.entries(expected).map(([of, text]) => ({ route, of: of as Relation, ask, expected: text }));
}
