import { AuthError, createLatchkey, type Finding, MemoryStore, RISKS, type Risk, type Store } from '../../lib/index.js';
import { StartCheck } from '../../lib/start-check.js';
import { inProduction } from '../support/production.js';

const EVICTING = finding('eviction', 'It drops keys.', 'Tell it not to.', 'eviction');
const FORGETTING = finding('persistence', 'It forgets.', 'Tell it not to.', 'no-persistence');
const ASKED = 'the store was asked';
const READ = 'a key was read';

const EVERYTHING = [
  'Latchkey refuses to run in production (NODE_ENV) like this:',
  '- It drops keys. Tell it not to.',
  '- 10.0.0.1:6379: It forgets. Tell it not to.',
  "Mend it, or accept it by name: createLatchkey({ production: { accept: ['eviction', 'no-persistence'] } }).",
].join('\n');

/** A store that notes what it is asked, with the health that a test wants. */
class Patient {
  readonly calls: string[] = [];
  findings: readonly Finding[] = [];
  trouble: string | null = null;
  readonly store: Store;

  constructor() {
    const { records, state, changes } = new MemoryStore();
    const get = (id: string) => {
      this.calls.push(READ);
      return records.apiKeys.get(id);
    };
    const apiKeys = new Proxy(records.apiKeys, {
      get: (target, name) => (name === 'get' ? get : Reflect.get(target, name)),
    });
    const health = async () => {
      this.calls.push(ASKED);
      const detail = this.trouble ?? 'all is well';
      return { ok: this.trouble === null, latencyMs: 0, feedIsLive: true, detail, findings: this.findings };
    };
    this.store = { records: { ...records, apiKeys }, state, changes, health, close: async () => {} };
  }

  check(accept: readonly Risk[] = [], isProduction = true): StartCheck {
    return new StartCheck(this.store, { accept }, Date.now, isProduction);
  }
}

