import type { Policy } from '../../api/types.ts';

export const TYPE_WORDS: Readonly<Record<Policy['type'], string>> = {
  custom: 'Custom',
  role: 'Role',
  template: 'Template',
  internal: 'Of a session key',
};

/** `one statement`, `3 statements`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return count === 1 ? `one ${noun}` : `${count} ${plural}`;
}
