import { createStore, useStore } from '../store.ts';
import { Icon } from './icon.tsx';

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly kind: 'good' | 'bad';
}

/** How long a message stays, in ms; one of a failure until it is closed. */
const STAYS_MS = 6_000;
/** The newest. */
const AT_ONCE = 3;

const toasts = createStore<readonly Toast[]>([]);
let lastId = 0;

/** Tells that something was done: in the corner, and to screen readers. */
export function announce(text: string, kind: Toast['kind'] = 'good'): void {
  const id = ++lastId;
  toasts.set([...toasts.get(), { id, text, kind }].slice(-AT_ONCE));
  if (kind === 'good') setTimeout(() => dismiss(id), STAYS_MS);
}

function dismiss(id: number): void {
  toasts.set(toasts.get().filter((toast) => toast.id !== id));
}

/** Once, in the shell. The region is there before the first message: screen readers read what comes into it. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {useStore(toasts).map(({ id, text, kind }) => (
        <div key={id} class={`toast ${kind}`}>
          <Icon name={kind === 'good' ? 'check' : 'warning'} />
          <span>{text}</span>
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <Icon name="cross" />
          </button>
        </div>
      ))}
    </div>
  );
}
