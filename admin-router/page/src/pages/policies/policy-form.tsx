import { useEffect, useRef, useState } from 'preact/hooks';
import { get, pathOf } from '../../api/client.ts';
import { ApiProblem, problemOf } from '../../api/problem.ts';
import type { FieldError, Policy } from '../../api/types.ts';
import { useLogin } from '../../context.ts';
import { createDraftKeeper, useKept } from '../../draft-keeper.ts';
import { useAction } from '../../load.ts';
import { ErrorBox, Notice } from '../../ui/feedback.tsx';
import { AboutFields } from './about-fields.tsx';
import { Conflict } from './conflict.tsx';
import { type Changeable, changedFields, checkDraft, type Draft, draftOf, merge } from './draft.ts';
import { StatementList } from './statement-list.tsx';
import { StatementsEditor } from './statements-editor.tsx';
import { TemplateFields } from './template-fields.tsx';
import { useLeaveWarning } from './use-leave-warning.ts';
import { useSettled } from './use-settled.ts';
import { UsedByNotice } from './used-by.tsx';

/** With what it changes, as it was read; null: it is a new one. */
const drafts = createDraftKeeper<{ readonly draft: Draft; readonly base: Policy | null }>();

export interface PolicyFormProps {
  readonly start: Draft;
  /** What is changed; null: a new one is made. */
  readonly base: Policy | null;
  readonly onSave: (draft: Draft, base: Draft, version: number) => Promise<void>;
  /** Where what is changed has gone meanwhile. */
  readonly onMakeAnew?: (draft: Draft) => Promise<void>;
  readonly cancelTo: string;
}

