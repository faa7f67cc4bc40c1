import { hash, timingSafeEqual } from 'node:crypto';
import { randomBase62 } from '../verification/secret.js';

const RANDOM_LENGTH = 43; // 256 bits
const FORM = /^[0-9A-Za-z]{43}\.([0-9a-z]{1,9})\.([0-9a-z]{1,7})$/;

/** How long a session lasts. */
export interface SessionTimes {
  /** Without use, in ms. */
  readonly idleMs: number;
  /** In all: epoch ms, whatever the use. */
  readonly expiresAt: number;
}

/**
 * A new session id, the secret of a session: random characters, then the absolute end and the idle time in seconds. So one
 * command can read a session and slide it, without knowing it; and who changes the times names another, unknown session.
 */
export function generateSessionId({ idleMs, expiresAt }: SessionTimes): string {
  const end = Math.floor(expiresAt / 1_000).toString(36);
  return `${randomBase62(RANDOM_LENGTH)}.${end}.${Math.ceil(idleMs / 1_000).toString(36)}`;
}

/** The times in a session id; null when it is none of ours. */
export function parseSessionId(sessionId: string): SessionTimes | null {
  const match = FORM.exec(sessionId);
  if (match === null) return null;
  return {
    expiresAt: Number.parseInt(match[1] ?? '', 36) * 1_000,
    idleMs: Number.parseInt(match[2] ?? '', 36) * 1_000,
  };
}

/** The id by which a session is stored and shown: it cannot be turned back into the secret one. */
export function publicSessionId(sessionId: string): string {
  return hash('sha256', sessionId, 'base64url');
}

/** How long the session lives if it is used now, in ms: the idle time, but not beyond the end. 0 or less: it has ended. */
export function remainingMs({ idleMs, expiresAt }: SessionTimes, nowAt: number): number {
  return Math.min(idleMs, expiresAt - nowAt);
}

/** What is kept of a request id. */
export function hashRequestId(requestId: string): string {
  return hash('sha256', requestId, 'base64url');
}

const HASH_LENGTH = 43; // 32 bytes as base64url
const scratch = Buffer.alloc(HASH_LENGTH);

/** Whether `kept` is the hash of `requestId`, by its bytes. In constant time. */
export function isRequestId(requestId: string, kept: Buffer): boolean {
  scratch.write(hashRequestId(requestId), 'latin1');
  return kept.length === HASH_LENGTH && timingSafeEqual(scratch, kept);
}

const USER_NAME_START = 'session_';

/** The user name that goes with a session token in Basic, made of the public id, and saying no more. */
export function authUserName(publicId: string): string {
  return USER_NAME_START + publicId.slice(0, 16);
}

/** Whether a pair that came as Basic is a session token rather than an API key. */
export function isSessionUserName(userName: string): boolean {
  return userName.startsWith(USER_NAME_START);
}
