import { deepFreeze } from './freeze.js';
import type { RefusalReason } from './refusal.js';
import type { SessionKind } from './sessions/login-record.js';
import type { CredentialScheme } from './verification/secret.js';

interface EventBase {
  /** Epoch ms. */
  readonly at: number;
  /** Of the client, where it is known. */
  readonly address: string | null;
  /** Of the thing that it happened to; null where the host has no organisations, or nobody can tell. */
  readonly orgId: string | null;
}

/** Who did it. */
export interface Doer {
  /** The user, or what the host's own code calls itself; null: nobody who is known. */
  readonly actorId: string | null;
  /** The key or session that the request came with; null for the host's own code. */
  readonly credentialId: string | null;
}

/** Fields of a record, never a secret or a hash of one. */
export type Facts = Readonly<Record<string, unknown>>;

interface RecordChange extends EventBase, Doer {
  /** The fields that differ, as they were; empty for what is new. */
  readonly before: Facts;
  /** The same as they are now; for what is new, all of them. */
  readonly after: Facts;
}

interface KeyChange extends RecordChange {
  readonly keyId: string;
  readonly ownerId: string;
}

interface PolicyChange extends RecordChange {
  readonly policyId: string;
}

interface DocumentChange extends RecordChange {
  /** What a dialect calls such records. */
  readonly documentKind: string;
  readonly documentId: string;
}

/** What was changed. Written to the audit trail before it is done, and told once it is done. */
export type ChangeEvent =
  | (KeyChange & {
      readonly type:
        | 'key.created'
        | 'key.changed'
        | 'key.rotated'
        | 'key.disabled'
        | 'key.enabled'
        | 'key.revoked'
        /** Disabled by Latchkey itself: nobody used it for as long as it allows. */
        | 'key.unused';
    })
  | (KeyChange & {
      /** Somebody has found its secret, which is worth nothing from now on. */
      readonly type: 'key.leaked';
      /** `previous`: the one before the last rotation, in its grace; the key itself goes on. */
      readonly secret: 'current' | 'previous';
      /** Where it was found, if told. */
      readonly source: string | null;
    })
  | (PolicyChange & { readonly type: 'policy.created' | 'policy.changed' | 'policy.deleted' })
  | (DocumentChange & { readonly type: 'document.created' | 'document.changed' | 'document.deleted' });

/** What happens without a record being changed. Told at once; written to the audit trail in batches. */
export type ActivityEvent =
  | (EventBase & {
      readonly type: 'login.succeeded';
      readonly userId: string;
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
  | (EventBase &
      Doer & {
        readonly type: 'session.ended';
        readonly sessionId: string;
        readonly userId: string;
      })
  | (EventBase & {
      /** Nobody was let in. */
      readonly type: 'request.refused';
      /** Why: 401, or 429 for the last two. */
      readonly reason: RefusalReason | 'too_many_attempts' | 'rate_limited';
      /** Null when nothing was sent. */
      readonly scheme: CredentialScheme | null;
      /** Of the key that was named, whether it exists or not; one that was drawn only if it does. Null for a session. */
      readonly credentialId: string | null;
      /** Of that key, where it is known. */
      readonly ownerId: string | null;
      readonly method: string;
      /** Without the query; what looks like a token is cut out. */
      readonly path: string;
    })
  | (EventBase &
      Doer & {
        /** Somebody was let in and may not do this: 403. */
        readonly type: 'request.forbidden';
        /** What the answer said: the right that is missing, or the fields that go too far. */
        readonly detail: string;
        readonly method: string;
        readonly path: string;
      })
  | (EventBase & {
      readonly type: 'key.first-used';
      readonly keyId: string;
      readonly ownerId: string;
    })
  | (EventBase & {
      /** Once for each threshold of each key, in one of all processes. */
      readonly type: 'key.expiring';
      readonly keyId: string;
      readonly ownerId: string;
      readonly name: string;
      readonly expiresAt: number;
      /** The threshold that was passed, in ms before the end. */
      readonly thresholdMs: number;
    })
  | DroppedEvent;

/** More happened than the audit trail takes at once: so much was only counted. Told once it is written there. */
export interface DroppedEvent extends EventBase {
  readonly type: 'activity.dropped';
  readonly orgId: null;
  readonly count: number;
}

/** What happens. No event holds a secret; ids of sessions are the public ones. */
export type LatchkeyEvent = ChangeEvent | ActivityEvent;

export type LoginFailure =
  | 'unknown_user'
  | 'wrong_password'
  | 'mfa_required'
  | 'wrong_mfa_code'
  | 'user_disabled'
  | 'wrong_login_token'
  | 'too_many_attempts';

export type EventType = LatchkeyEvent['type'];

const CHANGES: Readonly<Record<ChangeEvent['type'], true>> = {
  'key.created': true,
  'key.changed': true,
  'key.rotated': true,
  'key.disabled': true,
  'key.enabled': true,
  'key.revoked': true,
  'key.unused': true,
  'key.leaked': true,
  'policy.created': true,
  'policy.changed': true,
  'policy.deleted': true,
  'document.created': true,
  'document.changed': true,
  'document.deleted': true,
};

const ACTIVITIES: Readonly<Record<ActivityEvent['type'], true>> = {
  'login.succeeded': true,
  'login.failed': true,
  'session.started': true,
  'session.ended': true,
  'request.refused': true,
  'request.forbidden': true,
  'key.first-used': true,
  'key.expiring': true,
  'activity.dropped': true,
};

export const EVENT_TYPES = Object.freeze(Object.keys({ ...CHANGES, ...ACTIVITIES })) as readonly EventType[];

export function isChange(event: LatchkeyEvent): event is ChangeEvent {
  return isChangeType(event.type);
}

export function isChangeType(type: EventType): type is ChangeEvent['type'] {
  return Object.hasOwn(CHANGES, type);
}

export type EventOf<Type extends EventType | '*'> = Type extends '*'
  ? LatchkeyEvent
  : Extract<LatchkeyEvent, { readonly type: Type }>;
export type EventListener<Type extends EventType | '*'> = (event: EventOf<Type>) => void;

/** Tells listeners what happens, at once and in order. A listener that throws, or rejects, harms nobody else. */
export class Events {
  readonly #listeners = new Map<string, Set<(event: LatchkeyEvent) => void>>();

  /** `*` is every type. Returns the function that ends the subscription. */
  on<Type extends EventType | '*'>(type: Type, listener: EventListener<Type>): () => void {
    if (type !== '*' && !EVENT_TYPES.includes(type as EventType)) {
      throw new TypeError(`on takes '*' or one of: ${EVENT_TYPES.join(', ')}`);
    }
    if (typeof listener !== 'function') throw new TypeError('on takes a function as its listener');
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

  /** The event is frozen: what one listener does to it, the next would see, and the audit trail. */
  emit(event: LatchkeyEvent): void {
    if (isChange(event)) deepFreeze(event);
    else Object.freeze(event); // holds nothing but texts and numbers
    this.#tell(event.type, event);
    this.#tell('*', event);
  }

  #tell(key: string, event: LatchkeyEvent): void {
    const listeners = this.#listeners.get(key);
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        const answer: unknown = listener(event);
        if (answer instanceof Promise) answer.catch((error: unknown) => warn(event, error));
      } catch (error) {
        warn(event, error);
      }
    }
  }
}

function warn({ type }: LatchkeyEvent, error: unknown): void {
  process.emitWarning(`A listener for ${type} threw: ${String(error)}`, { code: 'LATCHKEY_LISTENER' });
}
