import type { FieldError } from '../errors.js';
import { LAST_INSTANT, LIMITS } from '../limits.js';
import type { Statement, StatementInput } from '../permissions/statement.js';
import { checkResources, checkStatements } from '../permissions/statement.js';
import { isText } from '../text.js';
import { checkAddresses } from '../verification/address-list.js';
import { checkOrigins } from '../verification/origin-list.js';
import type { DialectChanges, DialectFields } from './dialect-fields.js';

/** What the maker of a key decides and may change later. Instants are epoch ms; null means "not set". */
export interface KeyFields {
  readonly name: string;
  readonly description: string;
  readonly statements: readonly Statement[];
  readonly resources: readonly string[] | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly notBefore: number | null;
  /** Null: never. */
  readonly expiresAt: number | null;
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly policyIds: readonly string[];
  readonly allowedAddresses: readonly string[] | null;
  readonly allowedOrigins: readonly string[] | null;
  readonly disableUnusedAfterMs: number | null;
  readonly maxRequestsPerMinute: number | null;
  readonly dialects: DialectFields;
}

/** Fields as callers give them: what is undefined stays as it is. */
export type KeyChanges = {
  readonly [Field in Exclude<keyof KeyFields, 'statements' | 'dialects'>]?: KeyFields[Field] | undefined;
} & {
  readonly statements?: readonly StatementInput[] | undefined;
  /** By the name of the dialect: replaces what is kept under that name, null removes it. From code only. */
  readonly dialects?: DialectChanges | undefined;
  /** In place of `expiresAt`: how long from now, in ms. */
  readonly lifetimeMs?: number | undefined;
  /** In a change: the key's ceiling becomes what its owner, and who asks, may do now. */
  readonly refreshCeiling?: boolean | undefined;
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const CONTROL = /[\u0000-\u001f\u007f]/;

/** The faults of the fields that are present. */
export function checkKeyFields(fields: Partial<KeyFields>): FieldError[] {
  const { name, description, statements, resources, properties, notBefore, expiresAt, locale, timeZone } = fields;
  const { policyIds, allowedAddresses, allowedOrigins, disableUnusedAfterMs, maxRequestsPerMinute } = fields;
  const errors: FieldError[] = [];
  const check = (path: string, holds: boolean, message: string) => {
    if (!holds) errors.push({ path, message });
  };
  if ('name' in fields) {
    check(
      'name',
      isText(name, 1, LIMITS.name) && !CONTROL.test(name),
      `must have 1 to ${LIMITS.name} printable characters`,
    );
  }
  if (description !== undefined) {
    check(
      'description',
      isText(description, 0, LIMITS.description),
      `must have at most ${LIMITS.description} characters`,
    );
  }
  if (statements !== undefined) errors.push(...checkStatements(statements));
  if (policyIds !== undefined) errors.push(...checkPolicyIds(policyIds));
  if (resources != null) errors.push(...checkResources(resources));
  if (allowedAddresses != null) errors.push(...checkAddresses(allowedAddresses));
  if (allowedOrigins != null) errors.push(...checkOrigins(allowedOrigins));
  check('disableUnusedAfterMs', isIdleTime(disableUnusedAfterMs), 'must be a whole number of ms from an hour, or null');
  check(
    'maxRequestsPerMinute',
    isNumber(maxRequestsPerMinute, 1, LIMITS.requestsPerMinute),
    `must be a whole number from 1 to ${LIMITS.requestsPerMinute}, or null`,
  );
  if (properties !== undefined) errors.push(...checkProperties(properties));
  for (const [path, instant] of Object.entries({ notBefore, expiresAt })) {
    check(path, instant == null || isInstant(instant), 'must be an instant before the year 10000, or null');
  }
  check('locale', locale == null || isLocale(locale), 'must be a BCP 47 language tag, e.g. "en-US"');
  check('timeZone', timeZone == null || isTimeZone(timeZone), 'must be an IANA time zone, e.g. "Europe/Berlin"');
  return errors;
}

/** The faults of a whole record: one that is too large would be read on every request. */
export function checkSize(record: object): FieldError[] {
  const size = JSON.stringify(record).length;
  return size <= LIMITS.record
    ? []
    : [{ path: '', message: `is too large: ${size} of at most ${LIMITS.record} characters` }];
}

/** The fault of an id that the host chose: of a user or an organisation. */
export function checkIdentifier(path: string, id: unknown): FieldError[] {
  if (isText(id, 1, LIMITS.identifier) && !CONTROL.test(id)) return [];
  return [{ path, message: `must have 1 to ${LIMITS.identifier} printable characters` }];
}

function checkProperties(properties: Readonly<Record<string, string>>): FieldError[] {
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) {
    return [{ path: 'properties', message: 'must be an object of texts' }];
  }
  const entries = Object.entries(properties);
  if (entries.length > LIMITS.properties) {
    return [{ path: 'properties', message: `must have at most ${LIMITS.properties} entries` }];
  }
  return entries.flatMap(([key, value]) => {
    const message = faultOfProperty(key, value);
    return message === null ? [] : [{ path: `properties.${key.slice(0, LIMITS.propertyKey)}`, message }];
  });
}

function faultOfProperty(key: string, value: unknown): string | null {
  if (key === '__proto__') return 'must not map the key __proto__';
  if (isText(key, 1, LIMITS.propertyKey) && isText(value, 0, LIMITS.propertyValue)) return null;
  return `must map a key of at most ${LIMITS.propertyKey} to a text of at most ${LIMITS.propertyValue} characters`;
}

/** The faults of a list of policies' ids; whether they exist is asked elsewhere. */
export function checkPolicyIds(ids: readonly string[], path = 'policyIds'): FieldError[] {
  if (!Array.isArray(ids) || ids.length > LIMITS.policies) {
    return [{ path, message: `must have at most ${LIMITS.policies} entries` }];
  }
  if (new Set(ids).size < ids.length) return [{ path, message: 'must hold no entry twice' }];
  return ids.flatMap((id, index) => checkIdentifier(`${path}.${index}`, id));
}

const HOUR_MS = 3_600_000;

function isIdleTime(ms: unknown): boolean {
  return isNumber(ms, HOUR_MS, Number.MAX_SAFE_INTEGER / 2);
}

/** What is not given, or null, is right too. */
function isNumber(value: unknown, min: number, max: number): boolean {
  return value == null || (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max);
}

function isInstant(instant: unknown): boolean {
  return Number.isSafeInteger(instant) && (instant as number) >= 0 && (instant as number) <= LAST_INSTANT;
}

function isLocale(locale: unknown): boolean {
  try {
    return isText(locale, 1, LIMITS.locale) && Intl.getCanonicalLocales(locale).length === 1;
  } catch {
    return false;
  }
}

function isTimeZone(timeZone: unknown): boolean {
  try {
    return isText(timeZone, 1, LIMITS.timeZone) && new Intl.DateTimeFormat('en', { timeZone }) !== undefined;
  } catch {
    return false;
  }
}
