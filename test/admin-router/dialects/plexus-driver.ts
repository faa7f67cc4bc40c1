import { type PlexusOptions, plexus } from '../../../admin-router/dialects/plexus.js';
import { adminRouter } from '../../../admin-router/index.js';
import { PASSWORD } from '../../support/people.js';
import { type Headers, type Reply, type Stage, startStage } from './stage.js';
import type { Driver } from './story.js';

export const SCHEMA = '6C6F63616C6462';
export const OTHER_SCHEMA = '6F74686572';

export const PLEXUS_OPTIONS: PlexusOptions = {
  keyManagement: true,
  secureCookies: false,
  schemasOf: async () => [
    { id: SCHEMA, name: 'localdb' },
    { id: OTHER_SCHEMA, name: 'other' },
  ],
};

/** The cookies that a reply sets, as a client would send them back, on top of those that it has. */
export function cookiesOf(reply: Reply, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const cookies = { ...before };
  for (const line of reply.headers['set-cookie'] ?? []) {
    const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s);
    cookies[name] = value;
  }
  return cookies;
}

export function withCookies(cookies: Readonly<Record<string, string>>): Headers {
  const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`);
  return { cookie: cookie.join('; '), 'x-xsrf-token': cookies['XSRF-TOKEN'] ?? '' };
}

/** The published steps 1 to 3, with any credential. */
export async function logIn(
  stage: Stage,
  apiKey: string,
  schemaIds: unknown = [SCHEMA],
): Promise<{ reply: Reply; headers: Headers }> {
  const anonymous = cookiesOf(await stage.send('GET', '/api/xsrf-token'));
  const reply = await stage.send('POST', '/api/login/apikey', withCookies(anonymous), { apiKey, schemaIds });
  if (reply.status !== 200) return { reply, headers: withCookies(anonymous) };
  const begun = cookiesOf(reply, anonymous);
  const token = await stage.send('GET', '/api/xsrf-token', withCookies(begun));
  return { reply, headers: withCookies(cookiesOf(token, begun)) };
}

interface PlexusKey {
  readonly id: number;
  readonly value: string;
  readonly comment: string;
  readonly state: string;
}

async function idOf(stage: Stage, number: number): Promise<string> {
  return (await stage.latchkey.dialects.numbers.find('api-key', number)) ?? '';
}

export const plexusDriver: Driver = {
  name: 'Plexus Connect',
  mount(app, latchkey) {
    app.use('/auth', adminRouter(latchkey));
    app.use('/', plexus(latchkey, { ...PLEXUS_OPTIONS, validityInDays: 1 }));
  },
  async login(stage, userName) {
    const reply = await stage.send('POST', '/auth/sessions', {}, { userName, password: PASSWORD });
    const { requestId } = reply.body as { requestId: string };
    return { ...withCookies(cookiesOf(reply)), rID: requestId };
  },
  async make(stage, as, { name, expiresInMs }) {
    const body = { schemaIds: [SCHEMA], comment: name };
    const made = (await stage.send('POST', '/api/apikeys', as, body)).body as PlexusKey;
    const id = await idOf(stage, made.id);
    // The validity is the site's, in days; what is shorter only the core can do.
    if (expiresInMs !== undefined) await stage.latchkey.apiKeys.update(id, { lifetimeMs: expiresInMs }, { by: 'test' });
    return { ref: String(made.id), id, credential: made.value };
  },
  async use(stage, credential) {
    const { reply, headers } = await logIn(stage, credential);
    return reply.status === 200 ? await stage.send('GET', '/api/login/current', headers) : reply;
  },
  async list(stage, as) {
    const { body } = await stage.send('GET', '/api/apikeys', as);
    return (body as PlexusKey[]).filter(({ state }) => state === 'active').map(({ id }) => String(id));
  },
  async change(stage, as, ref) {
    const read = async () =>
      ((await stage.send('GET', '/api/apikeys', as)).body as PlexusKey[]).find(({ id }) => String(id) === ref);
    const before = await read();
    await stage.send('PUT', `/api/apikeys/${ref}`, as, { comment: 'changed' });
    return { before: before?.comment, after: (await read())?.comment };
  },
  rotate: null,
  revoke: (stage, as, ref) => stage.send('DELETE', `/api/apikeys/${ref}`, as),
  unknown: (stage, as) => stage.send('DELETE', '/api/apikeys/77777', as),
  lackingRight: (stage, as) => stage.send('GET', '/api/apikeys?all=true', as),
  badBody: (stage, as) =>
    stage.send('POST', '/api/apikeys', { ...as, 'content-type': 'application/json' }, '{"schemaIds": ['),
  answers: {
    refused: () => fault(401, 'Invalid API key.'),
    unknown: fault(404, 'Not found.'),
    lackingRight: fault(403, 'Forbidden.'),
    badBody: fault(400, 'Invalid request.'),
  },
};

export function fault(status: number, message: string) {
  return { status, body: { error: { status, message } } };
}

export const exact = ({ status, body }: Reply) => ({ status, body });

/** With a route of the host's own. */
export async function openPlexus(options: PlexusOptions = {}, settings: object = {}): Promise<Stage> {
  return await startStage((app, latchkey) => {
    app.use('/auth', adminRouter(latchkey));
    const router = plexus(latchkey, { ...PLEXUS_OPTIONS, ...options });
    app.use('/', router);
    const inSchema = router.requireSchema((req) => String(req.params.schema));
    app.get('/form/:schema', router.authenticate, inSchema, (req, res) => void res.json({ schema: req.params.schema }));
  }, settings);
}
