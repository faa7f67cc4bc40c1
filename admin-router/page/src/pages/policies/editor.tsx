import { useState } from 'preact/hooks';
import { get, patch, pathOf, post } from '../../api/client.ts';
import type { Policy } from '../../api/types.ts';
import { useLoad } from '../../load.ts';
import type { PageProps } from '../../page-props.ts';
import { hrefOf, navigate, useRoute } from '../../router/route.ts';
import { Busy, EmptyState, ErrorBox } from '../../ui/feedback.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { announce } from '../../ui/toast.tsx';
import { bodyOf, changedFields, changesOf, copyOf, type Draft, draftOf, NEW_DRAFT } from './draft.ts';
import { PolicyForm } from './policy-form.tsx';
import './policies.css';

/** `#/new-policy`, which begins as a copy with `?from=<id>`, and `#/policies/<id>/edit`. */
export default function PolicyEditorPage({ params }: PageProps) {
  const from = useRoute().query.from;
  if (params.id !== undefined) return <Change id={params.id} />;
  return from === undefined ? <Create start={NEW_DRAFT} /> : <Copy id={from} />;
}

function Copy({ id }: { readonly id: string }) {
  const { value, problem, reload } = usePolicy(id);
  if (value !== undefined) return <Create start={copyOf(value)} />;
  return <Reading title="New policy" problem={problem} onRetry={reload} />;
}

function Create({ start }: { readonly start: Draft }) {
  return (
    <>
      <PageHead title="New policy" trail={<a href={hrefOf(['policies'])}>Policies</a>} />
      <PolicyForm start={start} base={null} onSave={(draft) => make(draft)} cancelTo={hrefOf(['policies'])} />
    </>
  );
}

function Change({ id }: { readonly id: string }) {
  const { value, problem, reload } = usePolicy(id);
  if (value === undefined) return <Reading title="Edit policy" problem={problem} onRetry={reload} />;
  return <ChangeRead policy={value} />;
}

function ChangeRead({ policy }: { readonly policy: Policy }) {
  const [title] = useState(policy.name);
  const trail = (
    <>
      <a href={hrefOf(['policies'])}>Policies</a> / <a href={hrefOf(['policies', policy.id])}>{title}</a>
    </>
  );
  if (policy.isBuiltIn || policy.type === 'internal') {
    return (
      <>
        <PageHead title={`Edit ${title}`} trail={trail} />
        <EmptyState
          title="This policy cannot be changed"
          action={<a href={hrefOf(['new-policy'], { from: policy.id })}>Make a copy of it</a>}
        >
          {policy.isBuiltIn ? 'It is built in.' : 'It is that of a session key: it ends with the key.'}
        </EmptyState>
      </>
    );
  }
  const save = async (draft: Draft, base: Draft, version: number) => {
    if (changedFields(draft, base).length > 0) {
      await patch(pathOf('policies', policy.id), changesOf(draft, base), version);
      announce('The policy was saved');
    }
    navigate(['policies', policy.id]);
  };
  return (
    <>
      <PageHead title={`Edit ${title}`} trail={trail} />
      <PolicyForm
        start={draftOf(policy)}
        base={policy}
        onSave={save}
        onMakeAnew={make}
        cancelTo={hrefOf(['policies', policy.id])}
      />
    </>
  );
}

async function make(draft: Draft): Promise<void> {
  const { id, name } = await post<Policy>('policies', bodyOf(draft));
  announce(`${name} was made`);
  navigate(['policies', id]);
}

function usePolicy(id: string) {
  return useLoad((signal) => get<Policy>(pathOf('policies', id), {}, signal), [id]);
}

interface ReadingProps {
  readonly title: string;
  readonly problem: ReturnType<typeof usePolicy>['problem'];
  readonly onRetry: () => void;
}

function Reading({ title, problem, onRetry }: ReadingProps) {
  return problem === null ? (
    <Busy />
  ) : (
    <>
      <PageHead title={title} trail={<a href={hrefOf(['policies'])}>Policies</a>} />
      <ErrorBox problem={problem} onRetry={onRetry} />
    </>
  );
}
