import fc from 'fast-check';
import type { Credential } from '../../../lib/verification/secret.js';
import {
  checkPrefix,
  generateSecret,
  isWellFormed,
  SecretHasher,
  splitToken,
} from '../../../lib/verification/secret.js';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const prefixes = fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 1, maxLength: 16 });

describe('a generated secret', () => {
  it('is read back from its token, whatever the prefix', () => {
    fc.assert(
      fc.property(prefixes, (prefix) => {
        const { id, secret, token } = generateSecret(prefix);
        expect(token).toBe(`${prefix}_${id}_${secret}`);
        expect(splitToken(prefix, token)).toEqual({ id, secret });
        expect(isWellFormed(prefix, id, secret)).toBe(true);
      }),
    );
  });

  it('has an id of 22 and a secret of 49 base62 characters, the last six of them the checksum', () => {
    for (let i = 0; i < 200; i++) {
      expect(generateSecret('lk').token).toMatch(/^lk_[0-9A-Za-z]{22}_[0-9A-Za-z]{43}[0-9A-Za-z]{6}$/);
    }
  });

  it('keeps the id that it is given, with a new secret each time', () => {
    const { id, secret } = generateSecret('lk');
    const rotated = generateSecret('lk', id);
    expect(rotated.id).toBe(id);
    expect(rotated.secret).not.toBe(secret);
    expect(isWellFormed('lk', id, rotated.secret)).toBe(true);
  });

  it('never comes twice', () => {
    const made = Array.from({ length: 5_000 }, () => generateSecret('lk'));
    expect(new Set(made.map(({ id }) => id)).size).toBe(5_000);
    expect(new Set(made.map(({ secret }) => secret)).size).toBe(5_000);
  });

  it('uses every character equally often', () => {
    const counts = new Map<string, number>();
    let total = 0;
    for (let i = 0; i < 4_000; i++) {
      const { id, secret } = generateSecret('lk');
      for (const character of id + secret.slice(0, 43)) {
        counts.set(character, (counts.get(character) ?? 0) + 1);
        total++;
      }
    }
    const expected = total / ALPHABET.length;
    const chiSquare = [...ALPHABET].reduce((sum, c) => sum + ((counts.get(c) ?? 0) - expected) ** 2 / expected, 0);
    // 61 on average, above 150 once in 10^9 runs; bytes taken modulo 62 would give 1,700.
    expect(chiSquare).toBeLessThan(150);
  });

  it('is not well-formed under another prefix', () => {
    const { id, secret } = generateSecret('lk');
    expect(isWellFormed('lK', id, secret)).toBe(false);
    expect(isWellFormed('acme', id, secret)).toBe(false);
  });
});

describe('splitToken and isWellFormed', () => {
  const { id, secret, token } = generateSecret('lk');

  it('refuse what was made with another prefix, is cut short, or runs on', () => {
    expect(splitToken('acme', token)).toBeNull();
    expect(splitToken('l', token)).toBeNull();
    expect(splitToken('lkx', token)).toBeNull();
    for (let length = 0; length < token.length; length++) expect(splitToken('lk', token.slice(0, length))).toBeNull();
    for (const more of ['0', ' ', '\0', '_', 'AAAA']) {
      expect(splitToken('lk', token + more)).toBeNull();
      expect(splitToken('lk', more + token)).toBeNull();
    }
  });

  it('refuse an id or a secret of another length', () => {
    expect(isWellFormed('lk', id.slice(1), secret)).toBe(false);
    expect(isWellFormed('lk', id + id[0], secret)).toBe(false);
    expect(isWellFormed('lk', id, secret.slice(1))).toBe(false);
    expect(isWellFormed('lk', id, `${secret}0`)).toBe(false);
    expect(isWellFormed('lk', '', '')).toBe(false);
    // The same token, cut elsewhere.
    expect(isWellFormed('lk', token.slice(3, 26), token.slice(26))).toBe(false);
  });

  it('refuse an id of other characters even when the checksum holds: it never reaches a key of the store', () => {
    const strange = '{lk}:key*'.padEnd(22, '\0');
    const made = generateSecret('lk', strange);
    expect(isWellFormed('lk', strange, made.secret)).toBe(false);
  });

  it('refuse anything that was not generated', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 75, maxLength: 75 }), (text) => {
        const pair = splitToken('lk', text);
        expect(pair !== null && isWellFormed('lk', pair.id, pair.secret)).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...ALPHABET), minLength: 71, maxLength: 71 }), (text) => {
        expect(isWellFormed('lk', text.slice(0, 22), text.slice(22))).toBe(false);
      }),
    );
  });
});

describe('checkPrefix', () => {
  it('takes 1 to 16 letters and digits', () => {
    for (const prefix of ['a', 'lk', 'Acme2', '0123456789abcdef']) expect(checkPrefix(prefix)).toBe(prefix);
  });

  it.each(['', '0123456789abcdefg', 'a_b', 'a-b', 'é', 'a b', 'a\n'])('refuses %j', (prefix) => {
    expect(() => checkPrefix(prefix)).toThrow(new TypeError('prefix must be 1 to 16 letters and digits, e.g. "lk"'));
  });
});

