import type { StoredSession } from '../state.js';

/** How sessions are written: `<version>\n<login>\n<data>`. JSON holds no line breaks of its own. */
export function encodeSession({ version, login, data }: StoredSession): string {
  return `${version}\n${login ?? ''}\n${data}`;
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
