import { useEffect, useState } from 'preact/hooks';
import { get, pathOf } from '../../api/client.ts';
import { serverNow } from '../../api/server-time.ts';
import type { ApiKey, KeyUsage } from '../../api/types.ts';
import { useLoad } from '../../load.ts';
import { ErrorBox } from '../../ui/feedback.tsx';
import { countsInWords, DAYS, type DayCount, dayInWords, everyDay, totalOf } from './days.ts';

type ChartModule = typeof import('./usage-chart.tsx');

/** Uses and refusals of the last 30 days: as a chart, and as a table. */
export function Usage({ apiKey: { id, useCount, failureCount } }: { readonly apiKey: ApiKey }) {
  const usage = useLoad(
    (signal) => get<KeyUsage>(pathOf('api-keys', id, 'usage'), {}, signal),
    [id, useCount, failureCount],
  );
  const [isTable, setIsTable] = useState(false);
  const days = usage.value === undefined ? null : everyDay(usage.value.days, serverNow());
  const total = days && totalOf(days);
  const isEmpty = total !== null && total.uses + total.failures === 0;
  return (
    <section class="card usage" aria-labelledby="usage">
      <div class="usage-head">
        <h2 id="usage">Uses and refusals</h2>
        {!isEmpty && days && (
          <button type="button" class="secondary small" aria-pressed={isTable} onClick={() => setIsTable(!isTable)}>
            As a table
          </button>
        )}
      </div>
      {usage.problem && <ErrorBox problem={usage.problem} onRetry={usage.reload} />}
      {total && <p class="note">{`In the last ${DAYS} days: ${countsInWords(total)}. Days are those of UTC.`}</p>}
      {days && !isEmpty && (isTable ? <DayTable days={days} /> : <LazyChart days={days} />)}
      {usage.value === undefined && !usage.problem && <div class="chart-space" />}
    </section>
  );
}

/** What draws is large, and comes in a file of its own. Where it cannot be had, the table tells the same. */
function LazyChart({ days }: { readonly days: readonly DayCount[] }) {
  const [loaded, setLoaded] = useState<ChartModule | 'failed' | null>(null);
  useEffect(() => {
    import('./usage-chart.tsx').then(setLoaded, () => setLoaded('failed'));
  }, []);
  if (loaded === 'failed') return <DayTable days={days} />;
  if (loaded === null) return <div class="chart-space" />;
  return <loaded.UsageChart days={days} />;
}

/** The newest first, without days of nothing. */
function DayTable({ days }: { readonly days: readonly DayCount[] }) {
  return (
    <table class="days">
      <caption class="unseen">Uses and refusals by day</caption>
      <thead>
        <tr>
          <th scope="col">Day</th>
          <th scope="col" class="number">
            Uses
          </th>
          <th scope="col" class="number">
            Refusals
          </th>
        </tr>
      </thead>
      <tbody>
        {days
          .filter(({ uses, failures }) => uses + failures > 0)
          .toReversed()
          .map(({ day, uses, failures }) => (
            <tr key={day}>
              <th scope="row">{dayInWords(day)}</th>
              <td class="number">{uses.toLocaleString('en')}</td>
              <td class="number">{failures.toLocaleString('en')}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
