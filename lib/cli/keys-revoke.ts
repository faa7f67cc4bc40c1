import { LIMITS, type RevokeResult } from '../index.js';
import { argumentsOf, type Command, EXIT, EXIT_HELP, UsageError } from './command.js';
import { demandOrg } from './demand-org.js';
import { keyFacts } from './key-columns.js';
import { type Opened, STORE_HELP, STORE_OPTIONS, withLatchkey } from './open-latchkey.js';
import { Output } from './output.js';
import { RETENTION_HELP, RETENTION_OPTIONS, retentionOf } from './retention.js';
import type { Column } from './table.js';

const OPTIONS = { ...STORE_OPTIONS, ...RETENTION_OPTIONS, reason: { type: 'string' } } as const;

const COLUMNS: readonly Column<RevokeResult>[] = [
  { title: 'ID', of: ({ id }) => id },
  {
    title: 'OUTCOME',
    of: ({ outcome }) => outcome.replace('_', ' '),
    colour: ({ outcome }) => (outcome === 'revoked' ? null : 'red'),
  },
];

export const revoke: Command = {
  help: `latchkey keys revoke ID...: refuses keys for good, at once and in every process of the app. The records stay to be read.

  --reason TEXT         for the record and the audit trail
${RETENTION_HELP}

Several keys (at most ${LIMITS.bulk}): each is revoked, whatever becomes of the others; --json: { results: [{ id, outcome }] }.

${STORE_HELP}

${EXIT_HELP}
With several keys: ${EXIT.warning} where not all of them are revoked now.`,

  async run(args, surroundings) {
    const { values, rest } = argumentsOf(args, OPTIONS, 'the ID of a key', LIMITS.bulk);
    const { reason } = values;
    if (reason !== undefined && reason.length > LIMITS.reason) {
      throw new UsageError(`--reason must have at most ${LIMITS.reason} characters`);
    }
    const settings = retentionOf(values);
    const output = new Output(surroundings, values.json);
    const work = async (opened: Opened) => {
      const { latchkey, by, orgId } = opened;
      if (rest.length > 1) return await revokeMany(rest, reason, opened, output);
      const [id] = rest;
      if (orgId !== null) demandOrg(await latchkey.apiKeys.get(id), orgId, 'key');
      const key = await latchkey.apiKeys.revoke(id, { by, reason });
      output.record(key, keyFacts(key));
      return EXIT.ok;
    };
    return await withLatchkey(values, surroundings, work, settings);
  },
};

async function revokeMany(
  ids: readonly string[],
  reason: string | undefined,
  { latchkey: { apiKeys }, by, orgId }: Opened,
  output: Output,
): Promise<number> {
  const known = new Set<string>();
  if (orgId !== null) for (const id of ids) if ((await apiKeys.get(id))?.orgId === orgId) known.add(id);
  const mine = orgId === null ? ids : ids.filter((id) => known.has(id));
  const outcomes = new Map((await apiKeys.revokeMany(mine, { by, reason })).map((result) => [result.id, result]));
  const results = ids.map((id): RevokeResult => outcomes.get(id) ?? { id, outcome: 'not_found' });
  if (output.isJson) output.document({ results });
  else output.stream(COLUMNS)(results);
  return results.every(({ outcome }) => outcome === 'revoked') ? EXIT.ok : EXIT.warning;
}
