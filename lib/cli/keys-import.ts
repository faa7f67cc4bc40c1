import { stat } from 'node:fs/promises';
import type { KeyImport, LatchkeyOptions } from '../index.js';
import { argumentsOf, type Command, EXIT, UsageError, type Values } from './command.js';
import { progressOn } from './import-progress.js';
import { Faults, summaryOf } from './import-report.js';
import { streamOf, unreadable } from './json-file.js';
import { type ImportEnd, type ImportOutcome, importLines } from './key-importing.js';
import { statementsOf } from './key-options.js';
import { STORE_HELP, STORE_OPTIONS, withLatchkey } from './open-latchkey.js';
import { endOf, wholeNumber } from './option-values.js';
import { Output } from './output.js';
import { RETENTION_HELP, RETENTION_OPTIONS, retentionOf } from './retention.js';

const MAX_LINE = 999_999_999;
const MAX_PATTERN = 1_000;

const OPTIONS = {
  ...STORE_OPTIONS,
  ...RETENTION_OPTIONS,
  'dry-run': { type: 'boolean' },
  'from-line': { type: 'string' },
  owner: { type: 'string' },
  action: { type: 'string', multiple: true },
  resource: { type: 'string', multiple: true },
  workspace: { type: 'string' },
  policy: { type: 'string', multiple: true },
  expires: { type: 'string' },
  pattern: { type: 'string' },
} as const;

export const importKeys: Command = {
  help: `latchkey keys import FILE.jsonl: takes in keys that customers have already, so that nobody has to change theirs.
FILE holds one JSON object a line; - is the standard input. Each has

  secret                the key as it is sent, 16 to 256 bytes: hashed at once, never kept; or in its place
  sha256                its SHA-256, 64 hexadecimal characters (latchkey hash, or: printf %s KEY | sha256sum)
  name, ownerId         and what else POST /api-keys takes (statements, policyIds, expiresAt ...), with orgId, ownerKind
                        and createdAt

  --owner ID            --policy ID   --action A   --resource R   --workspace ID   --expires WHEN   --org ID
                        for the lines that do not say; as of latchkey keys create.
                        A key without an expiry of its own expires after 180 days, unless --expires says other (never)
  --pattern REGEXP      http.importedKeys.pattern of the app: secrets that do not match it are refused, since the app
                        would not read them. Hashes cannot be checked
${RETENTION_HELP}
  --dry-run             checks every line against what is there, and writes nothing
  --from-line N         begin there: an import that was ended says where

The same file again is safe: what is there already stays as it is, and counts as such. So an import that was cut off, in
whatever way, is made complete by the same command. Redis may be away for a minute in between. Faults are told by the
number of the line, never with a value. With --json each is a line ({ line, errors }), and the last line is the summary
{ end, lines, imported, exists, existing, refused, nextLine, dryRun, seconds }; end: complete, interrupted, unreachable.

${STORE_HELP}

Exit codes: ${EXIT.ok} all lines are in; ${EXIT.warning} some lines were refused, the others are in; ${EXIT.usage} not called right, nothing was done;
${EXIT.unreachable} Redis cannot be reached, or was away for too long; ${EXIT.failed} it was ended before its time, or anything else.`,

  async run(args, surroundings) {
    const { values, rest } = argumentsOf(args, OPTIONS, 'the FILE of keys');
    const [path] = rest;
    const { signal, input, complain, progressTo } = surroundings;
    const defaults = defaultsOf(values);
    const fromLine = wholeNumber('from-line', values['from-line'], 1, MAX_LINE) ?? 1;
    const isDryRun = values['dry-run'] === true;
    const settings = { ...importedKeysOf(values.pattern), ...retentionOf(values), isDryRun };
    const totalBytes = path === '-' ? null : await sizeOf(path);
    const output = new Output(surroundings, values.json);
    return await withLatchkey(
      values,
      surroundings,
      async ({ latchkey, by }) => {
        const startedAt = performance.now();
        const progress = await progressOn(progressTo, totalBytes);
        const faults = new Faults(output, surroundings);
        const away: string[] = [];
        let outcome: ImportOutcome;
        try {
          outcome = await importLines({
            source: streamOf(path, input, 'FILE'),
            defaults,
            fromLine,
            signal,
            take: (entries) => latchkey.apiKeys.import(entries, { by }),
            tellFault: (fault) => faults.add(fault),
            tellProgress: (readBytes, counts) => progress.show(readBytes, counts),
            tellAway: (reason) => (progressTo === null ? complain(awayLine(reason)) : away.push(awayLine(reason))),
          });
        } catch (error) {
          throw isOfFile(error) ? unreadable('FILE', error) : error;
        } finally {
          progress.end();
        }
        for (const line of new Set(away)) complain(line);
        faults.end();
        const seconds = (performance.now() - startedAt) / 1_000;
        if (output.isJson) output.line({ ...outcome, dryRun: isDryRun, seconds });
        else for (const line of summaryOf(outcome, isDryRun, seconds)) output.say(line);
        return outcome.end === 'complete' && outcome.refused > 0 ? EXIT.warning : EXIT_OF[outcome.end];
      },
      settings,
    );
  },
};

const EXIT_OF: Readonly<Record<ImportEnd, number>> = {
  complete: EXIT.ok,
  interrupted: EXIT.failed,
  unreachable: EXIT.unreachable,
};

const awayLine = (reason: string) => `latchkey: Redis does not answer (${reason}): trying again.`;

/** What lines have that do not say. @throws UsageError */
function defaultsOf(values: Values<typeof OPTIONS>): Partial<KeyImport> {
  const end = endOf('expires', values.expires);
  const defaults = {
    ownerId: values.owner,
    orgId: values.org,
    policyIds: values.policy,
    statements: statementsOf(values),
    ...(end !== undefined && ('at' in end ? { expiresAt: end.at } : { lifetimeMs: end.inMs })),
  };
  return Object.fromEntries(Object.entries(defaults).filter(([, value]) => value !== undefined));
}

/** @throws UsageError for what is no regular expression. */
function importedKeysOf(pattern: string | undefined): Pick<LatchkeyOptions, 'http'> {
  if (pattern === undefined) return {};
  try {
    if (pattern.length <= MAX_PATTERN) return { http: { importedKeys: { pattern: new RegExp(pattern) } } };
  } catch {}
  throw new UsageError(`--pattern must be a regular expression of at most ${MAX_PATTERN} characters`);
}

/** Null for what has none, such as a pipe. @throws UsageError */
async function sizeOf(path: string): Promise<number | null> {
  const found = await stat(path).catch((error: unknown) => {
    throw unreadable('FILE', error);
  });
  return found.isFile() ? found.size : null;
}

function isOfFile(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && ['open', 'read'].includes(String(error.syscall));
}
