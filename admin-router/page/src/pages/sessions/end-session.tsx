import { pathOf, remove } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { leaveSession } from '../../api/session.ts';
import type { ListedSession } from '../../api/types.ts';
import { Confirm } from '../../ui/confirm.tsx';
import { announce } from '../../ui/toast.tsx';
import { deviceOf } from './device.ts';

export interface EndSessionProps {
  readonly session: ListedSession;
  readonly onEnded: () => void;
  readonly onClose: () => void;
}

/** Asks, and ends it. One that has ended by itself meanwhile has ended, too. */
export function EndSession({ session: { id, isCurrent, userAgent, address }, onEnded, onClose }: EndSessionProps) {
  async function end(): Promise<void> {
    try {
      await remove(pathOf('sessions', id));
    } catch (error) {
      if (problemOf(error).status !== 404) throw error;
    }
    if (isCurrent) return leaveSession();
    announce('The session has ended');
    onEnded();
  }
  return (
    <Confirm
      title={isCurrent ? 'End this session?' : 'End the session?'}
      verb="End it"
      onConfirm={end}
      onClose={onClose}
    >
      <p>
        {isCurrent
          ? 'It is the one that you are using: you will have to log in again.'
          : `${deviceOf(userAgent)}, from ${address ?? 'an unknown address'}: whoever uses it has to log in again.`}
      </p>
    </Confirm>
  );
}

/** `One session has ended`. */
export function announceEnded(ended: number): void {
  announce(ended === 1 ? 'One session has ended' : `${ended} sessions have ended`);
}
