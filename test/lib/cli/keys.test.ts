import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { keyToWire } from '../../../admin-router/wire.js';
import { createLatchkey, type Latchkey } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { statusFor } from '../../support/verify.js';
import { documentOf, linesOf, runnerOn } from './run-command.js';

const HOSTILE = 'Bell\u202e\u009b31m 中文';
const TOKEN = /lk_[A-Za-z0-9]{22}_[A-Za-z0-9]{49}/;

let redis: RedisServer;
let client: Redis;
let latchkey: Latchkey;
let folder: string;
let files = 0;

const latch = runnerOn(() => redis.url);
const newFile = () => join(folder, `secret-${files++}`);
const pairOf = (token: string) => ({ id: token.split('_')[1] ?? '', secret: token.split('_')[2] ?? '' });
const create = async (...more: string[]) => {
  const file = newFile();
  const args = ['keys', 'create', '--name', 'Shop', '--owner', 'ann', '--action', 'orders:read'];
  const key = documentOf(await latch([...args, '--json', '--secret-file', file, ...more]));
  return { id: String(key.id), key, token: readFileSync(file, 'utf8').trim() };
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
  redis = await startRedis();
  client = new Redis(redis.url);
  latchkey = createLatchkey({ store: new RedisStore(client, PATIENT) });
});

afterAll(async () => {
  await latchkey.close();
  client.disconnect();
  await redis.stop();
  rmSync(folder, { recursive: true });
});

describe('latchkey keys create', () => {
  it('makes a key that the app accepts, and tells its token to a file that only its user can read', async () => {
    const file = newFile();
    const args = ['--name', 'Shop', '--owner', 'ann', '--action', 'orders:read', '--resource', 'orders/*'];
    const ran = await latch(['keys', 'create', ...args, '--secret-file', file]);
    expect({ code: ran.code, errors: ran.errors }).toEqual({ code: 0, errors: '' });
    expect(ran.out).toMatch(/^may {8}orders:read on orders\/\*$/m);
    expect(ran.out).toMatch(/\nThe token is in the file\.\n$/);
    expect(ran.out).not.toMatch(TOKEN);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const token = readFileSync(file, 'utf8').trim();
    expect(token).toMatch(TOKEN);
    const [, id = ''] = token.split('_');
    expect(await latchkey.apiKeys.get(id)).toMatchObject({ id, ownerId: 'ann', lastFour: token.slice(-4) });
    expect(await statusFor(latchkey, pairOf(token))).toBe(200);
  });

  it('shows the token on a terminal, and nowhere else', async () => {
    const args = ['keys', 'create', '--name', 'Shop', '--owner', 'ann', '--action', '*'];
    const onTerminal = await latch(args, { columns: 80 });
    expect([onTerminal.code, onTerminal.out]).toEqual([0, expect.stringMatching(TOKEN)]);
    const before = await client.dbsize();
    for (const [more, options, why] of [
      [[], { columns: null }, 'the output is no terminal, and a secret goes to no pipe or log: --secret-file PATH'],
      [['--json'], { columns: 80 }, 'with --json the secret goes to a file only: --secret-file PATH'],
    ] as const) {
      const { code, out, errors } = await latch([...args, ...more], options);
      expect([code, out, errors]).toEqual([2, '', expect.stringContaining(why)]);
    }
    expect(await client.dbsize()).toBe(before);
  });

  it('overwrites no file, follows no link, and makes nothing then', async () => {
    const file = newFile();
    writeFileSync(file, 'mine');
    const before = await client.dbsize();
    const args = ['keys', 'create', '--name', 'Shop', '--owner', 'ann', '--action', '*', '--secret-file'];
    for (const [path, why] of [
      [file, '--secret-file is there already: it is not overwritten'],
      [join(folder, 'no-such-folder', 'secret'), '--secret-file cannot be made: ENOENT'],
      ['\0', '--secret-file cannot be made: ERR_INVALID_ARG_VALUE'],
    ] as const) {
      const { code, out, errors } = await latch([...args, path]);
      expect([code, out, errors]).toEqual([2, '', expect.stringContaining(`latchkey: ${why}\n`)]);
    }
    expect(readFileSync(file, 'utf8')).toBe('mine');
    expect(await client.dbsize()).toBe(before);
  });

  it('leaves no empty file behind where Latchkey refuses the key, and names the fields', async () => {
    const file = newFile();
    const args = ['keys', 'create', '--name', 'Shop', '--owner', 'ann', '--policy', 'no-such', '--secret-file', file];
    const { code, out, errors } = await latch(args);
    expect([code, out]).toEqual([7, '']);
    expect(errors).toBe('latchkey: The request is not valid:\n  policyIds.0 names no policy\n');
    expect(() => statSync(file)).toThrow('ENOENT');
  });

  it('takes all that a key can have, from options and from a file, of which the options win', async () => {
    const fields = {
      name: 'of the file',
      ownerId: 'of the file',
      statements: [{ actions: ['invoices:read'], resources: ['invoices/7'], workspace: 'north' }],
      expiresInSeconds: 3_600,
      disableUnusedAfterSeconds: 7_200,
      timeZone: 'Europe/Berlin',
    };
    const from = [
      '--from',
      '-',
      '--secret-file',
      newFile(),
      '--json',
      '--name',
      'N',
      '--owner',
      'ann',
      '--org',
      'acme',
    ];
    const more = ['--expires', '2100-01-31', '--property', 'team=a=b', '--address', '10.0.0.0/8', '--per-minute', '60'];
    const key = documentOf(await latch(['keys', 'create', ...from, ...more], { input: JSON.stringify(fields) }));
    expect(key).toMatchObject({
      name: 'N',
      ownerId: 'ann',
      orgId: 'acme',
      statements: [{ ...fields.statements[0], description: '' }],
      expiresAt: '2100-01-31T00:00:00.000Z',
      disableUnusedAfterSeconds: 7_200,
      timeZone: 'Europe/Berlin',
      properties: { team: 'a=b' },
      allowedAddresses: ['10.0.0.0/8'],
      maxRequestsPerMinute: 60,
      createdBy: `cli:${userInfo().username}`,
    });
    expect(key).not.toHaveProperty('token');
  });

  it('wants to be told what the key may do', async () => {
    const args = ['keys', 'create', '--name', 'N', '--owner', 'ann', '--secret-file', newFile(), '--json'];
    const unsaid = await latch(args);
    expect([unsaid.code, unsaid.errors]).toEqual([
      2,
      'latchkey: say what it may do: --action or --policy, or --no-rights\nSee latchkey keys create --help\n',
    ]);
    expect(documentOf(await latch([...args, '--no-rights']))).toMatchObject({ statements: [], policyIds: [] });
  });

  it('leaves it to the app when to tell that a key is about to expire', async () => {
    const { id } = await create('--expires', '1d');
    const dueAt = Number(await client.zscore('latchkey:watch', id));
    expect(dueAt).toBeGreaterThan(0);
    expect(dueAt).toBeLessThanOrEqual(Date.now());
  });
});

