import { useState } from 'preact/hooks';
import { get } from '../../api/client.ts';
import type { ApiProblem } from '../../api/problem.ts';
import type { Page, Policy } from '../../api/types.ts';
import { useAction, useLoad } from '../../load.ts';

/** What the API gives at once. */
const AT_ONCE = 200;

export interface PolicyList {
  /** Undefined until they are read. */
  readonly policies: readonly ListedPolicy[] | undefined;
  readonly problem: ApiProblem | null;
  readonly hasMore: boolean;
  readonly isBusy: boolean;
  readMore(): void;
  reload(): void;
}

export interface ListedPolicy extends Policy {
  /** Whether it is within the rights of who is logged in. */
  readonly isGrantable: boolean;
}

/** The policies that a key can have: those that the user may give, or all of the organisation. One page is read at first. */
export function usePolicies(onlyGrantable: boolean): PolicyList {
  const [more, setMore] = useState<{ readonly of: object; readonly page: Page<ListedPolicy> } | null>(null);
  const first = useLoad((signal) => readPage(onlyGrantable, null, signal), [onlyGrantable]);
  const isFollowed = more !== null && more.of === first.value;
  const nextCursor = (isFollowed ? more.page.nextCursor : first.value?.nextCursor) ?? null;
  const policies = first.value && [...first.value.items, ...(isFollowed ? more.page.items : [])];
  const next = useAction(async () => {
    if (first.value === undefined) return;
    const page = await readPage(onlyGrantable, nextCursor);
    const before = isFollowed ? more.page.items : [];
    setMore({ of: first.value, page: { ...page, items: [...before, ...page.items] } });
  });
  return {
    policies,
    problem: first.problem ?? next.problem,
    hasMore: nextCursor !== null,
    isBusy: next.isBusy,
    readMore: () => void next.run(),
    reload: first.reload,
  };
}

async function readPage(
  onlyGrantable: boolean,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<Page<ListedPolicy>> {
  const query = { type: ['role', 'custom'], limit: AT_ONCE, cursor };
  const grantableOnes = get<Page<Policy>>('policies', { ...query, grantable: true }, signal);
  if (onlyGrantable) {
    const { items, nextCursor } = await grantableOnes;
    return { items: items.map((policy) => ({ ...policy, isGrantable: true })), nextCursor };
  }
  const [all, grantable] = await Promise.all([get<Page<Policy>>('policies', query, signal), grantableOnes]);
  const ids = new Set(grantable.items.map(({ id }) => id));
  return { ...all, items: all.items.map((policy) => ({ ...policy, isGrantable: ids.has(policy.id) })) };
}
