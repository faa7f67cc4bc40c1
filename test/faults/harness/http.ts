/** What an app has answered; status 0: nothing, or not in time. */
export interface Answer {
  readonly status: number;
  /** Of a refusal. */
  readonly code: string | null;
  readonly body: Readonly<Record<string, unknown>>;
  readonly cookie: string;
}

/** Far beyond every bound: what takes so long is a violation anyhow. */
const GIVE_UP_AFTER_MS = 15_000;
const NO_ANSWER: Answer = { status: 0, code: null, body: {}, cookie: '' };

export type Headers = Readonly<Record<string, string>>;

/** One request over HTTP. Never rejects. */
export async function send(method: string, url: string, headers: Headers = {}, body?: object): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method,
      headers: { ...headers, ...(body && { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(GIVE_UP_AFTER_MS),
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '');
    const parsed = (isJson ? JSON.parse(text) : {}) as Record<string, unknown>;
    const code = typeof parsed.code === 'string' ? parsed.code : null;
    const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0]);
    return { status: response.status, code, body: parsed, cookie: cookies.join('; ') };
  } catch {
    return NO_ANSWER;
  }
}

export function basic(userName: string, password: string): Headers {
  return { authorization: `Basic ${Buffer.from(`${userName}:${password}`).toString('base64')}` };
}
