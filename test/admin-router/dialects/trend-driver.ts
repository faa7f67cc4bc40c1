import { type TrendOptions, trend } from '../../../admin-router/dialects/trend.js';
import { PASSWORD } from '../../support/people.js';
import type { Headers, Reply, Stage } from './stage.js';
import type { Driver } from './story.js';

export const VERSION: Headers = { 'api-version': 'v1', 'content-type': 'application/json' };
export const TREND_OPTIONS: TrendOptions = { sessions: { secureCookie: false }, timeZone: 'America/New_York' };

/** What the tests read of an ApiKey. */
export interface TrendKey {
  readonly keyName: string;
  readonly description: string;
  readonly roleID: number;
  readonly active: boolean;
  readonly unsuccessfulSignInAttempts: number;
  readonly unlockTime?: number;
  readonly expiryDate?: number;
  readonly lastSignIn?: number;
  readonly secretKey: string;
  readonly ID: number;
}

/** The headers of a call with a key. */
export function withKey(secretKey: string): Headers {
  return { ...VERSION, 'api-secret-key': secretKey };
}

/** Signs in; the headers of the calls that follow. */
export async function signIn(stage: Stage, userName: string, password = PASSWORD): Promise<Headers> {
  const reply = await stage.send('POST', '/api/sessions', VERSION, { userName, password });
  if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
  const [cookie = ''] = String(reply.headers['set-cookie']).split(';');
  return { ...VERSION, cookie, rID: (reply.body as { RID: string }).RID };
}

/** Makes a key; one that is refused throws. */
export async function makeKey(stage: Stage, as: Headers, body: object): Promise<TrendKey> {
  const reply = await stage.send('POST', '/api/apikeys', as, { keyName: 'a key', roleID: 1, ...body });
  if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
  return reply.body as TrendKey;
}

export async function recordIdOf(stage: Stage, ID: number): Promise<string> {
  return (await stage.latchkey.dialects.numbers.find('api-key', ID)) ?? '';
}

async function madeKey(stage: Stage, { ID, secretKey }: TrendKey) {
  return { ref: String(ID), id: await recordIdOf(stage, ID), credential: secretKey };
}

export function message(status: number, text: string) {
  return { status, body: { message: text } };
}

export const trendDriver: Driver = {
  name: 'Trend Workload Security',
  mount: (app, latchkey) => void app.use('/', trend(latchkey, TREND_OPTIONS)),
  login: (stage, userName) => signIn(stage, userName),
  async make(stage, as, { name, expiresInMs }) {
    const nowAt = stage.latchkey.dialects.now();
    const expiryDate = expiresInMs === undefined ? undefined : nowAt + expiresInMs;
    return await madeKey(stage, await makeKey(stage, as, { keyName: name, expiryDate }));
  },
  use: (stage, credential) => stage.send('GET', '/api/apikeys/current', withKey(credential)),
  async list(stage, as) {
    const { body } = await stage.send('GET', '/api/apikeys', as);
    return (body as { apiKeys: TrendKey[] }).apiKeys.map(({ ID }) => String(ID));
  },
  async change(stage, as, ref) {
    const read = async () => ((await stage.send('GET', `/api/apikeys/${ref}`, as)).body as TrendKey).description;
    const before = await read();
    await stage.send('POST', `/api/apikeys/${ref}`, as, { description: 'changed' });
    return { before, after: await read() };
  },
  async rotate(stage, as, ref) {
    const reply = await stage.send('POST', `/api/apikeys/${ref}/secretkey`, { ...as, 'content-length': '0' });
    if (reply.status !== 200) throw new Error(`${reply.status}: ${reply.text}`);
    return await madeKey(stage, reply.body as TrendKey);
  },
  revoke: (stage, as, ref): Promise<Reply> => stage.send('DELETE', `/api/apikeys/${ref}`, as),
  unknown: (stage, as) => stage.send('POST', '/api/apikeys/77777/secretkey', as),
  lackingRight: (stage, as) => stage.send('GET', '/api/apikeys', as),
  badBody: (stage, as) => stage.send('POST', '/api/apikeys', as, '{"keyName": "First Key",\n"roleID: 1\n}'),
  answers: {
    refused: () => message(401, 'Authentication failed.'),
    unknown: message(404, 'The API key does not exist.'),
    lackingRight: message(403, 'Not authorized to view API keys.'),
    badBody: message(400, 'The request is not valid: the body must be valid JSON, near position 35.'),
  },
};
