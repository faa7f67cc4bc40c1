import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { useAction } from '../load.ts';
import { Dialog } from './dialog.tsx';
import { ErrorBox } from './feedback.tsx';

export interface ConfirmProps {
  readonly title: string;
  /** What will happen. */
  readonly children: ComponentChildren;
  /** The verb on the button: `Revoke`. */
  readonly verb: string;
  /** Has to be typed before the button works; left out: the button works at once. */
  readonly typed?: string;
  /** What fails is told in the dialog, which stays. */
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks before something that cannot be undone, where `typed` is given by having it typed. Closes itself once it is done. */
export function Confirm({ title, children, verb, typed, onConfirm, onClose }: ConfirmProps) {
  const [text, setText] = useState('');
  const { run, isBusy, problem } = useAction(onConfirm);
  const inputId = useId();
  const isReady = typed === undefined || text.trim() === typed.trim();
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    if (isReady && (await run())) onClose();
  };
  const footer = (
    <>
      <button type="button" class="secondary" onClick={onClose}>
        Cancel
      </button>
      <button type="submit" form={`${inputId}-form`} class="danger" disabled={!isReady} aria-busy={isBusy}>
        {verb}
      </button>
    </>
  );
  return (
    <Dialog title={title} role="alertdialog" onClose={onClose} footer={footer}>
      <form id={`${inputId}-form`} onSubmit={onSubmit}>
        {children}
        {typed !== undefined && (
          <div class="field">
            <label for={inputId}>
              Type <strong class="typed">{typed}</strong> to confirm
            </label>
            <input
              id={inputId}
              value={text}
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              onInput={({ currentTarget }) => setText(currentTarget.value)}
            />
          </div>
        )}
        {problem && <ErrorBox problem={problem} />}
      </form>
    </Dialog>
  );
}
