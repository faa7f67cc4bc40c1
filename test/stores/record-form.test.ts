import fc from 'fast-check';
import type { ApiKeyRecord } from '../../lib/records.js';
import { API_KEY_FORM } from '../../lib/stores/redis/record-form.js';
import { Draw } from '../conformance/store-samples.js';

const texts = fc.array(fc.string(), { maxLength: 2 });
const instant = fc.nat();
const orNull = <Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(values, { nil: null });

/** Every field that may be left out, unset and set, and lists that are empty. */
const FIELDS: fc.Arbitrary<Partial<ApiKeyRecord>> = fc.record({
  description: fc.string(),
  ownerKind: fc.constantFrom('user', 'service'),
  orgId: orNull(fc.string()),
  parentIds: texts,
  statements: fc.constantFrom([], [{ actions: ['read'], resources: [], workspace: '', description: '' }]),
  policyIds: texts,
  ceiling: fc.constantFrom([], [[]]),
  resources: orNull(texts),
  properties: fc.dictionary(fc.string(), fc.string()),
  dialects: fc.dictionary(fc.string(), fc.dictionary(fc.string(), fc.constantFrom(null, '', 0, false))),
  previousSecretHash: orNull(fc.string()),
  previousSecretExpiresAt: orNull(instant),
  notBefore: orNull(instant),
  expiresAt: orNull(instant),
  enabled: fc.boolean(),
  disableUnusedAfterMs: orNull(instant),
  allowedAddresses: orNull(texts),
  allowedOrigins: orNull(texts),
  maxRequestsPerMinute: orNull(instant),
  countedWith: orNull(fc.string()),
  internalOnly: fc.boolean(),
  revokedAt: orNull(instant),
  revokedBy: orNull(fc.string()),
  revokedReason: orNull(fc.string()),
  locale: orNull(fc.string()),
  timeZone: orNull(fc.string()),
  defaultWorkspace: orNull(fc.string()),
  expungeAt: orNull(instant),
});

describe('an API key in Redis', () => {
  const plain = new Draw(1).record({ description: '', properties: {}, dialects: {}, expiresAt: null });

  it('is read as it was written, whatever is set', () => {
    const isTheSame = (fields: Partial<ApiKeyRecord>) => {
      const record = { ...plain, ...fields };
      expect(API_KEY_FORM.decode(API_KEY_FORM.encode(record))).toEqual(JSON.parse(JSON.stringify(record)));
    };
    fc.assert(fc.property(FIELDS, isTheSame), { numRuns: 200 });
  });

  it('takes no room for what is not set', () => {
    const written = API_KEY_FORM.encode(plain);
    expect(written).not.toMatch(/null|properties|parentIds|internalOnly/);
    expect(written.length).toBeLessThan(0.6 * JSON.stringify(plain).length);
  });

  it.each<[what: string, fields: Partial<ApiKeyRecord>]>([
    ['tied to no resource at all', { resources: [] }],
    ['accepted from no address', { allowedAddresses: [] }],
    ['accepted by no origin', { allowedOrigins: [] }],
    ['for internal requests only', { internalOnly: true }],
    ['disabled', { enabled: false }],
    ['revoked at the beginning of time', { revokedAt: 0 }],
    ['expired at the beginning of time', { expiresAt: 0 }],
    ["a service's", { ownerKind: 'service' }],
  ])('keeps its limits: %s', (_what, fields) => {
    expect(API_KEY_FORM.decode(API_KEY_FORM.encode({ ...plain, ...fields }))).toStrictEqual({ ...plain, ...fields });
  });

  it('shares nothing with another one that was read', () => {
    const text = API_KEY_FORM.encode(plain);
    const [one, other] = [API_KEY_FORM.decode(text), API_KEY_FORM.decode(text)];
    expect(one.parentIds).not.toBe(other.parentIds);
    expect(one.properties).not.toBe(other.properties);
  });

  it('is read also where all is written out', () => {
    expect(API_KEY_FORM.decode(JSON.stringify(plain))).toStrictEqual(plain);
  });

  it('is unreadable where it is no JSON', () => {
    for (const text of ['', '{}', '[]', '{"id":"x"', 'null'])
      expect(() => API_KEY_FORM.decode(text)).toThrow(SyntaxError);
  });
});
