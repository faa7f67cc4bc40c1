import type { NewKey, StatementInput } from '../index.js';
import { CommandFailure, EXIT, type Input, UsageError, type Values } from './command.js';
import { faultLines } from './faults.js';
import { jsonObjectIn } from './json-file.js';
import { keyOf } from './key-fields.js';
import { endOf, propertiesOf, spanOf, timeOf, wholeNumber } from './option-values.js';

/** The options that say what a new key is. */
export const KEY_OPTIONS = {
  from: { type: 'string' },
  name: { type: 'string' },
  description: { type: 'string' },
  owner: { type: 'string' },
  service: { type: 'boolean' },
  action: { type: 'string', multiple: true },
  resource: { type: 'string', multiple: true },
  workspace: { type: 'string' },
  policy: { type: 'string', multiple: true },
  'no-rights': { type: 'boolean' },
  'tied-to': { type: 'string', multiple: true },
  expires: { type: 'string' },
  'not-before': { type: 'string' },
  property: { type: 'string', multiple: true },
  address: { type: 'string', multiple: true },
  origin: { type: 'string', multiple: true },
  'unused-after': { type: 'string' },
  'per-minute': { type: 'string' },
  'internal-only': { type: 'boolean' },
} as const;

export const KEY_HELP = `  --name TEXT           what people call it
  --owner ID            the user on whose behalf it acts; with --service: the service
  --action A            what it may do, such as orders:read or '*'; once for each
  --resource R          on what, such as 'orders/*'; once for each; default '*': on all
  --workspace ID        in which workspace; default: in all
  --policy ID           a policy whose rights it has; once for each
  --no-rights           it may do nothing (yet): without --action and --policy that must be said
  --tied-to R           whatever else it says, nothing but these resources; once for each
  --expires WHEN        a span such as 90d, a time, a date, or never; default 180d
  --not-before TIME     not accepted before
  --description TEXT    --property NAME=VALUE (once for each)
  --address CIDR        accepted from these addresses only; once for each
  --origin URL          accepted from browsers on these origins only; once for each
  --unused-after SPAN   disabled when nobody has used it for so long, an hour or more
  --per-minute N        requests that it is allowed in a minute; default: any number
  --internal-only       accepted only where the app has mounted latchkey.internal()
  --from FILE           the fields as JSON, as POST /api-keys takes them, with ownerId, ownerKind and orgId;
                        - is the standard input; what options say wins`;

type KeyValues = Values<typeof KEY_OPTIONS>;
type StatementValues = Pick<KeyValues, 'action' | 'resource' | 'workspace'>;

const MAX_PER_MINUTE = 1_000_000;

/** What the options say, and the file of `--from` where they say nothing. @throws UsageError; CommandFailure naming fields. */
export async function newKeyOf(values: KeyValues, orgId: string | undefined, input: Input): Promise<NewKey> {
  const options = given(optionFields(values));
  const file = values.from === undefined ? {} : await jsonObjectIn('from', values.from, input);
  const { key: fields, errors } = keyOf(file);
  if (errors.length > 0)
    throw new CommandFailure(EXIT.refused, ['--from is not valid:', ...faultLines(errors)].join('\n'));
  const { lifetimeMs, expiresAt, ...others } = fields;
  const hasEnd = options.lifetimeMs !== undefined || options.expiresAt !== undefined;
  const ofFile = hasEnd ? others : { ...others, ...given({ lifetimeMs, expiresAt }) };
  const key = { ...ofFile, ...options, ...(orgId !== undefined && { orgId }) };
  const { name, ownerId } = key;
  if (name === undefined) throw new UsageError('--name is missing: what people call the key');
  if (ownerId === undefined)
    throw new UsageError('--owner is missing: the id of the user on whose behalf the key acts');
  const hasRights = key.statements !== undefined || key.policyIds !== undefined;
  if (values['no-rights'] === true) {
    if (hasRights) throw new UsageError('--no-rights stands in place of --action and --policy');
    return { ...key, name, ownerId, statements: [] };
  }
  if (hasRights) return { ...key, name, ownerId };
  throw new UsageError('say what it may do: --action or --policy, or --no-rights');
}

/** The one statement that options say; undefined where they say none. @throws UsageError */
export function statementsOf({ action, resource, workspace }: StatementValues): StatementInput[] | undefined {
  if (action !== undefined) return [{ actions: action, resources: resource, workspace }];
  if (resource === undefined && workspace === undefined) return undefined;
  throw new UsageError('--resource and --workspace need --action: what may be done there');
}

function optionFields(values: KeyValues): Partial<NewKey> {
  const end = endOf('expires', values.expires);
  return {
    name: values.name as string, // left out where it is undefined
    ownerId: values.owner as string,
    description: values.description,
    ownerKind: values.service === true ? 'service' : undefined,
    statements: statementsOf(values),
    policyIds: values.policy,
    resources: values['tied-to'],
    ...(end !== undefined && ('at' in end ? { expiresAt: end.at } : { lifetimeMs: end.inMs })),
    notBefore: timeOf('not-before', values['not-before']),
    properties: propertiesOf('property', values.property),
    allowedAddresses: values.address,
    allowedOrigins: values.origin,
    disableUnusedAfterMs: spanOf('unused-after', values['unused-after']),
    maxRequestsPerMinute: wholeNumber('per-minute', values['per-minute'], 1, MAX_PER_MINUTE) ?? undefined,
    internalOnly: values['internal-only'],
  };
}

function given(fields: Partial<NewKey>): Partial<NewKey> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
