import type { Policy } from '../index.js';
import { minute, statementTexts } from './output.js';
import type { Column } from './table.js';

/** A policy in a list. */
export const POLICY_COLUMNS: readonly Column<Policy>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'TYPE', of: ({ type, isBuiltIn }) => (isBuiltIn ? `${type}, built in` : type), least: 6 },
  { title: 'NAME', of: ({ name }) => name, least: 8 },
  { title: 'MAY', of: ({ statements }) => statementTexts(statements).join('; '), least: 10 },
  {
    title: 'CHANGED',
    of: ({ updatedAt, isBuiltIn }) => (isBuiltIn ? '' : minute(updatedAt)),
    least: 11,
    isExtra: true,
  },
];

/** A policy by itself: what is not set is left out. */
export function policyFacts(policy: Policy): [string, string][] {
  const { id, name, type, description, orgId, statements, templateId, workspace, properties, version } = policy;
  const facts: [string, string][] = [
    ['id', id],
    ['name', name],
    ['description', description],
    ['type', policy.isBuiltIn ? `${type}, built in` : type],
    ['organisation', orgId ?? ''],
    ['template', templateId ?? ''],
    ['workspace', workspace ?? ''],
    ...statementTexts(statements).map((text): [string, string] => ['may', text]),
    [
      'properties',
      Object.entries(properties)
        .map(([key, value]) => `${key}=${value}`)
        .join(', '),
    ],
    ['created', policy.isBuiltIn ? '' : `${minute(policy.createdAt)} by ${policy.createdBy}`],
    ['changed', policy.isBuiltIn ? '' : minute(policy.updatedAt)],
    ['version', String(version)],
  ];
  return facts.filter(([, value]) => value !== '');
}
