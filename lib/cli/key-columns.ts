import type { ApiKey, KeyState } from '../index.js';
import { minute, statementTexts } from './output.js';
import type { Colour, Column } from './table.js';

const COLOURS: Readonly<Record<KeyState, Colour>> = {
  active: 'green',
  pending: 'yellow',
  disabled: 'yellow',
  expired: 'grey',
  revoked: 'red',
};

/** A key in a list. */
export const KEY_COLUMNS: readonly Column<ApiKey>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'NAME', of: ({ name }) => name, least: 8 },
  { title: 'OWNER', of: ({ ownerId }) => ownerId, least: 6 },
  { title: 'STATE', of: ({ state }) => state, colour: ({ state }) => COLOURS[state] },
  { title: 'TOKEN', of: maskedToken, isExtra: true },
  { title: 'LAST USED', of: ({ lastUsedAt }) => minute(lastUsedAt), least: 11, isExtra: true },
  { title: 'EXPIRES', of: ({ expiresAt }) => minute(expiresAt), least: 11 },
];

/** A key by itself: what is not set is left out, but for its end. */
export function keyFacts(key: ApiKey): [string, string][] {
  const list = (values: readonly string[] | null) => values?.join(', ') ?? '';
  const time = (at: number | null) => (at === null ? '' : minute(at));
  const facts: [string, string][] = [
    ['id', key.id],
    ['name', key.name],
    ['description', key.description],
    ['state', key.state],
    ['kind', key.kind],
    ['token', maskedToken(key)],
    ['owner', key.ownerKind === 'service' ? `${key.ownerId} (a service)` : key.ownerId],
    ['organisation', key.orgId ?? ''],
    ...statementTexts(key.statements).map((text): [string, string] => ['may', text]),
    ['policies', list(key.policyIds)],
    ['at most', key.ceiling.length === 0 ? '' : key.ceiling.map((all) => statementTexts(all).join('; ')).join(' AND ')],
    ['resources', list(key.resources)],
    ['properties', list(Object.entries(key.properties).map(([name, value]) => `${name}=${value}`))],
    ['addresses', list(key.allowedAddresses)],
    ['origins', list(key.allowedOrigins)],
    ['per minute', key.maxRequestsPerMinute === null ? '' : `${key.maxRequestsPerMinute} requests`],
    [
      'if unused',
      key.disableUnusedAfterMs === null ? '' : `disabled after ${key.disableUnusedAfterMs / 3_600_000} hours`,
    ],
    ['imported', key.imported === true ? 'with the secret that it had before, until it is rotated' : ''],
    ['internal', key.internalOnly ? 'only' : ''],
    ['created', `${minute(key.createdAt)} by ${key.createdBy}`],
    ['changed', minute(key.updatedAt)],
    ['not before', time(key.notBefore)],
    ['expires', minute(key.expiresAt)],
    ['old secret', key.previousSecretExpiresAt === null ? '' : `until ${minute(key.previousSecretExpiresAt)}`],
    ['revoked', key.revokedAt === null ? '' : `${minute(key.revokedAt)} by ${key.revokedBy ?? 'nobody known'}`],
    ['because', key.revokedReason ?? ''],
    [
      'last used',
      key.lastUsedAt === null ? 'never' : `${minute(key.lastUsedAt)} from ${key.lastUsedFrom ?? 'unknown'}`,
    ],
    ['uses', String(key.useCount)],
    ['refusals', key.lastFailedAt === null ? '0' : `${key.failureCount}, the last ${minute(key.lastFailedAt)}`],
    ['version', String(key.version)],
  ];
  return facts.filter(([, value]) => value !== '');
}

/** How people recognise it. */
function maskedToken({ prefix, lastFour }: ApiKey): string {
  if (lastFour === '') return 'unknown';
  return prefix === '' ? `…${lastFour}` : `${prefix}_…${lastFour}`;
}
