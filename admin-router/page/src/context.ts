import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Rights } from './api/rights.ts';
import type { CurrentSession, Principal, Settings } from './api/types.ts';

/** Who is logged in, for every page. */
export interface LoggedIn {
  readonly session: CurrentSession;
  readonly principal: Principal;
  readonly rights: Rights;
}

export const SettingsContext = createContext<Settings | null>(null);
export const LoginContext = createContext<LoggedIn | null>(null);

export function useSettings(): Settings {
  return demand(useContext(SettingsContext));
}

export function useLogin(): LoggedIn {
  return demand(useContext(LoginContext));
}

function demand<Value>(value: Value | null): Value {
  if (value === null) throw new Error('this component stands outside the page');
  return value;
}
