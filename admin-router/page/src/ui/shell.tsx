import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { logOut } from '../api/session.ts';
import { useLogin, useSettings } from '../context.ts';
import { useAction } from '../load.ts';
import { hrefOf, useRoute } from '../router/route.ts';
import { mayOpen, PAGES, pageAt } from '../routes.ts';
import { Icon } from './icon.tsx';
import { SessionTime } from './session-time.tsx';
import { ThemeButton } from './theme-button.tsx';
import { announce } from './toast.tsx';

/** Around every page: where one can go, who one is, how long. */
export function Shell({ children }: { readonly children: ComponentChildren }) {
  const { title } = useSettings();
  const main = useRef<HTMLElement>(null);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <div class="top-row">
          <a class="brand" href="#/">
            <span class="brand-mark">
              <Icon name="key" />
            </span>
            <span class="brand-name">{title}</span>
          </a>
          <Navigation />
          <div class="top-end">
            <SessionTime />
            <ThemeButton />
            <Account />
          </div>
        </div>
      </header>
      <main id="content" ref={main} tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function Navigation() {
  const { rights } = useLogin();
  const { segments } = useRoute();
  const shown = PAGES.filter((entry) => entry.nav !== undefined && mayOpen(entry, rights));
  const here = segments.length === 0 ? shown[0] : pageAt(segments)?.entry;
  const current = here?.within ?? here?.path;
  const ref = useRef<HTMLElement>(null);
  useEffect(() => {
    const place = ref.current?.querySelector('[aria-current]');
    place?.scrollIntoView({ block: 'nearest', inline: 'center' }); // in a narrow window they do not all fit
  }, [current]);

  return (
    <nav ref={ref} class="places" aria-label="Main">
      <ul>
        {shown.map(({ path, nav }) => (
          <li key={path}>
            <a href={hrefOf([path])} aria-current={path === current ? 'page' : undefined}>
              {nav}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Account() {
  const { session } = useLogin();
  const { run, isBusy } = useAction(async () => {
    try {
      await logOut();
    } catch (error) {
      announce('You could not be logged out: the server did not answer. Try again.', 'bad');
      throw error;
    }
  });
  return (
    <div class="account">
      <span class="who" title={session.orgId === null ? session.userName : `${session.userName} · ${session.orgId}`}>
        <Icon name="user" />
        <span class="who-name">{session.userName}</span>
      </span>
      <button type="button" class="secondary small" aria-busy={isBusy} onClick={() => void run()}>
        Log out
      </button>
    </div>
  );
}
