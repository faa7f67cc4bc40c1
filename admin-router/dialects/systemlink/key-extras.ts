import type { ApiKey } from '../../../lib/index.js';

/** What the inline policies of a session key are cut from: they stand in its statements, one after the other. */
export interface InlinePolicy {
  readonly name: string;
  readonly count: number;
}

/** What only SystemLink knows of a key. */
export interface KeyExtras {
  /** Once it was changed; what it was at first the core keeps. */
  readonly defaultWorkspace?: string | null;
  /** For whom a session key is where its owner does not tell; null: for nobody. */
  readonly userId?: string | null;
  /** The policies that were given to a session key inline. */
  readonly inline?: readonly InlinePolicy[];
}

export function extrasOf({ dialects }: Pick<ApiKey, 'dialects'>): KeyExtras {
  return (dialects.systemlink ?? {}) as KeyExtras;
}

/** For whom the key acts; null: for nobody, as that of a service. */
export function userIdOf(key: ApiKey): string | null {
  const { userId = key.ownerKind === 'user' ? key.ownerId : null } = extrasOf(key);
  return userId;
}

export function defaultWorkspaceOf(key: ApiKey): string | null {
  const { defaultWorkspace = key.defaultWorkspace } = extrasOf(key);
  return defaultWorkspace;
}

/** Of session keys, whose ids end with two zeros: the ids of what stands in them end with its number. */
export function inlineId(keyId: string, number: number): string {
  return keyId.slice(0, -2) + number.toString(16).padStart(2, '0');
}
