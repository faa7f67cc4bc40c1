import { type IllumioOptions, illumio } from '../../../admin-router/dialects/illumio.js';
import { basic, type Headers, type Reply, type Stage, startStage } from './stage.js';
import { type Driver, type MadeKey, NEVER_EXPIRES } from './story.js';

interface Login {
  readonly href: string;
  readonly auth_username: string;
  readonly session_token: string;
  readonly orgs: readonly [{ readonly org_id: number }];
}

export interface Caller {
  readonly headers: Headers;
  readonly login: Login;
}

/** Steps 1 and 2. */
export async function logIn(stage: Stage, userName: string): Promise<Caller> {
  const path = '/api/v2/login_users/authenticate?pce_fqdn=pce.example.com';
  const { auth_token } = (await stage.send('POST', path, basic(userName))).body as { auth_token: string };
  const token = { authorization: `Token token=${auth_token}` };
  const login = (await stage.send('GET', '/api/v2/users/login', token)).body as Login;
  return { headers: basic(login.auth_username, login.session_token), login };
}

/** The path of one's own keys. The headers of a session name the user. */
function own(as: Headers): string {
  const [userName = ''] = Buffer.from((as.authorization ?? '').slice(6), 'base64')
    .toString()
    .split(':');
  return `/api/v2/users/${userName.slice('user_'.length)}/api_keys`;
}

async function make(stage: Stage, as: Headers, name: string): Promise<MadeKey> {
  const reply = await stage.send('POST', own(as), as, { name });
  if (reply.status !== 201) throw new Error(`no key was made: ${reply.status} ${reply.text}`);
  const made = reply.body as Record<string, string>;
  const { key_id: id = '', auth_username, secret } = made;
  return { ref: id, id, credential: `${auth_username}:${secret}` };
}

export function fault(status: number, token: string, message: string) {
  return { status, body: [{ token, message }] };
}

export const UNAUTHENTICATED = fault(401, 'authentication_error', 'Authentication failure');
export const FORBIDDEN = fault(403, 'authorization_error', 'Authorization failure');
export const NOT_FOUND = fault(404, 'not_found_error', 'Not found');

export const illumioDriver: Driver = {
  name: 'Illumio PCE',
  mount: (app, latchkey) => void app.use('/', illumio(latchkey)),
  login: async (stage, userName) => (await logIn(stage, userName)).headers,
  async make(stage, as, { name, expiresInMs }) {
    if (expiresInMs !== undefined) throw NEVER_EXPIRES; // service accounts' keys do; see illumio.test.ts
    return await make(stage, as, name);
  },
  use(stage, credential) {
    const colon = credential.indexOf(':');
    const pair = colon < 0 ? ['', credential] : [credential.slice(0, colon), credential.slice(colon + 1)];
    return stage.send('GET', '/api/v2/health', basic(pair[0] ?? '', pair[1]));
  },
  async list(stage, as) {
    const { body } = await stage.send('GET', own(as), as);
    return (body as { key_id: string }[]).map((key) => key.key_id);
  },
  async change(stage, as, ref) {
    const read = async () => (await stage.send('GET', `${own(as)}/${ref}`, as)).body;
    const before = await read();
    await stage.send('PUT', `${own(as)}/${ref}`, as, { name: 'changed' });
    return { before, after: await read() };
  },
  rotate: null,
  revoke: (stage, as, ref) => stage.send('DELETE', `${own(as)}/${ref}`, as),
  unknown: (stage, as) => stage.send('GET', `${own(as)}/0123456789abcdef0`, as),
  lackingRight: (stage, as) => stage.send('POST', own(as), as, { name: 'x' }),
  badBody: (stage, as): Promise<Reply> =>
    stage.send('POST', own(as), { ...as, 'content-type': 'application/json' }, '{"name": '),
  answers: {
    refused: () => UNAUTHENTICATED,
    unknown: NOT_FOUND,
    lackingRight: FORBIDDEN,
    badBody: fault(400, 'invalid_argument', 'The request body is not valid JSON'),
  },
};

export const exact = ({ status, body }: Reply) => ({ status, body });

/** With a route of the host's own, and people of further roles: carl may read only, dora is an admin, otto an owner. */
export async function openIllumio(options: IllumioOptions = {}, settings: object = {}): Promise<Stage> {
  const stage = await startStage((app, latchkey) => {
    const router = illumio(latchkey, options);
    app.use('/', router);
    app.get('/api/v2/orgs/:org/labels', router.authenticate, (req, res) => void res.json([{ by: req.user }]));
  }, settings);
  stage.people
    .set('carl', { statements: [{ actions: ['pce:read_only'] }] })
    .set('dora', { statements: [{ actions: ['pce:admin'] }] })
    .set('otto', { statements: [{ actions: ['pce:*'] }] });
  return stage;
}
