import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { get, pathOf } from '../../api/client.ts';
import type { ApiKey } from '../../api/types.ts';
import { useAction } from '../../load.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorBox, Notice } from '../../ui/feedback.tsx';

export interface ChangeDialogProps {
  readonly title: string;
  /** On the button. */
  readonly verb: string;
  readonly isHarmful?: boolean;
  readonly apiKey: ApiKey;
  /** Whether it can be sent: what has to be typed is typed. Default true. */
  readonly isReady?: (key: ApiKey) => boolean;
  /** Why the newer version of the key that was loaded leaves nothing to do; null: go on. */
  readonly obstacleOf: (key: ApiKey) => string | null;
  /** Shown above the buttons; told the key as it was read last. */
  readonly children: (key: ApiKey) => ComponentChildren;
  readonly onSubmit: (key: ApiKey) => Promise<unknown>;
  readonly onClose: () => void;
}

/**
 * Asks before a key is changed. When somebody else was faster, it offers to load the newer version: what was typed stays, and
 * nothing is sent before the user has seen it.
 */
export function ChangeDialog({
  title,
  verb,
  isHarmful = false,
  apiKey,
  isReady = () => true,
  obstacleOf,
  children,
  onSubmit,
  onClose,
}: ChangeDialogProps) {
  const [key, setKey] = useState(apiKey);
  const formId = useId();
  const sending = useAction(() => onSubmit(key));
  const loading = useAction(async () => {
    setKey(await get<ApiKey>(pathOf('api-keys', key.id)));
    sending.reset();
  });
  const isStale = sending.problem?.status === 409 || sending.problem?.status === 412;
  const isNewer = key.version !== apiKey.version;
  const obstacle = isNewer ? obstacleOf(key) : null;
  const canSend = obstacle === null && !isStale && isReady(key);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (canSend && (await sending.run())) onClose();
  };
  const footer = (
    <>
      <button type="button" class="secondary" onClick={onClose}>
        {obstacle === null ? 'Cancel' : 'Close'}
      </button>
      {obstacle === null && (
        <button
          type="submit"
          form={formId}
          class={isHarmful ? 'danger' : ''}
          disabled={!canSend}
          aria-busy={sending.isBusy}
        >
          {verb}
        </button>
      )}
    </>
  );
  return (
    <Dialog title={title} role="alertdialog" onClose={onClose} footer={footer}>
      <form id={formId} onSubmit={submit}>
        {obstacle === null ? children(key) : <Notice kind="info">{obstacle}</Notice>}
        <div class="change-notes" aria-live="polite">
          {isNewer && obstacle === null && !sending.problem && (
            <Notice kind="info">This is the key as it is now. Look at it, then go on.</Notice>
          )}
          {isStale && (
            <Notice kind="warn">
              <p>{sending.problem?.detail}</p>
              <button
                type="button"
                class="secondary small"
                aria-busy={loading.isBusy}
                onClick={() => void loading.run()}
              >
                Load the newer version
              </button>
            </Notice>
          )}
        </div>
        {sending.problem && !isStale && <ErrorBox problem={sending.problem} />}
        {loading.problem && <ErrorBox problem={loading.problem} />}
      </form>
    </Dialog>
  );
}
