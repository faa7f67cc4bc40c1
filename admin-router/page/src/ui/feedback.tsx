import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { type ApiProblem, waitingTime } from '../api/problem.ts';
import { Icon } from './icon.tsx';

/** What went wrong, in words, and how to go on. Announced when it appears. */
export function ErrorBox({ problem, onRetry }: { readonly problem: ApiProblem; readonly onRetry?: () => void }) {
  const { detail, errors, retryAfterSeconds } = problem;
  return (
    <div class="notice bad" role="alert">
      <Icon name="warning" />
      <div>
        <p>{detail}</p>
        {errors.length > 0 && (
          <ul>
            {errors.map(({ path, message }) => (
              <li key={path + message}>
                <code>{path}</code> {message}
              </li>
            ))}
          </ul>
        )}
        {retryAfterSeconds !== null && <p>Try again in {waitingTime(retryAfterSeconds)}.</p>}
        {onRetry && (
          <button type="button" class="secondary small" onClick={onRetry}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}

/** A remark that is no failure. */
export function Notice({ kind = 'info', children }: { kind?: 'info' | 'warn' | 'good'; children: ComponentChildren }) {
  return (
    <div class={`notice ${kind}`}>
      <Icon name={kind === 'good' ? 'check' : kind === 'warn' ? 'warning' : 'info'} />
      <div>{children}</div>
    </div>
  );
}

/** Long enough for a quick answer to come first, in ms. */
const BUSY_AFTER_MS = 250;

/** That something is being read. Nothing flickers: it shows itself after a moment only. */
export function Busy({ label = 'Loading' }: { readonly label?: string }) {
  const [isShown, setIsShown] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsShown(true), BUSY_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p class="busy" role="status">
      {isShown && `${label} …`}
    </p>
  );
}

export interface EmptyStateProps {
  readonly title: string;
  readonly children?: ComponentChildren;
  /** The button that leads on. */
  readonly action?: ComponentChildren;
}

/** In place of a list that has nothing in it: why, and what to do. */
export function EmptyState({ title, children, action }: EmptyStateProps) {
  return (
    <div class="empty">
      <span class="empty-mark">
        <Icon name="key" />
      </span>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}
