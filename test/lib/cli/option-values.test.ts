import { endOf, parseSpan, parseTime } from '../../../lib/cli/option-values.js';

describe('a time that is given to a command', () => {
  it.each([
    ['2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['2028-02-29', '2028-02-29T00:00:00.000Z'],
    ['2027-01-31T23:30:00Z', '2027-01-31T23:30:00.000Z'],
    ['2027-01-01T00:30:00+02:00', '2026-12-31T22:30:00.000Z'],
  ])('%s is %s', (text, instant) => {
    expect(parseTime(text)).toBe(Date.parse(instant));
    expect(endOf('expires', text)).toEqual({ at: Date.parse(instant) });
  });

  it.each([
    '2027-02-30',
    '2027-02-29',
    '2027-04-31T12:00:00Z',
    '2027-13-01',
    '2027-00-10',
    '2027-01-00',
    '31.1.2027',
    '',
  ])('%j is none, and not taken for another day', (text) => {
    expect(parseTime(text)).toBeUndefined();
    expect(() => endOf('expires', text)).toThrow('--expires must be a span such as 90d, a time');
  });
});

describe('a span that is given to a command', () => {
  it.each([
    ['90d', 90 * 86_400_000],
    ['0s', 0],
    ['2w', 14 * 86_400_000],
  ])('%s is %i ms', (text, ms) => expect(parseSpan(text)).toBe(ms));

  it.each(['90', 'd', '-1d', '1.5h', '1 d', '1234567s', '1D'])('%j is none', (text) =>
    expect(parseSpan(text)).toBeUndefined(),
  );
});
