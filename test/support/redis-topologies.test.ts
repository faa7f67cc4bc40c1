import { existsSync } from 'node:fs';
import { startRedisCluster } from './redis-cluster.js';
import { startRedisSentinel } from './redis-sentinel.js';
import type { RedisServer } from './redis-server.js';

/** The folder of a server that runs. */
type FolderOf = (server: RedisServer) => Promise<string>;

async function expectToLeaveNothing(servers: readonly RedisServer[], folderOf: FolderOf, stop: () => Promise<void>) {
  const folders = await Promise.all(servers.map(folderOf));
  expect(folders.every((folder) => existsSync(folder))).toBe(true);
  servers[0]?.pause();
  await stop();
  expect(servers.filter(({ isRunning }) => isRunning)).toEqual([]);
  expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
}

describe('startRedisCluster', () => {
  it('gives three masters with a replica each, which take each other’s place, and leaves nothing behind', async () => {
    const cluster = await startRedisCluster();
    expect(await cluster.masters()).toHaveLength(3);
    const master = await cluster.masterOf('{a}');
    const replica = await cluster.replicaOf(master);
    await cluster.failover(master);
    expect(await cluster.masterOf('{a}')).toBe(replica);
    await cluster.untilWhole();
    expect(await cluster.replicaOf(replica as RedisServer)).toBe(master);
    await master.kill();
    await cluster.mend();
    const folderOf: FolderOf = async (server) =>
      ((await cluster.ask(server, 'CONFIG', 'GET', 'dir')) as string[])[1] ?? '';
    await expectToLeaveNothing(cluster.nodes, folderOf, cluster.stop);
  }, 60_000);
});

describe('startRedisSentinel', () => {
  it('gives a master, two replicas and three sentinels that name it, and leaves nothing behind', async () => {
    const setup = await startRedisSentinel();
    expect(setup.servers).toContain(await setup.master());
    for (const { port } of setup.sentinels) expect(setup.addresses).toContainEqual({ host: '127.0.0.1', port });
    const folderOf: FolderOf = async (server) =>
      ((await setup.ask(server, 'CONFIG', 'GET', 'dir')) as string[])[1] ?? '';
    await expectToLeaveNothing(setup.servers, folderOf, setup.stop);
    expect(setup.sentinels.filter(({ isRunning }) => isRunning)).toEqual([]);
  }, 60_000);
});
