import { type AuditEntry, type AuditFilter, EVENT_TYPES } from '../index.js';
import { type Command, type CommandGroup, EXIT, EXIT_HELP, optionsOf } from './command.js';
import { STORE_HELP, STORE_OPTIONS, withLatchkey } from './open-latchkey.js';
import { choiceOf, choicesOf, timeOf, wholeNumber } from './option-values.js';
import { Output } from './output.js';
import type { Column } from './table.js';
import { followTrail, lastEntries, trailEnd } from './trail-follower.js';

const DEFAULT_LAST = 20;
const MAX_LAST = 10_000;
const DEFAULT_INTERVAL_MS = 1_000;
const MIN_INTERVAL_MS = 200;
const MAX_INTERVAL_MS = 60_000;

const OPTIONS = {
  ...STORE_OPTIONS,
  last: { type: 'string', short: 'n' },
  follow: { type: 'boolean', short: 'f' },
  'interval-ms': { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  actor: { type: 'string' },
  credential: { type: 'string' },
  key: { type: 'string' },
  concerning: { type: 'string' },
  type: { type: 'string', multiple: true },
  outcome: { type: 'string' },
} as const;

export const audit: CommandGroup = {
  summary: 'who did what, and who was refused',
  commands: { tail: { summary: 'the last entries, and those that come', load: async () => tail } },
};

const tail: Command = {
  help: `latchkey audit tail: the last entries of an organisation's audit trail, or without --org of what belongs to none, the
newest at the end. With --json each is a line of its own (JSON Lines).

  -n, --last N          so many, up to ${MAX_LAST}; default ${DEFAULT_LAST}
  -f, --follow          go on with those that come, until it is ended (Ctrl-C, exit code ${EXIT.ok})
  --interval-ms N       how often --follow asks, ${MIN_INTERVAL_MS} to ${MAX_INTERVAL_MS}; default ${DEFAULT_INTERVAL_MS}
  --from TIME           --to TIME: what happened from then on, and before then
  --actor ID            what this user did
  --credential ID       what was done with or to this key or session, or why it was refused
  --key ID              what happened to this key, and the requests with it that were refused
  --concerning ID       what this user did, or what happened to a key, session or login of theirs
  --type TYPE           once for each, or with commas:
                        ${wrapped(EVENT_TYPES, 84, '                        ')}
  --outcome OUTCOME     success, or refused

  --follow lasts through an outage of Redis of a minute. What an app tells more than 90 s after it happened, since Redis
  was away for it, is in the trail, but not followed.

${STORE_HELP}

${EXIT_HELP}`,

  async run(args, surroundings) {
    const values = optionsOf(args, OPTIONS);
    const { follow = false, outcome } = values;
    const last = wholeNumber('last', values.last, 0, MAX_LAST) ?? DEFAULT_LAST;
    const pauseMs =
      wholeNumber('interval-ms', values['interval-ms'], MIN_INTERVAL_MS, MAX_INTERVAL_MS) ?? DEFAULT_INTERVAL_MS;
    const filter: AuditFilter = {
      from: timeOf('from', values.from),
      to: timeOf('to', values.to),
      actorId: values.actor,
      credentialId: values.credential,
      keyId: values.key,
      concerning: values.concerning,
      types: choicesOf('type', values.type, EVENT_TYPES),
      outcome: outcome === undefined ? undefined : choiceOf('outcome', outcome, ['success', 'refused'] as const),
    };
    const output = new Output(surroundings, values.json);
    const { signal, complain } = surroundings;
    return await withLatchkey(values, surroundings, async ({ latchkey, orgId }) => {
      const show = output.stream(COLUMNS);
      const query = { ...filter, orgId };
      const end = follow ? await trailEnd(latchkey.audit, query) : [];
      const entries = await lastEntries(latchkey.audit, query, last, signal);
      if (entries.length > 0 || !follow) show(entries);
      if (follow) await followTrail(latchkey.audit, query, end, entries, { pauseMs, signal, complain, show });
      return EXIT.ok;
    });
  },
};

const COLUMNS: readonly Column<AuditEntry>[] = [
  { title: 'AT', of: ({ at }) => new Date(at).toISOString().slice(0, 19).replace('T', ' ') },
  {
    title: 'WHAT',
    of: ({ type, count }) => (count > 1 ? `${type} ×${count}` : type),
    colour: ({ outcome }) => (outcome === 'refused' ? 'red' : null),
  },
  { title: 'BY', of: ({ ...entry }) => factOf(entry, ['actorId', 'userId']), least: 8 },
  {
    title: 'ON',
    of: ({ ...entry }) => factOf(entry, ['keyId', 'policyId', 'documentId', 'sessionId', 'credentialId', 'path']),
    least: 10,
  },
  { title: 'FROM', of: ({ address }) => address ?? '', least: 9, isExtra: true },
  { title: 'WHY', of: ({ ...entry }) => factOf(entry, ['reason', 'detail', 'source']), least: 6, isExtra: true },
];

/** The first of these facts that the entry has. */
function factOf(entry: Readonly<Record<string, unknown>>, names: readonly string[]): string {
  const name = names.find((each) => typeof entry[each] === 'string');
  return name === undefined ? '' : String(entry[name]);
}

function wrapped(words: readonly string[], width: number, indent: string): string {
  const lines = [''];
  for (const word of words) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length + 2 > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line}, ${word}`;
  }
  return lines.join(`,\n${indent}`);
}
