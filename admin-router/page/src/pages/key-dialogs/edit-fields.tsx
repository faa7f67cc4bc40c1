import type { ApiProblem } from '../../api/problem.ts';
import type { ApiKey, Statement } from '../../api/types.ts';
import { useSettings } from '../../context.ts';
import { DescriptionField, NameField } from '../../ui/naming-fields.tsx';
import { absoluteTime } from '../../ui/time.tsx';
import { lengthOf } from './expiry.ts';
import { ExpiryField } from './expiry-field.tsx';
import { type FieldName, LABELS, LIMITS, RESTRICTIONS } from './form-faults.ts';
import type { Change, KeyDraft } from './key-draft.ts';
import { Restrictions } from './restrictions.tsx';
import { ChosenRights } from './rights-section.tsx';

export interface EditFieldsProps {
  readonly draft: KeyDraft;
  readonly apiKey: ApiKey;
  readonly problem: ApiProblem | null;
  readonly change: Change;
}

/** The fields that can be changed, and then the others, as they are. */
export function EditFields({ draft, apiKey, problem, change }: EditFieldsProps) {
  const { keys: rules } = useSettings();
  const isMutable = (field: string) => rules.mutable.includes(field);
  const fixed = (Object.keys(LABELS) as FieldName[]).filter((field) => !isMutable(field));
  const restrictions = RESTRICTIONS.filter(isMutable);
  const hasRights = isMutable('policyIds') || isMutable('statements');
  return (
    <>
      {isMutable('name') && (
        <NameField value={draft.name} problem={problem} maxLength={LIMITS.name} onChange={(name) => change({ name })} />
      )}
      {isMutable('description') && (
        <DescriptionField
          value={draft.description}
          problem={problem}
          maxLength={LIMITS.description}
          onChange={(description) => change({ description })}
        />
      )}
      {isMutable('expiresAt') && (
        <ExpiryField
          expiry={draft.expiry}
          rules={rules}
          apiKey={apiKey}
          problem={problem}
          onChange={(expiry) => change({ expiry })}
        />
      )}
      {hasRights && (
        <section class="kd-part">
          <h3 class="section-title">Rights</h3>
          <ChosenRights
            draft={draft}
            problem={problem}
            change={change}
            canChangePolicies={isMutable('policyIds')}
            canChangeStatements={isMutable('statements')}
          />
          {isMutable('statements') && <CeilingCheck draft={draft} change={change} />}
        </section>
      )}
      {restrictions.length > 0 && (
        <MoreRestrictions draft={draft} problem={problem} change={change} shown={restrictions} />
      )}
      {fixed.length > 0 && <Fixed apiKey={apiKey} fields={fixed} />}
    </>
  );
}

function CeilingCheck({ draft, change }: Pick<EditFieldsProps, 'draft' | 'change'>) {
  return (
    <label class="kd-check kd-ceiling">
      <input
        type="checkbox"
        checked={draft.refreshCeiling}
        onChange={() => change({ refreshCeiling: !draft.refreshCeiling })}
      />
      <span>
        Renew its ceiling
        <span class="hint">
          A key never has more than its owner could do when it was made; renewed, than the owner may do today.
        </span>
      </span>
    </label>
  );
}

interface MoreRestrictionsProps extends Omit<EditFieldsProps, 'apiKey'> {
  readonly shown: readonly (typeof RESTRICTIONS)[number][];
}

function MoreRestrictions({ draft, problem, change, shown }: MoreRestrictionsProps) {
  return (
    <details class="kd-part kd-more">
      <summary>
        More restrictions
        <span class="hint">{shown.map((field) => LABELS[field]).join(', ')}</span>
      </summary>
      <Restrictions draft={draft} problem={problem} change={change} shown={shown} />
    </details>
  );
}

function Fixed({ apiKey, fields }: { readonly apiKey: ApiKey; readonly fields: readonly FieldName[] }) {
  return (
    <section class="kd-part">
      <h3 class="section-title">Fixed</h3>
      <p class="hint">
        Settled when the key was made: the rules here do not let anybody change it. Make a new key instead.
      </p>
      <dl class="kd-fixed">
        {fields.map((field) => (
          <div key={field}>
            <dt>{LABELS[field]}</dt>
            <dd>{textOf(apiKey, field)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function textOf(key: ApiKey, field: FieldName): string {
  switch (field) {
    case 'expiresAt':
      return key.expiresAt === null ? 'Never' : absoluteTime(key.expiresAt);
    case 'statements':
      return key.statements.map(statementText).join('; ') || 'None';
    case 'properties':
      return (
        Object.entries(key.properties)
          .map(([name, value]) => `${name}: ${value}`)
          .join(', ') || 'None'
      );
    case 'disableUnusedAfterSeconds':
      return key.disableUnusedAfterSeconds === null ? 'Never' : `After ${lengthOf(key.disableUnusedAfterSeconds)}`;
    case 'maxRequestsPerMinute':
      return key.maxRequestsPerMinute === null ? 'No limit of its own' : String(key.maxRequestsPerMinute);
    case 'name':
    case 'description':
      return key[field] || 'None';
    case 'policyIds':
      return key.policyIds.join(', ') || 'None';
    default:
      return key[field]?.join(', ') ?? 'Any';
  }
}

function statementText({ actions, resources, workspace }: Statement): string {
  const where = workspace === '*' ? '' : ` in ${workspace}`;
  return `${actions.join(', ')} on ${resources.join(', ')}${where}`;
}
