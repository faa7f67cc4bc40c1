import { type RedisSentinel, startRedisSentinel } from '../support/redis-sentinel.js';
import { onSentinel } from './app-process.js';
import { changesSummary, changeThrough } from './changes-heard.js';
import { FAULTS, summary, writeThrough } from './sentinel-writes.js';

/** Promised are 600 ms; the bound allows for a busy machine, and what was measured is printed. */
const BOUND_MS = 3_000;

/** The other faults, and more rounds, are in `sentinel-outage.long.ts`. */
describe('behind Sentinel, a master that is', () => {
  let setup: RedisSentinel;

  beforeEach(async () => {
    setup = await startRedisSentinel();
  }, 60_000);

  afterEach(() => setup.stop());

  it.each(['frozen, and thawed as soon as a sentinel names another one', 'replaced on purpose (SENTINEL FAILOVER)'])(
    '%s loses no write that was acknowledged',
    async (what) => {
      const fault = FAULTS[what];
      if (fault === undefined) throw new Error('there is no such fault');
      const outcome = await writeThrough(setup, fault);
      process.stdout.write(summary(what, outcome));
      expect(outcome).toMatchObject({ lost: 0, feedIsLive: true });
      expect(outcome.acknowledged).toBeGreaterThan(200);
      expect(outcome.longestMs).toBeLessThan(BOUND_MS);
      expect(outcome.recoveredMs).toBeLessThan(10_000);
    },
    60_000,
  );

  it('killed costs no change that is not heard of: what was revoked is let in by nobody', async () => {
    const [app, writer] = [onSentinel(setup), onSentinel(setup)];
    try {
      const heard = await changeThrough({ app, writer }, () => FAULTS.killed?.(setup) ?? Promise.reject());
      process.stdout.write(changesSummary('Sentinel, master killed', heard));
      expect(heard).toMatchObject({ missed: 0, served: 0 });
      expect(heard.revoked).toBeGreaterThan(100);
    } finally {
      await Promise.all([app.close(), writer.close()]);
    }
  }, 60_000);
});
