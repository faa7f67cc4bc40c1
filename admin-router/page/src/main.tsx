import './styles/index.css';
import { render } from 'preact';
import { send } from './api/client.ts';
import { problemOf } from './api/problem.ts';
import { startSession } from './api/session.ts';
import type { Settings } from './api/types.ts';
import { App } from './app.tsx';
import { SettingsContext } from './context.ts';
import { applyTheme } from './theme.ts';
import { ErrorBox } from './ui/feedback.tsx';

async function start(root: HTMLElement): Promise<void> {
  try {
    const settings = await send<Settings>('GET', 'settings', { isPublic: true });
    document.title = settings.title;
    await startSession(settings);
    render(
      <SettingsContext value={settings}>
        <App />
      </SettingsContext>,
      root,
    );
  } catch (error) {
    const retry = () => void start(root);
    render(
      <main class="alone">
        <h1>API keys</h1>
        <ErrorBox problem={problemOf(error)} onRetry={retry} />
      </main>,
      root,
    );
  }
}

applyTheme();
const root = document.getElementById('app');
if (root !== null) void start(root);
