import { useState } from 'preact/hooks';
import { get } from '../../api/client.ts';
import type { Page, Policy } from '../../api/types.ts';
import { useLoad } from '../../load.ts';
import { hrefOf } from '../../router/route.ts';
import { Busy, ErrorBox, Notice } from '../../ui/feedback.tsx';
import { Field } from '../../ui/field.tsx';
import type { DraftFieldsProps } from './about-fields.tsx';
import { StatementList } from './statement-list.tsx';

/** Of one page; an organisation with more of them names the one it means by its id. */
const MAX_TEMPLATES = 200;

/** Whether it has its own statements or those of a template, and in which workspace. */
export function TemplateFields({ draft, problem, isNew, onChange }: DraftFieldsProps) {
  const follows = draft.templateId !== null;
  return (
    <>
      {isNew && (
        <fieldset class="policy-choices inline">
          <legend>Where its statements come from</legend>
          <label class="policy-choice">
            <input type="radio" name="source" checked={!follows} onChange={() => onChange({ templateId: null })} />
            <span>Its own</span>
          </label>
          <label class="policy-choice">
            <input type="radio" name="source" checked={follows} onChange={() => onChange({ templateId: '' })} />
            <span>A template, in one workspace</span>
          </label>
        </fieldset>
      )}
      {follows && (
        <>
          {isNew ? (
            <TemplateChoice {...{ draft, problem, isNew, onChange }} />
          ) : (
            <p>
              It follows the template{' '}
              <a href={hrefOf(['policies', draft.templateId ?? ''])}>
                <code>{draft.templateId}</code>
              </a>
              : its statements are changed there.
            </p>
          )}
          <Field
            label="Workspace"
            path="workspace"
            problem={problem}
            hint="The id of the workspace in which it has the statements of the template; * is every one"
          >
            {(control) => (
              <input
                {...control}
                value={draft.workspace}
                autocomplete="off"
                autocapitalize="off"
                spellcheck={false}
                onInput={({ currentTarget }) => onChange({ workspace: currentTarget.value })}
              />
            )}
          </Field>
        </>
      )}
    </>
  );
}

function TemplateChoice({ draft, problem, onChange }: DraftFieldsProps) {
  const [query] = useState({ type: 'template', limit: MAX_TEMPLATES });
  const { value, problem: unread, reload } = useLoad((signal) => get<Page<Policy>>('policies', query, signal), []);
  if (unread !== null) return <ErrorBox problem={unread} onRetry={reload} />;
  if (value === undefined) return <Busy />;
  if (value.items.length === 0) {
    return <Notice>There is no template yet. Make a policy of the type Template first.</Notice>;
  }
  const chosen = value.items.find(({ id }) => id === draft.templateId);
  const isById = value.nextCursor !== null;
  return (
    <>
      <Field
        label={isById ? 'Template, by its id' : 'Template'}
        path="templateId"
        problem={problem}
        hint={isById && 'There are too many for a list: the page of the template shows its id.'}
      >
        {(control) =>
          isById ? (
            <input
              {...control}
              value={draft.templateId ?? ''}
              autocomplete="off"
              spellcheck={false}
              onInput={({ currentTarget }) => onChange({ templateId: currentTarget.value.trim() })}
            />
          ) : (
            <select
              {...control}
              value={draft.templateId ?? ''}
              onChange={({ currentTarget }) => onChange({ templateId: currentTarget.value })}
            >
              <option value="">Choose one</option>
              {value.items.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          )
        }
      </Field>
      {chosen && (
        <StatementList statements={chosen.statements.map((each) => ({ ...each, workspace: draft.workspace || '…' }))} />
      )}
    </>
  );
}
