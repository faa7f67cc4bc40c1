import { recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { type RedisSentinel, startRedisSentinel } from '../support/redis-sentinel.js';
import { onSentinel } from './app-process.js';
import { changesSummary, changeThrough } from './changes-heard.js';
import { FAULTS, summary, writeThrough } from './sentinel-writes.js';

const ROUNDS = 3;

/** Every fault, with clients as hosts may make them; each round on a setup of its own. */
describe.each([
  { which: 'recommended options', client: recommendedRedisOptions('sentinel') },
  { which: 'default options', client: {} },
  { which: 'failoverDetector', client: { ...recommendedRedisOptions('sentinel'), failoverDetector: true } },
])('behind Sentinel, with $which, a master that is', ({ which, client }) => {
  let setup: RedisSentinel;

  beforeEach(async () => {
    jest.spyOn(process, 'emitWarning').mockReturnValue(undefined); // of the default options
    setup = await startRedisSentinel();
  }, 60_000);

  afterEach(() => setup.stop());

  const rounds = Array.from({ length: ROUNDS }, (_, round) => round + 1);
  describe.each(rounds)('(round %i)', () => {
    it.each(Object.entries(FAULTS))(
      '%s loses no write that was acknowledged',
      async (what, fault) => {
        const outcome = await writeThrough(setup, fault, { client, afterMs: 6_000 });
        process.stdout.write(`${which}: ${summary(what, outcome)}`);
        expect(outcome).toMatchObject({ lost: 0, feedIsLive: true });
      },
      60_000,
    );
  });
});

describe('behind Sentinel, changes', () => {
  let setup: RedisSentinel;

  beforeEach(async () => {
    setup = await startRedisSentinel();
  }, 60_000);

  afterEach(() => setup.stop());

  it.each(Object.entries(FAULTS))(
    'are all heard of where the master is %s',
    async (what, fault) => {
      const [app, writer] = [onSentinel(setup), onSentinel(setup)];
      try {
        const heard = await changeThrough({ app, writer }, () => fault(setup));
        process.stdout.write(changesSummary(`Sentinel, master ${what}`, heard));
        expect(heard).toMatchObject({ missed: 0, served: 0 });
      } finally {
        await Promise.all([app.close(), writer.close()]);
      }
    },
    60_000,
  );
});

describe('behind Sentinel, a master that was replaced while nobody wrote', () => {
  let setup: RedisSentinel;

  beforeEach(async () => {
    setup = await startRedisSentinel();
  }, 60_000);

  afterEach(() => setup.stop());

  it.each(Object.entries(FAULTS))(
    'is not written to afterwards: %s',
    async (what, fault) => {
      const app = onSentinel(setup);
      try {
        await app.untilLive();
        await fault(setup);
        const ids = Array.from({ length: 500 }, (_, n) => `idle-${n}`);
        const kept: string[] = [];
        for (const id of ids) {
          await app.store.state.keep(id, 'x', 600_000).then(
            () => kept.push(id),
            () => {},
          );
        }
        await new Promise((resolve) => setTimeout(resolve, 3_000));
        const master = await setup.master();
        let lost = 0;
        for (const id of kept) if ((await setup.ask(master, 'EXISTS', `latchkey:once:{${id}}`)) !== 1) lost++;
        process.stdout.write(`Sentinel, idle, master ${what}: ${lost} of ${kept.length} acknowledged writes lost\n`);
        expect(lost).toBe(0);
        expect(await app.store.state.take(ids[0] as string).catch(() => 'refused')).not.toBe('refused');
      } finally {
        await app.close();
      }
    },
    60_000,
  );
});
