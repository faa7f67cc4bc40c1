import { entryToWire, keyToWire, policyToWire, sessionToWire } from '../../../admin-router/wire.js';
import { jsonView } from '../../../lib/cli/json-view.js';
import { printable, printableJson, printableLine } from '../../../lib/cli/printable.js';
import { type Column, cut, Table, widthOf } from '../../../lib/cli/table.js';
import type { ApiKey, Policy, Session } from '../../../lib/index.js';

describe('text for a terminal', () => {
  it.each([
    ['\u001b[31mred\u001b]52;c;x\u0007', '\\u{1b}[31mred\\u{1b}]52;c;x\\u{7}'],
    ['\u009b31m \u007f \r \t \0', '\\u{9b}31m \\u{7f} \\u{d} \\u{9} \\u{0}'],
    ['\u202egnp.exe\u2066\u200b\ufeff', '\\u{202e}gnp.exe\\u{2066}\\u{200b}\\u{feff}'],
    ['\ud800 \u{e0041} \u2028', '\\u{d800} \\u{e0041} \\u{2028}'],
    ['plain, é, 中文, 😀, ـا', 'plain, é, 中文, 😀, ـا'],
  ])('%j is shown as %s', (text, shown) => {
    expect(printable(text)).toBe(shown);
    expect(JSON.parse(printableJson({ text }))).toEqual({ text });
    expect(printableJson({ text })).toBe(printable(printableJson({ text })));
  });

  it('keeps line ends, but not within a line', () => {
    expect(printable('a\nb')).toBe('a\nb');
    expect(printableLine('a\nb')).toBe('a\\nb');
    expect(JSON.parse(printableJson({ a: '\n' }, 2))).toEqual({ a: '\n' });
  });
});

describe('a table', () => {
  const columns: Column<readonly string[]>[] = [
    { title: 'ID', of: ([id = '']) => id },
    { title: 'NAME', of: ([, name = '']) => name, least: 5 },
    { title: 'MORE', of: ([, , more = '']) => more, isExtra: true },
  ];
  const rows = [
    ['a1', '中文中文中文', 'first'],
    ['b2', 'plain', 'x'],
  ];
  const linesIn = (width: number | null) => new Table(columns, { columns: width, isColoured: false }).lines(rows);

  it('takes no more than it needs', () => {
    expect(linesIn(null)).toEqual(['ID  NAME          MORE', 'a1  中文中文中文  first', 'b2  plain         x']);
    expect(linesIn(200)).toEqual(linesIn(null));
  });

  it('cuts what may be cut, leaves out what may be left out, and keeps the rest whole', () => {
    expect(linesIn(18)).toEqual(['ID  NAME     MORE', 'a1  中文中…  first', 'b2  plain    x']);
    expect(linesIn(13)).toEqual(['ID  NAME', 'a1  中文中文…', 'b2  plain']);
    expect(linesIn(1)).toEqual(['ID  NAME', 'a1  中文…', 'b2  plain']);
    for (const width of [18, 13]) for (const line of linesIn(width)) expect(widthOf(line)).toBeLessThanOrEqual(width);
  });

  it('goes on in the widths of the first rows, without a second title', () => {
    const table = new Table(columns, { columns: null, isColoured: false });
    table.lines(rows);
    expect(table.lines([['c3', 'longer than all before', 'y']])).toEqual(['c3  longer than all before  y']);
  });

  it('counts characters as they are seen', () => {
    expect(['e\u0301', '👩‍👩‍👧', '中', 'abc', ''].map(widthOf)).toEqual([1, 2, 2, 3, 0]);
    expect(cut('e\u0301e\u0301e\u0301', 2)).toBe('e\u0301…');
  });
});

describe('a record as JSON', () => {
  it('is what the admin API answers', () => {
    const key = {
      id: 'k',
      createdAt: 1,
      expiresAt: null,
      disableUnusedAfterMs: 3_600_000,
      dialects: { trend: {} },
      useCount: 7,
    };
    expect(jsonView(key)).toMatchObject({ createdAt: '1970-01-01T00:00:00.001Z', disableUnusedAfterSeconds: 3_600 });
    const times = { enabledAt: 2, updatedAt: 3, notBefore: 6, revokedAt: null, lastUsedAt: 5, lastFailedAt: null };
    const whole = { ...key, ...times, previousSecretExpiresAt: 4 } as unknown as ApiKey;
    expect(jsonView(whole)).toEqual(keyToWire(whole));
    const policy = { id: 'p', dialects: {}, createdAt: 1, updatedAt: 2, templateId: null } as unknown as Policy;
    expect(jsonView(policy)).toEqual(policyToWire(policy));
    const at = { createdAt: 1, lastActivityAt: 2, idleExpiresAt: 3, expiresAt: 4, lastFailedSignInAt: null };
    const session = { id: 's', idleMs: 60_000, ...at } as unknown as Session;
    expect(jsonView(session)).toEqual(sessionToWire(session));
    const entry = {
      id: 'e',
      at: 1,
      count: 3,
      before: {},
      after: { expiresAt: 5, notBefore: 4, idleMs: null, maxRequestsPerMinute: 2 },
    };
    expect(jsonView(entry)).toEqual(entryToWire(entry));
    expect(jsonView(entry).after).toMatchObject({ notBefore: '1970-01-01T00:00:00.004Z', maxRequestsPerMinute: 2 });
  });
});
