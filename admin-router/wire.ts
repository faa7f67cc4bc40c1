import type { ApiKey, IssuedKey, Principal, Session } from '../lib/index.js';

/** What goes out: instants as RFC 3339 in UTC. */

export function keyToWire(key: ApiKey): object {
  return {
    ...key,
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

export function principalToWire(principal: Principal): object {
  const { credential } = principal;
  return { ...principal, credential: { ...credential, expiresAt: time(credential.expiresAt) } };
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

export function time(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
