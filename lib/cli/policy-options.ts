import type { NewPolicy } from '../index.js';
import { type Input, UsageError, type Values } from './command.js';
import { isObject, jsonIn } from './json-file.js';
import { statementsOf } from './key-options.js';
import { propertiesOf } from './option-values.js';

/** The options that say what a policy is. */
export const POLICY_OPTIONS = {
  from: { type: 'string' },
  name: { type: 'string' },
  description: { type: 'string' },
  action: { type: 'string', multiple: true },
  resource: { type: 'string', multiple: true },
  workspace: { type: 'string' },
  property: { type: 'string', multiple: true },
} as const;

export const POLICY_HELP = `  --name TEXT           what people call it
  --description TEXT    --property NAME=VALUE (once for each)
  --action A            what it gives the right to, such as orders:read or '*'; once for each
  --resource R          on what, such as 'orders/*'; once for each; default '*': on all
  --workspace ID        in which workspace; default: in all
  --from FILE           the fields as JSON, as POST /policies takes them, or a list of statements; - is the standard
                        input; what options say wins`;

type PolicyFields = Partial<Pick<NewPolicy, 'name' | 'description' | 'statements' | 'workspace' | 'properties'>>;

/** What the options say, and the file of `--from` where they say nothing. @param followsTemplate `--workspace` may stand alone. */
export async function policyFields(
  values: Values<typeof POLICY_OPTIONS>,
  input: Input,
  followsTemplate: boolean,
): Promise<PolicyFields> {
  const { name, description, action, workspace } = values;
  const isOfTemplate = followsTemplate && action === undefined;
  const options: PolicyFields = {
    name: name as string, // left out where it is undefined
    description,
    statements: isOfTemplate && values.resource === undefined ? undefined : statementsOf(values),
    workspace: isOfTemplate ? workspace : undefined,
    properties: propertiesOf('property', values.property),
  };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...(values.from === undefined ? {} : await fieldsIn(values.from, input)), ...given };
}

/** Passed on as they are, to be checked by the library. */
async function fieldsIn(path: string, input: Input): Promise<PolicyFields> {
  const value = await jsonIn('from', path, input);
  if (Array.isArray(value)) return { statements: value };
  if (!isObject(value))
    throw new UsageError('--from must name a file that holds one JSON object, or a list of statements');
  if ('dialects' in value) throw new UsageError('--from holds dialects: what only a product knows is its router’s');
  return value;
}
