import type { ApiKey } from '../../api/types.ts';

/** Where a key is made: `<a role="button" href={hrefOf(NEW_KEY)}>`. */
export const NEW_KEY = ['keys', 'new'] as const;

export interface KeyDialogProps {
  /** As it was read: a newer version is not overwritten unseen. */
  readonly apiKey: ApiKey;
  /** It is done and the dialog is closed: the key as it is now, without its secret. */
  readonly onDone: (key: ApiKey) => void;
  /** Nothing was changed. */
  readonly onClose: () => void;
}
