/** Bounds of what a record may hold. They keep a record small enough to be read on every request. */
export const LIMITS = Object.freeze({
  /** Characters. */
  name: 256,
  description: 1_000,
  identifier: 128,
  reason: 500,
  locale: 35,
  timeZone: 64,
  /** Entries of `properties`, and characters of their keys and values. */
  properties: 32,
  propertyKey: 64,
  propertyValue: 512,
  /** Entries of `dialects`. */
  dialects: 10,
  /** Statements of one credential, and what one statement may hold. */
  statements: 100,
  actions: 50,
  action: 128,
  resources: 100,
  resource: 512,
  /** Policies of one credential, and what may be in them and its statements together when it is given them. */
  policies: 10,
  policyPatterns: 2_000,
  /** Keys through which one key was made, each by the one before. */
  lineage: 10,
  /** The most that a key can be allowed in a minute, where it is limited at all. */
  requestsPerMinute: 1_000_000,
  /** Keys named in one bulk call. */
  bulk: 1_000,
  /** Records on one page. */
  page: 200,
  criteria: 20,
  /** Criteria that are patterns, and characters of one. */
  likes: 5,
  like: 100,
  /** Actions and resources of all statements of one credential together: comparing rights costs their product. */
  patterns: 500,
  /** Entries of `allowedAddresses` and `allowedOrigins`. */
  addresses: 100,
  origins: 100,
  /** The longest that a process can remember a session that it has read, in ms. */
  rememberMs: 1_000,
  /** Characters of a record as JSON. */
  record: 65_536,
});

/** The last instant that every store sorts exactly: the end of the year 9999, in epoch ms. */
export const LAST_INSTANT = 253_402_300_799_999;
