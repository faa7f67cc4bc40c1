import { doctorReport } from '../../../lib/cli/doctor-report.js';

describe('what doctor tells people', () => {
  it('holds nothing that a server says of itself and that would steer a terminal', () => {
    const hostile = 'a\u001b[31m\u0007\u202eb\u200bc';
    const finding = { id: 'tls', level: 'warning', node: hostile, detail: hostile, mend: hostile, risk: null } as const;
    const report = doctorReport(hostile, { ok: true, detail: hostile, findings: [finding] });
    expect(report.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
    expect(report).toContain('a\\u{1b}[31m\\u{7}\\u{202e}b\\u{200b}c.\n\nwarning  tls');
  });
});
