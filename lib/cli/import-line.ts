import type { FieldError, KeyImport } from '../index.js';
import { isObject } from './json-file.js';
import type { Line } from './json-lines.js';
import { keyOf } from './key-fields.js';

/** The longest line that is read, in bytes: more than any record may hold. */
export const MAX_LINE_BYTES = 131_072;

const FIELDS: readonly string[] = [
  ...[
    'secret',
    'sha256',
    'createdAt',
    'name',
    'description',
    'ownerId',
    'ownerKind',
    'orgId',
    'statements',
    'policyIds',
  ],
  ...['resources', 'properties', 'notBefore', 'expiresAt', 'expiresInSeconds', 'allowedAddresses', 'allowedOrigins'],
  ...['disableUnusedAfterSeconds', 'maxRequestsPerMinute', 'locale', 'timeZone', 'internalOnly', 'defaultWorkspace'],
];

/** A line as an entry of `apiKeys.import`, or what is wrong with it. */
export type ParsedLine =
  | { readonly number: number; readonly entry: KeyImport; readonly errors?: never }
  | { readonly number: number; readonly entry?: never; readonly errors: readonly FieldError[] };

/** @param defaults what a line has that does not say. What is wrong is told without a value, and without a name that is no field's. */
export function parseLine({ number, text }: Line, defaults: Partial<KeyImport>): ParsedLine {
  const fault = (path: string, message: string) => ({ number, errors: [{ path, message }] });
  if (text === null) return fault('', `is no UTF-8, or longer than ${MAX_LINE_BYTES} bytes`);
  const fields = parseJson(text);
  if (!isObject(fields)) return fault('', 'is not one JSON object');
  if (Object.keys(fields).some((name) => !FIELDS.includes(name))) {
    return fault('', `holds what is not a field of a key; there are: ${FIELDS.join(', ')}`);
  }
  const { key, errors } = keyOf(fields);
  if (errors.length > 0) return { number, errors };
  const entry = withDefaults(key, defaults);
  if (entry.statements === undefined && entry.policyIds === undefined) {
    return fault(
      'statements',
      'or policyIds must say what the key may do (an empty list: nothing), or --action or --policy',
    );
  }
  return { number, entry: entry as KeyImport };
}

/** Of rights, and of what says when it expires, the line has its own or the defaults', not both. */
function withDefaults(key: Partial<KeyImport>, defaults: Partial<KeyImport>): Partial<KeyImport> {
  const { statements, policyIds, expiresAt, lifetimeMs, ...others } = defaults;
  const hasRights = key.statements !== undefined || key.policyIds !== undefined;
  const hasEnd = key.expiresAt !== undefined || key.lifetimeMs !== undefined;
  return {
    ...others,
    ...(!hasRights && { statements, policyIds }),
    ...(!hasEnd && { expiresAt, lifetimeMs }),
    ...key,
  };
}

/** Undefined for what is no JSON: the error of the parser would show a part of it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
