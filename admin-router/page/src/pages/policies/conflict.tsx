import { useEffect, useRef } from 'preact/hooks';
import type { Policy } from '../../api/types.ts';
import { Icon } from '../../ui/icon.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import type { Changeable } from './draft.ts';
import { StatementList } from './statement-list.tsx';

export interface ConflictProps {
  readonly theirs: Policy;
  readonly disputed: readonly Changeable[];
  readonly onTake: (field: Changeable) => void;
}

/** Somebody else has saved the policy while it was written here: what both have changed can be taken from either. */
export function Conflict({ theirs, disputed, onTake }: ConflictProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), [theirs.version]);
  return (
    <div ref={box} class="notice warn policy-conflict" role="alert" tabIndex={-1}>
      <Icon name="warning" />
      <div>
        <p>
          <strong>Somebody else has changed this policy meanwhile</strong> (version {theirs.version},{' '}
          <RelativeTime at={theirs.updatedAt} />
          ). Nothing of yours is lost or saved yet.
        </p>
        <p>
          {disputed.length === 0
            ? 'What they changed is in the form now, beside what you changed. Look at it, then save.'
            : 'What only they changed is in the form now. These you have both changed; saving puts yours in place of theirs:'}
        </p>
        {disputed.map((field) => (
          <div key={field} class="policy-disputed">
            <p>
              Their <strong>{field}</strong>:
            </p>
            {field === 'statements' ? (
              <StatementList statements={theirs.statements} />
            ) : (
              <p>{theirs[field] || 'empty'}</p>
            )}
            <button type="button" class="secondary small" onClick={() => onTake(field)}>
              Take their {field}
            </button>
          </div>
        ))}
      </div>
    </div>
  );
}
