import { useEffect, useState } from 'preact/hooks';
import { expireSession, keepSession, logOut, type SessionEnd, sessionEnd } from '../api/session.ts';
import { useAction } from '../load.ts';
import { useStore } from '../store.ts';
import { Dialog } from './dialog.tsx';
import { ErrorBox } from './feedback.tsx';
import { Icon } from './icon.tsx';

/** How long before the end the warning comes, in ms; with short idle times, after half of them. */
const WARN_MS = 120_000;
/** What a clock may be late by: the end is not told before it is there. */
const SLACK_MS = 500;
const MINUTE_MS = 60_000;

/** How long the session lasts if nothing is done; a warning before it ends. */
export function SessionTime() {
  const end = useStore(sessionEnd);
  const nowAt = useNow(1_000);
  const [dismissedAt, setDismissedAt] = useState<number | null>(null);
  const isOver = end !== null && nowAt >= Math.min(end.idleAt, end.absoluteAt) + SLACK_MS;
  useEffect(() => {
    if (isOver) void expireSession();
  }, [isOver]);
  if (end === null) return null;

  const isFinal = end.absoluteAt <= end.idleAt;
  const leftMs = Math.max(0, Math.min(end.idleAt, end.absoluteAt) - nowAt);
  const isDue = leftMs <= Math.min(WARN_MS, end.idleMs / 2);
  const isDismissed = isFinal && dismissedAt === end.absoluteAt;
  const text = leftMs < MINUTE_MS ? `${Math.ceil(leftMs / 1_000)} s` : roughly(leftMs);
  return (
    <>
      <span class="time-left" title="Until you are logged out, if you do nothing">
        <Icon name="clock" />
        <span class="unseen">Session time left: </span>
        <span>{text}</span>
      </span>
      {isDue && !isDismissed && (
        <Warning end={end} leftMs={leftMs} isFinal={isFinal} onDismiss={() => setDismissedAt(end.absoluteAt)} />
      )}
    </>
  );
}

interface WarningProps {
  readonly end: SessionEnd;
  readonly leftMs: number;
  /** Whether nothing can put it off. */
  readonly isFinal: boolean;
  readonly onDismiss: () => void;
}

function Warning({ leftMs, isFinal, onDismiss }: WarningProps) {
  const { run, isBusy, problem } = useAction(keepSession);
  const stay = () => (isFinal ? onDismiss() : void run());
  const footer = (
    <>
      <button type="button" class="secondary" onClick={() => void logOut().catch(expireSession)}>
        Log out
      </button>
      <button type="button" aria-busy={isBusy} onClick={stay}>
        {isFinal ? 'Understood' : 'Stay logged in'}
      </button>
    </>
  );
  return (
    <Dialog title="Your session is about to end" role="alertdialog" onClose={stay} footer={footer}>
      <p class="countdown" role="timer" aria-live="off">
        {countdown(leftMs)}
      </p>
      {isFinal ? (
        <p>It has reached its longest time, which nothing puts off. Finish what you are doing, then log in again.</p>
      ) : (
        <p>You have not used the page for a while. When the time is up you will be logged out.</p>
      )}
      {problem && <ErrorBox problem={problem} />}
    </Dialog>
  );
}

function useNow(everyMs: number): number {
  const [nowAt, setNowAt] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowAt(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  // A use of the session is newer than the last tick.
  return Math.max(nowAt, Date.now());
}

function roughly(ms: number): string {
  const minutes = Math.ceil(ms / MINUTE_MS);
  return minutes < 120 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}

function countdown(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
