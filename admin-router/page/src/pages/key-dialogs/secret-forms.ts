import type { IssuedApiKey, Settings } from '../../api/types.ts';

/** One way to send a key, as it is shown, and as it is copied. */
export interface SecretForm {
  readonly title: string;
  readonly label: string;
  /** With dots in place of what is secret. */
  readonly masked: string;
  readonly text: string;
}

/** As long as what they stand for: nothing moves when it is revealed. */
function dots(text: string): string {
  return '•'.repeat(text.length);
}

/** `lk_••••••••Ab12` */
export function maskedToken({ token, prefix, lastFour }: IssuedApiKey): string {
  const start = prefix === '' ? '' : `${prefix}_`;
  return start + dots(token.slice(start.length, -lastFour.length)) + lastFour;
}

/**
 * A line for a shell that tries the key out, against `whoami` of the API that the page at `base` belongs to; and every form in
 * which requests may carry it.
 */
export function secretForms(issued: IssuedApiKey, headers: Settings['headers'], base: string): readonly SecretForm[] {
  const { id, secret, token, encoded } = issued;
  const [header] = headers;
  const url = new URL('whoami', base).href;
  const origin = issued.allowedOrigins?.[0];
  const curl = origin === undefined ? 'curl' : `curl -H ${quoted(`Origin: ${origin}`)}`;

  const form = (title: string, label: string, write: (value: string) => string, value: string): SecretForm => {
    const masked = write(value === token ? maskedToken(issued) : dots(value));
    return { title, label, masked, text: write(value) };
  };
  const inHeader = (value: string) => `${header}: ${value}`;
  const inAuthorization = (value: string) => `Authorization: ApiKey ${value}`;
  const [write, sent] = header === undefined ? [inAuthorization, encoded] : [inHeader, token];
  const tryIt = (value: string) => `${curl} -H ${quoted(write(value))} ${quoted(url)}`;
  const tryBasic = (value: string) => `${curl} -u ${quoted(`${id}:${value}`)} ${quoted(url)}`;
  const inBasic = (value: string) => `Authorization: Basic ${value}`;
  return [
    form('Try it in a shell', 'Copy the curl line', tryIt, sent),
    ...(header === undefined ? [] : [form('In a header of its own', 'Copy the header', inHeader, token)]),
    form('In the header Authorization', 'Copy the Authorization header', inAuthorization, encoded),
    form('As user name and password (Basic)', 'Copy the Basic header', inBasic, encoded),
    form('Basic, in a shell', 'Copy the curl line with user name and password', tryBasic, secret),
  ];
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