/** A policy as it is written. Faults of form are told while typing, the others when the API has answered. */
export function PolicyForm({ start, base: read, onSave, onMakeAnew, cancelTo }: PolicyFormProps) {
  const { kept: found, hold } = useKept(drafts, `${useLogin().principal.id} ${location.hash}`);
  const [kept, setKept] = useState(found);
  const [draft, setDraft] = useState(kept?.draft ?? start);
  const [base, setBase] = useState(kept === null ? read : kept.base);
  const [touched, setTouched] = useState<readonly string[]>([]);
  const [refusals, setRefusals] = useState<readonly FieldError[]>([]);
  const [isBroken, setIsBroken] = useState(false);
  const [disputed, setDisputed] = useState<readonly Changeable[] | null>(null);
  const [submitted, setSubmitted] = useState<Draft | null>(null);
  const [isSaved, setIsSaved] = useState(false);
  /** Another one when the statements come from elsewhere. */
  const [editor, setEditor] = useState(0);
  const form = useRef<HTMLFormElement>(null);
  const [sought, setSought] = useState(0);

  const baseDraft = base === null ? start : draftOf(base);
  const isDirty = changedFields(draft, baseDraft).length > 0 || isBroken;
  useLeaveWarning(isDirty && !isSaved);
  const isDone = useRef(false);
  hold(isDirty && !isDone.current ? { draft, base } : null);

  // What is wrong is told after a moment, or when it is to be saved; what has been mended, at once.
  const faultsNow = checkDraft(draft);
  const told = checkDraft(useSettled(draft));
  const isTold = (fault: FieldError) =>
    draft === submitted || told.some(({ path, message }) => path === fault.path && message === fault.message);
  const faults = faultsNow.filter(isTold);
  const isTouched = ({ path }: FieldError) => touched.some((one) => path === one || path.startsWith(`${one}.`));
  const errors = [...faults.filter(isTouched), ...refusals];
  const problem = new ApiProblem({ status: 400, code: 'invalid_request', detail: '', errors });

  const save = useAction(async () => {
    try {
      setRefusals([]);
      await onSave(draft, baseDraft, base?.version ?? 0);
      done();
    } catch (error) {
      const refused = problemOf(error);
      if (refused.status === 412 && base !== null) return await meet(base);
      setRefusals(refused.errors);
      setSought((before) => before + 1);
      throw error;
    }
  });
  const makeAnew = useAction(async () => {
    await onMakeAnew?.(draft);
    done();
  });

  /** Nothing is left that would be lost. */
  function done(): void {
    isDone.current = true;
    hold(null);
    setIsSaved(true);
  }

  function startOver(): void {
    setDraft(start);
    setBase(read);
    setKept(null);
    setTouched([]);
    setRefusals([]);
    setIsBroken(false);
    setEditor((before) => before + 1);
  }

  /** Somebody else has saved it meanwhile: what they changed, and what was typed here, together. */
  async function meet({ id }: Policy): Promise<void> {
    const theirs = await get<Policy>(pathOf('policies', id));
    const merged = merge(draft, baseDraft, draftOf(theirs));
    setBase(theirs);
    setDraft(merged.draft);
    setDisputed(merged.disputed);
    if (!isBroken) setEditor((before) => before + 1);
  }

  const change = (fields: Partial<Draft>) => {
    const names = Object.keys(fields);
    setDraft((before) => ({ ...before, ...fields }));
    setTouched((before) => [...new Set([...before, ...names])]);
    setRefusals((before) => before.filter(({ path }) => !names.some((name) => path.split('.')[0] === name)));
  };
  const takeTheirs = (field: Changeable) => {
    change({ [field]: baseDraft[field] });
    setDisputed((before) => before?.filter((each) => each !== field) ?? null);
    if (field !== 'statements') return;
    setIsBroken(false);
    setEditor((before) => before + 1);
  };
  const onSubmit = (event: Event) => {
    event.preventDefault();
    setTouched(['name', 'description', 'templateId', 'workspace', 'statements']);
    setSubmitted(draft);
    if (isBroken || faultsNow.length > 0) setSought((before) => before + 1);
    else void save.run();
  };

  // The first field that is wrong, once it is marked.
  useEffect(() => {
    if (sought === 0) return;
    const wrong = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    if (wrong) wrong.focus();
    else form.current?.querySelector('.fault')?.scrollIntoView({ block: 'center' });
  }, [sought]);

  const isGone = save.problem?.status === 404 && base !== null;
  const isTemplate = draft.type === 'template';
  return (
    <form ref={form} class="policy-form" noValidate onSubmit={onSubmit}>
      {kept !== null && (
        <Notice>
          <p>What you typed here before and did not save is still there.</p>
          <button type="button" class="secondary small" onClick={startOver}>
            Start over
          </button>
        </Notice>
      )}
      {disputed !== null && base !== null && <Conflict theirs={base} disputed={disputed} onTake={takeTheirs} />}
      {base !== null && <UsedByNotice policy={base} />}
      <section class="card" aria-label="About the policy">
        <AboutFields draft={draft} problem={problem} isNew={base === null} onChange={change} />
      </section>
      <section class="card">
        <h2>{isTemplate ? 'Statements of the template' : 'Rights'}</h2>
        {!isTemplate && <TemplateFields draft={draft} problem={problem} isNew={base === null} onChange={change} />}
        {draft.templateId === null ? (
          <StatementsEditor
            key={editor}
            statements={draft.statements}
            errors={errors.filter(({ path }) => path.startsWith('statements'))}
            refusals={refusals}
            hasWorkspaces={!isTemplate}
            onChange={(statements) => {
              setIsBroken(statements === null);
              if (statements !== null) change({ statements });
            }}
          />
        ) : (
          base !== null && <StatementList statements={base.statements} />
        )}
      </section>
      {save.problem && !isGone && <ErrorBox problem={withoutList(save.problem)} />}
      {isGone && (
        <Notice kind="warn">
          <p>The policy was deleted meanwhile. What you typed is still here.</p>
          <button type="button" class="secondary small" aria-busy={makeAnew.isBusy} onClick={() => void makeAnew.run()}>
            Make it anew
          </button>
          {makeAnew.problem && <ErrorBox problem={makeAnew.problem} />}
        </Notice>
      )}
      <div class="policy-form-foot">
        <a class="button secondary" href={cancelTo} onClick={done}>
          Cancel
        </a>
        <button type="submit" aria-busy={save.isBusy}>
          {base === null ? 'Create policy' : 'Save changes'}
        </button>
      </div>
    </form>
  );
}

/** The fields show theirs; what none of them shows is told here. */
function withoutList(problem: ApiProblem): ApiProblem {
  const { status, code, detail, errors, retryAfterSeconds } = problem;
  const shown = /^(name|description|templateId|workspace|statements)(\.|$)/;
  return new ApiProblem(
    { status, code, detail, errors: errors.filter(({ path }) => !shown.test(path)) },
    retryAfterSeconds,
  );
}