describe('latchkey keys show and list', () => {
  it('answers what the admin API answers', async () => {
    const { id, key } = await create();
    const known = await latchkey.apiKeys.get(id);
    expect(key).toEqual(JSON.parse(JSON.stringify(known && keyToWire(known))));
    expect(documentOf(await latch(['keys', 'show', id, '--json']))).toEqual(key);
    const { items } = documentOf(
      await latch(['keys', 'list', '--json', '--sort', 'createdAt', '--descending', '--limit', '1']),
    );
    expect(items).toEqual([key]);
  });

  it('knows no key of another organisation than the one that is named', async () => {
    const { id } = await create('--org', 'acme');
    const found = await latch(['keys', 'show', id]);
    expect([found.code, found.out]).toEqual([0, expect.stringMatching(/^organisation {2}acme$/m)]);
    for (const verb of ['show', 'disable', 'revoke']) {
      const { code, out, errors } = await latch(['keys', verb, id, '--org', 'other']);
      expect([code, out, errors]).toEqual([5, '', 'latchkey: There is no such key in this organisation.\n']);
    }
    expect((await latchkey.apiKeys.get(id))?.state).toBe('active');
    expect(await latch(['keys', 'show', 'nothing-of-the-kind'])).toMatchObject({
      code: 5,
      errors: 'latchkey: There is no such key.\n',
    });
  });

  it('lists pages, all of them, and those that are asked for', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.push((await create('--org', 'pages', '--owner', `o${n % 2}`)).id);
    const args = ['keys', 'list', '--org', 'pages', '--json'];
    const idsOf = (items: unknown) => (items as { id: string }[]).map(({ id }) => id);
    const first = documentOf(await latch([...args, '--limit', '3']));
    const second = documentOf(await latch([...args, '--limit', '3', '--cursor', String(first.nextCursor)]));
    expect([...idsOf(first.items), ...idsOf(second.items)].sort()).toEqual(ids.toSorted());
    expect(second.nextCursor).toBeNull();
    expect(
      linesOf(await latch([...args, '--all']))
        .map(({ id }) => id)
        .sort(),
    ).toEqual(ids.toSorted());
    expect(idsOf(documentOf(await latch([...args, '--owner', 'o1'])).items)).toHaveLength(2);
    expect(documentOf(await latch([...args, '--state', 'revoked,expired'])).items).toEqual([]);
    expect((await latch(['keys', 'list', '--org', 'nobody'])).out).toMatch(/^ID +NAME.*\nNone\.\n$/);
  });

  it('shows names so that they steer no terminal, whole or cut to its width', async () => {
    const { id } = await create(
      '--org',
      'hostile',
      '--name',
      HOSTILE,
      '--description',
      '\u001b]0;owned\u0007\nsecond line',
    );
    const shown = await latch(['keys', 'show', id]);
    expect(shown.out).toContain('name          Bell\\u{202e}\\u{9b}31m 中文\n');
    expect(shown.out).toContain('description   \\u{1b}]0;owned\\u{7}\\nsecond line\n');
    const wide = await latch(['keys', 'list', '--org', 'hostile']);
    expect(wide.out).toContain('Bell\\u{202e}\\u{9b}31m 中文  ann');
    const narrow = await latch(['keys', 'list', '--org', 'hostile'], { columns: 64, environment: { NO_COLOR: '1' } });
    for (const line of narrow.out.split('\n')) expect(line.length).toBeLessThanOrEqual(64);
    expect(narrow.out).toContain(id);
    const json = await latch(['keys', 'show', id, '--json']);
    expect(json.out).not.toMatch(/[\u007f-\u009f\u202e]/);
    expect(JSON.parse(json.out)).toMatchObject({ name: HOSTILE });
  });

  it('colours the state on a terminal, but not where NO_COLOR is set', async () => {
    await create('--org', 'colours');
    const args = ['keys', 'list', '--org', 'colours'];
    expect((await latch(args, { columns: 120 })).out).toContain('\u001b[32mactive\u001b[0m');
    for (const environment of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      expect((await latch(args, { columns: 120, environment })).out).not.toContain('\u001b');
    }
    expect((await latch(args)).out).not.toContain('\u001b');
  });
});

