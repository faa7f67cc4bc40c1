import { Redis } from 'ioredis';
import { policyToWire } from '../../../admin-router/wire.js';
import { createLatchkey, type Latchkey } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { documentOf, linesOf, runnerOn } from './run-command.js';

let redis: RedisServer;
let client: Redis;
let latchkey: Latchkey;

const latch = runnerOn(() => redis.url);
const create = async (...more: string[]) =>
  documentOf(await latch(['policies', 'create', '--name', 'Orders', '--action', 'orders:read', '--json', ...more]));

beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
  latchkey = createLatchkey({ store: new RedisStore(client, PATIENT) });
});

afterAll(async () => {
  await latchkey.close();
  client.disconnect();
  await redis.stop();
});

describe('latchkey policies', () => {
  it('creates what the app finds, and answers as the admin API does', async () => {
    const made = await create('--resource', 'orders/*', '--workspace', 'north', '--org', 'acme', '--type', 'role');
    expect(made).toMatchObject({
      orgId: 'acme',
      type: 'role',
      statements: [{ actions: ['orders:read'], resources: ['orders/*'], workspace: 'north', description: '' }],
    });
    const known = await latchkey.policies.get(String(made.id), 'acme');
    expect(made).toEqual(JSON.parse(JSON.stringify(known && policyToWire(known))));
  });

  it('takes the statements from a file, and an id, under which a second try makes no other', async () => {
    const statements = [{ actions: ['a:b'] }, { actions: ['c:d'], resources: ['e'] }];
    const args = ['policies', 'create', '--name', 'Two', '--from', '-', '--id', 'two', '--json'];
    const made = documentOf(await latch(args, { input: JSON.stringify(statements) }));
    expect(made).toMatchObject({
      id: 'two',
      statements: [{ actions: ['a:b'], resources: ['*'] }, { resources: ['e'] }],
    });
    expect(await latch(args, { input: JSON.stringify({ statements }) })).toMatchObject({
      code: 6,
      errors: 'latchkey: There is a policy with this id already.\n',
    });
    expect(await latch(args, { input: '{"statements": [{ "actions": ["no good"] }]}' })).toMatchObject({
      code: 7,
      errors: expect.stringContaining('  statements.0.actions.0 must be like "orders:read"'),
    });
    for (const [input, why] of [
      ['{', '--from names a file that is no JSON'],
      ['7', '--from must name a file that holds one JSON object, or a list of statements'],
      [' '.repeat(2_000_000), '--from holds more than 1048576 bytes'],
    ] as const) {
      expect(await latch(args, { input })).toMatchObject({
        code: 2,
        errors: expect.stringContaining(`latchkey: ${why}\n`),
      });
    }
  });

  it('lists those of an organisation, built-in ones among them, and shows how many use one', async () => {
    const { id } = await create('--org', 'lists', '--name', 'Line\u009b2Jfeed');
    const all = linesOf(await latch(['policies', 'list', '--org', 'lists', '--all', '--json']));
    expect(all.map((policy) => policy.id).sort()).toEqual([id, 'auditor', 'full-access'].sort());
    const table = (await latch(['policies', 'list', '--org', 'lists'])).out;
    expect(table).toMatch(/^full-access +role, built in +Full Access +\* on \*$/m);
    expect(table).toContain('Line\\u{9b}2Jfeed');
    await latchkey.apiKeys.create(
      { name: 'k', ownerId: 'ann', orgId: 'lists', policyIds: [String(id)] },
      { by: 'test' },
    );
    expect(documentOf(await latch(['policies', 'show', String(id), '--org', 'lists', '--json']))).toMatchObject({
      users: 1,
    });
    expect(await latch(['policies', 'show', String(id)])).toMatchObject({
      code: 5,
      errors: 'latchkey: There is no such policy.\n',
    });
  });

  it('changes what is named, unless it was changed meanwhile', async () => {
    const { id } = await create();
    const args = ['policies', 'change', String(id), '--action', 'orders:*', '--if-version', '1', '--json'];
    expect(documentOf(await latch(args))).toMatchObject({
      name: 'Orders',
      version: 2,
      statements: [{ actions: ['orders:*'] }],
    });
    expect((await latch(args)).code).toBe(6);
    expect((await latch(['policies', 'change', String(id)])).errors).toContain('say what to change');
    expect(await latch(['policies', 'change', 'full-access', '--name', 'Mine'])).toMatchObject({
      code: 6,
      errors: 'latchkey: The policy is built in: it cannot be changed or deleted.\n',
    });
    expect((await latch(['policies', 'change', String(id), '--name', 'Mine', '--org', 'other'])).code).toBe(5);
  });

  it('follows a template in a workspace', async () => {
    const template = await create('--type', 'template');
    const args = ['policies', 'create', '--name', 'North', '--template', String(template.id), '--workspace', 'north'];
    expect(documentOf(await latch([...args, '--json']))).toMatchObject({
      templateId: template.id,
      workspace: 'north',
      statements: [{ actions: ['orders:read'], workspace: 'north' }],
    });
  });

  it('deletes one that nobody uses, and with --detach one that is in use', async () => {
    const { id } = await create();
    const { key } = await latchkey.apiKeys.create(
      { name: 'k', ownerId: 'ann', policyIds: [String(id)] },
      { by: 'test' },
    );
    expect(await latch(['policies', 'delete', String(id)])).toMatchObject({
      code: 6,
      errors: 'latchkey: The policy is in use by 1 key: detach it from that, or leave it.\n',
    });
    expect((await latch(['policies', 'delete', String(id), '--detach', '--org', 'other'])).code).toBe(5);
    expect(documentOf(await latch(['policies', 'delete', String(id), '--detach', '--json']))).toEqual({
      id,
      detached: 1,
    });
    expect((await latchkey.apiKeys.get(key.id))?.policyIds).toEqual([]);
    expect((await latch(['policies', 'delete', String(id)])).code).toBe(5);
  });
});
