import { FAULTS } from './faults/index.js';
import { readOptions } from './options.js';
import { planOf } from './plan.js';
import { Random } from './random.js';
import { CommandReader } from './steps/command-gate.js';

describe('the plan of a run of faults', () => {
  const names = (topology: 'sentinel' | 'cluster', failovers: number, seed: number, only = '') =>
    planOf(topology, { failovers, only, hasDisk: true }, new Random(seed)).map(({ name }) => name);

  it('is the same for the same seed, and another one for another', () => {
    expect(names('sentinel', 20, 7)).toEqual(names('sentinel', 20, 7));
    expect(names('sentinel', 20, 7)).not.toEqual(names('sentinel', 20, 8));
  });

  it.each(['sentinel', 'cluster'] as const)(
    'has so many failovers on %s, of each sort, and every other fault',
    (on) => {
      const plan = planOf(on, { failovers: 50, only: '', hasDisk: true }, new Random(1));
      expect(plan.filter(({ isFailover }) => isFailover)).toHaveLength(50);
      expect(new Set(plan)).toEqual(new Set(FAULTS.filter((fault) => fault.on.includes(on))));
    },
  );

  it('leaves out what needs a disk where there is none, and what is not asked for', () => {
    const plan = planOf('cluster', { failovers: 4, only: '', hasDisk: false }, new Random(1));
    expect(plan.map(({ name }) => name)).not.toContain('disk of a master full (AOF)');
    expect(new Set(names('cluster', 4, 1, 'FAILOVER'))).toEqual(new Set(['CLUSTER FAILOVER']));
  });
});

describe('the options of the harness', () => {
  it('are read, with the seed drawn where none is given', () => {
    const { seed, ...options } = readOptions(['--failovers', '100', '--topology', 'cluster,sentinel']);
    expect(seed).toBeGreaterThanOrEqual(0);
    expect(options).toMatchObject({ failovers: 100, topologies: ['sentinel', 'cluster'], withSteps: true, json: null });
  });

  it.each([
    [['--seed', 'x'], '--seed takes a whole number from 0 to 2147483648'],
    [['--topology', 'ring'], '--topology: there is no ring'],
  ])('%j are refused', (args, message) => {
    expect(() => readOptions(args)).toThrow(new TypeError(message));
  });
});

describe('the reader of commands', () => {
  const PING = '*1\r\n$4\r\nPING\r\n';
  const SET = '*3\r\n$3\r\nset\r\n$1\r\nk\r\n$6\r\nä\r\n\r\n\r\n';

  it('finds the same commands however the bytes are cut', () => {
    const all = Buffer.from(PING + SET + PING);
    for (let cut = 0; cut <= all.length; cut++) {
      const reader = new CommandReader();
      const found = [...reader.read(all.subarray(0, cut)), ...reader.read(all.subarray(cut))];
      expect(found.map(({ name }) => name)).toEqual(['PING', 'SET', 'PING']);
      expect(Buffer.concat(found.map(({ bytes }) => bytes))).toEqual(all);
    }
  });

  it('refuses what is no command', () => {
    expect(() => new CommandReader().read(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow('a client of Redis sent');
  });
});
