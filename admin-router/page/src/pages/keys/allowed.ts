import type { ApiKey } from '../../api/types.ts';
import { type LoggedIn, useLogin, useSettings } from '../../context.ts';

/** What is offered for a key; the API decides by itself. */
export interface KeyActions {
  readonly isOwn: boolean;
  readonly edit: boolean;
  readonly rotate: boolean;
  readonly disable: boolean;
  readonly enable: boolean;
  readonly revoke: boolean;
}

/** What who is logged in may do with keys, as far as their rights say. */
export interface AllowedKeys {
  /** Whether any key at all can be changed. */
  readonly managesSome: boolean;
  readonly create: boolean;
  of(key: ApiKey): KeyActions;
}

export function useAllowedKeys(): AllowedKeys {
  const login = useLogin();
  const { mutable } = useSettings().keys;
  return allowedKeys(login, mutable.length > 0);
}

export function allowedKeys({ principal, rights }: LoggedIn, canEdit: boolean): AllowedKeys {
  const managesOwn = rights.has('keys:manage-own');
  const managesAll = rights.has('keys:manage');
  const isUser = principal.ownerKind === 'user';
  return {
    managesSome: managesOwn || managesAll,
    create: rights.has('keys:grant') || (isUser && (managesOwn || managesAll)),
    of({ ownerKind, ownerId, state, kind }) {
      const isOwn = isUser && ownerKind === 'user' && ownerId === principal.id;
      const manages = managesAll || (isOwn && managesOwn);
      const isPlain = manages && kind === 'api-key';
      return {
        isOwn,
        edit: isPlain && canEdit && state !== 'revoked',
        rotate: isPlain && (isOwn || rights.has('keys:grant')) && state !== 'revoked' && state !== 'expired',
        disable: manages && (state === 'active' || state === 'pending'),
        enable: manages && state === 'disabled',
        revoke: manages && state !== 'revoked',
      };
    },
  };
}
