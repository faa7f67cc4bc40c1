import { type Members, readMap, readObject, readText, readTexts } from './body.js';
import { type Duration, DurationError, parseDuration } from './durations.js';
import { illegalArgument, parseFault, refuseInvalid } from './errors.js';
import { DescriptorError, parseDescriptors, type RoleDescriptors } from './role-descriptors.js';

/** What a key is to be made from, or changed into. Undefined: not given. */
export interface KeyRequest {
  readonly descriptors: RoleDescriptors | undefined;
  readonly metadata: Members | undefined;
  readonly expiration: Duration | undefined;
}

export interface NewKeyRequest extends KeyRequest {
  readonly name: string;
}

const CREATE = 'api_key_request';
const FIELDS = ['role_descriptors', 'metadata', 'expiration'];

/** @throws DialectError */
export function readCreate(body: unknown): NewKeyRequest {
  const given = readObject(body, CREATE, ['name', ...FIELDS]);
  const name = readText(given, 'name', CREATE);
  const request = readFields(given, CREATE, Object.keys(given));
  if (name === undefined) throw illegalArgument('Required [name]');
  refuseInvalid([...nameFaults(name), ...faultsOf(request)]);
  return { name, ...request };
}

/** An absent body is an empty one. @throws DialectError */
export function readUpdate(body: unknown): KeyRequest {
  const parser = 'update_api_key_request_payload';
  const request = readFields(readObject(body, parser, FIELDS), parser, []);
  refuseInvalid(updateFaults(request));
  return request;
}

/** @throws DialectError */
export function readBulkUpdate(body: unknown): KeyRequest & { readonly ids: readonly string[] } {
  const parser = 'bulk_update_api_key_request';
  const given = readObject(body, parser, ['ids', ...FIELDS]);
  const ids = readTexts(given, 'ids', parser);
  const request = readFields(given, parser, []);
  if (ids === undefined) throw illegalArgument('Required [ids]');
  refuseInvalid([...(ids.length === 0 ? ['Field [ids] cannot be empty'] : []), ...updateFaults(request)]);
  if (ids.length > MAX_IDS) throw illegalArgument(`[ids] has at most [${MAX_IDS}] entries`);
  return { ...request, ids: [...new Set(ids)] };
}

/** Keys that one request names. */
export const MAX_IDS = 1_000;

export function readExpiration(given: Members, parser: string, order: readonly string[]): Duration | undefined {
  const text = readText(given, 'expiration', parser);
  if (text === undefined) return undefined;
  try {
    return parseDuration(text, 'expiration');
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    const isLast = order.length === FIELDS.length + 1 && order.at(-1) === 'expiration';
    const where = isLast
      ? `[${parser}] failed to parse field [expiration]`
      : `Failed to build [${parser}] after last required field arrived`;
    throw parseFault(where, { type: 'illegal_argument_exception', reason: error.message });
  }
}

/** The faults of a name. */
export function nameFaults(name: string): string[] {
  if (name === '') return ['api key name is required'];
  return [
    ...(name.length > 256 ? ['api key name may not be more than 256 characters long'] : []),
    ...(name !== name.trim() ? ['api key name may not begin or end with whitespace'] : []),
    ...(name.startsWith('_') ? ['api key name may not begin with an underscore'] : []),
  ];
}

export function metadataFaults(metadata: Members = {}): string[] {
  return Object.keys(metadata).some((key) => key.startsWith('_'))
    ? ['API key metadata keys may not start with [_]']
    : [];
}

/** `order`: the fields as they came, which the texts of some faults depend on. */
function readFields(given: Members, parser: string, order: readonly string[]): KeyRequest {
  return {
    descriptors: readDescriptors(given, parser),
    metadata: readMap(given, 'metadata', parser),
    expiration: readExpiration(given, parser, order),
  };
}

function readDescriptors(given: Members, parser: string): RoleDescriptors | undefined {
  const { role_descriptors: value } = given;
  if (Array.isArray(value) && value.length === 0) return undefined;
  const descriptors = readMap(given, 'role_descriptors', parser);
  try {
    return descriptors && parseDescriptors(descriptors);
  } catch (error) {
    if (!(error instanceof DescriptorError)) throw error;
    throw parseFault(`[${parser}] failed to parse field [role_descriptors]`, {
      type: 'parse_exception',
      reason: error.message,
    });
  }
}

function faultsOf({ descriptors = {}, metadata }: KeyRequest): string[] {
  const all = Object.values(descriptors);
  const restricted = all.filter(({ restriction }) => restriction !== undefined).length;
  return [
    ...metadataFaults(metadata),
    ...(restricted > 1 ? ['more than one role descriptor with restriction is not supported'] : []),
    ...(restricted === 1 && all.length > 1
      ? ['combining role descriptors with and without restriction is not supported']
      : []),
  ];
}

function updateFaults(request: KeyRequest): string[] {
  const isPast = request.expiration !== undefined && !request.expiration.isPositive;
  return [...faultsOf(request), ...(isPast ? ['API key expiration must be in the future'] : [])];
}