describe('SecretHasher', () => {
  const { secret } = generateSecret('lk');
  const other: Credential['secret'] = generateSecret('lk').secret;
  const first = 'first pepper, of at least 32 bytes';
  const second = Buffer.alloc(32, 7);

  it('keeps plain SHA-256 when there is no pepper', () => {
    expect(new SecretHasher().hash('abc')).toBe(
      'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('keeps HMAC-SHA-256 and which pepper it was, and not the pepper', () => {
    const stored = new SecretHasher([first]).hash(secret);
    expect(stored).toMatch(/^hmac-sha256:[0-9a-f]{8}:[0-9a-f]{64}$/);
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(first);
    expect(new SecretHasher([second]).hash(secret)).not.toBe(stored);
    expect(new SecretHasher([first]).hash(secret)).toBe(stored);
  });

  it('matches the secret that was hashed and no other', () => {
    for (const hasher of [new SecretHasher(), new SecretHasher([first]), new SecretHasher([first, second])]) {
      const compiled = hasher.compile(hasher.hash(secret));
      expect(hasher.matches(secret, compiled)).toBe(true);
      expect(hasher.matches(other, compiled)).toBe(false);
      expect(hasher.matches('', compiled)).toBe(false);
      expect(hasher.matches(secret, compiled)).toBe(true);
    }
  });

  it('goes on accepting the previous pepper, and hashes with the first', () => {
    const old = new SecretHasher([first]);
    const rotated = new SecretHasher([second, first]);
    const compiled = rotated.compile(old.hash(secret));
    expect(rotated.matches(secret, compiled)).toBe(true);
    expect(rotated.hash(secret)).toBe(new SecretHasher([second]).hash(secret));
  });

  it('accepts what was hashed before there was a pepper', () => {
    const plain = new SecretHasher().hash(secret);
    const peppered = new SecretHasher([first]);
    expect(peppered.matches(secret, peppered.compile(plain))).toBe(true);
    expect(peppered.matches(other, peppered.compile(plain))).toBe(false);
  });

  it('neither accepts nor refuses what was hashed with a pepper it does not have', () => {
    const stored = new SecretHasher([first]).hash(secret);
    for (const hasher of [new SecretHasher(), new SecretHasher([second])]) {
      const failed = () => hasher.matches(secret, hasher.compile(stored));
      expect(failed).toThrow(expect.objectContaining({ code: 'store_unavailable', status: 503 }));
      expect(failed).toThrow(
        expect.objectContaining({ reason: expect.stringMatching(/^the pepper [0-9a-f]{8} is not/) }),
      );
    }
  });

  it('tells which of the secrets of a key was sent, the previous one until its grace is over', () => {
    const hasher = new SecretHasher([first]);
    const hash = hasher.compile(hasher.hash(secret));
    const previousHash = hasher.compile(hasher.hash(other));
    const key = { hash, previousHash, record: { previousSecretExpiresAt: 100 } };
    expect(hasher.which({ secret }, key, 100)).toBe('current');
    expect(hasher.which({ secret: other }, key, 99)).toBe('previous');
    expect(hasher.which({ secret: other }, key, 100)).toBeNull();
    expect(hasher.which({ secret: other }, { ...key, previousHash: null }, 99)).toBeNull();
    expect(hasher.which({ secret, isImported: true }, key, 99)).toBeNull();
    expect(hasher.which({ secret: '' }, key, 99)).toBeNull();
  });

  it('makes a dummy that costs the same hash and matches nothing', () => {
    for (const hasher of [new SecretHasher(), new SecretHasher([first])]) {
      const dummy = hasher.dummy();
      expect(dummy.pepperId).toBe(hasher.compile(hasher.hash(secret)).pepperId);
      expect(dummy.hex).toHaveLength(64);
      expect(hasher.matches(secret, dummy)).toBe(false);
      expect(hasher.dummy().hex).not.toBe(dummy.hex);
    }
  });

  it.each(['', 'sha256:', 'sha1:abc', `sha256:${'A'.repeat(64)}`, `md5:${'a'.repeat(64)}`, `sha256:${'a'.repeat(63)}`])(
    'does not take %j for a stored hash',
    (stored) => {
      expect(() => new SecretHasher().compile(stored)).toThrow('a record holds a secret hash of an unknown form');
    },
  );

  it('refuses a pepper that is too short, and more than two', () => {
    const short = 'peppers must have at least 32 bytes each; make one with: openssl rand -base64 32';
    expect(() => new SecretHasher(['x'.repeat(31)])).toThrow(new TypeError(short));
    expect(() => new SecretHasher([first, new Uint8Array(31)])).toThrow(new TypeError(short));
    expect(() => new SecretHasher([''])).toThrow(new TypeError(short));
    expect(() => new SecretHasher([first, second, 'z'.repeat(32)])).toThrow(
      new TypeError('peppers takes at most two: the current one and the previous one'),
    );
  });

  it('counts the bytes of a pepper, not its characters', () => {
    expect(() => new SecretHasher(['é'.repeat(16)])).not.toThrow();
  });
});
