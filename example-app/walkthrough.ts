import type { FirstKeys } from './first-keys.js';
import { ORGANISATION, type ToldPasswords } from './users.js';

export interface Start {
  readonly url: string;
  /** Of the port where internal keys are accepted. */
  readonly internalUrl: string;
  readonly keys: FirstKeys;
  readonly passwords: ToldPasswords;
}

/**
 * The keys and passwords, the page's address, and lines to paste into a shell, each with the status that it answers. Headings and statuses are
 * arguments of `:`, which does nothing: not every shell takes comments at its prompt.
 */
export function walkthrough(start: Start): string {
  return `
${secrets(start)}
Lines to paste into sh, bash or zsh, one after the other or all at once:

${withKeys(start)}

${firstKeyByPassword(start)}

${loginToken(start)}

${sessionKey(start)}

${page(start)}

Ready. Ctrl-C stops.`;
}

/** Last, so that it is what stands above the prompt. */
function page({ url, passwords: { ADMIN_PASSWORD, ALICE_PASSWORD } }: Start): string {
  const login = (user: string, name: string, told: string | null) =>
    `  ${user.padEnd(6)} password ${told ?? `as you have set it in ${name}`}`;
  return `The page, on which keys are made and managed: ${url}/auth/
${login('admin', 'ADMIN_PASSWORD', ADMIN_PASSWORD)}
${login('alice', 'ALICE_PASSWORD', ALICE_PASSWORD)}`;
}

function secrets({ keys: { admin, reader, issuer }, passwords }: Start): string {
  return `Administrator key (may do everything):       ${admin.token}
Reader key (orders:read):                    ${reader.token}
Issuer of session keys (internal port only): ${issuer.token}
${admin.key.version > 1 ? 'The administrator key was there: it has a new secret, and the old one is refused from now on.\n' : ''}
Users: admin (may do everything) and alice (orders:read, keys:manage-own).
${Object.entries(passwords).map(passwordNote).join('\n')}
`;
}

function passwordNote([name, told]: [string, string | null]): string {
  return told === null
    ? `${name} is as you have set it: set it in the shell that you paste into, too.`
    : `${name} was made up for this process: it is told below, and needed to log in.`;
}

function withKeys({ url, keys: { admin, reader } }: Start): string {
  const adminHeader = keyHeader(admin.token);
  const readerHeader = keyHeader(reader.token);
  const readerPair = `${reader.key.id}:${reader.secret}`;
  const order = json({ item: 'cocoa', quantity: 3 });
  const newKey = json({
    name: 'One order, for an hour',
    statements: [{ actions: ['orders:read'], resources: ['orders/1'] }],
    expiresInSeconds: 3_600,
  });
  const readerKey = `${url}/auth/api-keys/${reader.key.id}`;

  return `: A key in each of the three forms
curl -si ${url}/orders ${readerHeader}; : expects 200
curl -si ${url}/orders -H 'Authorization: ApiKey ${Buffer.from(readerPair).toString('base64')}'; : expects 200
curl -si ${url}/orders -u '${readerPair}'; : expects 200

: No key, and a key without the right
curl -si ${url}/orders; : expects 401
curl -si ${url}/orders ${readerHeader} ${order}; : expects 403
curl -si ${url}/orders ${adminHeader} ${order}; : expects 201

: A single order, and who the key belongs to
curl -si ${url}/orders/1 ${readerHeader}; : expects 200
curl -si ${url}/me ${readerHeader}; : expects 200

: Manage keys: make one, give the reader key a new secret while the old one lives on for a minute, revoke it for good
curl -si ${url}/auth/api-keys ${adminHeader} ${newKey}; : expects 201
curl -si ${url}/auth/api-keys ${adminHeader}; : expects 200
curl -si ${readerKey}/rotate ${adminHeader} ${json({ graceSeconds: 60 })}; : expects 200
curl -si ${url}/orders ${readerHeader}; : expects 200
curl -si -X DELETE ${readerKey} ${adminHeader}; : expects 200
curl -si ${url}/orders ${readerHeader}; : expects 401`;
}

