import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ApiKey, IssuedApiKey } from '../../api/types.ts';
import { useSettings } from '../../context.ts';
import { holdLeaving } from '../../router/route.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Notice } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icon.tsx';
import { maskedToken, type SecretForm, secretForms } from './secret-forms.ts';
import './key-dialogs.css';

export interface SecretDialogProps {
  readonly title: string;
  readonly issued: IssuedApiKey;
  /** What else is to be known of it. */
  readonly children?: ComponentChildren;
  /** The secret has been put away: whoever holds it forgets it now. `left`: the user is on the way to somewhere else. */
  readonly onClose: (how: 'closed' | 'left') => void;
}

/** The one time that a secret is shown. Whoever leaves before it was copied is asked once. */
export function SecretDialog({ title, issued, children, onClose }: SecretDialogProps) {
  const { headers } = useSettings();
  const [isRevealed, setIsRevealed] = useState(false);
  const [hasCopied, setHasCopied] = useState(false);
  const [leave, setLeave] = useState<(() => void) | null>(null);
  const release = useRef(() => {});
  const latest = useRef(onClose);
  latest.current = onClose;
  const stay = useRef<HTMLButtonElement>(null);
  const forms = useMemo(() => secretForms(issued, headers, document.baseURI), [issued, headers]);

  useEffect(() => {
    if (hasCopied) return;
    release.current = holdLeaving((go) =>
      setLeave(() => () => {
        go();
        latest.current('left');
      }),
    );
    const onBeforeUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', onBeforeUnload);
    return () => {
      release.current();
      removeEventListener('beforeunload', onBeforeUnload);
    };
  }, [hasCopied]);
  useEffect(() => {
    // A page that the browser keeps for Back would keep the secret with it.
    const onPageHide = () => latest.current('left');
    addEventListener('pagehide', onPageHide);
    return () => removeEventListener('pagehide', onPageHide);
  }, []);
  useEffect(() => {
    if (leave !== null) stay.current?.focus();
  }, [leave]);

  const close = () => {
    release.current(); // whoever is told goes elsewhere
    onClose('closed');
  };
  const askToClose = () => (hasCopied ? close() : setLeave((asked) => asked ?? close));
  const markCopied = () => {
    setHasCopied(true);
    setLeave(null);
  };
  const footer =
    leave === null ? (
      <>
        <span class="kd-copied" role="status">
          {hasCopied && 'Copied. You can close this now.'}
        </span>
        <button type="button" onClick={askToClose}>
          Done
        </button>
      </>
    ) : (
      <>
        <p class="kd-asks" role="alert">
          <strong>You have not copied the key.</strong> Once this is closed nobody can show it again.
        </p>
        <button type="button" ref={stay} class="secondary" onClick={() => setLeave(null)}>
          Stay
        </button>
        <button type="button" class="danger" onClick={leave}>
          Leave without it
        </button>
      </>
    );
  const shown = isRevealed ? issued.token : maskedToken(issued);
  return (
    <Dialog title={title} size="wide" onClose={askToClose} footer={footer}>
      <div class="kd-secret" onCopy={() => isRevealed && markCopied()}>
        <Notice kind="warn">
          <p>Copy the key now and keep it in a safe place. It is shown this once, and nobody can look it up later.</p>
        </Notice>
        {children}
        <div class="kd-token">
          <code class="kd-code">{shown}</code>
          <span class="actions">
            <button
              type="button"
              class="secondary small"
              aria-pressed={isRevealed}
              onClick={() => setIsRevealed(!isRevealed)}
            >
              <Icon name="eye" />
              {isRevealed ? 'Hide' : 'Reveal'}
              <span class="unseen"> the key</span>
            </button>
            <CopyButton text={issued.token} label="Copy the key" onCopied={markCopied} />
          </span>
        </div>
        <h3 class="section-title">How to send it</h3>
        {forms.map((form) => (
          <Form key={form.title} form={form} isRevealed={isRevealed} onCopied={markCopied} />
        ))}
      </div>
    </Dialog>
  );
}

interface FormProps {
  readonly form: SecretForm;
  readonly isRevealed: boolean;
  readonly onCopied: () => void;
}

function Form({ form: { title, label, text, masked }, isRevealed, onCopied }: FormProps) {
  return (
    <div class="kd-form">
      <span class="kd-form-title">{title}</span>
      <CopyButton text={text} label={label} isSmall onCopied={onCopied} />
      <code class="kd-code">{isRevealed ? text : masked}</code>
    </div>
  );
}

/** What may be kept of the answer. */
export function withoutSecret({ secret: _, token: __, encoded: ___, ...key }: IssuedApiKey): ApiKey {
  return key;
}
