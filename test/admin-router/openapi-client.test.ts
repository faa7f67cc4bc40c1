import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';
import { runIn } from '../support/checkout.js';
import { People } from '../support/people.js';
import { loginOptions } from '../support/signed-in.js';

const ROOT = join(__dirname, '..', '..');
const GENERATE_TIMEOUT_MS = 120_000;

/** What somebody writes who has nothing but the generated client. Compiled with it, then run. */
const PROGRAM = `
import { Api, type ApiKey, type IssuedApiKey, type Problem } from './client.js';

const [baseUrl = '', token = ''] = process.argv.slice(2);
const as = (key: string) => new Api({ baseUrl, baseApiParams: { headers: { 'X-API-Key': key } } });
const admin = as(token);

const made = await admin.apiKeys.createApiKey({
  name: 'by a generated client',
  statements: [{ actions: ['orders:read'] }],
  expiresInSeconds: 3_600,
});
const issued: IssuedApiKey = made.data;
const { data: page } = await admin.apiKeys.listApiKeys({ limit: 10, state: ['active'], sort: '-createdAt' });
const listed: ApiKey | undefined = page.items.find(({ id }) => id === issued.id);
const cursor: string | null = page.nextCursor;
const rotated = await admin.apiKeys.rotateApiKey(issued.id, { graceSeconds: 60 }, {
  headers: { 'X-API-Key': token, 'If-Match': made.headers.get('etag') ?? '' },
});
const { data: who } = await as(rotated.data.token).whoami.whoAmI();

async function refusal(call: Promise<unknown>): Promise<Problem | null> {
  return call.then(() => null, ({ error }: { error: Problem }) => error);
}
const forbidden = await refusal(as(rotated.data.token).apiKeys.createApiKey({ name: 'more' }));
const invalid = await refusal(admin.apiKeys.createApiKey({ name: 'x', expiresInSeconds: -1 }));
const stale = await refusal(
  admin.apiKeys.updateApiKey(issued.id, { name: 'y' }, { headers: { 'X-API-Key': token, 'If-Match': '"1"' } }),
);
const { data: revoked } = await admin.apiKeys.revokeApiKey(issued.id, { reason: 'done' });
const { data: audit } = await admin.audit.listAuditEntries({ credential: issued.id, type: ['key.revoked'] });
const ended = audit.items.map((entry) => (entry.type === 'key.revoked' ? entry.keyId : null));
const unknown = await refusal(as(rotated.data.token).whoami.whoAmI());

console.log(JSON.stringify({
  madeStatus: made.status, listed: listed?.name, cursor, version: rotated.data.version, who: who.credential.id === issued.id,
  forbidden: forbidden?.code, invalid: invalid?.code, errors: invalid?.errors, stale: stale?.code,
  state: revoked.state, reason: revoked.revokedReason, ended: ended.join() === issued.id, unknown: unknown?.status,
}));
`;

/** What must not compile. */
const MISTAKES = `
import { Api, type ApiKey, type Problem } from './client.js';
const api = new Api();
// @ts-expect-error a key needs a name
void api.apiKeys.createApiKey({ description: 'x' });
// @ts-expect-error there is no such field
void api.apiKeys.createApiKey({ name: 'x', nme: 'y' });
// @ts-expect-error nor such a state
void api.apiKeys.listApiKeys({ state: ['alive'] });
// @ts-expect-error nor such an operation
void api.apiKeys.removeApiKey('x');
declare const key: ApiKey;
// @ts-expect-error the secret is told once, when a key is made
export const secret = key.secret;
// @ts-expect-error it may be null
export const ends: string = key.expiresAt;
declare const problem: Problem;
// @ts-expect-error no such code
export const isOdd = problem.code === 'odd';
`;

describe('a client generated from the document by swagger-typescript-api', () => {
  let app: AdminApp;
  let folder: string;

  beforeAll(async () => {
    app = await startAdminApp(loginOptions(new People().set('alice', { statements: [{ actions: ['*'] }] })));
    folder = mkdtempSync(join(tmpdir(), 'latchkey-client-'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'openapi.json'), (await app.call('GET', '/openapi.json', null)).text);
    const files = ['-p', 'openapi.json', '-o', '.', '-n', 'client.ts'];
    runIn(folder, join(ROOT, 'node_modules/.bin/swagger-typescript-api'), ['generate', ...files, '--silent']);
    const client = join(folder, 'client.ts');
    // It asks the compiler to look away, which must not be needed.
    writeFileSync(client, readFileSync(client, 'utf8').replace('// @ts-nocheck', ''));
    writeFileSync(join(folder, 'program.ts'), PROGRAM);
    writeFileSync(join(folder, 'mistakes.ts'), MISTAKES);
    const compilerOptions = { module: 'nodenext', target: 'es2023', lib: ['es2023', 'dom', 'dom.iterable'], ...STRICT };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  }, GENERATE_TIMEOUT_MS);

  afterAll(async () => {
    await app?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  it('compiles, and knows what must not', () => {
    expect(runIn(folder, join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.'])).toBe('');
  });

  it('makes, lists, rotates and revokes a key of a real server, and understands its refusals', async () => {
    const { token } = await app.key({ orgId: 'acme', actions: ['*'] });
    const { stdout } = await run(process.execPath, [join(folder, 'program.js'), app.url, token]);
    expect(JSON.parse(stdout)).toEqual({
      madeStatus: 201,
      listed: 'by a generated client',
      cursor: null,
      version: 2,
      who: true,
      forbidden: 'forbidden',
      invalid: 'invalid_request',
      errors: [{ path: 'expiresInSeconds', message: 'Too small: expected number to be >0' }],
      stale: 'precondition_failed',
      state: 'revoked',
      reason: 'done',
      ended: true,
      unknown: 401,
    });
  });
});

/** Not synchronous: the server is in this process. */
const run = promisify(execFile);
const STRICT = { strict: true, skipLibCheck: true, types: ['node'], verbatimModuleSyntax: true };
