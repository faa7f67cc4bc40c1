import type { SkylinePolicy } from './policies.js';
import { toSkylineStatement } from './statements.js';
import { toTime } from './times.js';

export function policyToJson(policy: SkylinePolicy): object {
  return toJson(policy, false);
}

export function templateToJson(template: SkylinePolicy): object {
  return toJson(template, true);
}

/** In the order of the contract. */
function toJson(policy: SkylinePolicy, isTemplate: boolean): object {
  const { builtIn, createdAt, id, name, properties, templateId, type, updatedAt, userId } = policy;
  const statements = policy.statements.map((statement) => toSkylineStatement(statement, isTemplate));
  return {
    builtIn,
    created: toTime(createdAt),
    deleted: false,
    id,
    name,
    properties,
    ...(templateId === null ? { statements } : { templateId }),
    type,
    updated: toTime(updatedAt),
    userId,
    ...(policy.workspace !== null && { workspace: policy.workspace }),
    ...(policy.isSession && { sessionPolicy: true }),
  };
}
