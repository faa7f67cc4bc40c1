import { useId, useState } from 'preact/hooks';
import { post } from '../../api/client.ts';
import type { ApiKey, RevocationResults } from '../../api/types.ts';
import { useAction } from '../../load.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorBox, Notice } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icon.tsx';
import { announce } from '../../ui/toast.tsx';
import { maskInWords, maskOf } from './state.ts';
import { isTyped, ReasonField, TypedField } from './typed.tsx';

type Outcome = RevocationResults['results'][number]['outcome'];

const WORDS: Readonly<Record<Outcome, string>> = {
  revoked: 'Revoked',
  not_found: 'There is no such key any more',
  forbidden: 'Your rights do not cover this key',
  failed: 'Not revoked for certain: try again',
};

export interface RevokeKeysProps {
  readonly keys: readonly ApiKey[];
  /** Something was revoked. */
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Names the keys, asks for a reason, revokes them, and tells of each what became of it. */
export function RevokeKeys({ keys, onDone, onClose }: RevokeKeysProps) {
  const [reason, setReason] = useState('');
  const [typed, setTyped] = useState('');
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const formId = useId();

  const left = keys.filter(({ id }) => outcomes.get(id) === undefined || outcomes.get(id) === 'failed');
  const wanted = `revoke ${countOf(keys)}`;
  const isDone = outcomes.size > 0;
  const { run, isBusy, problem } = useAction(async () => {
    const ids = left.map(({ id }) => id);
    const body = { ids, ...(reason.trim() !== '' && { reason: reason.trim() }) };
    const { results } = await post<RevocationResults>('api-keys/revoke', body);
    const all = new Map([...outcomes, ...results.map(({ id, outcome }) => [id, outcome] as const)]);
    setOutcomes(all);
    onDone();
    if (keys.every(({ id }) => all.get(id) === 'revoked')) {
      announce(`${countOf(keys)} ${keys.length === 1 ? 'is' : 'are'} revoked`);
      onClose();
    }
  });
  const canSend = left.length > 0 && (isDone || isTyped(typed, wanted));
  const submit = (event: Event) => {
    event.preventDefault();
    if (canSend) void run();
  };

  const footer = (
    <>
      <button type="button" class="secondary" onClick={onClose}>
        {isDone ? 'Close' : 'Cancel'}
      </button>
      {(!isDone || left.length > 0) && (
        <button type="submit" form={formId} class="danger" disabled={!canSend} aria-busy={isBusy}>
          {isDone ? `Try ${countOf(left)} again` : `Revoke ${countOf(keys)}`}
        </button>
      )}
    </>
  );
  const title = isDone ? 'Not all keys are revoked' : `Revoke ${countOf(keys)}?`;
  return (
    <Dialog title={title} role="alertdialog" onClose={onClose} footer={footer}>
      <form id={formId} onSubmit={submit}>
        <div aria-live="polite">{isDone && <Notice kind="warn">{summaryOf(keys, outcomes)}</Notice>}</div>
        <ul class="key-names" aria-label="The keys">
          {keys.map((key) => (
            <KeyLine key={key.id} apiKey={key} outcome={outcomes.get(key.id)} />
          ))}
        </ul>
        {!isDone && (
          <>
            <p>Requests with these keys are refused from now on, for good. This cannot be undone.</p>
            <ReasonField value={reason} onInput={setReason} />
            <TypedField value={typed} onInput={setTyped} wanted={wanted} />
          </>
        )}
        {problem && <ErrorBox problem={problem} />}
      </form>
    </Dialog>
  );
}

function KeyLine({ apiKey, outcome }: { readonly apiKey: ApiKey; readonly outcome: Outcome | undefined }) {
  return (
    <li>
      <span class="key-line">
        <strong>{apiKey.name}</strong>
        <code aria-hidden="true">{maskOf(apiKey)}</code>
        <span class="unseen">{maskInWords(apiKey)}</span>
      </span>
      {outcome && (
        <span class={outcome === 'revoked' ? 'outcome good' : 'outcome bad'}>
          <Icon name={outcome === 'revoked' ? 'check' : 'warning'} />
          {WORDS[outcome]}
        </span>
      )}
    </li>
  );
}

function summaryOf(keys: readonly ApiKey[], outcomes: ReadonlyMap<string, Outcome>): string {
  const revoked = keys.filter(({ id }) => outcomes.get(id) === 'revoked').length;
  const rest = keys.length - revoked;
  return `${revoked} of ${countOf(keys)} ${revoked === 1 ? 'is' : 'are'} revoked, ${rest} ${rest === 1 ? 'is' : 'are'} not.`;
}

function countOf({ length }: readonly ApiKey[]): string {
  return length === 1 ? '1 key' : `${length} keys`;
}
