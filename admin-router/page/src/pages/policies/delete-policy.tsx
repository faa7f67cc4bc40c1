import { useState } from 'preact/hooks';
import { pathOf, type Query, remove } from '../../api/client.ts';
import { ApiProblem, problemOf } from '../../api/problem.ts';
import type { Policy, PolicyRemoval } from '../../api/types.ts';
import { navigate } from '../../router/route.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { announce } from '../../ui/toast.tsx';
import { counted } from './words.ts';

export interface DeletePolicyProps {
  readonly policy: Policy;
  /** It is not as it was shown: read it again. */
  readonly onStale: () => void;
  readonly onClose: () => void;
}

/** One that is in use is refused, unless it is to be taken from those that have it. */
export function DeletePolicy({ policy: { id, version, name, type }, onStale, onClose }: DeletePolicyProps) {
  const [detach, setDetach] = useState(false);
  const isTemplate = type === 'template';

  async function confirm(): Promise<void> {
    const query = detach ? { detach } : {};
    const detached = await removeIt(query);
    announce(detached === 0 ? `${name} was deleted` : `${name} was deleted and taken from ${usersOf(detached)}`);
    navigate(['policies']);
  }

  async function removeIt(query: Query): Promise<number> {
    try {
      return (await remove<PolicyRemoval>(pathOf('policies', id), { query, ifMatch: version })).detached;
    } catch (error) {
      const { status, code, errors } = problemOf(error);
      const users = errors.find(({ path }) => path === 'users');
      if (status === 412) {
        onStale();
        const detail =
          'Somebody else has changed the policy meanwhile. What is behind this dialog is how it is now: delete it all the same, or cancel.';
        throw new ApiProblem({ status, code, detail });
      }
      if (users === undefined) throw error;
      const detail = `It is in use by ${usersOf(Number(users.message))}: take it from there with the box above, or leave it.`;
      throw new ApiProblem({ status, code, detail });
    }
  }

  function usersOf(count: number): string {
    return isTemplate ? counted(count, 'policy', 'policies') : counted(count, 'key');
  }

  return (
    <Confirm title="Delete the policy?" verb="Delete" typed={name} onConfirm={confirm} onClose={onClose}>
      <p>It cannot be brought back.</p>
      <label class="policy-choice">
        <input type="checkbox" checked={detach} onChange={({ currentTarget }) => setDetach(currentTarget.checked)} />
        <span>
          {isTemplate ? 'Even if policies follow it' : 'Take it from the keys that have it'}
          <span class="hint">
            {isTemplate
              ? 'They keep the statements that they have now.'
              : 'They lose its rights at once. Without this, a policy in use is not deleted.'}
          </span>
        </span>
      </label>
    </Confirm>
  );
}
