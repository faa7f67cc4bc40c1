import { createStore } from './store.ts';

export type Theme = 'light' | 'dark';

const STORED = 'latchkey theme';
const prefersDark = matchMedia('(prefers-color-scheme: dark)');

/** What was chosen here; else what the system prefers. */
export const theme = createStore<Theme>(stored() ?? preferred());
let chosen: Theme | null = stored();

export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.get();
  prefersDark.addEventListener('change', () => show(chosen ?? preferred()));
}

export function toggleTheme(): void {
  chosen = theme.get() === 'dark' ? 'light' : 'dark';
  show(chosen);
  keepTheme(chosen);
}

function keepTheme(theme: Theme): void {
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // Not kept, then: this browser keeps nothing for pages.
  }
}

function show(next: Theme): void {
  document.documentElement.dataset.theme = next;
  theme.set(next);
}

function preferred(): Theme {
  return prefersDark.matches ? 'dark' : 'light';
}

function stored(): Theme | null {
  try {
    const text = localStorage.getItem(STORED);
    return text === 'dark' || text === 'light' ? text : null;
  } catch {
    return null;
  }
}
