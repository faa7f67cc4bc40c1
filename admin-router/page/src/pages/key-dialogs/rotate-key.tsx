import { useId, useState } from 'preact/hooks';
import { get, pathOf, post } from '../../api/client.ts';
import { problemOf } from '../../api/problem.ts';
import { serverNow } from '../../api/server-time.ts';
import type { ApiKey, IssuedApiKey } from '../../api/types.ts';
import { useSettings } from '../../context.ts';
import { useAction } from '../../load.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { ErrorBox, Notice } from '../../ui/feedback.tsx';
import { AbsoluteTime, absoluteTime } from '../../ui/time.tsx';
import { announce } from '../../ui/toast.tsx';
import { atFields, orDone } from './form-faults.ts';
import type { KeyDialogProps } from './key-dialog-props.ts';
import { SecretDialog, withoutSecret } from './secret-dialog.tsx';
import './key-dialogs.css';

/** By seconds. */
const GRACES: Readonly<Record<number, string>> = {
  0: 'Not at all',
  3600: '1 hour',
  86400: '24 hours',
  604800: '7 days',
};
const A_DAY = 86_400;

const PERHAPS_DONE =
  'The key may have a new secret all the same, which nobody was shown: then load the newer version and rotate it again.';

/** Gives the key another secret and shows it. */
export function RotateKey({ apiKey, onDone, onClose }: KeyDialogProps) {
  const { keys: rules } = useSettings();
  const graces = Object.keys(GRACES)
    .map(Number)
    .filter((seconds) => seconds <= rules.maxGraceSeconds);
  const [base, setBase] = useState(apiKey);
  const [grace, setGrace] = useState(() => Math.max(...graces.filter((seconds) => seconds <= A_DAY)));
  const [issued, setIssued] = useState<IssuedApiKey | null>(null);
  const [isRenewed, setIsRenewed] = useState(false);
  const formId = useId();
  const path = pathOf('api-keys', base.id);
  const rotate = useAction(async () => {
    try {
      const options = { ifMatch: base.version };
      setIssued(await post<IssuedApiKey>(`${path}/rotate`, { graceSeconds: grace }, options));
    } catch (error) {
      throw orDone(atFields(problemOf(error)), PERHAPS_DONE);
    }
  });
  const renew = useAction(async () => {
    setBase(await get<ApiKey>(path));
    setIsRenewed(true);
    rotate.reset();
  });

  if (issued !== null) {
    const onKept = () => {
      setIssued(null);
      announce('The key has a new secret');
      onDone(withoutSecret(issued));
    };
    return (
      <SecretDialog title={`The new secret of “${issued.name}”`} issued={issued} onClose={onKept}>
        <p>
          {issued.previousSecretExpiresAt === null ? (
            'The old one is no longer accepted.'
          ) : (
            <>
              The old one is accepted until <AbsoluteTime at={issued.previousSecretExpiresAt} />.
            </>
          )}
        </p>
      </SecretDialog>
    );
  }

  const isOutdated = rotate.problem?.code === 'precondition_failed' || rotate.problem?.status === 0;
  const onSubmit = (event: Event) => {
    event.preventDefault();
    void rotate.run();
  };
  const footer = (
    <>
      <button type="button" class="secondary" onClick={onClose}>
        Cancel
      </button>
      <button type="submit" form={formId} aria-busy={rotate.isBusy} disabled={isOutdated}>
        Rotate
      </button>
    </>
  );
  return (
    <Dialog title={`Rotate “${base.name}”`} onClose={onClose} footer={footer}>
      <form id={formId} onSubmit={onSubmit}>
        <p>The key gets a new secret. Its id, rights and expiry stay as they are.</p>
        {base.imported && (
          <Notice kind="warn">
            <p>
              This key was imported. The new one has another form: whoever uses it must change it to the new one, and
              the old one is accepted only for the time that you choose here.
            </p>
          </Notice>
        )}
        {isRenewed && (
          <div role="status">
            <Notice>
              <p>{`This is the newer version, last changed ${absoluteTime(base.updatedAt)}.`}</p>
            </Notice>
          </div>
        )}
        <fieldset class="kd-options">
          <legend>How long does the old secret go on working?</legend>
          {graces.map((seconds) => (
            <label key={seconds} class="kd-option">
              <input type="radio" name="grace" checked={grace === seconds} onChange={() => setGrace(seconds)} />
              <strong>{GRACES[seconds]}</strong>
            </label>
          ))}
        </fieldset>
        <p class="hint" aria-live="polite">
          {outcomeOf(base, grace)}
        </p>
        <EarlierSecret apiKey={base} />
        {rotate.problem && <ErrorBox problem={rotate.problem} />}
        {(isOutdated || rotate.problem?.status === 409) && (
          <button type="button" class="secondary small" aria-busy={renew.isBusy} onClick={() => void renew.run()}>
            Load the newer version
          </button>
        )}
        {renew.problem && <ErrorBox problem={renew.problem} />}
      </form>
    </Dialog>
  );
}

/** An old secret does not outlive its key. */
function outcomeOf({ expiresAt }: ApiKey, grace: number): string {
  if (grace === 0) return 'Whatever still uses the old secret is refused at once.';
  const graceEndAt = serverNow() + grace * 1_000;
  const endAt = expiresAt === null ? graceEndAt : Math.min(graceEndAt, Date.parse(expiresAt));
  return `The old secret works until ${absoluteTime(new Date(endAt).toISOString())}. Change it wherever it is used before then.`;
}

/** There are at most two: the next rotation ends the oldest. */
function EarlierSecret({ apiKey: { previousSecretExpiresAt: at } }: { readonly apiKey: ApiKey }) {
  if (at === null || Date.parse(at) <= serverNow()) return null;
  return (
    <Notice kind="warn">
      <p>
        The secret before this one, which was to work until <AbsoluteTime at={at} />, stops working at once.
      </p>
    </Notice>
  );
}
