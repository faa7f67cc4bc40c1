import { isStillMaster, parseClusterNodes } from '../../lib/stores/redis/cluster-view.js';

const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(40));

/** A line of CLUSTER NODES. */
function line(id: string | undefined, flags: string, epoch: number, slots: string): string {
  return `${id} 127.0.0.1:7001@17001,host ${flags} - 0 1700000000000 ${epoch} connected ${slots}`.trimEnd();
}

describe('how a node sees the cluster', () => {
  const view = (...lines: string[]) => parseClusterNodes(`${lines.join('\n')}\n`);

  it('is read from CLUSTER NODES, without what is being moved', () => {
    expect(
      view(
        line(A, 'myself,master', 7, '0-5460 5500 [5461->-bbb] [5462-<-ccc]'),
        line(B, 'master,fail?', 2, ''),
        line(C, 'slave', 7, ''),
      ),
    ).toEqual([
      {
        id: A,
        isMyself: true,
        isMaster: true,
        epoch: 7,
        ranges: [
          [0, 5460],
          [5500, 5500],
        ],
      },
      { id: B, isMyself: false, isMaster: true, epoch: 2, ranges: [] },
      { id: C, isMyself: false, isMaster: false, epoch: 7, ranges: [] },
    ]);
  });

  describe('and whether a master still is one', () => {
    const own = view(line(A, 'myself,master', 5, '0-5460'), line(B, 'master', 2, '5461-16383'));

    it.each<[string, boolean, string[]]>([
      ['where all agree', true, [line(A, 'master', 5, '0-5460'), line(B, 'myself,master', 2, '5461-16383')]],
      [
        'where another one took its slots over',
        false,
        [line(A, 'master,fail', 5, ''), line(C, 'myself,master', 9, '0-5460')],
      ],
      ['where another one took over one of them', false, [line(C, 'master', 9, '5460-5470')]],
      ['where a view is older than its own', true, [line(C, 'master', 4, '0-5460')]],
      ['where a later one serves other slots', true, [line(C, 'master', 9, '5461-5470 16383')]],
      ['where nobody else is known', true, []],
    ])('%s: %s', (_when, expected, lines) => {
      expect(isStillMaster(own, [own, view(...lines)])).toBe(expected);
    });

    it('not when it has become a replica, nor when it does not know itself', () => {
      expect(isStillMaster(view(line(A, 'myself,slave', 5, '')), [])).toBe(false);
      expect(isStillMaster(view(line(A, 'master', 5, '0-5460')), [])).toBe(false);
    });
  });
});
