import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import type { Request, Response } from 'express';
import { Redis } from 'ioredis';
import { type AuthError, createLatchkey, hashExistingKey, type Latchkey } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { linesOf, type Ran, runnerOn } from './run-command.js';

let redis: RedisServer;
let client: Redis;
let latchkey: Latchkey;
let folder: string;

const latch = runnerOn(() => redis.url);
const secretOf = (name: string) => `acme_${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
const fileOf = (lines: readonly (object | string)[], name = 'keys.jsonl') => {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''));
  return path;
};
const keyOf = (n: number) => ({
  secret: secretOf(`k${n}`),
  name: `Key ${n}`,
  ownerId: 'ann',
  statements: [{ actions: ['a:b'] }],
});
const summaryOf = ({ out }: Ran) => linesOf({ out }).at(-1);

/** The status that a route of the app answers to an existing key. */
function statusOf(key: string): Promise<number> {
  const req = new IncomingMessage(new Socket());
  req.headers['x-api-key'] = key;
  req.rawHeaders = ['X-API-Key', key];
  return new Promise((resolve) => {
    latchkey.authenticate('api-key-header', { failWithError: true })(
      req as Request,
      {} as Response,
      (error?: unknown) => resolve(error === undefined ? 200 : (error as AuthError).status),
    );
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-import-'));
  redis = await startRedis();
  client = new Redis(redis.url);
  const importedKeys = { pattern: /acme_[0-9a-f]{32}/ };
  latchkey = createLatchkey({ store: new RedisStore(client, PATIENT), http: { importedKeys } });
});

beforeEach(() => client.flushall());

afterAll(async () => {
  await latchkey.close();
  client.disconnect();
  await redis.stop();
  rmSync(folder, { recursive: true });
});

describe('latchkey keys import', () => {
  it('takes in secrets and hashes, and the second time finds them there', async () => {
    const path = fileOf([
      {
        ...keyOf(901),
        expiresAt: '2100-01-01T00:00:00Z',
        createdAt: '2020-05-05T05:05:05Z',
        properties: { tier: 'gold' },
      },
      {
        sha256: hashExistingKey(secretOf('k2')),
        name: 'Two',
        ownerId: 'bob',
        policyIds: ['auditor'],
        orgId: 'acme',
        expiresAt: null,
      },
      '',
      { ...keyOf(903), expiresInSeconds: 3_600 },
    ]);
    const first = await latch(['keys', 'import', path]);
    expect({ ...first, out: first.out.replace(/in [\d.]+ s(?: \(\d+\/s\))?/, 'in 0 s') }).toEqual({
      code: 0,
      out: '3 lines in 0 s: 3 imported, 0 there already, 0 refused.\n',
      errors: '',
    });
    const statuses = ['k901', 'k2', 'k903', 'k4'].map((name) => statusOf(secretOf(name)));
    expect(await Promise.all(statuses)).toEqual([200, 200, 200, 401]);
    const { items } = await latchkey.apiKeys.list({ orgId: null, sort: 'name' });
    expect(items).toMatchObject([
      {
        name: 'Key 901',
        expiresAt: Date.parse('2100-01-01'),
        createdAt: Date.parse('2020-05-05T05:05:05Z'),
        properties: { tier: 'gold' },
      },
      { name: 'Key 903', createdBy: `cli:${userInfo().username}`, imported: true },
    ]);
    expect((await latchkey.apiKeys.list({ orgId: 'acme' })).items).toMatchObject([{ ownerId: 'bob', expiresAt: null }]);
    await latchkey.apiKeys.revoke(items[0]?.id ?? '', { by: 'test' });
    const again = await latch(['keys', 'import', path]);
    expect([again.code, again.out]).toEqual([
      0,
      expect.stringMatching(/^3 lines in .* s: 0 imported, 3 there already \(of which 1 revoked\), 0 refused\.\n$/),
    ]);
  });

  it('tells what is wrong by the number of the line, and never a value', async () => {
    const secret = secretOf('told to nobody');
    const lines = [
      keyOf(1),
      { ...keyOf(2), secret: 'short' },
      `{"secret": "${secret}", "name": `,
      { ...keyOf(4), secret, [secret]: 'a column too many' },
      { ...keyOf(5), sha256: secret },
      { ...keyOf(6), expiresAt: secret },
      { ...keyOf(7), expiresAt: '2001-01-01T00:00:00Z' },
      { secret, name: 'Eight', ownerId: 'ann' },
      { secret, name: 'Nine', statements: [] },
      { ...keyOf(10), properties: { [secret]: 7 } },
      { ...keyOf(11), lifetimeMs: 5, dialects: {} },
      [keyOf(12)],
      'null',
      `{"secret":"${'x'.repeat(200_000)}"}`,
      { ...keyOf(15), name: 'x'.repeat(60_000) },
      { ...keyOf(16), policyIds: ['no-such'] },
      keyOf(17),
    ];
    const path = fileOf(lines);
    const { code, out, errors } = await latch(['keys', 'import', path]);
    expect(code).toBe(1);
    expect(out).toMatch(/^17 lines in .* s: 2 imported, 0 there already, 15 refused\.\n$/);
    expect(errors.split('\n').map((line) => line.slice(0, 75))).toEqual([
      expect.stringMatching(/^line 3: is not one JSON object/),
      expect.stringMatching(/^line 4: holds what is not a field of a key; there are: secret, sha256/),
      expect.stringMatching(/^line 6: expiresAt must be a time such as/),
      expect.stringMatching(/^line 8: statements or policyIds must say what the key may do/),
      expect.stringMatching(/^line 11: holds what is not a field of a key/),
      expect.stringMatching(/^line 12: is not one JSON object/),
      expect.stringMatching(/^line 13: is not one JSON object/),
      expect.stringMatching(/^line 14: is no UTF-8, or longer than 131072 bytes/),
      expect.stringMatching(/^line 2: secret must have 16 to 256 bytes/),
      expect.stringMatching(/^line 5: secret or sha256 must be given, and not both/),
      expect.stringMatching(/^line 7: expiresAt must be in the future/),
      expect.stringMatching(/^line 9: ownerId must/),
      expect.stringMatching(/^line 10: properties must map/),
      expect.stringMatching(/^line 15: name must have 1 to 256/),
      expect.stringMatching(/^line 16: policyIds.0 names no policy/),
      '',
    ]);
    expect(out + errors).not.toContain(secret);
    const asJson = await latch(['keys', 'import', path, '--json']);
    expect(asJson).toMatchObject({ code: 1, errors: '' });
    const told = linesOf(asJson);
    expect(told.at(-1)).toMatchObject({
      ...{ end: 'complete', lines: 17, imported: 0, exists: 2, existing: { active: 2 }, refused: 15, nextLine: 18 },
      dryRun: false,
    });
    expect(told[2]).toEqual({ line: 6, errors: [{ path: 'expiresAt', message: expect.any(String) }] });
    expect(asJson.out).not.toContain(secret);
    const entries = JSON.stringify((await latchkey.audit.list({ orgId: null, limit: 200 })).items);
    expect(entries).not.toContain(secretOf('k1'));
  });

  it('refuses a property that the admin API refuses, too', async () => {
    const input = `${JSON.stringify(keyOf(1)).slice(0, -1)},"properties":{"__proto__":"x"}}\n`;
    const { code, errors } = await latch(['keys', 'import', '-'], { input });
    expect([code, errors]).toEqual([1, 'line 1: properties must not map the key __proto__\n']);
  });

  it('tells people of the first hundred faults, and counts the others', async () => {
    const { code, errors } = await latch(['keys', 'import', fileOf(Array.from({ length: 150 }, () => '{}'))]);
    expect([code, errors.split('\n').length]).toEqual([1, 102]);
    expect(errors).toMatch(/\n\.\.\. and 50 lines more \(--json tells all\)\.\n$/);
  });

  it('gives lines what they do not say, and leaves them what they do', async () => {
    const path = fileOf([
      { secret: secretOf('one'), name: 'One' },
      { secret: secretOf('two'), name: 'Two', ownerId: 'two', statements: [], expiresInSeconds: 60, orgId: 'acme' },
    ]);
    const defaults = [
      '--owner',
      'ann',
      '--policy',
      'auditor',
      '--action',
      'a:b',
      '--expires',
      'never',
      '--org',
      'acme',
    ];
    expect((await latch(['keys', 'import', path, ...defaults])).code).toBe(0);
    expect((await latchkey.apiKeys.list({ orgId: 'acme', sort: 'name' })).items).toMatchObject([
      { ownerId: 'ann', policyIds: ['auditor'], statements: [{ actions: ['a:b'] }], expiresAt: null },
      { ownerId: 'two', policyIds: [], statements: [], expiresAt: expect.any(Number) },
    ]);
  });

  it('writes nothing with --dry-run, and says what would be', async () => {
    expect((await latch(['keys', 'import', fileOf([keyOf(1)])])).code).toBe(0);
    const path = fileOf([
      keyOf(1),
      keyOf(2),
      { ...keyOf(3), secret: 'short' },
      { ...keyOf(4), policyIds: ['no-such'] },
    ]);
    const before = await Promise.all([client.dbsize(), latchkey.audit.list({ orgId: null })]);
    await client.config('RESETSTAT');
    const ran = await latch(['keys', 'import', path, '--dry-run', '--json']);
    expect([ran.code, summaryOf(ran)]).toMatchObject([1, { dryRun: true, imported: 1, exists: 1, refused: 2 }]);
    const stats = await client.info('commandstats');
    expect(stats).not.toMatch(/cmdstat_(set|hset|zadd|xadd|del|incr|publish|sadd):/);
    expect(await Promise.all([client.dbsize(), latchkey.audit.list({ orgId: null })])).toEqual(before);
  });

  it('reads the standard input, whatever its pieces, and a file without a last line end', async () => {
    const text = `\ufeff${JSON.stringify({ ...keyOf(1), name: 'Ünï 中文 😀' })}\r\n\n${JSON.stringify(keyOf(2))}`;
    const bytes = Buffer.from(text);
    const pieces = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
    const ran = await latch(['keys', 'import', '-', '--json'], { input: Readable.from(pieces) });
    expect([ran.code, summaryOf(ran)]).toMatchObject([0, { lines: 2, imported: 2, nextLine: 4 }]);
    expect((await latchkey.apiKeys.list({ orgId: null })).items.map(({ name }) => name)).toContain('Ünï 中文 😀');
  });

  it('refuses secrets that the app would not read, where it is told how they look', async () => {
    const path = fileOf([keyOf(1), { ...keyOf(2), secret: 'some other key 0123456789' }]);
    const ran = await latch(['keys', 'import', path, '--pattern', 'acme_[0-9a-f]{32}', '--json']);
    expect([ran.code, summaryOf(ran)]).toMatchObject([1, { imported: 1, refused: 1 }]);
    expect(linesOf(ran)[0]).toMatchObject({ line: 2, errors: [{ path: 'secret' }] });
  });

  it('takes the same id with the pepper of the app, and tells nothing of the pepper', async () => {
    const pepper = 'p'.repeat(40);
    const path = fileOf([keyOf(1)]);
    const environment = { LATCHKEY_PEPPERS: `${pepper},${'q'.repeat(40)}` };
    expect((await latch(['keys', 'import', path], { environment })).code).toBe(0);
    const app = createLatchkey({ store: new RedisStore(client, PATIENT), peppers: [pepper] });
    const result = await app.apiKeys.import(keyOf(1), { by: 'test' });
    await app.close();
    expect(result.outcome).toBe('exists');
  });

  it('goes on after an outage, and tells of it', async () => {
    const proxy = await startTcpProxy(redis.port);
    const count = 1_500;
    async function* text() {
      for (let n = 0; n < count; n++) {
        if (n === 700) proxy.cut(true);
        if (n === 700) setTimeout(() => proxy.cut(false), 1_500);
        yield Buffer.from(`${JSON.stringify(keyOf(n))}\n`);
      }
    }
    const environment = { REDIS_URL: `redis://127.0.0.1:${proxy.port}` };
    const ran = await latch(['keys', 'import', '-', '--json'], { input: Readable.from(text()), environment });
    await proxy.stop();
    expect([ran.code, summaryOf(ran)]).toMatchObject([
      0,
      { end: 'complete', lines: count, refused: 0, nextLine: 1_501 },
    ]);
    expect(ran.errors).toMatch(/^(latchkey: Redis does not answer \(.+\): trying again\.\n)+$/);
    const { imported, exists } = summaryOf(ran) as { imported: number; exists: number };
    expect(imported + exists).toBe(count);
    expect(await client.zcard('latchkey:watch')).toBe(count);
  });

  it('ends when it is told to, says where, and goes on from there', async () => {
    const stop = new AbortController();
    const input = new PassThrough();
    const text = Array.from({ length: 1_200 }, (_, n) => `${JSON.stringify(keyOf(n))}\n`);
    input.write(text.slice(0, 700).join(''));
    const running = latch(['keys', 'import', '-'], { input, signal: stop.signal });
    while ((await latchkey.apiKeys.list({ orgId: null, limit: 1 })).items.length === 0) await new Promise(setImmediate);
    while ((await client.zcard(`latchkey:watch`)) < 500) await new Promise(setImmediate);
    await new Promise((resolve) => setTimeout(resolve, 500)); // it waits for the rest of the second batch
    stop.abort();
    const { code, out } = await running;
    expect([code, out]).toEqual([
      4,
      expect.stringContaining('It was ended. Run it again: what is in stays in. --from-line 501'),
    ]);
    const path = fileOf(text.map((line) => line.trim()));
    const rest = await latch(['keys', 'import', path, '--from-line', '501', '--json']);
    expect([rest.code, summaryOf(rest)]).toMatchObject([0, { lines: 700, imported: 700, exists: 0, nextLine: 1_201 }]);
    const all = await latch(['keys', 'import', path, '--json']);
    expect(summaryOf(all)).toMatchObject({ lines: 1_200, imported: 0, exists: 1_200 });
  });
});