function firstKeyByPassword({ url, passwords: { ALICE_PASSWORD } }: Start): string {
  const asAlice = `-H 'Content-Type: application/json' -d "{\\"userName\\":\\"alice\\",\\"password\\":\\"$ALICE_PASSWORD\\"}"`;
  const newKey = json({ name: 'First Key', description: 'Created using a request ID' });

  return `: Take a field out of the answer before
field() { printf '%s' "$ANSWER" | sed -n "s/.*\\"$1\\":\\"\\([^\\"]*\\)\\".*/\\1/p"; }

: The first key of a user who has only a password: log in, then cookie and request id let a request in
${assigned('ALICE_PASSWORD', ALICE_PASSWORD)}${kept(`curl -si ${url}/auth/sessions -c cookie.txt ${asAlice}`, 201)}
RID=$(field requestId)
curl -si ${url}/orders -b cookie.txt; : expects 401
curl -si ${url}/orders -b cookie.txt -H "rID: $RID"; : expects 200
${kept(`curl -si ${url}/auth/api-keys -b cookie.txt -H "rID: $RID" ${newKey}`, 201)}
KEY=$(field token)
curl -si ${url}/orders -H "X-API-Key: $KEY"; : expects 200
curl -si -X DELETE ${url}/auth/sessions/current -b cookie.txt -H "rID: $RID"; : expects 204
curl -si ${url}/orders -b cookie.txt -H "rID: $RID"; : expects 401
rm cookie.txt`;
}

function loginToken({ url, passwords: { ADMIN_PASSWORD } }: Start): string {
  const exchange = `-H 'Content-Type: application/json' -d "{\\"loginToken\\":\\"$LOGIN_TOKEN\\",\\"token\\":true}"`;

  return `: For scripts: a login token, good once and for 30 seconds, then a session token in place of a cookie
${assigned('ADMIN_PASSWORD', ADMIN_PASSWORD)}${kept(`curl -si -X POST ${url}/auth/login -u "admin:$ADMIN_PASSWORD"`, 200)}
LOGIN_TOKEN=$(field loginToken)
${kept(`curl -si ${url}/auth/sessions ${exchange}`, 201)}
SESSION="$(field authUsername):$(field sessionToken)"
curl -si ${url}/orders -u "$SESSION"; : expects 200
curl -si ${url}/auth/sessions -u "$SESSION"; : expects 200
curl -si -X DELETE ${url}/auth/sessions/current -u "$SESSION"; : expects 204
curl -si ${url}/orders -u "$SESSION"; : expects 401`;
}

function sessionKey({ url, internalUrl, keys: { issuer } }: Start): string {
  const issuerHeader = keyHeader(issuer.token);
  const order = json({ item: 'cocoa', quantity: 3 });
  const newSessionKey = json({
    orgId: ORGANISATION,
    userId: 'alice',
    policyIds: ['reader', 'auditor'],
    durationSeconds: 120,
    properties: { temp: 'yes' },
  });

  return `: A session key for two minutes, by policy ids: only on the internal port is its issuer known
curl -si ${url}/auth/session-keys ${issuerHeader} ${newSessionKey}; : expects 401
${kept(`curl -si ${internalUrl}/auth/session-keys ${issuerHeader} ${newSessionKey}`, 201)}
SESSION_KEY=$(field token)
curl -si ${url}/orders -H "X-API-Key: $SESSION_KEY"; : expects 200
curl -si ${url}/orders -H "X-API-Key: $SESSION_KEY" ${order}; : expects 403
curl -si -X DELETE ${url}/auth/session-keys/self -H "X-API-Key: $SESSION_KEY"; : expects 204
curl -si ${url}/orders -H "X-API-Key: $SESSION_KEY"; : expects 401`;
}

/** A line that shows its answer and keeps it for `field`. */
function kept(curl: string, status: number): string {
  return `ANSWER=$(${curl}); printf '%s\\n' "$ANSWER"; : expects ${status}`;
}

/** Nothing for a password that the reader has set, and so knows. */
function assigned(name: string, told: string | null): string {
  return told === null ? '' : `${name}=${told}\n`;
}

function keyHeader(token: string): string {
  return `-H 'X-API-Key: ${token}'`;
}

function json(body: object): string {
  return `-H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
}
