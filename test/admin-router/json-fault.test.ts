import * as fc from 'fast-check';
import { jsonFaultAt } from '../../admin-router/json-fault.js';

describe('where a text stops being JSON', () => {
  it.each<[text: string, at: number]>([
    ['', 0],
    ['  ', 2],
    ['{"a":}', 5],
    ['{"a" 1}', 5],
    ['{"a":1,}', 7],
    ['{"a":1', 6],
    ['[1,]', 3],
    ['[1 2]', 3],
    ['[}', 1],
    ['{"a":1} x', 8],
    ['{"a":tru}', 5],
    ['{"a":01}', 5],
    ['{"a":"x', 7],
    ['{"a":"\\x"}', 6],
    ['{"a": "b\u0001"}', 8],
    ["{'a':1}", 1],
    ['{a:1}', 1],
    ['undefined', 0],
    ['{"roleID: 1\n}', 11],
  ])('%j: %d', (text, at) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(jsonFaultAt(text)).toBe(at);
  });

  it('is its end where it is JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom('', ' ', '\n\t'), (json, space) => {
        expect(jsonFaultAt(space + json + space)).toBe(space.length * 2 + json.length);
      }),
    );
  });

  it('is within a text that was cut or has a character changed, and before it the text was right', () => {
    const broken = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', '"', '}', ',', ':', '\u0000', 'x', '\\'));
    fc.assert(
      fc.property(broken, ([json, place, odd]) => {
        const cut = place % (json.length + 1);
        const text = odd === '' ? json.slice(0, cut) : json.slice(0, cut) + odd + json.slice(cut + 1);
        const at = jsonFaultAt(text);
        try {
          JSON.parse(text);
          expect(at).toBe(text.length);
        } catch {
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes a body of the greatest length in little time', () => {
    const text = `["${'a'.repeat(60_000)}`;
    expect(jsonFaultAt(text)).toBe(text.length);
    const deep = '['.repeat(60_000);
    const begunAt = performance.now();
    expect(jsonFaultAt(deep)).toBe(deep.length);
    expect(performance.now() - begunAt).toBeLessThan(5_000);
  });
});
