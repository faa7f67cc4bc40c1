import fc from 'fast-check';
import {
  type Draw,
  drawSecret,
  isForeignPair,
  isKeyPair,
  readToken,
  renewSecret,
} from '../../../lib/verification/foreign-pair.js';
import { generateSecret, isWellFormed, splitToken } from '../../../lib/verification/secret.js';

const ID = 'YV9hbmQtYg-_cdEFG0h1';
const SECRET = '!~aB3:/+=-_abcdefghij';
const UUID = '6f1d2c3b-4a59-4e8f-9a7b-0c1d2e3f4a5b';

const ofWord = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'0aZ9_-bY'), minLength, maxLength });
const ofAscii = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 20,
  maxLength: 200,
});

describe('a pair that was drawn', () => {
  it.each([
    ['Elasticsearch', 'VuaCfGcBCdbkQm-e5aOx', 'ui2lp2axTNmsyakw9tvNnw'],
    ['Trend', UUID, 'iCwy0wQ4E9cGDQ3tJDxtyNqi/41Y1e4xO0h+QbH2wZM='],
    ['Illumio', '1d2c3b4a59687f6e5', '9f'.repeat(32)],
    ['SystemLink', UUID, 'bx0sO0pZTo-aewwdLj9KWw_0123456789abcdefghi'],
    ['Plexus', '0aB1cD2eF3g', '0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0u'],
  ])('may have the form of %s', (_product, id, secret) => {
    expect(drawSecret(() => ({ id, secret }))).toEqual({ id, secret, token: `${id}:${secret}`, prefix: '' });
    expect([isForeignPair(id, secret), isKeyPair('lk', id, secret)]).toEqual([true, true]);
    expect(readToken('lk', `${id}:${secret}`)).toEqual({ id, secret });
  });

  it.each<[why: string, pair: unknown, message: string]>([
    ['nothing', undefined, 'draw must return { id, secret }, both texts'],
    ['no secret', { id: ID }, 'draw must return { id, secret }, both texts'],
    ['a number for an id', { id: 12_345_678, secret: SECRET }, 'draw must return { id, secret }, both texts'],
    ['an id too short', { id: 'a'.repeat(7), secret: SECRET }, 'draw must return an id of 8 to 64 letters'],
    ['an id too long', { id: 'a'.repeat(65), secret: SECRET }, 'draw must return an id of 8 to 64 letters'],
    ['an id of digits', { id: '1234567890', secret: SECRET }, 'draw must return an id of 8 to 64 letters'],
    ['an id with a colon', { id: 'abcdefg:h', secret: SECRET }, 'draw must return an id of 8 to 64 letters'],
    ['an id with a line break', { id: 'abcdefgh\n', secret: SECRET }, 'draw must return an id of 8 to 64 letters'],
    ['the name of a session', { id: 'session_abcdefgh', secret: SECRET }, 'draw must return an id of 8 to 64 letters'],
    ['an id of ours', { id: `${'aB3'.repeat(7)}x`, secret: SECRET }, 'draw returned an id of 22 letters and digits'],
    ['a secret too short', { id: ID, secret: 'a'.repeat(19) }, 'draw must return a secret of 20 to 200 printable'],
    ['a secret too long', { id: ID, secret: 'a'.repeat(201) }, 'draw must return a secret of 20 to 200 printable'],
    ['a space', { id: ID, secret: `${SECRET} ` }, 'draw must return a secret of 20 to 200 printable'],
    ['a letter beyond ASCII', { id: ID, secret: `${SECRET}é` }, 'draw must return a secret of 20 to 200 printable'],
    ['a line break', { id: ID, secret: `${SECRET}\n` }, 'draw must return a secret of 20 to 200 printable'],
    ['a secret of ours', { id: ID, secret: 'a'.repeat(49) }, 'draw must return a secret of 20 to 200 printable'],
  ])('must not be %s: a TypeError says so, and does not tell the secret', (_why, pair, message) => {
    const draw = (() => pair) as unknown as Draw;
    expect(() => drawSecret(draw)).toThrow(TypeError);
    expect(() => drawSecret(draw)).toThrow(message);
    expect(() => drawSecret(draw)).not.toThrow(SECRET);
    const { id, secret } = Object(pair) as { id: string; secret: string };
    if (typeof id === 'string' && typeof secret === 'string') {
      const right = isKeyPair('lk', id, secret);
      expect(right).toBe(false);
    }
  });

  it('keeps the id that is renewed', () => {
    expect(renewSecret('lk', ID, (id) => ({ id: id ?? '', secret: SECRET }))).toEqual(
      drawSecret(() => ({ id: ID, secret: SECRET })),
    );
    expect(() => renewSecret('lk', ID, () => ({ id: `${ID}x`, secret: SECRET }))).toThrow(
      new TypeError('draw must keep the id that it is called with'),
    );
  });

  it('is renewed without a draw by a secret like ours, of which a typing error is seen at once', () => {
    const { id, secret, token, prefix } = renewSecret('lk', UUID, undefined);
    expect([id, token, prefix]).toEqual([UUID, `${UUID}:${secret}`, '']);
    expect(secret).toMatch(/^[0-9A-Za-z]{49}$/);
    expect(isKeyPair('lk', UUID, secret)).toBe(true);
    expect(isKeyPair('lk', UUID.replace('6', '7'), secret)).toBe(false);
    expect(isKeyPair('acme', UUID, secret)).toBe(false);
  });

  it('is none where the id is ours: such a key is renewed as ours, and needs its checksum', () => {
    const ours = generateSecret('lk');
    const renewed = renewSecret('lk', ours.id, () => ({ id: ours.id, secret: SECRET }));
    expect(renewed.token).toBe(`lk_${ours.id}_${renewed.secret}`);
    expect(isWellFormed('lk', ours.id, renewed.secret)).toBe(true);
    expect(isKeyPair('lk', ours.id, SECRET)).toBe(false);
  });
});

describe('tokens of our own', () => {
  it('are read and judged as without pairs that were drawn, whatever the text', () => {
    const near = fc.tuple(ofWord(0, 30), fc.constantFrom('', ':', '_', 'lk_')).map(([word, more]) => word + more);
    const token = fc.constant(null).map(() => generateSecret('lk').token);
    fc.assert(
      fc.property(
        fc.oneof(
          token,
          near,
          fc.tuple(token, near).map(([a, b]) => a.slice(b.length) + b),
        ),
        (text) => {
          const split = splitToken('lk', text);
          if (split !== null) expect(readToken('lk', text)).toEqual(split);
          else expect(readToken('lk', text)?.id.length ?? 8).toBeGreaterThanOrEqual(8);
        },
      ),
    );
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0aZ'), minLength: 22, maxLength: 22 }),
        ofAscii,
        (id, secret) => {
          expect(isKeyPair('lk', id, secret)).toBe(isWellFormed('lk', id, secret));
        },
      ),
    );
  });

  it('need no look-up for an id with a typing error in it, of whatever length', () => {
    fc.assert(
      fc.property(ofWord(8, 64), (id) => {
        const { secret } = generateSecret('lk');
        expect(isKeyPair('lk', id, secret)).toBe(false);
      }),
    );
  });
});
