import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { startRedisCluster } from '../../support/redis-cluster.js';
import { MASTER_NAME, startRedisSentinel } from '../../support/redis-sentinel.js';
import { documentOf, linesOf, run } from './run-command.js';

const PATIENCE = ['--timeout-ms', '20000'];

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-topologies-'));
});

afterAll(() => rmSync(folder, { recursive: true }));

/** The life of a key, a policy and an import, with every command that writes. */
async function work(flags: readonly string[]): Promise<void> {
  const latch = (args: readonly string[], input = '') => run([...args, ...flags, ...PATIENCE], { input });
  const policy = documentOf(
    await latch(['policies', 'create', '--name', 'P', '--action', 'a:b', '--id', 'p', '--json']),
  );
  const file = join(folder, createHash('sha256').update(flags.join()).digest('hex'));
  const args = ['keys', 'create', '--name', 'K', '--owner', 'ann', '--policy', String(policy.id)];
  const key = documentOf(await latch([...args, '--json', '--secret-file', file]));
  const id = String(key.id);
  expect(readFileSync(file, 'utf8')).toContain(`lk_${id}_`);
  expect(documentOf(await latch(['policies', 'show', 'p', '--json']))).toMatchObject({ users: 1 });
  expect((await latch(['keys', 'rotate', id, '--secret-file', `${file}-rotated`, '--grace', '1h'])).code).toBe(0);
  expect((await latch(['keys', 'disable', id])).code).toBe(0);
  expect((await latch(['keys', 'enable', id])).code).toBe(0);
  expect(documentOf(await latch(['keys', 'revoke', id, '--json']))).toMatchObject({ state: 'revoked' });
  const lines = Array.from({ length: 200 }, (_, n) => {
    const sha256 = createHash('sha256').update(`k${n}`).digest('hex');
    return JSON.stringify({ sha256, name: `K${n}`, ownerId: 'bob', statements: [] });
  });
  const imported = linesOf(await latch(['keys', 'import', '-', '--json'], lines.join('\n')));
  expect(imported).toMatchObject([{ end: 'complete', imported: 200, refused: 0 }]);
  expect(linesOf(await latch(['keys', 'list', '--owner', 'bob', '--all', '--json']))).toHaveLength(200);
  expect(documentOf(await latch(['policies', 'delete', 'p', '--detach', '--json']))).toMatchObject({ id: 'p' });
  expect((await latch(['sessions', 'list'])).code).toBe(0);
  const trail = linesOf(await latch(['audit', 'tail', '--last', '1000', '--json']));
  expect(trail.filter(({ type }) => type === 'key.created')).toHaveLength(201);
}

/** An import in the midst of which the master is replaced: what it says is in is there. */
async function importThrough(flags: readonly string[], failover: () => Promise<void>): Promise<void> {
  const count = 2_000;
  let replacing: Promise<void> | null = null;
  async function* lines() {
    for (let n = 0; n < count; n++) {
      if (n === 700) replacing = failover();
      const sha256 = createHash('sha256').update(`through ${n}`).digest('hex');
      yield Buffer.from(`${JSON.stringify({ sha256, name: `T${n}`, ownerId: 'cay', statements: [] })}\n`);
    }
  }
  const args = ['keys', 'import', '-', '--json', '--timeout-ms', '3000', '--replicas', '1', ...flags];
  const ran = await run(args, { input: Readable.from(lines()) });
  await replacing;
  expect([ran.code, linesOf(ran)]).toMatchObject([0, [{ end: 'complete', lines: count, refused: 0 }]]);
  const listed = linesOf(await run(['keys', 'list', '--owner', 'cay', '--all', '--json', ...flags, ...PATIENCE]));
  expect(new Set(listed.map(({ name }) => name)).size).toBe(count);
}

it('latchkey works behind Sentinel, and waits for replicas where it is told to', async () => {
  const sentinel = await startRedisSentinel();
  try {
    const hosts = sentinel.addresses.map(({ host, port }) => `${host}:${port}`);
    await work(['--redis', `redis+sentinel://${hosts.join()}/${MASTER_NAME}`, '--replicas', '1']);
    await importThrough(['--redis', `redis+sentinel://${hosts.join()}/${MASTER_NAME}`], () => sentinel.failover());
    const flags = [...hosts.flatMap((host) => ['--sentinel', host]), '--master', MASTER_NAME];
    expect((await run(['keys', 'list', ...flags, ...PATIENCE])).code).toBe(0);
  } finally {
    await sentinel.stop();
  }
}, 120_000);

it('latchkey works on a Cluster', async () => {
  const cluster = await startRedisCluster();
  try {
    const hosts = cluster.startupNodes.map(({ host, port }) => `${host}:${port}`);
    await work(['--cluster', '--redis', `redis://${hosts.join()}`]);
  } finally {
    await cluster.stop();
  }
}, 120_000);
