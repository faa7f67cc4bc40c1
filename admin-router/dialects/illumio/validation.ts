import { invalid, noPayload } from './answers.js';

/** What a member of a payload must be. */
export type Rule =
  | { readonly type: 'string'; readonly maxLength: number }
  | { readonly type: 'integer'; readonly minimum: number; readonly maximum: number }
  | { readonly type: 'object' }
  | { readonly type: 'array'; readonly maxItems: number };

export interface PayloadRules {
  /** Without `.schema.json`. */
  readonly schema: string;
  readonly members: Readonly<Record<string, Rule>>;
  readonly required?: readonly string[];
  /** Members that may be null as well. */
  readonly nullable?: readonly string[];
}

/**
 * The payload, once the members that the rules name are right; others are ignored. The texts are those of the schema check of
 * the product. @throws DialectError 406.
 */
export function payload(body: unknown, { schema, members, required = [], nullable = [] }: PayloadRules) {
  const within = `in schema ${schema}.schema.json`;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid(`The property '#/' of type ${typeName(body)} did not match the following type: object ${within}`);
  }
  const given = body as Record<string, unknown>;
  for (const name of required) {
    if (given[name] === undefined) {
      throw invalid(`The property '#/' did not contain a required property of '${name}' ${within}`);
    }
  }
  for (const [name, rule] of Object.entries(members)) {
    const value = given[name];
    if (value === undefined || (value === null && nullable.includes(name))) continue;
    const fault = faultOf(value, rule);
    if (fault !== null) throw invalid(`The property '#/${name}' ${fault} ${within}`);
  }
  return given;
}

/** The payload of a PUT, which must have one. */
export function changes(body: unknown, rules: PayloadRules) {
  if (body === undefined) throw noPayload();
  return payload(body, rules);
}

function faultOf(value: unknown, rule: Rule): string | null {
  if (!isOfType(value, rule.type)) return `of type ${typeName(value)} did not match the following type: ${rule.type}`;
  switch (rule.type) {
    case 'string':
      return (value as string).length <= rule.maxLength
        ? null
        : `was not of a maximum string length of ${rule.maxLength}`;
    case 'integer':
      if ((value as number) < rule.minimum) return `did not have a minimum value of ${rule.minimum}, inclusively`;
      return (value as number) <= rule.maximum ? null : `did not have a maximum value of ${rule.maximum}, inclusively`;
    case 'array':
      return (value as unknown[]).length <= rule.maxItems ? null : `had more items than the allowed ${rule.maxItems}`;
    case 'object':
      return null;
  }
}

function isOfType(value: unknown, type: Rule['type']): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string' && value.isWellFormed();
    case 'integer':
      return Number.isSafeInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
  }
}

/** As Ruby, in which the product checks, names what JSON holds. */
function typeName(value: unknown): string {
  if (value === undefined || value === null) return 'NilClass';
  if (Array.isArray(value)) return 'Array';
  switch (typeof value) {
    case 'string':
      return 'String';
    case 'number':
      return Number.isInteger(value) ? 'Integer' : 'Float';
    case 'boolean':
      return value ? 'TrueClass' : 'FalseClass';
    default:
      return 'Hash';
  }
}
