import type { ComponentType } from 'preact';
import type { Right, Rights } from './api/rights.ts';
import type { PageProps } from './page-props.ts';

/** The module of a page: loaded when somebody goes there, and kept in a file of its own. */
export interface PageModule {
  readonly default: ComponentType<PageProps>;
}

export interface PageEntry {
  /** After `#/`; `:id` stands for one part. */
  readonly path: string;
  /** In the navigation; left out: reached by links only. */
  readonly nav?: string;
  /** One of these is needed; left out: everybody may. */
  readonly rights?: readonly Right[];
  /** The path of the navigation's entry that it belongs to. Default: its own. */
  readonly within?: string;
  readonly load: () => Promise<PageModule>;
}

/** In the order of the navigation. The first one that somebody may see is where they land. */
export const PAGES: readonly PageEntry[] = [
  {
    path: 'keys/new',
    within: 'keys',
    rights: ['keys:manage-own', 'keys:manage', 'keys:grant'],
    load: () => import('./pages/key-dialogs/new-key-page.tsx'),
  },
  {
    path: 'keys',
    nav: 'My keys',
    rights: ['keys:manage-own', 'keys:manage'],
    load: () => import('./pages/keys/index.tsx'),
  },
  {
    path: 'all-keys',
    nav: 'All keys',
    rights: ['keys:read', 'keys:manage'],
    load: () => import('./pages/keys/all.tsx'),
  },
  { path: 'keys/:id', within: 'keys', load: () => import('./pages/key/index.tsx') },
  {
    path: 'policies',
    nav: 'Policies',
    rights: ['policies:read', 'policies:manage'],
    load: () => import('./pages/policies/index.tsx'),
  },
  {
    path: 'new-policy',
    within: 'policies',
    rights: ['policies:manage'],
    load: () => import('./pages/policies/editor.tsx'),
  },
  {
    path: 'policies/:id',
    within: 'policies',
    rights: ['policies:read', 'policies:manage'],
    load: () => import('./pages/policies/policy.tsx'),
  },
  {
    path: 'policies/:id/edit',
    within: 'policies',
    rights: ['policies:manage'],
    load: () => import('./pages/policies/editor.tsx'),
  },
  { path: 'sessions', nav: 'Sessions', load: () => import('./pages/sessions/index.tsx') },
  {
    path: 'sessions/users',
    within: 'sessions',
    rights: ['sessions:manage'],
    load: () => import('./pages/sessions/users.tsx'),
  },
  {
    path: 'sessions/users/:id',
    within: 'sessions',
    rights: ['sessions:manage'],
    load: () => import('./pages/sessions/of-user.tsx'),
  },
  { path: 'audit', nav: 'Audit', load: () => import('./pages/audit/index.tsx') },
  { path: 'health', nav: 'Health', rights: ['health:read'], load: () => import('./pages/health/index.tsx') },
];

export function mayOpen({ rights = [] }: PageEntry, has: Rights): boolean {
  return rights.length === 0 || rights.some((right) => has.has(right));
}

/** The page at an address, and what its path says; null: there is none. */
export function pageAt(
  segments: readonly string[],
): { readonly entry: PageEntry; readonly params: Record<string, string> } | null {
  for (const entry of PAGES) {
    const params = paramsOf(entry.path.split('/'), segments);
    if (params !== null) return { entry, params };
  }
  return null;
}

function paramsOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> | null {
  if (pattern.length !== segments.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = segment;
    else if (part !== segment) return null;
  }
  return params;
}
