import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { transpileLibrary } from '../support/transpiled-library.js';
import { authorization } from '../support/verify.js';

const CHANGES = 300;
/** Expected are at most 10 ms; the bounds allow for a busy machine. A change that was not heard of would take a minute. */
const P99_MS = 2_000;
const WORST_MS = 5_000;

describe('two processes on one Redis', () => {
  let server: RedisServer;
  let folder: string;
  let client: Redis;
  let app: AdminApp;
  let admin: string;
  let other: ChildProcess;
  let ended: Promise<unknown[]>;

  beforeAll(async () => {
    [server, folder] = await Promise.all([startRedis(), transpileLibrary()]);
    client = new Redis(server.url);
    app = await startAdminApp({ store: new RedisStore(client, PATIENT) });
    admin = (await app.key({ ownerId: 'root', actions: ['*'] })).token;
    other = fork(join(__dirname, '..', 'support', 'watching-rights.mjs'), [folder, server.url], { execArgv: [] });
    ended = once(other, 'exit');
    expect(await answer()).toBe('ready');
  });

  afterAll(async () => {
    other.disconnect();
    await ended;
    await app.close();
    client.disconnect();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function answer(): Promise<unknown> {
    const [message] = (await Promise.race([once(other, 'message'), ended])) as [unknown];
    return message;
  }

  async function make(fields: object): Promise<string> {
    const { status, body } = await app.call('POST', '/policies', admin, { name: 'n', ...fields });
    expect(status).toBe(201);
    return body.id;
  }

  it.each<[string, (policyId: string, templateId: string) => string]>([
    ['a policy', (policyId) => policyId],
    ['the template of a policy', (_policyId, templateId) => templateId],
  ])('what is changed of %s is in force in the other at once, and never again as before', async (what, choose) => {
    const own = await make({});
    const templateId = await make({ type: 'template' });
    const follower = await make({ templateId, workspace: 'w1' });
    const changed = choose(own, templateId);
    const { key, secret } = await app.key({ policyIds: [changed === own ? own : follower], statements: [] });
    const question = { action: 'orders:write', resource: 'orders/1', workspace: 'w1' };
    const delaysMs: number[] = [];
    for (let n = 0; n < CHANGES; n++) {
      const allows = n % 2 === 0;
      other.send({ ...question, authorization: authorization({ id: key.id, secret }) });
      expect(await answer()).toEqual({ before: !allows });
      const told = answer();
      const statements = allows ? [{ actions: ['orders:*'], workspace: 'w1' }] : [];
      const { status } = await app.call('PATCH', `/policies/${changed}`, admin, { statements });
      const answeredAt = process.hrtime.bigint(); // of the system's monotonic clock: the same in both processes
      expect(status).toBe(200);
      const { changedAt, ...seen } = (await told) as { after: boolean; changedAt: string; asBefore: number };
      expect(seen).toEqual({ after: allows, asBefore: 0 });
      delaysMs.push(Number(BigInt(changedAt) - answeredAt) / 1e6);
    }
    const sorted = delaysMs.sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor(share * (CHANGES - 1))] as number;
    const figures = `min ${at(0).toFixed(2)}, median ${at(0.5).toFixed(2)}, p99 ${at(0.99).toFixed(2)}, max ${at(1).toFixed(2)}`;
    process.stdout.write(`from the answer to a change of ${what} to its force elsewhere, ms: ${figures}\n`);
    expect(at(0.99)).toBeLessThan(P99_MS);
    expect(at(1)).toBeLessThan(WORST_MS);
  });
});
