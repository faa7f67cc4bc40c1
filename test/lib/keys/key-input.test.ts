import fc from 'fast-check';
import type { KeyFields } from '../../../lib/keys/key-input.js';
import { checkIdentifier, checkKeyFields } from '../../../lib/keys/key-input.js';
import { LAST_INSTANT } from '../../../lib/limits.js';
import { FULL_ACCESS } from '../../../lib/permissions/statement.js';

const GOOD: KeyFields = {
  name: 'ci',
  description: '',
  statements: [FULL_ACCESS],
  resources: null,
  properties: {},
  notBefore: null,
  expiresAt: null,
  locale: null,
  timeZone: null,
  policyIds: [],
  allowedAddresses: null,
  allowedOrigins: null,
  disableUnusedAfterMs: null,
  maxRequestsPerMinute: null,
  dialects: {},
};

/** The fields of a caller without types. */
function check(fields: Readonly<Record<string, unknown>>) {
  return checkKeyFields(fields as Partial<KeyFields>);
}

describe('checkKeyFields', () => {
  it('finds no fault in good fields, nor in none', () => {
    expect(checkKeyFields(GOOD)).toEqual([]);
    expect(checkKeyFields({})).toEqual([]);
  });

  it('takes everything at its bound', () => {
    const properties = Object.fromEntries(
      Array.from({ length: 32 }, (_, i) => [String(i).padEnd(64, 'k'), 'v'.repeat(512)]),
    );
    const most = {
      name: 'n'.repeat(256),
      description: 'd'.repeat(1_000),
      resources: Array.from({ length: 100 }, (_, i) => String(i).padEnd(512, 'r')),
      properties,
      notBefore: 0,
      expiresAt: LAST_INSTANT,
      locale: 'de-DE-u-co-phonebk',
      timeZone: 'Europe/Berlin',
      policyIds: Array.from({ length: 10 }, (_, i) => String(i).padEnd(128, 'p')),
      allowedAddresses: Array.from({ length: 100 }, (_, i) => `10.0.${i}.0/24`),
      allowedOrigins: Array.from({ length: 100 }, (_, i) => `https://app${i}.example.com`),
      disableUnusedAfterMs: 3_600_000,
      maxRequestsPerMinute: 1_000_000,
    };
    expect(check(most)).toEqual([]);
  });

  it.each([
    ['name', '', 'must have 1 to 256 printable characters'],
    ['name', 'n'.repeat(257), 'must have 1 to 256 printable characters'],
    ['name', 'a\0b', 'must have 1 to 256 printable characters'],
    ['name', 'a\nb', 'must have 1 to 256 printable characters'],
    ['name', 'a\u007f', 'must have 1 to 256 printable characters'],
    ['name', '\ud800', 'must have 1 to 256 printable characters'],
    ['name', 7, 'must have 1 to 256 printable characters'],
    ['name', undefined, 'must have 1 to 256 printable characters'],
    ['name', null, 'must have 1 to 256 printable characters'],
    ['description', 'd'.repeat(1_001), 'must have at most 1000 characters'],
    ['description', null, 'must have at most 1000 characters'],
    ['description', '\udc00', 'must have at most 1000 characters'],
    ['statements', Array(101).fill(FULL_ACCESS), 'must have at most 100 entries'],
    ['resources', [], 'must have 1 to 100 entries'],
    ['properties', Object.fromEntries(Array.from({ length: 33 }, (_, i) => [i, ''])), 'must have at most 32 entries'],
    ['notBefore', -1, 'must be an instant before the year 10000, or null'],
    ['notBefore', 1.5, 'must be an instant before the year 10000, or null'],
    ['expiresAt', LAST_INSTANT + 1, 'must be an instant before the year 10000, or null'],
    ['expiresAt', Number.NaN, 'must be an instant before the year 10000, or null'],
    ['expiresAt', '2026-01-01', 'must be an instant before the year 10000, or null'],
    ['expiresAt', new Date(0), 'must be an instant before the year 10000, or null'],
    ['locale', '', 'must be a BCP 47 language tag, e.g. "en-US"'],
    ['locale', 'english please', 'must be a BCP 47 language tag, e.g. "en-US"'],
    ['locale', 'e'.repeat(36), 'must be a BCP 47 language tag, e.g. "en-US"'],
    ['locale', ['en'], 'must be a BCP 47 language tag, e.g. "en-US"'],
    ['timeZone', '', 'must be an IANA time zone, e.g. "Europe/Berlin"'],
    ['timeZone', 'Mars/Olympus', 'must be an IANA time zone, e.g. "Europe/Berlin"'],
    ['timeZone', 0, 'must be an IANA time zone, e.g. "Europe/Berlin"'],
    ['policyIds', 'auditor', 'must have at most 10 entries'],
    ['policyIds', null, 'must have at most 10 entries'],
    ['policyIds', Array.from({ length: 11 }, (_, i) => `p${i}`), 'must have at most 10 entries'],
    ['policyIds', ['a', 'b', 'a'], 'must hold no entry twice'],
    ['allowedAddresses', [], 'must have 1 to 100 entries'],
    ['allowedAddresses', '192.0.2.1', 'must have 1 to 100 entries'],
    ['allowedOrigins', [], 'must have 1 to 100 entries'],
    ['allowedOrigins', Array(101).fill('https://a.example'), 'must have 1 to 100 entries'],
    ['disableUnusedAfterMs', 3_599_999, 'must be a whole number of ms from an hour, or null'],
    ['disableUnusedAfterMs', 0, 'must be a whole number of ms from an hour, or null'],
    ['disableUnusedAfterMs', 3_600_000.5, 'must be a whole number of ms from an hour, or null'],
    ['disableUnusedAfterMs', Number.POSITIVE_INFINITY, 'must be a whole number of ms from an hour, or null'],
    ['disableUnusedAfterMs', '1d', 'must be a whole number of ms from an hour, or null'],
    ['maxRequestsPerMinute', 0, 'must be a whole number from 1 to 1000000, or null'],
    ['maxRequestsPerMinute', 1_000_001, 'must be a whole number from 1 to 1000000, or null'],
    ['maxRequestsPerMinute', 1.5, 'must be a whole number from 1 to 1000000, or null'],
    ['maxRequestsPerMinute', '60', 'must be a whole number from 1 to 1000000, or null'],
  ])('refuses such a %s, and says what it must be (case %#)', (path, value, message) => {
    expect(check({ ...GOOD, [path]: value })).toEqual([{ path, message }]);
  });

  it.each([
    ['', 'v'],
    ['k'.repeat(65), 'v'],
    ['k', 'v'.repeat(513)],
    ['k', 7],
    ['k', null],
    ['k', { deep: 'er' }],
  ])('refuses the property %j: %j by its name, cut to the length that a name may have', (key, value) => {
    expect(check({ properties: { fine: 'yes', [key]: value } })).toEqual([
      {
        path: `properties.${key.slice(0, 64)}`,
        message: 'must map a key of at most 64 to a text of at most 512 characters',
      },
    ]);
  });

  it('refuses a property that is named __proto__', () => {
    expect(check({ properties: JSON.parse('{"fine":"yes","__proto__":"x"}') })).toEqual([
      { path: 'properties.__proto__', message: 'must not map the key __proto__' },
    ]);
  });

  it('names the entry of a list that is wrong', () => {
    const faults = check({
      policyIds: ['auditor', ''],
      allowedAddresses: ['192.0.2.1', '192.0.2.0/33'],
      allowedOrigins: ['https://app.example.com', 'https://app.example.com/'],
    });
    expect(faults.map(({ path }) => path)).toEqual(['policyIds.1', 'allowedAddresses.1', 'allowedOrigins.1']);
  });

  it('tells all faults at once', () => {
    const faults = check({ name: '', description: null, statements: [{ ...FULL_ACCESS, actions: [] }], timeZone: 'x' });
    expect(faults.map(({ path }) => path)).toEqual(['name', 'description', 'statements.0.actions', 'timeZone']);
  });

  it('never throws, whatever the texts and numbers are', () => {
    const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.constant(null), fc.boolean());
    fc.assert(
      fc.property(
        anything,
        anything,
        anything,
        anything,
        anything,
        (name, description, expiresAt, locale, timeZone) => {
          expect(Array.isArray(check({ name, description, expiresAt, locale, timeZone }))).toBe(true);
        },
      ),
    );
  });
});

describe('checkIdentifier', () => {
  it.each(['a', 'ada@example.org', 'org:7{x}', 'é', 'i'.repeat(128)])('takes %j', (id) => {
    expect(checkIdentifier('ownerId', id)).toEqual([]);
  });

  it.each(['', 'i'.repeat(129), 'a\nb', '\ud800', 7, null, undefined, {}])('refuses %j', (id) => {
    expect(checkIdentifier('ownerId', id)).toEqual([
      { path: 'ownerId', message: 'must have 1 to 128 printable characters' },
    ]);
  });
});
