import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';
import { announce } from './toast.tsx';

const SAYS_SO_MS = 2_000;

export interface CopyButtonProps {
  readonly text: string;
  /** What is copied, for screen readers: `Copy the secret`. */
  readonly label: string;
  /** Without words beside the icon. Default false. */
  readonly isSmall?: boolean;
  readonly onCopied?: () => void;
}

export function CopyButton({ text, label, isSmall = false, onCopied }: CopyButtonProps) {
  const [isDone, setIsDone] = useState(false);
  useEffect(() => {
    if (!isDone) return;
    const timer = setTimeout(() => setIsDone(false), SAYS_SO_MS);
    return () => clearTimeout(timer);
  }, [isDone]);
  const onClick = async () => {
    if (!(await copy(text))) {
      announce('The browser did not let this be copied: select the text and copy it yourself.', 'bad');
      return;
    }
    setIsDone(true);
    announce('Copied');
    onCopied?.();
  };
  return (
    <button type="button" class={isSmall ? 'icon-button' : 'secondary small'} aria-label={label} onClick={onClick}>
      <Icon name={isDone ? 'check' : 'copy'} />
      {!isSmall && (isDone ? 'Copied' : 'Copy')}
    </button>
  );
}

/** Over plain HTTP, but for localhost, browsers have no `navigator.clipboard`: then by a selection. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelection(text);
  }
}

function copySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'unseen';
  const host = document.querySelector('dialog[open]') ?? document.body; // behind a modal dialog nothing can be selected
  const before = document.activeElement;
  host.append(area);
  area.select();
  const isDone = document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return isDone;
}
