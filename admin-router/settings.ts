import type { Latchkey } from '../lib/index.js';
import type { Route } from './route.js';
import { publicRoute } from './route.js';

export interface PageOptions {
  /** What the page calls itself. Default `API keys`. */
  readonly title?: string;
  /** Whether the login asks for a tenant. Default false. */
  readonly asksTenant?: boolean;
}

export interface AdminRouterOptions {
  /** The page at the router's root, where users can log in; false: there is none. Default: there is. */
  readonly page?: PageOptions | false;
}

export const DEFAULT_TITLE = 'API keys';
const LONGEST_TITLE = 100;

/** @throws TypeError naming the option that is wrong. */
export function checkAdminRouterOptions(options: AdminRouterOptions): void {
  refuseUnknown('adminRouter', options, ['page']);
  const { page = {} } = options;
  if (page === false) return;
  refuseUnknown('page', page, ['title', 'asksTenant']);
  const { title = DEFAULT_TITLE, asksTenant = false } = page;
  if (typeof title !== 'string' || title.trim() === '' || title.length > LONGEST_TITLE) {
    throw new TypeError(`page.title must be a text of 1 to ${LONGEST_TITLE} characters`);
  }
  if (typeof asksTenant !== 'boolean') throw new TypeError('page.asksTenant must be a boolean');
}

/** `/settings`: what the page has to know before anybody has logged in. No secrets. */
export function settingsRoutes({ apiKeys, credentialNames }: Latchkey, page: PageOptions | false): Route[] {
  const { title = DEFAULT_TITLE, asksTenant = false } = page === false ? {} : page;
  const { headers, session, prefix } = credentialNames;
  const { defaultLifetimeMs, maxLifetimeMs, maxGraceMs, ...rules } = apiKeys.limits;
  const settings = {
    title,
    prefix,
    headers,
    session: session && { requestIdHeader: session.requestIdHeader },
    asksTenant,
    keys: {
      ...rules,
      defaultLifetimeSeconds: defaultLifetimeMs / 1_000,
      maxLifetimeSeconds: maxLifetimeMs && maxLifetimeMs / 1_000,
      maxGraceSeconds: maxGraceMs / 1_000,
      mutable: rules.mutable.map((field) => field.replace(/Ms$/, 'Seconds')),
    },
  };
  return [
    publicRoute('GET', '/settings', {
      operationId: 'getSettings',
      summary: 'How this instance is set up: the names of headers, and how long keys may live.',
      answer: [200, 'Settings'],
      async handle() {
        return { body: settings };
      },
    }),
  ];
}

function refuseUnknown(group: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${group} must be an object of: ${names.join(', ')}`);
  }
  const unknown = Object.keys(options).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(`${group} has no option ${unknown}; it takes: ${names.join(', ')}`);
}
