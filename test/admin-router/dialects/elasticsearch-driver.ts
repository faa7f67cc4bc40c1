import type { ElasticsearchOptions } from '../../../admin-router/dialects/elasticsearch.js';
import { elasticsearch } from '../../../admin-router/dialects/elasticsearch.js';
import { basic, type Headers, type Stage } from './stage.js';
import type { Driver, Exact, MadeKey } from './story.js';

export const KEYS = '/_security/api_key';
export const AUTHENTICATE = '/_security/_authenticate';
export const CHALLENGES = ['Basic realm="security", charset="UTF-8"', 'ApiKey'];

/** The answer of a create. */
export interface Created {
  readonly id: string;
  readonly name: string;
  readonly expiration?: number;
  readonly api_key: string;
  readonly encoded: string;
}

/** `Authorization: ApiKey` of an id and a secret. */
export function apiKey(credential: string): Headers {
  return { authorization: `ApiKey ${Buffer.from(credential).toString('base64')}` };
}

/** The one shape of errors. */
export function fault(status: number, type: string, reason: string, extra: object = {}, causedBy?: object): Exact {
  const cause = causedBy === undefined ? {} : { caused_by: causedBy };
  return {
    status,
    body: { error: { root_cause: [{ type, reason, ...extra }], type, reason, ...cause, ...extra }, status },
  };
}

export function unauthenticated(reason: string, extra: object = {}): Exact {
  return fault(401, 'security_exception', reason, { ...extra, header: { 'WWW-Authenticate': CHALLENGES } });
}

export const FAILED =
  'unable to authenticate with provided credentials and anonymous access is not allowed for this request';

export function refusedKey(why: string): Exact {
  return unauthenticated(FAILED, { additional_unsuccessful_credentials: `API key: ${why}` });
}

export function validation(...messages: string[]): Exact {
  const list = messages.map((message, index) => `${index + 1}: ${message};`).join('');
  return fault(400, 'action_request_validation_exception', `Validation Failed: ${list}`);
}

export function illegal(reason: string): Exact {
  return fault(400, 'illegal_argument_exception', reason);
}

export function unauthorized(action: string, who: string, privileges: string): Exact {
  const granted = `this action is granted by the cluster privileges [${privileges}]`;
  return fault(403, 'security_exception', `action [${action}] is unauthorized for ${who}, ${granted}`);
}

/** Makes a key; one that is refused throws. */
export async function makeKey(stage: Stage, as: Headers, body: object = {}): Promise<Created> {
  const reply = await stage.send('POST', KEYS, as, { name: 'a key', ...body });
  if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
  return reply.body as Created;
}

export function credentialOf({ id, api_key }: Created): string {
  return `${id}:${api_key}`;
}

/** The first key of a GET. */
export async function readKey(stage: Stage, as: Headers, id: string, more = ''): Promise<Record<string, unknown>> {
  const { body } = await stage.send('GET', `${KEYS}?id=${id}${more}`, as);
  return (body as { api_keys: Record<string, unknown>[] }).api_keys[0] ?? {};
}

export function driverWith(options: ElasticsearchOptions = {}): Driver {
  return {
    name: 'Elasticsearch',
    mount: (app, latchkey) => void app.use('/', elasticsearch(latchkey, options)),
    login: async (_stage, userName) => basic(userName),
    async make(stage, as, { name, expiresInMs }): Promise<MadeKey> {
      const expiration = expiresInMs === undefined ? {} : { expiration: `${expiresInMs}ms` };
      const made = await makeKey(stage, as, { name, ...expiration });
      return { ref: made.id, id: made.id, credential: credentialOf(made) };
    },
    use: (stage, credential) => stage.send('GET', AUTHENTICATE, apiKey(credential)),
    async list(stage, as) {
      const { body } = await stage.send('GET', `${KEYS}?active_only=true`, as);
      return (body as { api_keys: { id: string }[] }).api_keys.map(({ id }) => id);
    },
    async change(stage, as, ref) {
      const before = (await readKey(stage, as, ref)).metadata;
      const reply = await stage.send('PUT', `${KEYS}/${ref}`, as, { metadata: { changed: true } });
      if (reply.status !== 200) throw new Error(reply.text);
      return { before, after: (await readKey(stage, as, ref)).metadata };
    },
    rotate: null,
    revoke: (stage, as, ref) => stage.send('DELETE', KEYS, as, { ids: [ref] }),
    unknown: (stage, as) => stage.send('PUT', `${KEYS}/no-such-key-anywhere`, as, {}),
    lackingRight: (stage, as) => stage.send('POST', KEYS, as, { name: 'x' }),
    badBody: (stage, as) => stage.send('POST', KEYS, { ...as, 'content-type': 'application/json' }, '{"name": '),
    answers: {
      refused: (why, { id }) =>
        refusedKey(
          {
            wrong: `invalid credentials for API key [${id}]`,
            revoked: `api key [${id}] has been invalidated`,
            expired: 'api key is expired',
          }[why],
        ),
      unknown: fault(
        404,
        'resource_not_found_exception',
        'no API key owned by requesting user found for ID [no-such-key-anywhere]',
      ),
      lackingRight: unauthorized(
        'cluster:admin/xpack/security/api_key/create',
        'user [bob] with effective roles []',
        'manage_own_api_key,manage_api_key,manage_security,all',
      ),
      badBody: fault(400, 'x_content_parse_exception', expect.stringContaining('must be valid JSON') as string),
    },
  };
}

export const elasticsearchDriver: Driver = driverWith();
