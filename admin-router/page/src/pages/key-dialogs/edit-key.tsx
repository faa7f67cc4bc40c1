import { useId, useState } from 'preact/hooks';
import { get, patch, pathOf } from '../../api/client.ts';
import { type ApiProblem, problemOf } from '../../api/problem.ts';
import type { ApiKey } from '../../api/types.ts';
import { useSettings } from '../../context.ts';
import { useAction } from '../../load.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorBox, Notice } from '../../ui/feedback.tsx';
import { faultsBesides } from '../../ui/field.tsx';
import { announce } from '../../ui/toast.tsx';
import { EditFields } from './edit-fields.tsx';
import { useFaultyForm } from './faulty-form.ts';
import { atFields, faultsOfDraft, LABELS, SHOWN } from './form-faults.ts';
import type { KeyDialogProps } from './key-dialog-props.ts';
import { changes, differing, draftOf, rebase } from './key-draft.ts';
import './key-dialogs.css';

/** Changes what the host lets be changed. A key that somebody else has changed meanwhile is not overwritten unseen. */
export function EditKey({ apiKey, onDone, onClose }: KeyDialogProps) {
  const { keys: rules } = useSettings();
  const [base, setBase] = useState(apiKey);
  const [draft, setDraft] = useState(() => draftOf(apiKey));
  const [news, setNews] = useState<readonly string[] | null>(null);
  const [untold, setUntold] = useState<ApiProblem | null>(null);
  const formId = useId();
  const path = pathOf('api-keys', base.id);
  const save = useAction(async () => {
    const changed = changes(draft, base, rules);
    if (Object.keys(changed).length === 0) return onClose();
    try {
      const key = await patch<ApiKey>(path, changed, base.version);
      announce('The key is saved');
      onDone(key);
    } catch (error) {
      throw atFields(problemOf(error), draft);
    }
  });
  const renew = useAction(async () => {
    const newer = await get<ApiKey>(path);
    setNews(differing(base, newer, LABELS));
    setDraft(rebase(draft, base, newer));
    setBase(newer);
    save.reset();
  });
  const problem = untold ?? save.problem;
  const form = useFaultyForm(problem);
  const isOutdated = problem?.code === 'precondition_failed';
  const offersNewer = isOutdated || problem?.status === 409;
  const rest = faultsBesides(problem, SHOWN);

  const onSubmit = (event: Event) => {
    event.preventDefault();
    const faults = faultsOfDraft(draft, draftOf(base));
    setUntold(faults);
    if (faults === null) void save.run();
  };
  const footer = (
    <>
      <button type="button" class="secondary" onClick={onClose}>
        Cancel
      </button>
      <button type="submit" form={formId} aria-busy={save.isBusy} disabled={isOutdated || base.state === 'revoked'}>
        Save
      </button>
    </>
  );
  return (
    <Dialog title={`Edit “${base.name}”`} size="wide" onClose={onClose} footer={footer}>
      <form id={formId} ref={form} noValidate autocomplete="off" onSubmit={onSubmit}>
        {base.state === 'revoked' && <Notice kind="warn">The key is revoked, for good: it cannot be changed.</Notice>}
        {rest && !isOutdated && <ErrorBox problem={rest} />}
        {offersNewer && (
          <div role="alert" class="kd-outdated">
            <Notice kind="warn">
              {isOutdated && <p>Somebody else has changed the key since you opened it.</p>}
              <p>Nothing of what you typed is lost.</p>
              <button type="button" class="secondary small" aria-busy={renew.isBusy} onClick={() => void renew.run()}>
                Load the newer version
              </button>
            </Notice>
          </div>
        )}
        {renew.problem && <ErrorBox problem={renew.problem} />}
        {news !== null && !isOutdated && <News labels={news} />}
        <EditFields
          draft={draft}
          apiKey={base}
          problem={problem}
          change={(fields) => setDraft((before) => ({ ...before, ...fields }))}
        />
      </form>
    </Dialog>
  );
}

function News({ labels }: { readonly labels: readonly string[] }) {
  const what = labels.length === 0 ? 'nothing that stands here' : labels.join(', ');
  return (
    <div role="status">
      <Notice>
        <p>{`This is the newer version, with what you have typed. Changed by others: ${what}.`}</p>
      </Notice>
    </div>
  );
}
