import { pathOf, post } from '../../api/client.ts';
import type { ApiKey } from '../../api/types.ts';
import { announce } from '../../ui/toast.tsx';
import { ChangeDialog } from './change-dialog.tsx';
import { KeyFacts } from './facts.tsx';

export interface KeyChangeProps {
  readonly apiKey: ApiKey;
  /** It is done, and was announced. */
  readonly onDone: (key: ApiKey) => void;
  /** The dialog wants to be taken away; after `onDone`, too. */
  readonly onClose: () => void;
}

export function DisableKey({ apiKey, onDone, onClose }: KeyChangeProps) {
  return (
    <ChangeDialog
      title="Disable the key?"
      verb="Disable"
      isHarmful
      apiKey={apiKey}
      obstacleOf={({ state }) => (state === 'disabled' || state === 'revoked' ? `The key is ${state} already.` : null)}
      onClose={onClose}
      onSubmit={async ({ id, version, name }) => {
        onDone(await post<ApiKey>(pathOf('api-keys', id, 'disable'), {}, { ifMatch: version }));
        announce(`“${name}” is disabled`);
      }}
    >
      {(key) => (
        <>
          <KeyFacts apiKey={key} />
          <p>Requests with this key are refused until it is enabled again. Nothing else about it changes.</p>
        </>
      )}
    </ChangeDialog>
  );
}

export function EnableKey({ apiKey, onDone, onClose }: KeyChangeProps) {
  return (
    <ChangeDialog
      title="Enable the key?"
      verb="Enable"
      apiKey={apiKey}
      obstacleOf={({ state }) => (state === 'disabled' ? null : `The key is ${state}: there is nothing to enable.`)}
      onClose={onClose}
      onSubmit={async ({ id, version, name }) => {
        onDone(await post<ApiKey>(pathOf('api-keys', id, 'enable'), {}, { ifMatch: version }));
        announce(`“${name}” is enabled`);
      }}
    >
      {(key) => (
        <>
          <KeyFacts apiKey={key} />
          <p>Requests with this key are accepted again at once.</p>
        </>
      )}
    </ChangeDialog>
  );
}
