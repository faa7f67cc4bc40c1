import './health.css';
import { get } from '../../api/client.ts';
import type { Finding, Health } from '../../api/types.ts';
import { useLoad } from '../../load.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Busy, ErrorBox } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icon.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { announce } from '../../ui/toast.tsx';
import { countsOf, headlineOf, LEVELS, latencyInWords, nameOf, sorted } from './findings.ts';

const TONES: Readonly<Record<Finding['level'], Tone>> = { ok: 'good', warning: 'warn', unknown: 'muted' };
const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

interface Examined extends Health {
  readonly at: number;
}

/** What the store finds out about itself. */
export default function HealthPage() {
  const { value, problem, isLoading, reload } = useLoad<Examined>(async (signal) => {
    const health = await get<Health>('health', {}, signal);
    if (value !== undefined) announce(`Looked at again. ${headlineOf(health)}.`);
    return { ...health, at: Date.now() };
  }, []);
  return (
    <>
      <PageHead
        title="Health"
        lead="What the store, in which keys and sessions live, finds out about itself."
        actions={
          <button type="button" class="secondary" aria-busy={isLoading && value !== undefined} onClick={reload}>
            {!(isLoading && value !== undefined) && <Icon name="refresh" />}
            Refresh
          </button>
        }
      />
      {problem && <ErrorBox problem={problem} onRetry={reload} />}
      {value === undefined && isLoading && <Busy label="Asking the store" />}
      {value && <Report health={value} isOld={problem !== null} />}
    </>
  );
}

function Report({ health, isOld }: { readonly health: Examined; readonly isOld: boolean }) {
  const { ok, detail, latencyMs, feedIsLive, findings, at } = health;
  const warnings = countsOf(findings).warning;
  return (
    <div class={isOld ? 'health old' : 'health'}>
      <section class="card health-summary" aria-labelledby="health-summary">
        <h2 id="health-summary" class="with-badge">
          {headlineOf(health)}
          <Badge tone={!ok ? 'bad' : warnings > 0 ? 'warn' : 'good'}>
            {!ok ? 'Down' : warnings > 0 ? `${warnings} to see to` : 'All well'}
          </Badge>
        </h2>
        <dl class="health-facts">
          <div>
            <dt>Store</dt>
            <dd>{detail}</dd>
          </div>
          <div>
            <dt>Latency</dt>
            <dd>{latencyInWords(latencyMs)}</dd>
          </div>
          <div>
            <dt>Change feed</dt>
            <dd>
              {feedIsLive ? <Badge tone="good">Live</Badge> : <Badge tone="warn">Not live</Badge>}
              {!feedIsLive && (
                <p class="faint">Changes of other processes are not heard of: every request reads the store.</p>
              )}
            </dd>
          </div>
          <div>
            <dt>Looked at</dt>
            <dd>
              <time dateTime={new Date(at).toISOString()}>{TIME.format(at)}</time>
            </dd>
          </div>
        </dl>
      </section>
      {findings.length > 0 && <Findings findings={findings} />}
    </div>
  );
}

function Findings({ findings }: { readonly findings: readonly Finding[] }) {
  const { ok, warning, unknown } = countsOf(findings);
  return (
    <section aria-labelledby="findings">
      <h2 id="findings" class="section-title">
        Findings <span class="faint">{`${warning} to see to, ${unknown} not told, ${ok} in order`}</span>
      </h2>
      <ul class="findings">
        {sorted(findings).map((finding) => (
          <li key={`${finding.id} ${finding.node} ${finding.detail}`} class={finding.level}>
            <span class="finding-level">
              <Badge tone={TONES[finding.level]}>{LEVELS[finding.level]}</Badge>
            </span>
            <div>
              <h3>
                {nameOf(finding.id)}
                {finding.node !== null && <code>{finding.node}</code>}
              </h3>
              <p>{finding.detail}</p>
              {finding.mend !== null && (
                <p class="mend">
                  <strong>What to do:</strong> {finding.mend}
                </p>
              )}
              {finding.risk !== null && (
                <p class="faint">
                  In production this is refused, unless it is accepted as <code>{finding.risk}</code>.
                </p>
              )}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
