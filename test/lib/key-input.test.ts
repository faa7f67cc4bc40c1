import fc from 'fast-check';
import type { KeyFields } from '../../lib/key-input.js';
import { checkIdentifier, checkKeyFields } from '../../lib/key-input.js';
import { LAST_INSTANT } from '../../lib/limits.js';
import { FULL_ACCESS } from '../../lib/permissions.js';

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
      name: 'n'.repeat(200),
      description: 'd'.repeat(1_000),
      resources: Array.from({ length: 100 }, (_, i) => String(i).padEnd(512, 'r')),
      properties,
      notBefore: 0,
      expiresAt: LAST_INSTANT,
      locale: 'de-DE-u-co-phonebk',
      timeZone: 'Europe/Berlin',
    };
    expect(check(most)).toEqual([]);
  });

  it.each([
    ['name', '', 'must have 1 to 200 printable characters'],
    ['name', 'n'.repeat(201), 'must have 1 to 200 printable characters'],
    ['name', 'a\0b', 'must have 1 to 200 printable characters'],
    ['name', 'a\nb', 'must have 1 to 200 printable characters'],
    ['name', 'a\u007f', 'must have 1 to 200 printable characters'],
    ['name', '\ud800', 'must have 1 to 200 printable characters'],
    ['name', 7, 'must have 1 to 200 printable characters'],
    ['name', null, 'must have 1 to 200 printable characters'],
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