describe('the check at the start', () => {
  let patient: Patient;
  let warnings: jest.SpyInstance;

  beforeEach(() => {
    patient = new Patient();
    warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });

  afterEach(() => {
    jest.useRealTimers();
    warnings.mockRestore();
  });

  const read = (store: Store) => store.records.apiKeys.get('some-id');
  const reasonOf = (answer: Promise<unknown>) =>
    answer.then(
      () => 'it answered',
      (error: unknown) => (error instanceof AuthError && error.status === 503 ? error.reason : String(error)),
    );

  it('refuses a name that is none, and says which there are', () => {
    expect(() => patient.check(['everything' as Risk])).toThrow(
      new TypeError(
        'production.accept has no everything; it takes: eviction, no-persistence, plain-text-store, plain-http',
      ),
    );
  });

  describe('outside production', () => {
    it('asks nothing and refuses nothing, whatever there is to find', async () => {
      patient.findings = [EVICTING];
      const check = patient.check([], false);
      expect(check.guarded()).toBe(patient.store);
      expect(RISKS.filter((risk) => check.refuses(risk))).toEqual([]);
      expect(patient.calls).toEqual([]);
    });

    it('is ready as soon as the store answers', async () => {
      jest.useFakeTimers();
      patient.trouble = 'the store is away';
      const ready = patient.check([], false).ready();
      await jest.advanceTimersByTimeAsync(5_000);
      patient.trouble = null;
      await jest.advanceTimersByTimeAsync(1_000);
      await expect(ready).resolves.toBeUndefined();
    });

    it('gives up after ten seconds, with the reason of the store', async () => {
      jest.useFakeTimers();
      patient.trouble = 'the store is away';
      const ready = patient.check([], false).ready();
      const outcome = expect(ready).rejects.toThrow(new Error('Latchkey is not ready: the store is away.'));
      await jest.advanceTimersByTimeAsync(10_500);
      await outcome;
    });
  });

  describe('in production', () => {
    it('asks the store before anybody reads it, once for all who wait', async () => {
      const store = patient.check().guarded();
      await Promise.all(Array.from({ length: 50 }, () => read(store)));
      expect(patient.calls).toEqual([ASKED, ...Array(50).fill(READ)]);
      await read(store);
      expect(patient.calls.filter((call) => call === ASKED)).toHaveLength(1);
    });

    it('lets nothing reach a store that is refused', async () => {
      patient.findings = [EVICTING, { ...FORGETTING, node: '10.0.0.1:6379' }];
      const store = patient.check().guarded();
      expect(await reasonOf(read(store))).toBe('refused in production: eviction, no-persistence');
      expect(await reasonOf(store.state.take('a'))).toBe('refused in production: eviction, no-persistence');
      expect(await reasonOf(store.state.sessions.find('a'))).toBe('refused in production: eviction, no-persistence');
      expect(patient.calls).toEqual([ASKED]);
      expect((await store.health()).findings).toBe(patient.findings);
    });

    it('warns once of what it refuses, with every mend and the names to accept it by', async () => {
      patient.findings = [EVICTING, { ...FORGETTING, node: '10.0.0.1:6379' }];
      const store = patient.check().guarded();
      await reasonOf(read(store));
      await reasonOf(read(store));
      expect(warnings.mock.calls).toEqual([[EVERYTHING, { code: 'LATCHKEY_PRODUCTION' }]]);
    });

    it('tells it to who awaits ready() in place of a warning, as often as they ask', async () => {
      patient.findings = [EVICTING, { ...FORGETTING, node: '10.0.0.1:6379' }];
      const check = patient.check();
      await expect(check.ready()).rejects.toThrow(new Error(EVERYTHING));
      await expect(check.ready()).rejects.toThrow(new Error(EVERYTHING));
      expect(warnings).not.toHaveBeenCalled();
    });

    it('takes what the host accepts, and only that', async () => {
      patient.findings = [EVICTING, FORGETTING];
      expect(await reasonOf(read(patient.check(['eviction']).guarded()))).toBe('refused in production: no-persistence');
      const check = patient.check(['eviction', 'no-persistence']);
      expect(await read(check.guarded())).toBeNull();
      await check.ready();
      expect(check.refuses('eviction')).toBe(false);
      expect(check.refuses('plain-http')).toBe(true);
    });

    it('hands out the store as it is where everything is accepted', () => {
      expect(patient.check(RISKS).guarded()).toBe(patient.store);
    });

    it('refuses no warning without a risk, and nothing that is unknown', async () => {
      patient.findings = [
        { ...EVICTING, risk: null },
        { ...FORGETTING, level: 'unknown', risk: null },
      ];
      expect(await read(patient.check().guarded())).toBeNull();
    });

    it('lets nobody in while the store does not answer, and everybody as soon as it does', async () => {
      patient.trouble = 'the store is away';
      const store = patient.check().guarded();
      expect(await reasonOf(read(store))).toBe('the store is away');
      patient.trouble = null;
      expect(await read(store)).toBeNull();
      expect(warnings).not.toHaveBeenCalled();
    });

    it('looks again after five seconds, when somebody asks, whether it was mended', async () => {
      jest.useFakeTimers();
      patient.findings = [EVICTING];
      const store = patient.check().guarded();
      await reasonOf(read(store));
      patient.findings = [];
      jest.advanceTimersByTime(4_900);
      expect(await reasonOf(read(store))).toBe('refused in production: eviction');
      expect(patient.calls).toEqual([ASKED]);
      jest.advanceTimersByTime(200);
      expect(await read(store)).toBeNull();
    });

    it('is not asked again once it has passed', async () => {
      const store = patient.check().guarded();
      await read(store);
      patient.findings = [EVICTING];
      expect(await read(store)).toBeNull();
      expect(patient.calls).toEqual([ASKED, READ, READ]);
    });

    it('takes a store whose health rejects for one that does not answer', async () => {
      const store = { ...patient.store, health: () => Promise.reject(new Error('broken')) };
      const guarded = new StartCheck(store, {}, Date.now, true).guarded();
      expect(await reasonOf(read(guarded))).toBe('Error: broken');
    });
  });

  describe('of createLatchkey', () => {
    const NEW_KEY = { name: 'a', ownerId: 'ada', statements: [] };

    it('refuses the memory store in production, unless it is accepted', async () => {
      const latchkey = inProduction(() => createLatchkey());
      await expect(latchkey.ready()).rejects.toThrow(
        "- Everything is gone when this process ends, and no other process sees it. Give createLatchkey a RedisStore.\nMend it, or accept it by name: createLatchkey({ production: { accept: ['no-persistence'] } }).",
      );
      expect(await reasonOf(latchkey.apiKeys.create(NEW_KEY, { by: 'test' }))).toBe(
        'refused in production: no-persistence',
      );
      expect(await latchkey.health()).toMatchObject({ ok: true, detail: 'memory' });
      await latchkey.close();
      const accepting = inProduction(() => createLatchkey({ production: { accept: ['no-persistence'] } }));
      await accepting.ready();
      expect((await accepting.apiKeys.create(NEW_KEY, { by: 'test' })).token).toMatch(/^lk_/);
      await accepting.close();
      expect(warnings).not.toHaveBeenCalled();
    });

    it('is over at once outside production', async () => {
      const latchkey = createLatchkey({ production: { accept: [] } });
      await latchkey.ready();
      await latchkey.close();
    });

    it('refuses options that are none', () => {
      const wrong = (production: unknown) => () => createLatchkey({ production } as never);
      expect(wrong({ accept: 'eviction' })).toThrow(new TypeError('production.accept must be a list'));
      expect(wrong({ accepts: [] })).toThrow(new TypeError('production has no option accepts; it takes: accept'));
      expect(wrong({ accept: ['tls'] })).toThrow(/^production\.accept has no tls; it takes: eviction, /);
      expect(wrong(true)).toThrow(new TypeError('createLatchkey.production must be a object'));
    });

    it('compares the store with its own clock', async () => {
      const store = new MemoryStore();
      const asked = jest.spyOn(store, 'health');
      const now = () => 1_000;
      const latchkey = createLatchkey({ store, now });
      await latchkey.health();
      expect(asked).toHaveBeenCalledWith(now);
      await latchkey.close();
    });
  });
});

function finding(id: Finding['id'], detail: string, mend: string, risk: Risk): Finding {
  return { id, level: 'warning', node: null, detail, mend, risk };
}
