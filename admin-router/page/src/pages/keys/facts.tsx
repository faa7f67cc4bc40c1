import type { ApiKey } from '../../api/types.ts';
import { RelativeTime } from '../../ui/time.tsx';
import { maskInWords, maskOf } from './state.ts';

/** By what a key is recognised before something is done to it. */
export function KeyFacts({ apiKey }: { readonly apiKey: ApiKey }) {
  const { name, ownerId, lastUsedAt } = apiKey;
  return (
    <dl class="key-facts">
      <dt>Name</dt>
      <dd>{name}</dd>
      <dt>Key</dt>
      <dd>
        <code aria-hidden="true">{maskOf(apiKey)}</code>
        <span class="unseen">{maskInWords(apiKey)}</span>
      </dd>
      <dt>Owner</dt>
      <dd>{ownerId}</dd>
      <dt>Last used</dt>
      <dd>
        <RelativeTime at={lastUsedAt} />
      </dd>
    </dl>
  );
}