describe('latchkey keys rotate, disable, enable and revoke', () => {
  it('rotates with a grace, under the same secret rules', async () => {
    const { id, token } = await create();
    const refused = await latch(['keys', 'rotate', id]);
    expect([refused.code, refused.out]).toEqual([2, '']);
    const file = newFile();
    const rotated = documentOf(await latch(['keys', 'rotate', id, '--grace', '24h', '--secret-file', file, '--json']));
    expect(rotated).toMatchObject({ id, version: 2, previousSecretExpiresAt: expect.any(String) });
    const next = readFileSync(file, 'utf8').trim();
    expect(next).toMatch(TOKEN);
    expect(next).not.toBe(token);
    expect(await Promise.all([token, next].map((each) => statusFor(latchkey, pairOf(each))))).toEqual([200, 200]);
    const tooLong = await latch(['keys', 'rotate', id, '--grace', '52w', '--secret-file', newFile()]);
    expect([tooLong.code, tooLong.errors]).toEqual([
      7,
      expect.stringContaining('  graceSeconds must be a whole number of seconds from 0 to 2592000\n'),
    ]);
  });

  it('disables, enables and revokes, with the exit code of a conflict afterwards', async () => {
    const { id, token } = await create();
    expect(documentOf(await latch(['keys', 'disable', id, '--json']))).toMatchObject({ state: 'disabled', version: 2 });
    expect(await latch(['keys', 'enable', id, '--if-version', '1'])).toMatchObject({
      code: 6,
      errors: 'latchkey: The record was changed meanwhile. Read it again and retry.\n',
    });
    expect(documentOf(await latch(['keys', 'enable', id, '--if-version', '2', '--json']))).toMatchObject({
      state: 'active',
    });
    const revoked = await latch(['keys', 'revoke', id, '--reason', 'left the company', '--by', 'ops', '--json']);
    expect(documentOf(revoked)).toMatchObject({
      state: 'revoked',
      revokedBy: 'ops',
      revokedReason: 'left the company',
    });
    for (const args of [
      ['enable', id],
      ['rotate', id, '--secret-file', newFile()],
    ]) {
      const { code, errors } = await latch(['keys', ...args]);
      expect([code, errors]).toEqual([6, 'latchkey: The key is revoked, for good.\n']);
    }
    expect((await latch(['keys', 'revoke', id])).code).toBe(0);
    expect(await statusFor(latchkey, pairOf(token))).toBe(401);
    const { items } = await latchkey.audit.list({ orgId: null, credentialId: id });
    expect(items.map(({ type, ...entry }) => [type, 'actorId' in entry && entry.actorId])).toEqual([
      ['key.revoked', 'ops'],
      ...['key.enabled', 'key.disabled', 'key.created'].map((type) => [type, `cli:${userInfo().username}`]),
    ]);
  });

  it('revokes several, whatever becomes of one', async () => {
    const [one, two, other] = [await create(), await create(), await create('--org', 'acme')];
    const ran = await latch(['keys', 'revoke', one.id, 'no-such-key', two.id, '--json']);
    expect([ran.code, JSON.parse(ran.out)]).toEqual([
      1,
      {
        results: [
          { id: one.id, outcome: 'revoked' },
          { id: 'no-such-key', outcome: 'not_found' },
          { id: two.id, outcome: 'revoked' },
        ],
      },
    ]);
    const ofOrg = await latch(['keys', 'revoke', one.id, other.id, '--org', 'acme']);
    expect([ofOrg.code, ofOrg.out]).toEqual([
      1,
      expect.stringMatching(new RegExp(`${one.id} +not found\n${other.id} +revoked\n`)),
    ]);
  });
});
