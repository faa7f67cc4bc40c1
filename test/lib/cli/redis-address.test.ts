import { UsageError } from '../../../lib/cli/command.js';
import { type RedisAddress, type RedisValues, redisAddress, redisName } from '../../../lib/cli/redis-address.js';

const NOBODY = { masterName: null, username: null, password: null, database: 0, isTls: false };
const at = (host: string, port: number) => ({ host, port });

describe('where Redis is', () => {
  it.each<[RedisValues, Partial<RedisAddress>, string]>([
    [{ redis: 'redis://db' }, { kind: 'standalone', hosts: [at('db', 6379)] }, 'redis://db:6379/0'],
    [{ redis: 'redis://10.0.0.1:7000/3' }, { hosts: [at('10.0.0.1', 7000)], database: 3 }, 'redis://10.0.0.1:7000/3'],
    [{ redis: 'redis://[::1]:7000/' }, { hosts: [at('::1', 7000)] }, 'redis://[::1]:7000/0'],
    [
      { redis: 'rediss://app:p%40s%3As@db' },
      { hosts: [at('db', 6379)], username: 'app', password: 'p@s:s', isTls: true },
      'rediss://db:6379/0',
    ],
    [{ redis: 'redis://:a@b:c@db' }, { hosts: [at('db', 6379)], password: 'a@b:c' }, 'redis://db:6379/0'],
    [
      { redis: 'redis+sentinel://app:secret@s1,s2:7001/main/2' },
      {
        kind: 'sentinel',
        hosts: [at('s1', 26379), at('s2', 7001)],
        masterName: 'main',
        username: 'app',
        password: 'secret',
        database: 2,
      },
      'redis+sentinel://s1:26379,s2:7001/main/2',
    ],
    [
      { sentinel: ['s1', 's2:7001'], master: 'main' },
      { kind: 'sentinel', hosts: [at('s1', 26379), at('s2', 7001)], masterName: 'main' },
      'redis+sentinel://s1:26379,s2:7001/main/0',
    ],
    [
      { redis: 'redis://n1:7001,n2:7002', cluster: true },
      { kind: 'cluster', hosts: [at('n1', 7001), at('n2', 7002)] },
      'redis://n1:7001,n2:7002 (cluster)',
    ],
  ])('%j', (values, expected, name) => {
    const address = redisAddress(values, 'redis://from-the-environment');
    expect(address).toEqual({ kind: 'standalone', ...NOBODY, ...expected });
    expect(redisName(address)).toBe(name);
  });

  it('is what the environment says, where nothing else does', () => {
    expect(redisAddress({}, 'redis://db')).toMatchObject({ hosts: [at('db', 6379)] });
    expect(redisAddress({ cluster: true }, 'redis://db')).toMatchObject({ kind: 'cluster' });
  });

  it.each<[RedisValues, string]>([
    [{}, 'say where Redis is: --redis URL, or REDIS_URL'],
    [{ redis: '' }, 'say where Redis is'],
    [{ redis: 'SECRET' }, 'the URL is none'],
    [{ redis: 'http://SECRET@db' }, 'the URL is none'],
    [{ redis: 'redis://u:SECRET@' }, 'the URL is none'],
    [{ redis: 'redis://u:SECRET@db?family=6' }, 'the URL is none'],
    [{ redis: 'redis://u:SECRET@d b' }, 'a host is none'],
    [{ redis: 'redis://u:SECRET@db,' }, 'a host is none'],
    [{ redis: 'redis://u:SECRET@db:0' }, 'a port must be from 1 to 65535'],
    [{ redis: 'redis://u:SECRET@db:65536' }, 'a port must be'],
    [{ redis: 'redis://u:SECRET%@db' }, 'the URL is not percent-encoded'],
    [{ redis: 'redis://u:SECRET@db/zero' }, 'the database at the end of the URL must be a number'],
    [{ redis: 'redis://u:SECRET@n1,n2' }, 'several hosts need --cluster, or redis+sentinel://'],
    [{ redis: 'redis://u:SECRET@n1/1', cluster: true }, 'a cluster has only database 0'],
    [{ redis: 'redis+sentinel://u:SECRET@s1' }, 'the URL names no master'],
    [{ redis: 'redis+sentinel://u:SECRET@s1/m', cluster: true }, '--cluster needs redis:// or rediss://'],
    [{ sentinel: ['s1'] }, '--sentinel needs --master'],
    [{ sentinel: ['s1'], master: 'm', redis: 'redis://u:SECRET@db' }, '--sentinel stands in place of --redis'],
    [{ sentinel: ['s1'], master: 'm', cluster: true }, '--sentinel stands in place of --redis'],
    [{ sentinel: ['u:SECRET@s1'], master: 'm' }, 'a host is none'],
    [{ master: 'm', redis: 'redis://u:SECRET@db' }, '--master needs --sentinel'],
  ])('is refused, without a word of what was given: %j', (values, fault) => {
    const refused = (): unknown => {
      try {
        return redisAddress(values, undefined);
      } catch (error) {
        return error;
      }
    };
    expect(refused()).toBeInstanceOf(UsageError);
    expect(String(refused())).toContain(fault);
    expect(String(refused())).not.toContain('SECRET');
  });
});
