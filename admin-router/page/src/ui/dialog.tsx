import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';

export interface DialogProps {
  readonly title: string;
  /** Escape, the cross, and the browser's own way back. The owner takes the dialog away, or leaves it (`isBlocking`). */
  readonly onClose: () => void;
  /** Default `normal`. */
  readonly size?: 'normal' | 'wide';
  readonly role?: 'dialog' | 'alertdialog';
  readonly children: ComponentChildren;
  /** The buttons: the last one is what the dialog is for. */
  readonly footer?: ComponentChildren;
}

/** A modal dialog: open as long as it is rendered. Focus stays inside, and goes back to where it came from. */
export function Dialog({ title, onClose, size = 'normal', role = 'dialog', children, footer }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();

  // In layout: where one dialog takes the place of another, the focus has gone back before the next one notes where it came from.
  useLayoutEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    dialog?.showModal();
    if (dialog) startingPoint(dialog)?.focus();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);

  const onCancel = (event: Event) => {
    if (event.target !== ref.current) return; // of a file or date picker inside
    event.preventDefault();
    onClose();
  };
  // Whoever presses Escape twice closes it whatever a page says: then it opens again, unless its owner takes it away.
  const onClosed = (event: Event) => {
    const dialog = ref.current;
    if (event.target !== dialog || dialog === null || !dialog.isConnected || dialog.open) return;
    onClose();
    setTimeout(() => ref.current?.isConnected && !ref.current.open && ref.current.showModal());
  };

  return (
    <dialog
      ref={ref}
      role={role}
      class={`dialog ${size}`}
      aria-labelledby={titleId}
      onCancel={onCancel}
      onClose={onClosed}
    >
      <article>
        <header class="dialog-head">
          <h2 id={titleId}>{title}</h2>
          <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
            <Icon name="cross" />
          </button>
        </header>
        <div class="dialog-body">{children}</div>
        {footer && <footer class="dialog-foot">{footer}</footer>}
      </article>
    </dialog>
  );
}

/** The first field; without one, the button that the dialog is for, unless that one harms. */
function startingPoint(dialog: HTMLDialogElement): HTMLElement | null {
  const field = dialog.querySelector<HTMLElement>(
    '.dialog-body :is(input, select, textarea):not([type="hidden"], [type="radio"]:not(:checked), :disabled)',
  );
  const buttons = [...dialog.querySelectorAll<HTMLElement>('.dialog-foot button:not(:disabled)')];
  const isHarmful = buttons.at(-1)?.classList.contains('danger') ?? false;
  return field ?? (isHarmful ? buttons[0] : buttons.at(-1)) ?? null;
}
