import { recommendedRedisOptions } from '../../lib/stores/redis-store.js';
import { type RedisSentinel, startRedisSentinel } from '../support/redis-sentinel.js';
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
        const outcome = await writeThrough(setup, fault(setup), { client, afterMs: 6_000 });
        process.stdout.write(`${which}: ${summary(what, outcome)}`);
        expect(outcome).toMatchObject({ lost: 0, feedIsLive: true });
      },
      60_000,
    );
  });
});
