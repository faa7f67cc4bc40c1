import { type Activity, ActivityBuffer } from '../../../lib/audit/activity-buffer.js';

function refused(at: number, address = '192.0.2.1', reason: 'malformed' | 'unknown_id' = 'malformed'): Activity {
  const nobody = { orgId: null, ownerId: null, credentialId: null };
  return { type: 'request.refused', at, address, method: 'GET', path: '/', reason, scheme: null, ...nobody };
}

/** Each entry as address, reason, count, first and last time. */
function drained(buffer: ActivityBuffer): unknown[] {
  return buffer
    .drain(100)
    .flatMap(({ entries }) => entries)
    .map(({ event, count, lastAt }) => [event.address, 'reason' in event && event.reason, count, event.at, lastAt]);
}

describe('events that wait', () => {
  it('are counted where they are equal, one after the other and with others between', () => {
    const buffer = new ActivityBuffer();
    for (const at of [1, 2, 3]) buffer.add(refused(at));
    buffer.add(refused(4, '192.0.2.2'));
    buffer.add(refused(5, '192.0.2.2', 'unknown_id'));
    buffer.add(refused(6));
    buffer.add(refused(7, '192.0.2.2'));
    expect(drained(buffer)).toEqual([
      ['192.0.2.1', 'malformed', 4, 1, 6],
      ['192.0.2.2', 'malformed', 2, 4, 7],
      ['192.0.2.2', 'unknown_id', 1, 5, 5],
    ]);
  });

  it('are counted for each credential by itself, in whatever order they come', () => {
    const buffer = new ActivityBuffer();
    const one = { ...refused(0), credentialId: 'one' } as Activity;
    const other = { ...refused(0), credentialId: 'other' } as Activity;
    for (const at of [1, 2, 3]) for (const event of [one, other]) buffer.add({ ...event, at });
    buffer.add({ ...one, at: 4, path: '/elsewhere' } as Activity);
    buffer.add({ ...one, at: 5 });
    const entries = buffer.drain(6).flatMap((batch) => batch.entries);
    expect(entries).toEqual([
      { event: { ...one, at: 1 }, count: 4, lastAt: 5 },
      { event: { ...other, at: 1 }, count: 3, lastAt: 3 },
      { event: { ...one, at: 4, path: '/elsewhere' }, count: 1, lastAt: 4 },
    ]);
  });

  it('are counted anew once they were taken out', () => {
    const buffer = new ActivityBuffer();
    buffer.add(refused(1));
    const taken = buffer.drain(2);
    buffer.add(refused(3));
    expect(taken[0]?.entries).toEqual([{ event: refused(1), count: 1, lastAt: 1 }]);
    expect(drained(buffer)).toEqual([['192.0.2.1', 'malformed', 1, 3, 3]]);
  });

  it('are together again with what came meanwhile when they could not be written', () => {
    const buffer = new ActivityBuffer();
    buffer.add(refused(1));
    const taken = buffer.drain(2);
    buffer.add(refused(3));
    buffer.restore(taken);
    buffer.add(refused(4));
    expect(drained(buffer)).toEqual([['192.0.2.1', 'malformed', 3, 1, 4]]);
  });

  it('are only counted, equal or not, once those of strangers are too many', () => {
    const buffer = new ActivityBuffer();
    for (let i = 0; i < 400; i++) buffer.add(refused(i, `192.0.2.${i}`));
    buffer.add(refused(400, '192.0.2.399'));
    expect(buffer.size).toBe(401);
    expect(drained(buffer).at(-1)).toEqual([null, false, 1, 100, 100]);
  });
});
