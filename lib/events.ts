import type { SessionKind } from './login-record.js';
import type { RefusalReason } from './refusal.js';
import type { CredentialScheme } from './secret.js';

interface EventBase {
  /** Epoch ms. */
  readonly at: number;
  readonly address: string | null;
}

/** What happens, for the host's log. No event holds a secret; ids of sessions are the public ones. */
export type LatchkeyEvent =
  | (EventBase & {
      readonly type: 'login.succeeded';
      readonly userId: string;
      readonly orgId: string | null;
    })
  | (EventBase & {
      readonly type: 'login.failed';
      /** Null for an unknown name, which is not told either: people type passwords there by mistake. */
      readonly userId: string | null;
      readonly reason: LoginFailure;
    })
  | (EventBase & {
      readonly type: 'session.started';
      readonly sessionId: string;
      readonly userId: string;
      readonly kind: SessionKind;
    })
  | (EventBase & {
      readonly type: 'session.ended';
      readonly sessionId: string;
      readonly userId: string;
    })
  | (EventBase & {
      readonly type: 'request.refused';
      readonly reason: RefusalReason;
      /** Null when nothing was sent. */
      readonly scheme: CredentialScheme | null;
      /** Of the key that was named, whether it exists or not; null for a session. */
      readonly credentialId: string | null;
      readonly method: string;
      /** Without the query. */
      readonly path: string;
    });

export type LoginFailure =
  | 'unknown_user'
  | 'wrong_password'
  | 'mfa_required'
  | 'wrong_mfa_code'
  | 'user_disabled'
  | 'wrong_login_token'
  | 'too_many_attempts';

export type EventType = LatchkeyEvent['type'];
export type EventOf<Type extends EventType | '*'> = Type extends '*'
  ? LatchkeyEvent
  : Extract<LatchkeyEvent, { readonly type: Type }>;
export type EventListener<Type extends EventType | '*'> = (event: EventOf<Type>) => void;

/** Tells listeners what happens, at once and in order. A listener that throws, or rejects, harms nobody else. */
export class Events {
  readonly #listeners = new Map<string, Set<(event: LatchkeyEvent) => void>>();

  /** `*` is every type. Returns the function that ends the subscription. */
  on<Type extends EventType | '*'>(type: Type, listener: EventListener<Type>): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    const added = listener as (event: LatchkeyEvent) => void;
    listeners.add(added);
    return () => listeners.delete(added);
  }

  /** False when telling would reach nobody: the event need not be made then. */
  isHeard(type: EventType): boolean {
    return (this.#listeners.get(type)?.size ?? 0) + (this.#listeners.get('*')?.size ?? 0) > 0;
  }

  emit(event: LatchkeyEvent): void {
    for (const key of [event.type, '*']) {
      for (const listener of this.#listeners.get(key) ?? []) {
        try {
          const answer: unknown = listener(event);
          if (answer instanceof Promise) answer.catch((error: unknown) => warn(event, error));
        } catch (error) {
          warn(event, error);
        }
      }
    }
  }
}

function warn({ type }: LatchkeyEvent, error: unknown): void {
  process.emitWarning(`A listener for ${type} threw: ${String(error)}`, { code: 'LATCHKEY_LISTENER' });
}
