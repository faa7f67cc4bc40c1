import * as z from 'zod';
import { FIELD_DESCRIPTIONS } from './openapi-fields.js';
import type { Route } from './route.js';
import { emptySchema, questionSchema, statementSchema } from './schemas.js';
import { WIRE_SCHEMAS } from './wire-schemas.js';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

export interface QueryParameter {
  readonly name: string;
  readonly in: 'query';
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
  readonly style?: 'form';
  readonly explode?: false;
}

/** JSON Schemas (2020-12) of what goes out and of what comes in, by name: those that validate it, converted. */
export function componentSchemas(routes: readonly Route[]): Record<string, JsonSchema> {
  const incoming = z.registry<{ id: string }>();
  incoming.add(statementSchema, { id: 'NewStatement' });
  for (const route of routes) {
    if (route.body !== null && !incoming.has(route.body)) incoming.add(route.body, { id: bodyName(route) });
  }
  const outgoing = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(WIRE_SCHEMAS)) outgoing.add(schema, { id });
  return { ...convert(outgoing, 'output'), ...convert(incoming, 'input') };
}

/** The name of the schema of a route's body. */
export function bodyName({ operationId, body }: Pick<Route, 'operationId' | 'body'>): string {
  if (body === questionSchema) return 'Question';
  return body === emptySchema ? 'Empty' : `${pascal(operationId)}Request`;
}

export function pascal(name: string): string {
  return name.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The schema of a query as parameters. Lists are written with commas. */
export function queryParameters({ query }: Pick<Route, 'query'>): QueryParameter[] {
  if (query === null) return [];
  const { properties = {}, required = [] } = tidy(z.toJSONSchema(query, { io: 'input' }), 'input');
  return Object.entries(properties as Record<string, JsonSchema>).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
    ...(schema.type === 'array' && { style: 'form', explode: false }),
  }));
}

export function refTo(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

function convert(registry: z.core.$ZodRegistry<{ id: string }>, io: 'input' | 'output'): Record<string, JsonSchema> {
  const uri = (id: string) => `#/components/schemas/${id}`;
  const { schemas } = z.toJSONSchema(registry, { io, uri });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $schema: _, $id: __, ...schema }]) => [name, tidy(schema as JsonSchema, io)]),
  );
}

/**
 * Leaves out what only zod's own check needs, and tells what the fields mean. What goes out is left open: clients have to live
 * with fields that a later version adds.
 */
function tidy(schema: JsonSchema, io: 'input' | 'output'): JsonSchema {
  const { properties, items, anyOf, oneOf, propertyNames: _, ...tidied } = schema;
  const each = (schemas: readonly unknown[]) => schemas.map((one) => tidy(one as JsonSchema, io));
  if (tidied.format === 'date-time') delete tidied.pattern;
  if (tidied.maximum === Number.MAX_SAFE_INTEGER) delete tidied.maximum;
  if (tidied.additionalProperties === false && io === 'output') delete tidied.additionalProperties;
  if (properties !== undefined) tidied.properties = describeAll(properties as Record<string, JsonSchema>, io);
  if (items !== undefined) tidied.items = tidy(items as JsonSchema, io);
  if (anyOf !== undefined) tidied.anyOf = each(anyOf) as never;
  if (oneOf !== undefined) tidied.oneOf = each(oneOf) as never;
  return tidied;
}

function describeAll(properties: Record<string, JsonSchema>, io: 'input' | 'output'): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => {
      const description = FIELD_DESCRIPTIONS[name];
      return [name, { ...(description !== undefined && { description }), ...tidy(schema, io) }];
    }),
  );
}
