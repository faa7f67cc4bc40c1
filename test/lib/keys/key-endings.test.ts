import { KeyEndings } from '../../../lib/keys/key-endings.js';
import type { ApiKeyRecord } from '../../../lib/records.js';
import { changed, Draw } from '../../conformance/store-samples.js';

const draw = new Draw(31);
const MOST = 10_000;

function revoked(): ApiKeyRecord {
  return changed(draw.record(), { revokedAt: 1, revokedBy: 'ada' });
}

describe('the endings that a process remembers', () => {
  it('are those of keys that are revoked or disabled, and no others', () => {
    const endings = new KeyEndings();
    const [active, disabled, ended] = [draw.record(), draw.record({ enabled: false }), revoked()];
    for (const record of [active, disabled, ended]) endings.note(record, true);
    expect(endings.get(active.id)).toBeUndefined();
    expect(endings.get(disabled.id)).toMatchObject({ version: 1, enabled: false, revokedAt: null });
    expect(endings.get(ended.id)).toMatchObject({ version: 2, enabled: true, revokedAt: 1, revokedBy: 'ada' });
    expect(endings.ids()).toEqual([ended.id, disabled.id]);
  });

  it('hold no more of a record than its end', () => {
    const endings = new KeyEndings();
    const record = changed(revoked(), { description: 'x'.repeat(1_000) });
    endings.note(record, true);
    expect(JSON.stringify(endings.get(record.id)).length).toBeLessThan(200);
  });

  it('are the newest, whoever made or saw them', () => {
    const endings = new KeyEndings();
    const record = revoked();
    for (const [version, isOwn] of [
      [5, true],
      [7, false],
      [6, true],
      [4, false],
    ] as const) {
      endings.note({ ...record, version }, isOwn);
    }
    expect(endings.get(record.id)?.version).toBe(7);
    expect(endings.ids()).toEqual([record.id]);
  });

  it('are forgotten when the key was enabled since, but never a revocation', () => {
    const endings = new KeyEndings();
    const [disabled, ended] = [draw.record({ enabled: false }), revoked()];
    for (const record of [disabled, ended]) {
      endings.note(record, true);
      endings.note({ ...record, version: 9, enabled: true, revokedAt: null }, true);
    }
    expect(endings.ids()).toEqual([ended.id]);
  });

  it('are ten thousand of its own and as many that it saw, the oldest of each going first', () => {
    const endings = new KeyEndings();
    const own = Array.from({ length: MOST + 1 }, revoked);
    const seen = Array.from({ length: MOST + 5 }, revoked);
    for (const record of own) endings.note(record, true);
    for (const record of seen) endings.note(record, false);
    const newest = [...own.slice(1).reverse(), ...seen.slice(5).reverse()];
    expect(endings.ids()).toEqual(newest.map(({ id }) => id));
    expect(endings.get((own[0] as ApiKeyRecord).id)).toBeUndefined();
  });
});
