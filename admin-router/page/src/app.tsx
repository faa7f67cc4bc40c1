import { useEffect, useState } from 'preact/hooks';
import { problemOf } from './api/problem.ts';
import type { Rights } from './api/rights.ts';
import { login, openSession } from './api/session.ts';
import { LoginContext, useSettings } from './context.ts';
import { LoginPage } from './pages/login/index.tsx';
import { useRoute } from './router/route.ts';
import { mayOpen, PAGES, type PageEntry, type PageModule, pageAt } from './routes.ts';
import { useStore } from './store.ts';
import { Busy, EmptyState, ErrorBox } from './ui/feedback.tsx';
import { PageHead } from './ui/page-head.tsx';
import { Shell } from './ui/shell.tsx';
import { Toasts } from './ui/toast.tsx';

/** The login, or the page that the address names: it stays in the address while somebody logs in again. */
export function App() {
  const current = useStore(login);
  const { title } = useSettings();
  return (
    <>
      {current.status === 'out' && <LoginPage ending={current.ending} />}
      {current.status === 'failed' && (
        <main class="alone">
          <h1>{title}</h1>
          <ErrorBox problem={current.problem} onRetry={() => void openSession()} />
        </main>
      )}
      {current.status === 'in' && (
        <LoginContext key={current.session.id} value={current}>
          <Shell>
            <CurrentPage rights={current.rights} />
          </Shell>
        </LoginContext>
      )}
      <Toasts />
    </>
  );
}

function CurrentPage({ rights }: { readonly rights: Rights }) {
  const { segments } = useRoute();
  const first = PAGES.find((entry) => entry.nav !== undefined && mayOpen(entry, rights));
  const found = segments.length === 0 && first !== undefined ? { entry: first, params: {} } : pageAt(segments);
  if (found === null) return <Nowhere title="There is no such page">The address may be out of date.</Nowhere>;
  if (!mayOpen(found.entry, rights)) {
    return <Nowhere title="Not for you">Your rights do not cover this page. Ask an administrator for them.</Nowhere>;
  }
  return <Lazy key={segments.join('/')} entry={found.entry} params={found.params} />;
}

function Lazy({ entry, params }: { readonly entry: PageEntry; readonly params: Readonly<Record<string, string>> }) {
  const [module, setModule] = useState<PageModule | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    entry.load().then(setModule, setError);
  }, [entry]);
  // A newer version may be in place of the one that this page came from: its files have other names.
  if (error !== null) return <ErrorBox problem={problemOf(error)} onRetry={() => location.reload()} />;
  if (module === null) return <Busy />;
  const Page = module.default;
  return <Page params={params} />;
}

function Nowhere({ title, children }: { readonly title: string; readonly children: string }) {
  return (
    <>
      <PageHead title={title} />
      <EmptyState title={title} action={<a href="#/">Go to the beginning</a>}>
        {children}
      </EmptyState>
    </>
  );
}
