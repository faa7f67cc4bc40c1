import { Lane } from '../../lib/stores/redis/redis-lane.js';

describe('what one server is asked', () => {
  let answers: (string | null)[];
  let asked: number;
  let troubles: number;

  beforeEach(() => {
    [answers, asked, troubles] = [[], 0, 0];
  });

  function newLane({ trustMs = 60_000, maxPending = 2, name = '' } = {}): Lane {
    const verify = async () => {
      asked++;
      return answers.shift() ?? null;
    };
    return new Lane({ name, maxPending, trustMs, verify, troubled: () => troubles++ });
  }

  async function trusted(options?: Parameters<typeof newLane>[0]): Promise<Lane> {
    const lane = newLane(options);
    await lane.verify();
    return lane;
  }

  it('is bounded, and has room again when a command has settled', () => {
    const lane = newLane();
    lane.begin();
    expect(lane.refusal).toBeNull();
    lane.begin();
    expect(lane.refusal).toBe('too many commands are waiting for Redis');
    lane.end();
    expect(lane.refusal).toBeNull();
  });

  it('is refused after a command was not answered in its time, until something is', async () => {
    const lane = await trusted({ name: 'a:1' });
    lane.timedOut(performance.now());
    expect([lane.refusal, lane.isTroubled, troubles]).toEqual(['Redis at a:1 does not answer', true, 1]);
    expect(lane.heard()).toBe(true);
    expect([lane.refusal, lane.isTroubled]).toEqual([null, false]);
  });

  it('goes on when one command was slow and others sent later were answered', async () => {
    const lane = await trusted();
    const sentAt = performance.now();
    lane.heard();
    lane.timedOut(sentAt);
    expect(lane.refusal).toBeNull();
  });

  it('is not believed before it is verified, at first and after doubt; and then no answer is', async () => {
    const lane = newLane();
    expect([lane.isDoubtful, lane.heard()]).toEqual([true, false]);
    await lane.verify();
    expect([lane.isDoubtful, lane.heard()]).toEqual([false, true]);
    lane.doubt();
    expect([lane.isDoubtful, lane.heard()]).toEqual([true, false]);
  });

  it('is not believed after silence for as long as trust lasts', async () => {
    const lane = await trusted({ trustMs: 1 });
    const until = performance.now() + 5;
    while (performance.now() < until);
    expect([lane.isDoubtful, lane.heard()]).toEqual([true, false]);
  });

  it('of which nothing can take the place is never doubted', () => {
    const lane = newLane({ trustMs: Number.POSITIVE_INFINITY });
    lane.doubt();
    expect([lane.isDoubtful, lane.heard(), lane.isTroubled]).toEqual([false, true, false]);
  });

  it('is refused for the reason that verification gave, until it succeeds', async () => {
    const lane = newLane();
    answers = ['it was replaced'];
    await expect(lane.verify()).rejects.toMatchObject({ code: 'store_unavailable', reason: 'it was replaced' });
    expect(lane.refusal).toBe('it was replaced');
    await lane.verify();
    expect(lane.refusal).toBeNull();
  });

  it('is verified once for all who ask at the same time', async () => {
    const lane = newLane();
    await Promise.all([lane.verify(), lane.verify(), lane.verify()]);
    expect(asked).toBe(1);
  });

  it('is verified anew when doubts arise meanwhile, though not without end', async () => {
    const lane = newLane();
    const verifying = lane.verify();
    lane.doubt();
    await verifying;
    expect([asked, lane.isDoubtful]).toEqual([2, false]);

    const doubted: Lane = new Lane({
      name: '',
      maxPending: 1,
      trustMs: 60_000,
      verify: async () => {
        asked++;
        doubted.doubt();
        return null;
      },
      troubled: () => {},
    });
    asked = 0;
    await expect(doubted.verify()).rejects.toMatchObject({ reason: 'Redis is being replaced' });
    expect([asked, doubted.isDoubtful]).toEqual([3, true]);
  });
});
