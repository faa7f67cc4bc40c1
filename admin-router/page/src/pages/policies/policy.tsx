import { useState } from 'preact/hooks';
import { get, pathOf } from '../../api/client.ts';
import type { Policy } from '../../api/types.ts';
import { useLogin } from '../../context.ts';
import { useLoad } from '../../load.ts';
import type { PageProps } from '../../page-props.ts';
import { hrefOf } from '../../router/route.ts';
import { Badge } from '../../ui/badge.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Busy, ErrorBox, Notice } from '../../ui/feedback.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { AbsoluteTime } from '../../ui/time.tsx';
import { DeletePolicy } from './delete-policy.tsx';
import { StatementList } from './statement-list.tsx';
import { UsedBy } from './used-by.tsx';
import { TYPE_WORDS } from './words.ts';
import './policies.css';

/** What a policy allows, and who has it. */
export default function PolicyPage({ params: { id = '' } }: PageProps) {
  const { value: policy, problem, reload } = useLoad((signal) => get<Policy>(pathOf('policies', id), {}, signal), [id]);
  const mayManage = useLogin().rights.has('policies:manage');
  const [isDeleting, setIsDeleting] = useState(false);
  const trail = <a href={hrefOf(['policies'])}>Policies</a>;
  if (problem !== null) {
    return (
      <>
        <PageHead title={problem.status === 404 ? 'There is no such policy' : 'Policy'} trail={trail} />
        <ErrorBox problem={problem} onRetry={reload} />
      </>
    );
  }
  if (policy === undefined) return <Busy />;

  const canChange = mayManage && !policy.isBuiltIn && policy.type !== 'internal';
  const actions = mayManage && (
    <>
      <a class="button secondary" href={hrefOf(['new-policy'], { from: policy.id })}>
        Make a copy
      </a>
      {canChange && (
        <>
          <button type="button" class="secondary" onClick={() => setIsDeleting(true)}>
            Delete …
          </button>
          <a class="button" href={hrefOf(['policies', policy.id, 'edit'])}>
            Edit
          </a>
        </>
      )}
    </>
  );
  return (
    <>
      <PageHead title={policy.name} lead={policy.description} trail={trail} actions={actions} />
      {policy.type === 'internal' && (
        <Notice>
          These are the statements of a session key: they end with it. <a href={hrefOf(['keys', id])}>Go to the key</a>
        </Notice>
      )}
      <Facts policy={policy} />
      <section aria-label="What it allows">
        <h2 class="section-title">What it allows</h2>
        <StatementList statements={policy.statements} />
      </section>
      <UsedBy policy={policy} />
      {isDeleting && <DeletePolicy policy={policy} onStale={reload} onClose={() => setIsDeleting(false)} />}
    </>
  );
}

function Facts({ policy }: { readonly policy: Policy }) {
  const { id, type, isBuiltIn, templateId, workspace, properties, createdBy, createdAt, updatedAt, version } = policy;
  return (
    <dl class="card policy-facts">
      <div>
        <dt>Type</dt>
        <dd class="with-badge">
          {TYPE_WORDS[type]}
          {isBuiltIn && <Badge tone="info">Built in</Badge>}
        </dd>
      </div>
      <div>
        <dt>Id</dt>
        <dd>
          <code>{id}</code> <CopyButton text={id} label="Copy the id" isSmall />
        </dd>
      </div>
      {templateId !== null && (
        <>
          <div>
            <dt>Follows the template</dt>
            <dd>
              <a href={hrefOf(['policies', templateId])}>{templateId}</a>
            </dd>
          </div>
          <div>
            <dt>In workspace</dt>
            <dd>
              <code>{workspace}</code>
            </dd>
          </div>
        </>
      )}
      {!isBuiltIn && (
        <>
          <div>
            <dt>Created</dt>
            <dd>
              <AbsoluteTime at={createdAt} /> by {createdBy}
            </dd>
          </div>
          <div>
            <dt>Changed</dt>
            <dd>
              <AbsoluteTime at={updatedAt} />, version {version}
            </dd>
          </div>
        </>
      )}
      {Object.entries(properties).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
