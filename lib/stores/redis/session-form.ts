import type { StoredSession } from '../state.js';

/** How sessions are written: `<version>\n<login>\n<data>`. JSON holds no line breaks of its own. */
export function encodeSession(session: StoredSession): string {
  return headOf(session) + session.data;
}

/** All but the host's data: of two sessions that begin so, both have the same login and version. */
export function headOf({ version, login }: Pick<StoredSession, 'version' | 'login'>): string {
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
