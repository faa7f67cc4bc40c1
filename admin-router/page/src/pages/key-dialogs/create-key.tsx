import { useState } from 'preact/hooks';
import { post } from '../../api/client.ts';
import { type ApiProblem, problemOf } from '../../api/problem.ts';
import type { ApiKey, IssuedApiKey } from '../../api/types.ts';
import { useLogin, useSettings } from '../../context.ts';
import { createDraftKeeper, useKept } from '../../draft-keeper.ts';
import { useAction } from '../../load.ts';
import { ErrorBox, Notice } from '../../ui/feedback.tsx';
import { Field, faultsBesides } from '../../ui/field.tsx';
import { DescriptionField, NameField } from '../../ui/naming-fields.tsx';
import { announce } from '../../ui/toast.tsx';
import { ExpiryField } from './expiry-field.tsx';
import { useFaultyForm } from './faulty-form.ts';
import { atFields, faultsOfDraft, LIMITS, orDone, RESTRICTIONS, SHOWN } from './form-faults.ts';
import { creation, isSame, type KeyDraft, newDraft } from './key-draft.ts';
import { Restrictions } from './restrictions.tsx';
import { NewRights } from './rights-section.tsx';
import { SecretDialog, withoutSecret } from './secret-dialog.tsx';
import './key-dialogs.css';

export interface CreateKeyProps {
  /** The key is made and its secret has been put away; not told when the user goes elsewhere at that. */
  readonly onDone: (key: ApiKey) => void;
  readonly onClose: () => void;
}

const PERHAPS_MADE = 'The key may have been made all the same, without its secret being shown: look at the list first.';

const drafts = createDraftKeeper<KeyDraft>();

/** The form of a new key, for a page; then the secret, in a dialog. */
export function CreateKey({ onDone, onClose }: CreateKeyProps) {
  const { keys: rules } = useSettings();
  const { rights, principal } = useLogin();
  const { kept, hold } = useKept(drafts, principal.id);
  const [empty] = useState(() => newDraft(rules));
  const [draft, setDraft] = useState(kept ?? empty);
  const [isKept, setIsKept] = useState(kept !== null);
  const [issued, setIssued] = useState<IssuedApiKey | null>(null);
  const [untold, setUntold] = useState<ApiProblem | null>(null);
  const create = useAction(async () => {
    try {
      setIssued(await post<IssuedApiKey>('api-keys', creation(draft, rules)));
    } catch (error) {
      throw orDone(atFields(problemOf(error), draft), PERHAPS_MADE);
    }
  });
  const problem = untold ?? create.problem;
  hold(issued !== null || isSame(draft, empty) ? null : draft);
  const form = useFaultyForm(problem);
  const mayOwn = rights.has('keys:manage-own') || rights.has('keys:manage');

  const change = (fields: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...fields }));
  const startOver = () => {
    setDraft(empty);
    setIsKept(false);
    setUntold(null);
    create.reset();
  };
  const onCancel = () => {
    hold(null);
    onClose();
  };
  const onSubmit = (event: Event) => {
    event.preventDefault();
    const faults = faultsOfDraft(draft, null, !mayOwn);
    setUntold(faults);
    if (faults === null) void create.run();
  };
  const onKept = (how: 'closed' | 'left') => {
    if (issued === null) return;
    setIssued(null);
    announce('The key is made');
    if (how === 'closed') onDone(withoutSecret(issued));
  };
  const rest = faultsBesides(problem, SHOWN);
  const owner = rights.has('keys:grant') && (
    <Field
      label="Owner"
      path="ownerId"
      problem={problem}
      isOptional={mayOwn}
      hint={
        mayOwn ? 'The id of another user of your organisation. Empty: you.' : 'The id of a user of your organisation.'
      }
    >
      {(control) => (
        <input
          {...control}
          value={draft.ownerId}
          placeholder={mayOwn ? principal.id : ''}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={({ currentTarget }) => change({ ownerId: currentTarget.value })}
        />
      )}
    </Field>
  );
  return (
    <>
      <form ref={form} class="kd-page" noValidate autocomplete="off" onSubmit={onSubmit}>
        {isKept && (
          <Notice>
            <p>What you typed here before is still there.</p>
            <button type="button" class="secondary small" onClick={startOver}>
              Start over
            </button>
          </Notice>
        )}
        <section class="card">
          <NameField
            value={draft.name}
            problem={problem}
            maxLength={LIMITS.name}
            hint="What it is for, so that you know it again."
            placeholder="Nightly export"
            onChange={(name) => change({ name })}
          />
          <DescriptionField
            value={draft.description}
            problem={problem}
            maxLength={LIMITS.description}
            onChange={(description) => change({ description })}
          />
          {!mayOwn && owner}
          <ExpiryField
            expiry={draft.expiry}
            rules={rules}
            apiKey={null}
            problem={problem}
            onChange={(expiry) => change({ expiry })}
          />
        </section>
        <section class="card">
          <h2>Rights</h2>
          <NewRights draft={draft} problem={problem} change={change} />
        </section>
        <details class="card kd-more">
          <summary>
            More restrictions
            <span class="hint">Resources, addresses, origins, rate, properties{mayOwn && owner && ', owner'}</span>
          </summary>
          <Restrictions draft={draft} problem={problem} change={change} shown={RESTRICTIONS} isNew />
          {mayOwn && owner}
        </details>
        {rest && <ErrorBox problem={rest} />}
        <div class="kd-buttons">
          <button type="button" class="secondary" onClick={onCancel}>
            Cancel
          </button>
          <button type="submit" aria-busy={create.isBusy}>
            Create key
          </button>
        </div>
      </form>
      {issued !== null && <SecretDialog title={`Your key “${issued.name}”`} issued={issued} onClose={onKept} />}
    </>
  );
}
