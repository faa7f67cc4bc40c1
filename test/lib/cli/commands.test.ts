import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { run } from './run-command.js';

const SECRET = 'never-to-be-printed';
const REDIS_URL = `redis://:${SECRET}@127.0.0.1:1`;

const DASH =
  "Option '--owner' argument is ambiguous. Did you forget to specify the option argument for '--owner'? " +
  "To specify an option argument starting with a dash use '--owner=-XYZ'.";

const COMMANDS = [
  ...['create', 'list', 'show', 'rotate', 'disable', 'enable', 'revoke', 'import'].map((verb) => ['keys', verb]),
  ...['list', 'show', 'create', 'change', 'delete'].map((verb) => ['policies', verb]),
  ...['list', 'end', 'end-all'].map((verb) => ['sessions', verb]),
  ['audit', 'tail'],
  ['hash'],
  ['doctor'],
];

describe('latchkey', () => {
  it('tells of every command what it does, its options and its exit codes', async () => {
    const top = await run(['--help']);
    for (const [group = '', verb] of COMMANDS) {
      expect(top.out).toMatch(new RegExp(`^  ${group} `, 'm'));
      if (verb !== undefined) {
        const { code, out } = await run([group, '--help']);
        expect([code, out]).toEqual([0, expect.stringMatching(new RegExp(`^  ${verb} `, 'm'))]);
      }
      const path = verb === undefined ? [group] : [group, verb];
      const help = await run([...path, '--help']);
      expect(help).toMatchObject({ code: 0, errors: '' });
      expect(help.out).toMatch(new RegExp(`^latchkey ${path.join(' ')}\\b`));
      expect(help.out).toContain('Exit codes: 0 ');
      for (const line of help.out.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
    }
  });

  it.each([[], ['keys'], ['policies'], ['sessions'], ['audit']])(
    'lists the commands where none is named: %j',
    async (...args) => {
      const help = await run([...args, '--help']);
      expect(help.out).toContain(['latchkey', ...args, 'COMMAND'].join(' '));
      expect(await run(args)).toEqual({ code: 2, out: '', errors: `latchkey: a command is missing\n\n${help.out}` });
    },
  );

  it.each<[string[], string, string]>([
    [[SECRET], 'there is no such command', '--help'],
    [['keys', SECRET], 'there is no such command', 'keys --help'],
    [['keys', 'constructor'], 'there is no such command', 'keys --help'],
    [['keys', 'show'], 'the ID of a key is missing', 'keys show --help'],
    [['keys', 'show', SECRET, SECRET], 'too much is given: only the ID of a key is taken', 'keys show --help'],
    [['keys', 'list', '--owner', '-ann'], DASH, 'keys list --help'],
    [['keys', 'list', SECRET], 'only options are taken', 'keys list --help'],
    [['keys', 'list', '--limit', SECRET], '--limit must be a whole number from 1 to 1000', 'keys list --help'],
    [['keys', 'list', '--limit', '5', '--all'], '--all and --limit exclude each other', 'keys list --help'],
    [['keys', 'list', '--state', `active,${SECRET}`], '--state takes: active, pending, disabled', 'keys list --help'],
    [['keys', 'list', '--created-from', SECRET], '--created-from must be a time such as', 'keys list --help'],
    [['keys', 'list', '--sort', SECRET], '--sort takes: createdAt, name', 'keys list --help'],
    [['keys', 'list', '--org', `${SECRET}\u001b`], '--org must have 1 to 128 printable characters', 'keys list --help'],
    [['keys', 'list', '--by', 'x'.repeat(129)], '--by must have 1 to 128 printable characters', 'keys list --help'],
    [['keys', 'list', '--timeout-ms', '0'], '--timeout-ms must be a whole number from 1', 'keys list --help'],
    [['keys', 'rotate', 'k', '--grace', SECRET, '--secret-file', 'x'], '--grace must be a span', 'keys rotate --help'],
    [['keys', 'create', '--secret-file', 'x', '--action', 'a'], '--name is missing', 'keys create --help'],
    [['keys', 'create', '--secret-file', 'x', '--name', 'n'], '--owner is missing', 'keys create --help'],
    [
      ['keys', 'create', '--secret-file', 'x', '--resource', SECRET],
      '--resource and --workspace need',
      'keys create --help',
    ],
    [['keys', 'create', '--secret-file', 'x', '--expires', SECRET], '--expires must be a span', 'keys create --help'],
    [
      ['keys', 'create', '--secret-file', 'x', '--property', SECRET],
      '--property must be NAME=VALUE',
      'keys create --help',
    ],
    [
      ['keys', 'create', '--secret-file', 'x', '--from', `/${SECRET}`],
      '--from cannot be read: ENOENT',
      'keys create --help',
    ],
    [['keys', 'create', '--secret', SECRET], 'there is no option --secret', 'keys create --help'],
    [['keys', 'import', `/${SECRET}`], 'FILE cannot be read: ENOENT', 'keys import --help'],
    [
      ['keys', 'import', '-', '--pattern', `(${SECRET}`],
      '--pattern must be a regular expression',
      'keys import --help',
    ],
    [['policies', 'create'], '--name is missing', 'policies create --help'],
    [['audit', 'tail', '--type', SECRET], '--type takes: key.created', 'audit tail --help'],
    [['audit', 'tail', '--interval-ms', '1'], '--interval-ms must be a whole number from 200', 'audit tail --help'],
  ])('says what is wrong with %j, and not what was given', async (args, fault, help) => {
    const { code, out, errors } = await run(args, { environment: { REDIS_URL } });
    expect([code, out, errors]).toEqual([2, '', expect.stringContaining(`latchkey: ${fault}`)]);
    expect(errors).toMatch(new RegExp(`See latchkey ${help}\n$`));
    expect(errors).not.toContain(SECRET);
  });
});

describe('latchkey, of a Redis that cannot be used', () => {
  it.each([
    ['keys', 'list'],
    ['policies', 'list'],
    ['sessions', 'list'],
    ['audit', 'tail'],
    ['audit', 'tail', '--follow'],
  ])('says so: %s %s', async (...args) => {
    const { code, out, errors } = await run(args, { environment: { REDIS_URL } });
    expect([code, out]).toEqual([3, '']);
    expect(errors).toBe('latchkey: redis://127.0.0.1:1/0 cannot be used: connect ECONNREFUSED 127.0.0.1:1\n');
  });

  describe('that is there', () => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis.stop());

    it('waits no longer than it is told to for one that is frozen', async () => {
      redis.pause();
      try {
        const startedAt = performance.now();
        const args = ['keys', 'list', '--redis', redis.url, '--timeout-ms', '300'];
        expect(await run(args)).toMatchObject({
          code: 3,
          out: '',
          errors: expect.stringContaining('did not answer in time'),
        });
        expect(performance.now() - startedAt).toBeLessThan(15_000);
      } finally {
        redis.resume();
      }
    });

    it('and ends where one is lost in the midst of it', async () => {
      const proxy = await startTcpProxy(redis.port);
      try {
        const environment = { REDIS_URL: `redis://127.0.0.1:${proxy.port}` };
        const stop = new AbortController();
        const args = ['keys', 'import', '-', '--timeout-ms', '500', '--owner', 'ann', '--policy', 'auditor'];
        async function* keys() {
          yield Buffer.from(`${JSON.stringify({ name: 'one', sha256: 'a'.repeat(64) })}\n`);
          proxy.freeze();
        }
        const { Readable } = await import('node:stream');
        const running = run(args, { environment, input: Readable.from(keys()), signal: stop.signal });
        setTimeout(() => stop.abort(), 2_000);
        const { code, out, errors } = await running;
        expect([code, out]).toEqual([4, expect.stringContaining('It was ended. Run it again')]);
        expect(errors).toMatch(/^latchkey: Redis does not answer \([^)]+\): trying again\.\n$/);
      } finally {
        await proxy.stop();
      }
    });

    it('refuses what the library does not take, before anything else is done', async () => {
      const short = await run(['keys', 'list', '--redis', redis.url], { environment: { LATCHKEY_PEPPERS: SECRET } });
      expect([short.code, short.errors]).toEqual([
        2,
        expect.stringContaining('peppers must have at least 32 bytes each'),
      ]);
      expect(short.errors).not.toContain(SECRET);
      const prefix = await run(['keys', 'list', '--redis', redis.url, '--prefix', 'no good']);
      expect([prefix.code, prefix.errors]).toEqual([2, expect.stringContaining('prefix must be 1 to 16 letters')]);
    });
  });
});
