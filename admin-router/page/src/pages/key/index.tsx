import '../keys/keys.css';
import './key.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { get, pathOf, post } from '../../api/client.ts';
import type { ApiKey, KeyVerdict, Obstacle } from '../../api/types.ts';
import { useLogin } from '../../context.ts';
import { useLoad } from '../../load.ts';
import type { PageProps } from '../../page-props.ts';
import { Busy, EmptyState, ErrorBox } from '../../ui/feedback.tsx';
import { Icon } from '../../ui/icon.tsx';
import { PageHead } from '../../ui/page-head.tsx';
import { type KeyActions, useAllowedKeys } from '../keys/allowed.ts';
import { KeyDialog } from '../keys/key-dialog.tsx';
import { Facts } from './facts.tsx';
import { OwnTrail } from './own-trail.tsx';
import { Rights } from './rights.tsx';
import { Usage } from './usage.tsx';

/** A key, and whether it lets anybody in at all. */
interface Standing {
  readonly key: ApiKey;
  readonly obstacle: Obstacle | null;
}

type Asked = Exclude<keyof KeyActions, 'isOwn'>;

const VERBS: Readonly<Record<Asked, string>> = {
  edit: 'Edit',
  rotate: 'Rotate',
  disable: 'Disable',
  enable: 'Enable',
  revoke: 'Revoke',
};

/** All about one key. */
export default function KeyPage({ params: { id = '' } }: PageProps) {
  const { value, problem, isLoading, reload } = useLoad((signal) => readStanding(id, signal), [id]);
  if (value === undefined && problem?.status === 404) return <NoKey />;
  if (value === undefined) {
    return (
      <>
        <PageHead title="Key" trail={<Trail isOwn />} />
        {problem ? <ErrorBox problem={problem} onRetry={reload} /> : <Busy />}
      </>
    );
  }
  return (
    <>
      <Head standing={value} isLoading={isLoading} onReload={reload} />
      {problem && <ErrorBox problem={problem} onRetry={reload} />}
      <Facts apiKey={value.key} obstacle={value.obstacle} />
      <Rights apiKey={value.key} isAccepted={value.key.state === 'active' && value.obstacle === null} />
      <Usage apiKey={value.key} />
      <OwnTrail apiKey={value.key} />
    </>
  );
}

/** What an active key is refused for in spite of its state is asked besides. */
async function readStanding(id: string, signal: AbortSignal): Promise<Standing> {
  const key = await get<ApiKey>(pathOf('api-keys', id), {}, signal);
  if (key.state !== 'active') return { key, obstacle: null };
  const { reason } = await post<KeyVerdict>(pathOf('api-keys', id, 'can'), { action: '*' }, { signal });
  return { key, obstacle: reason === 'forbidden' ? null : reason };
}

interface HeadProps {
  readonly standing: Standing;
  readonly isLoading: boolean;
  readonly onReload: () => void;
}

function Head({ standing: { key: apiKey, obstacle }, isLoading, onReload }: HeadProps) {
  const [asked, setAsked] = useState<{ readonly action: Asked; readonly apiKey: ApiKey } | null>(null);
  const allowed = useAllowedKeys().of(apiKey);
  const isUnused = obstacle === 'unused'; // to be mended by enabling it, although its state is active
  const offered = (Object.keys(VERBS) as Asked[]).filter(
    (action) => allowed[action] || (action === 'enable' && isUnused && allowed.disable),
  );
  useKeptFocus(apiKey.version);
  return (
    <>
      <PageHead
        title={apiKey.name}
        {...(apiKey.description !== '' && { lead: apiKey.description })}
        trail={<Trail isOwn={allowed.isOwn} />}
        actions={
          <>
            <button type="button" class="secondary" aria-busy={isLoading} aria-label="Refresh" onClick={onReload}>
              {!isLoading && <Icon name="refresh" />}
            </button>
            {offered.map((action) => (
              <button
                key={action}
                type="button"
                class={action === 'revoke' ? 'danger' : 'secondary'}
                onClick={() => setAsked({ action, apiKey })}
              >
                {VERBS[action]}
              </button>
            ))}
          </>
        }
      />
      {asked && (
        <KeyDialog action={asked.action} apiKey={asked.apiKey} onDone={onReload} onClose={() => setAsked(null)} />
      )}
    </>
  );
}

/** The button of what was done may be gone afterwards: the focus must not be lost with it. */
function useKeptFocus(version: number): void {
  const shown = useRef(version);
  useEffect(() => {
    if (shown.current === version) return;
    shown.current = version;
    const isLost = document.activeElement === null || document.activeElement === document.body;
    if (isLost) document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
  }, [version]);
}

/** The way back, to the list in which the key stands. */
function Trail({ isOwn }: { readonly isOwn: boolean }) {
  const { rights } = useLogin();
  const isOfAll = !(isOwn && rights.has('keys:manage-own'));
  return <a href={isOfAll ? '#/all-keys' : '#/keys'}>{isOfAll ? 'All keys' : 'My keys'}</a>;
}

function NoKey() {
  return (
    <>
      <PageHead title="There is no such key" trail={<Trail isOwn />} />
      <EmptyState title="Nothing to be seen here">
        The key was removed a while after it had ended, it never was, or you may not see it.
      </EmptyState>
    </>
  );
}
