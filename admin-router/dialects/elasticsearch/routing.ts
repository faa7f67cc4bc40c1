import type { Request } from 'express';
import { call, type DialectAnswer, type DialectCall, type DialectMethod, type DialectRoute } from '../dialect.js';
import { refuseDeep } from './body.js';
import type { Caller } from './caller.js';
import { refusal } from './errors.js';
import type { Setting } from './options.js';
import { refuseUnknown } from './presentation.js';
import { demand, type Right } from './rights.js';

/** A call, with who makes it. */
export interface EsCall extends DialectCall {
  readonly caller: Caller;
}

export interface EsRoute extends DialectRoute {
  /** As the product's own texts name it. */
  readonly action: string;
}

export interface EsRouteDefinition {
  readonly methods: DialectMethod | readonly DialectMethod[];
  readonly path: string;
  readonly summary: string;
  /** What the README says of the right. Default: the weakest privilege of `demands`. */
  readonly right?: string;
  readonly action: string;
  /** Asked for before anything is read. */
  readonly demands?: Right;
  /** The parameters that it takes. */
  readonly takes?: readonly string[];
  /** Whether it is about keys, and can be switched off. */
  readonly isAboutKeys?: boolean;
  handle(call: EsCall): Promise<DialectAnswer>;
}

const CALLERS = new WeakMap<Request, Caller>();

export function rememberCaller(req: Request, caller: Caller): void {
  CALLERS.set(req, caller);
}

/** Ties a handler to its call, with what holds of every call. */
export function route(setting: Setting, definition: EsRouteDefinition): EsRoute {
  const { methods, path, summary, action, demands, takes = [], isAboutKeys = false, handle } = definition;
  const right = definition.right ?? demands?.privileges[0] ?? '';
  const answer = async (asked: DialectCall) => {
    const caller = CALLERS.get(asked.req);
    if (caller === undefined) throw new Error('a call came to its handler without a caller');
    if (demands !== undefined) demand(caller, demands);
    refuseUnknown(asked.req.path, asked.query, takes);
    refuseDeep(asked.body);
    if (isAboutKeys && !setting.apiKeysEnabled) throw switchedOff();
    return await handle({ ...asked, caller });
  };
  return { ...call(methods, path, summary, right, answer), action };
}

function switchedOff(): Error {
  return refusal(400, 'feature_not_enabled_exception', 'api keys are not enabled', { 'disabled.feature': 'api_keys' });
}
