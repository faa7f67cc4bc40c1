import type { Finding, FindingId } from '../../lib/index.js';
import type { RedisFacts } from '../../lib/stores/redis/redis-facts.js';
import { judgeRedis } from '../../lib/stores/redis/redis-findings.js';

const INFO = {
  redis_version: '7.0.15',
  role: 'master',
  connected_slaves: '0',
  aof_enabled: '1',
  maxmemory_policy: 'noeviction',
  maxmemory: '0',
  total_system_memory: '1000',
  used_memory: '10',
};
const NOW_AT = 1_700_000_000_000;

/** What servers say that cannot be started here: others, older ones, and those of managed services. */
describe('the findings of a Redis', () => {
  function judge(id: FindingId, info: Record<string, string | undefined>, more: Partial<RedisFacts> = {}): Finding {
    const told = Object.entries({ ...INFO, ...info }).filter(([, value]) => value !== undefined);
    const facts: RedisFacts = {
      info: new Map(told as [string, string][]),
      appendfsync: 'everysec',
      save: '',
      minReplicasToWrite: 0,
      serverAt: NOW_AT,
      sentAt: 1_000,
      answeredAt: 1_000,
      missingRights: [],
      ...more,
    };
    const clock = { nowAt: NOW_AT, monotonicAt: 1_000 };
    const found = judgeRedis(facts, false, clock).filter((finding) => finding.id === id);
    if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} findings of ${id}`);
    return found[0];
  }

  it.each(['6.0.16', '5.0.14', '3.2.0'])('warn of version %s', (version) => {
    expect(judge('version', { redis_version: version })).toMatchObject({
      level: 'warning',
      detail: `Redis ${version} lacks commands that are needed.`,
      mend: 'Upgrade to Redis 6.2 or later.',
    });
  });

  it.each(['6.2.0', '7.4.1', '8.0', '10.0.0'])('take version %s', (version) => {
    expect(judge('version', { redis_version: version })).toMatchObject({ level: 'ok', detail: `Redis ${version}.` });
  });

  it('do not know what INFO leaves out', () => {
    const left = { redis_version: undefined, role: undefined, maxmemory_policy: undefined, used_memory: undefined };
    for (const id of ['version', 'role', 'eviction', 'memory'] as const) {
      expect(judge(id, left)).toMatchObject({ level: 'unknown', risk: null });
    }
  });

  it('do not know whether there are snapshots, nor how many replicas are waited for, where CONFIG is refused', () => {
    const refused = { appendfsync: null, save: null, minReplicasToWrite: null };
    expect(judge('persistence', { aof_enabled: '0' }, refused)).toMatchObject({ level: 'unknown', risk: null });
    expect(judge('persistence', {}, refused)).toMatchObject({ level: 'ok', detail: 'AOF, appendfsync not told.' });
    expect(judge('min-replicas', { connected_slaves: '1' }, refused)).toMatchObject({ level: 'unknown' });
    expect(judge('min-replicas', {}, refused)).toMatchObject({ level: 'ok', detail: 'No replicas.' });
  });

  it('know by INFO alone that min-replicas-to-write is in force, and that none keeps up', () => {
    const refused = { minReplicasToWrite: null };
    const replicas = { connected_slaves: '1', min_slaves_good_slaves: '1' };
    expect(judge('min-replicas', replicas, refused)).toMatchObject({ level: 'ok' });
    expect(judge('min-replicas', { ...replicas, min_slaves_good_slaves: '0' }, refused).level).toBe('warning');
  });

  it('warn of min-replicas-to-write that min-replicas-max-lag 0 turns off', () => {
    expect(judge('min-replicas', { connected_slaves: '1' }, { minReplicasToWrite: 1 }).level).toBe('warning');
  });

  it('warn of an AOF that cannot be written', () => {
    expect(judge('persistence', { aof_last_write_status: 'err' })).toMatchObject({
      level: 'warning',
      detail: 'Redis cannot write to its disk (aof_last_write_status:err).',
    });
  });

  it('measure memory without a bound by that of the machine', () => {
    const detail = "95 % of the machine's memory is used.";
    expect(judge('memory', { used_memory: '950' })).toMatchObject({ level: 'warning', detail });
  });

  it('take for the same time what a slow answer cannot tell apart', () => {
    const slow = { sentAt: 1_000, answeredAt: 5_000 };
    expect(judge('clock', {}, { ...slow, serverAt: NOW_AT - 900 }).level).toBe('ok');
    expect(judge('clock', {}, { ...slow, serverAt: NOW_AT - 2_000 }).level).toBe('warning');
  });
});
