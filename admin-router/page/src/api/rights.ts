import { post } from './client.ts';

/** The rights that the page shows things by, and what the admin API asks them of. */
const ASKED_OF = {
  'keys:manage-own': 'api-keys',
  'keys:read': 'api-keys',
  'keys:manage': 'api-keys',
  'keys:grant': 'api-keys',
  'sessions:manage': 'sessions',
  'policies:read': 'policies',
  'policies:manage': 'policies',
  'audit:read': 'audit',
  'health:read': 'health',
} as const;

export type Right = keyof typeof ASKED_OF;
export type Rights = ReadonlySet<Right>;

/** The rights of who is logged in. They decide what is shown, and nothing else: the API checks every request by itself. */
export async function askRights(): Promise<Rights> {
  const asked = Object.entries(ASKED_OF).map(async ([action, resource]) => {
    const { allowed } = await post<{ allowed: boolean }>('can', { action, resource });
    return allowed ? [action as Right] : [];
  });
  return new Set((await Promise.all(asked)).flat());
}
