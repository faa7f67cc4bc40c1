import { useState } from 'preact/hooks';
import { pathOf, remove } from '../../api/client.ts';
import type { ApiKey } from '../../api/types.ts';
import { announce } from '../../ui/toast.tsx';
import { ChangeDialog } from './change-dialog.tsx';
import { KeyFacts } from './facts.tsx';
import type { KeyChangeProps } from './switch-key.tsx';
import { isTyped, ReasonField, TypedField, typedFor } from './typed.tsx';

/** Asks for a reason, and has the name of the key typed. */
export function RevokeKey({ apiKey, onDone, onClose }: KeyChangeProps) {
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  return (
    <ChangeDialog
      title="Revoke the key?"
      verb="Revoke"
      isHarmful
      apiKey={apiKey}
      isReady={({ name }) => isTyped(typed, typedFor(name))}
      obstacleOf={({ state }) => (state === 'revoked' ? 'The key is revoked already.' : null)}
      onClose={onClose}
      onSubmit={async ({ id, version, name }) => {
        const query = { reason: reason.trim() };
        onDone(await remove<ApiKey>(pathOf('api-keys', id), { ifMatch: version, query }));
        announce(`“${name}” is revoked`);
      }}
    >
      {(key) => (
        <>
          <KeyFacts apiKey={key} />
          <p>Requests with this key are refused from now on, for good. This cannot be undone.</p>
          <ReasonField value={reason} onInput={setReason} />
          <TypedField value={typed} onInput={setTyped} wanted={typedFor(key.name)} />
        </>
      )}
    </ChangeDialog>
  );
}
