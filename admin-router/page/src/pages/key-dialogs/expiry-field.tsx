import type { ApiProblem } from '../../api/problem.ts';
import { serverNow } from '../../api/server-time.ts';
import type { ApiKey, KeySettings } from '../../api/types.ts';
import { Field } from '../../ui/field.tsx';
import { absoluteTime, relativeTime } from '../../ui/time.tsx';
import { dayOf, type Expiry, expiryAt, expiryChoices, latestExpiry } from './expiry.ts';

export interface ExpiryFieldProps {
  readonly expiry: Expiry;
  readonly rules: KeySettings;
  /** The key as it is; null: a new one. */
  readonly apiKey: ApiKey | null;
  readonly problem: ApiProblem | null;
  readonly onChange: (expiry: Expiry) => void;
}

/** How long from now, or until when; always with the date that it comes to. */
export function ExpiryField({ expiry, rules, apiKey, problem, onChange }: ExpiryFieldProps) {
  const nowAt = serverNow();
  const latestAt = latestExpiry(rules, apiKey, nowAt);
  const { choice, date } = expiry;
  return (
    <Field label="Expires" path="expiresAt" problem={problem} hint={resultOf(expiry, apiKey, latestAt, nowAt)}>
      {(control) => (
        <div class="kd-expiry">
          <select
            {...control}
            value={choice}
            onChange={({ currentTarget }) => onChange({ ...expiry, choice: currentTarget.value })}
          >
            {expiryChoices(rules, apiKey, nowAt).map(({ value, label }) => (
              <option key={value} value={value}>
                {/^\d/.test(value) ? `In ${label}` : label}
              </option>
            ))}
          </select>
          {choice === 'date' && (
            <input
              type="date"
              aria-label="The last day"
              value={date}
              min={dayOf(nowAt)}
              max={dayOf(latestAt)}
              onInput={({ currentTarget }) => onChange({ choice, date: currentTarget.value })}
            />
          )}
        </div>
      )}
    </Field>
  );
}

function resultOf(expiry: Expiry, apiKey: ApiKey | null, latestAt: number, nowAt: number) {
  const at = expiryAt(expiry, apiKey, latestAt, nowAt);
  if (at === undefined) return 'The last day on which it works.';
  if (at === null) return 'Never expires. Whoever gets hold of it can use it until somebody revokes it.';
  const time = new Date(at).toISOString();
  const isFromNow = expiry.choice !== 'date' && expiry.choice !== 'keep'; // the choice has said so
  return (
    <>
      {at <= nowAt ? 'Expired' : 'Expires'} <time dateTime={time}>{absoluteTime(time)}</time>
      {isFromNow ? '' : `, ${relativeTime(time, nowAt)}`}
    </>
  );
}
