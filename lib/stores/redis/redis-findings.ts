import { type Finding, fine, unknown, warning } from '../../finding.js';
import type { RedisFacts } from './redis-facts.js';

/** The oldest Redis that has every command of ours. */
const OLDEST = [6, 2] as const;
/** What is used of the memory from which there is soon none left. */
const NEARLY_FULL = 0.9;
/** What two clocks may differ by, in ms. */
const MAX_SKEW_MS = 1_000;

/** What facts of a node mean, but for its connection. */
export function judgeRedis(facts: RedisFacts, isReplicaExpected: boolean, clock: ClockReading): Finding[] {
  const { info } = facts;
  const ofInfo =
    info === null
      ? INFO_FINDINGS.map((id) => unknown(id, 'INFO is refused.', 'Allow the user INFO.'))
      : [
          judgeVersion(info),
          judgeRole(info, isReplicaExpected),
          judgePersistence(info, facts),
          judgeEviction(info),
          judgeMemory(info),
          judgeReplicas(info, facts),
        ];
  return [...ofInfo, judgeClock(facts, clock)];
}

const INFO_FINDINGS = ['version', 'role', 'persistence', 'eviction', 'memory', 'min-replicas'] as const;

type Info = ReadonlyMap<string, string>;

function judgeVersion(info: Info): Finding {
  const version = info.get('redis_version');
  const [major = Number.NaN, minor = 0] = version?.split('.').map(Number) ?? [];
  if (Number.isNaN(major)) return unknown('version', 'INFO tells no version.');
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  if (!isOld) return fine('version', `Redis ${version}.`);
  return warning('version', `Redis ${version} lacks commands that are needed.`, 'Upgrade to Redis 6.2 or later.');
}

function judgeRole(info: Info, isReplicaExpected: boolean): Finding {
  const role = info.get('role');
  if (role === 'master') return fine('role', 'A master.');
  if (role === undefined) return unknown('role', 'INFO tells no role.');
  if (info.get('master_link_status') === 'down') {
    return warning('role', 'A replica that has lost its master.', 'See to the master, or to the network between them.');
  }
  if (isReplicaExpected) return fine('role', 'A replica.');
  return warning('role', 'A replica: it refuses writes.', 'Connect to the master, by Sentinel where it can change.');
}

/** A revoked key that comes back with an old snapshot works again: so snapshots alone are not enough. */
function judgePersistence(info: Info, { appendfsync, save }: RedisFacts): Finding {
  const failing = ['aof_last_write_status', 'rdb_last_bgsave_status'].find((field) => info.get(field) === 'err');
  if (failing !== undefined) {
    return warning('persistence', `Redis cannot write to its disk (${failing}:err).`, 'Look at the disk and its log.');
  }
  if (info.get('aof_enabled') === '1') {
    if (appendfsync !== 'no') return fine('persistence', `AOF, appendfsync ${appendfsync ?? 'not told'}.`);
    return warning(
      'persistence',
      'AOF with appendfsync no: the changes of about 30 s are lost when the machine goes down.',
      'Set appendfsync everysec, or always.',
    );
  }
  const mend = 'Set appendonly yes.';
  if (save === null) return unknown('persistence', 'AOF is off, and CONFIG is refused: there may be snapshots.', mend);
  if (save === '') {
    return warning('persistence', 'Neither AOF nor snapshots: a restart loses everything.', mend, 'no-persistence');
  }
  const detail = 'Snapshots only: a crash takes back every change since the last one, revocations too.';
  return warning('persistence', detail, mend);
}

function judgeEviction(info: Info): Finding {
  const policy = info.get('maxmemory_policy');
  if (policy === undefined) return unknown('eviction', 'INFO tells no eviction policy.');
  if (policy === 'noeviction') return fine('eviction', 'maxmemory-policy noeviction.');
  const what = policy.startsWith('volatile-') ? 'sessions' : 'keys and sessions';
  const dropped = info.get('evicted_keys') ?? '0';
  const soFar = dropped === '0' ? '' : ` So far it has dropped ${dropped}.`;
  return warning(
    'eviction',
    `With maxmemory-policy ${policy} a full Redis drops ${what}.${soFar}`,
    'Set maxmemory-policy noeviction.',
    'eviction',
  );
}

function judgeMemory(info: Info): Finding {
  const maxMemory = Number(info.get('maxmemory') ?? 0);
  const [what, size] =
    maxMemory > 0 ? ['maxmemory', maxMemory] : ["the machine's memory", Number(info.get('total_system_memory') ?? 0)];
  const used = Number(info.get('used_memory') ?? Number.NaN);
  if (Number.isNaN(used) || size === 0) return unknown('memory', 'INFO does not tell how full the memory is.');
  if (used < NEARLY_FULL * size) return fine('memory', `Less than 90 % of ${what} is used.`);
  const percent = Math.round((used / size) * 100);
  const mend = 'Give it more memory, before it refuses writes.';
  return warning('memory', `${percent} % of ${what} is used.`, mend);
}

/** A master that was cut off goes on accepting what is lost once a replica has taken its place. */
function judgeReplicas(info: Info, { minReplicasToWrite }: RedisFacts): Finding {
  const good = info.get('min_slaves_good_slaves'); // there only where it is in force
  if (good !== undefined && info.get('role') === 'master' && Number(good) < (minReplicasToWrite ?? 1)) {
    const detail = `min-replicas-to-write is set, and only ${good} replicas keep up: writes are refused.`;
    return warning('min-replicas', detail, 'Bring the replicas back.');
  }
  if (good !== undefined) return fine('min-replicas', 'min-replicas-to-write is in force.');
  if (Number(info.get('connected_slaves') ?? 0) === 0) return fine('min-replicas', 'No replicas.');
  if (minReplicasToWrite === null)
    return unknown('min-replicas', 'CONFIG is refused: min-replicas-to-write is not known.');
  return warning(
    'min-replicas',
    'There are replicas, and min-replicas-to-write is not in force: what a master cut off from them accepts is lost.',
    'Set min-replicas-to-write 1 and min-replicas-max-lag 10, and more replicas than that.',
  );
}

/** The process's clock, read at the same moment as `performance.now()`. */
export interface ClockReading {
  readonly nowAt: number;
  readonly monotonicAt: number;
}

/** Processes judge by their own clocks when a key or a session ends: Redis's is what they can all be compared with. */
function judgeClock({ serverAt, sentAt, answeredAt }: RedisFacts, { nowAt, monotonicAt }: ClockReading): Finding {
  if (serverAt === null) return unknown('clock', 'TIME is refused.', 'Allow the user TIME.');
  const processAt = nowAt - monotonicAt + (sentAt + answeredAt) / 2;
  const skewMs = processAt - serverAt;
  const uncertainty = (answeredAt - sentAt) / 2;
  if (Math.abs(skewMs) - uncertainty <= MAX_SKEW_MS) return fine('clock', 'Within a second of this process.');
  const [way, effect] = skewMs > 0 ? ['ahead of', 'early'] : ['behind', 'late'];
  const detail = `This process is ${(Math.abs(skewMs) / 1_000).toFixed(1)} s ${way} Redis: keys end that much too ${effect}.`;
  return warning('clock', detail, 'Have both hosts keep the time, e.g. by NTP.');
}
