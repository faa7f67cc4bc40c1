import {
  type ApiKey,
  type IssuedKey,
  LAST_INSTANT,
  type Policy,
  type Principal,
  type Session,
  type SessionUser,
} from '../lib/index.js';

/** What goes out: instants as RFC 3339 in UTC; not what only the product of a dialect knows. */

export function keyToWire({ disableUnusedAfterMs, dialects: _, ...key }: ApiKey): object {
  return {
    ...key,
    disableUnusedAfterSeconds: disableUnusedAfterMs === null ? null : disableUnusedAfterMs / 1_000,
    enabledAt: time(key.enabledAt),
    createdAt: time(key.createdAt),
    updatedAt: time(key.updatedAt),
    notBefore: time(key.notBefore),
    expiresAt: time(key.expiresAt),
    revokedAt: time(key.revokedAt),
    previousSecretExpiresAt: time(key.previousSecretExpiresAt),
    lastUsedAt: time(key.lastUsedAt),
    lastFailedAt: time(key.lastFailedAt),
  };
}

/** The only answer that holds the secret, in each form that it can be sent in. */
export function issuedToWire({ key, secret, token }: IssuedKey): object {
  return { ...keyToWire(key), secret, token, encoded: Buffer.from(`${key.id}:${secret}`).toString('base64') };
}

export function policyToWire({ dialects: _, ...policy }: Policy): object {
  return { ...policy, createdAt: time(policy.createdAt), updatedAt: time(policy.updatedAt) };
}

export function principalToWire(principal: Principal): object {
  const { disableUnusedAfterMs, ...credential } = principal.credential;
  const unused = disableUnusedAfterMs === undefined ? {} : { disableUnusedAfterSeconds: disableUnusedAfterMs / 1_000 };
  return { ...principal, credential: { ...credential, ...unused, expiresAt: time(credential.expiresAt) } };
}

export function sessionToWire(session: Session): object {
  const { idleMs, ...rest } = session;
  return {
    ...rest,
    idleSeconds: idleMs / 1_000,
    createdAt: time(session.createdAt),
    lastActivityAt: time(session.lastActivityAt),
    idleExpiresAt: time(session.idleExpiresAt),
    expiresAt: time(session.expiresAt),
    lastFailedSignInAt: time(session.lastFailedSignInAt),
  };
}

export function sessionUserToWire(user: SessionUser): object {
  return { ...user, lastActivityAt: time(user.lastActivityAt) };
}

/**
 * An entry of the audit trail. In it, and in the records `before` and `after`, what is named `at`, `...At` or `notBefore` becomes a
 * time, and what is named `...Ms` becomes `...Seconds`.
 */
export function entryToWire(entry: object): object {
  return Object.fromEntries(Object.entries(entry).map(([name, value]) => factToWire(name, value)));
}

function factToWire(name: string, value: unknown): [string, unknown] {
  const isRecord = (name === 'before' || name === 'after') && typeof value === 'object' && value !== null;
  if (isRecord) return [name, entryToWire(value)];
  if (typeof value !== 'number' && value !== null) return [name, value];
  if (name.endsWith('Ms')) return [`${name.slice(0, -2)}Seconds`, value && value / 1_000];
  const isTime = /^(?:at|notBefore)$|At$/.test(name) && Math.abs(value ?? 0) <= LAST_INSTANT;
  return [name, isTime ? time(value) : value];
}

export function time(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
