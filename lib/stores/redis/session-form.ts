import { hash } from 'node:crypto';
import type { StoredSession } from '../state.js';

/** How sessions are written: `<version>\n<login>\n<data>`. JSON holds no line breaks of its own. */
export function encodeSession(session: StoredSession): string {
  return headOf(session) + session.data;
}

/** All but the host's data. */
function headOf({ version, login }: Pick<StoredSession, 'version' | 'login'>): string {
  return `${version}\n${login ?? ''}\n`;
}

export function decodeSession(value: string): StoredSession {
  const first = value.indexOf('\n');
  const second = value.indexOf('\n', first + 1);
  const login = value.slice(first + 1, second);
  return {
    version: Number(value.slice(0, first)),
    login: login === '' ? null : login,
    data: value.slice(second + 1),
  };
}

export const FINGERPRINT_LENGTH = 40;
/** What is none: of a session that is not known. */
export const NO_FINGERPRINT = '-'.repeat(FINGERPRINT_LENGTH);

/** Of sessions that are known: they stay the same objects for many requests. */
const FINGERPRINTS = new WeakMap<object, string>();

/**
 * SHA-1 of the head, hexadecimal, as a script of Redis can make it: short enough to be sent with every read. It guards against
 * mistakes, not against forgery: nobody but this process chooses what is compared.
 */
export function fingerprintOf(session: Pick<StoredSession, 'version' | 'login'>): string {
  const known = FINGERPRINTS.get(session);
  if (known !== undefined) return known;
  const made = hash('sha1', headOf(session), 'hex');
  FINGERPRINTS.set(session, made);
  return made;
}
