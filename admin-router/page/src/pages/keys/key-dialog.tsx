import { useEffect, useState } from 'preact/hooks';
import type { ApiKey } from '../../api/types.ts';
import { announce } from '../../ui/toast.tsx';
import type { RowAction } from './columns.tsx';
import { RevokeKey } from './revoke-key.tsx';
import { DisableKey, EnableKey } from './switch-key.tsx';

type Loaded = typeof import('../key-dialogs/index.ts');

export interface KeyDialogProps {
  readonly action: RowAction;
  readonly apiKey: ApiKey;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** The dialog that an entry of a key's menu opens. */
export function KeyDialog({ action, apiKey, onDone, onClose }: KeyDialogProps) {
  if (action === 'edit' || action === 'rotate') {
    const done = () => {
      onDone();
      onClose();
    };
    return <LazyDialog action={action} apiKey={apiKey} onDone={done} onClose={onClose} />;
  }
  const Switch = { disable: DisableKey, enable: EnableKey, revoke: RevokeKey }[action];
  return <Switch apiKey={apiKey} onDone={onDone} onClose={onClose} />;
}

/** Those with long forms come in a file of their own. */
function LazyDialog({ action, apiKey, onDone, onClose }: KeyDialogProps & { readonly action: 'edit' | 'rotate' }) {
  const [dialogs, setDialogs] = useState<Loaded | null>(null);
  useEffect(() => {
    import('../key-dialogs/index.ts').then(setDialogs, () => {
      announce('The dialog could not be loaded. Reload the page and try again.', 'bad');
      onClose();
    });
  }, []);
  if (dialogs === null) return null;
  const Opened = action === 'edit' ? dialogs.EditKey : dialogs.RotateKey;
  return <Opened apiKey={apiKey} onDone={onDone} onClose={onClose} />;
}
