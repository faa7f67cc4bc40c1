import { useId, useState } from 'preact/hooks';
import { pathOf, post } from '../../api/client.ts';
import type { ApiKey, KeyVerdict } from '../../api/types.ts';
import { useAction } from '../../load.ts';
import { ErrorBox } from '../../ui/feedback.tsx';
import { Field, faultsBesides } from '../../ui/field.tsx';
import { Icon } from '../../ui/icon.tsx';
import { type Question as Asked, type RightsMatrix, refuserOf, type Source } from './matrix.ts';
import { verdictInWords } from './verdict-words.ts';

/** Offered while typing; browsers show no more either. */
const OFFERED = 100;
const FIELDS = ['action', 'resource', 'workspace'] as const;

export interface QuestionProps {
  readonly apiKey: ApiKey;
  /** Where its rights come from; null where not all of them could be read. */
  readonly sources: readonly Source[] | null;
  readonly matrix: RightsMatrix;
}

/** May this key do X on Y? As the API would decide it now. */
export function Question({ apiKey, sources, matrix }: QuestionProps) {
  const [asked, setAsked] = useState<Asked>({ action: '', resource: '', workspace: '' });
  const [answer, setAnswer] = useState<{ readonly text: string; readonly isYes: boolean } | null>(null);
  const listId = useId();
  const asking = useAction(async () => {
    setAnswer(null);
    const question = {
      action: asked.action.trim(),
      resource: asked.resource.trim(),
      workspace: asked.workspace.trim(),
    };
    const body = Object.fromEntries(Object.entries(question).filter(([, text]) => text !== ''));
    const verdict = await post<KeyVerdict>(pathOf('api-keys', apiKey.id, 'can'), body);
    const refuser = sources === null ? undefined : refuserOf(question, sources, apiKey);
    setAnswer({ text: verdictInWords(verdict, question, refuser), isYes: verdict.allowed });
  });
  const onSubmit = (event: Event) => {
    event.preventDefault();
    void asking.run();
  };
  const offered = {
    action: matrix.actions.filter((action) => !action.includes('*')).slice(0, OFFERED),
    resource: matrix.scopes.map(({ resource }) => resource).filter((resource) => !resource.includes('*')),
    workspace: matrix.scopes.map(({ workspace }) => workspace).filter((workspace) => workspace !== '*'),
  };
  const labels = { action: 'Action', resource: 'Resource', workspace: 'Workspace' };
  const hints = { action: 'orders:read', resource: 'all of them', workspace: 'all of them' };
  return (
    <form class="question" aria-labelledby={`${listId}-title`} onSubmit={onSubmit}>
      <h3 id={`${listId}-title`}>May this key do something?</h3>
      <div class="question-fields">
        {FIELDS.map((name) => (
          <Field key={name} label={labels[name]} path={name} problem={asking.problem} isOptional={name !== 'action'}>
            {(control) => (
              <>
                <input
                  {...control}
                  value={asked[name]}
                  list={`${listId}-${name}`}
                  placeholder={hints[name]}
                  required={name === 'action'}
                  autocomplete="off"
                  autocapitalize="off"
                  spellcheck={false}
                  onInput={({ currentTarget }) => {
                    setAsked({ ...asked, [name]: currentTarget.value });
                    setAnswer(null);
                  }}
                />
                <datalist id={`${listId}-${name}`}>
                  {[...new Set(offered[name])].slice(0, OFFERED).map((value) => (
                    <option key={value} value={value} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
        ))}
        <button type="submit" class="secondary" aria-busy={asking.isBusy}>
          Ask
        </button>
      </div>
      {faultsBesides(asking.problem, FIELDS) && asking.problem && <ErrorBox problem={asking.problem} />}
      <div aria-live="polite">
        {answer && (
          <p class={answer.isYes ? 'verdict yes' : 'verdict no'}>
            <Icon name={answer.isYes ? 'check' : 'cross'} />
            <span>{answer.text}</span>
          </p>
        )}
      </div>
      <p class="hint">As it would be decided now. It counts as no use, and from where a request comes is not asked.</p>
    </form>
  );
}
