import { isIPv4 } from 'node:net';
import fc from 'fast-check';
import { AddressList, checkAddresses } from '../../../lib/verification/address-list.js';

const RANGE = 'must be an IPv4 or IPv6 address or CIDR range, e.g. "203.0.113.0/24" or "2001:db8::/32", without a zone';

/** The list of a caller without types. */
function check(list: unknown) {
  return checkAddresses(list as readonly string[]);
}

describe('checkAddresses', () => {
  it.each([
    ['10.0.0.1'],
    ['0.0.0.0/0'],
    ['255.255.255.255/32'],
    ['10.1.2.3/8'],
    ['::'],
    ['::/0'],
    ['::1'],
    ['2001:DB8::/32'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001/128'],
    ['64:ff9b::192.0.2.1'],
    ['fe80::/10'],
    ['1:2:3:4:5:6:255.255.255.255/128'],
  ])('takes %s', (range) => {
    expect(checkAddresses([range])).toEqual([]);
  });

  it('takes 100 entries, and 1,000 are too many', () => {
    const ranges = Array.from({ length: 1_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
    expect(checkAddresses(ranges.slice(0, 100))).toEqual([]);
    for (const list of [ranges, ranges.slice(0, 101), [], null, undefined, '10.0.0.1', { length: 1, 0: '::1' }, 7]) {
      expect(check(list)).toEqual([{ path: 'allowedAddresses', message: 'must have 1 to 100 entries' }]);
    }
  });

  it.each([
    '',
    ' 10.0.0.1',
    '10.0.0.1 ',
    '10.0.0',
    '10.0.0.256',
    '010.0.0.1',
    '0x0a.0.0.1',
    '167772161',
    '10.0.0.1/33',
    '10.0.0.1/-1',
    '10.0.0.1/08',
    '10.0.0.1/8.5',
    '10.0.0.1/',
    '10.0.0.1/8/8',
    '10.0.0.1/255.0.0.0',
    '10.0.0.1-10.0.0.9',
    '10.0.0.1:80',
    '10.0.0.*',
    '*',
    '::/129',
    '::1/0128',
    ':::',
    '[::1]',
    '1:2:3:4:5:6:7:8:9',
    'fe80::1%eth0',
    'fe80::%1/10',
    'localhost',
    '\ud800',
    '1'.repeat(100_000),
    7,
    null,
    undefined,
    {},
    ['10.0.0.1'],
    Symbol('address'),
  ])('refuses such an entry by its place (case %#)', (entry) => {
    expect(check(['192.0.2.1', entry])).toEqual([{ path: 'allowedAddresses.1', message: RANGE }]);
  });

  it('refuses what is not there at all', () => {
    expect(check(Array(1))).toEqual([{ path: 'allowedAddresses.0', message: RANGE }]);
  });

  it.each([
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::FFFF:a00:1', '10.0.0.1/32'],
    ['0:0:0:0:0:ffff:0a00:0001/128', '10.0.0.1/32'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['::ffff:10.0.0.1/64', '10.0.0.1'],
  ])('has %s written as %s', (range, ipv4) => {
    const message = `must be written as IPv4: "${ipv4}"`;
    expect(checkAddresses([range], 'addresses')).toEqual([{ path: 'addresses.0', message }]);
  });

  it.each([
    [['10.0.0.1', '10.0.0.1']],
    [['10.0.0.1', '10.0.0.1/32']],
    [['2001:db8::/32', '2001:DB8:0::/32']],
    [['::1.2.3.4', '::102:304/128']],
  ])('refuses an entry that is there twice: %j', (list) => {
    expect(checkAddresses(list)).toEqual([{ path: 'allowedAddresses', message: 'must hold no entry twice' }]);
  });

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.anything(), (list) => Array.isArray(check(list))));
    fc.assert(fc.property(fc.array(fc.anything()), (list) => Array.isArray(check(list))));
  });
});

describe('an AddressList', () => {
  it.each<[range: string, address: string | null, isIncluded: boolean]>([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['10.0.0.0/8', '9.255.255.255', false],
    ['10.1.2.3/8', '10.9.9.9', true],
    ['10.0.0.1', '10.0.0.1', true],
    ['10.0.0.1', '10.0.0.2', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '::1', false],
    ['0.0.0.0/0', '::ffff:203.0.113.9', true],
    ['10.0.0.0/8', '::ffff:10.0.0.1', true],
    ['10.0.0.0/8', '::FFFF:10.0.0.1', true],
    ['10.0.0.0/8', '::ffff:a00:1', true],
    ['10.0.0.0/8', '0:0:0:0:0:ffff:0a00:0001', true],
    ['10.0.0.0/8', '0000::ffff:10.0.0.1', true],
    ['10.0.0.0/8', '::ffff:b00:1', false],
    ['10.0.0.0/8', '::10.0.0.1', false],
    ['10.0.0.0/8', '64:ff9b::10.0.0.1', false],
    ['::/0', '10.0.0.1', false],
    ['::/0', '::ffff:10.0.0.1', false],
    ['::/0', '2001:db8::1', true],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:DB8::/32', '2001:0DB8:0::', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['fe80::/10', 'fe80::1%', true],
    ['fe80::/10', 'fec0::1%eth0', false],
    ['10.0.0.0/8', '::ffff:10.0.0.1%eth0', true],
    ['10.0.0.0/8', '10.0.0.1%eth0', false],
    ['::1', '::1', true],
    ['::1', '0:0:0:0:0:0:0:1', true],
    ['0.0.0.0/0', null, false],
    ['0.0.0.0/0', '', false],
    ['0.0.0.0/0', 'unknown', false],
    ['0.0.0.0/0', '10.0.0.1:80', false],
    ['0.0.0.0/0', '10.0.0.1, 10.0.0.2', false],
    ['0.0.0.0/0', ' 10.0.0.1', false],
    ['0.0.0.0/0', '10.0.0.1/8', false],
    ['0.0.0.0/0', '010.0.0.1', false],
    ['::/0', '[::1]', false],
    ['::/0', '%eth0', false],
    ['::/0', ':', false],
  ])('of %s, asked about %s, says %s', (range, address, isIncluded) => {
    const list = new AddressList([range]);
    expect(list.includes(address)).toBe(isIncluded);
    expect(list.includes(address)).toBe(isIncluded); // the second time from memory
  });

  it('answers each address by itself, in any order', () => {
    const list = new AddressList(['10.0.0.0/8', '192.168.1.0/24', '2001:db8::/32']);
    const questions = ['10.0.0.1', '11.0.0.1', null, '2001:db8::1', 'garbage', '10.0.0.1', '192.168.2.1', '::1'];
    expect(questions.map((address) => list.includes(address))).toEqual([
      true,
      false,
      false,
      true,
      false,
      true,
      false,
      false,
    ]);
  });

  it.each([['10.0.0.0/33'], ['::ffff:10.0.0.0/104'], ['']])('cannot be made of %s', (range) => {
    expect(() => new AddressList([range])).toThrow(TypeError);
  });

  it('agrees with masks as numbers, for any ranges and addresses', () => {
    fc.assert(
      fc.property(fc.array(ranges, { minLength: 1, maxLength: 5 }), fc.array(addresses), (listed, asked) => {
        const list = new AddressList(listed.map(({ text, bits }) => `${text}/${bits}`));
        // Near the ranges too, where it is decided; at random nearly nothing is included.
        const near = listed.flatMap(({ text, bits, family }) => neighbours(text, bits, family));
        for (const address of [...asked, ...near]) {
          expect([address, list.includes(address)]).toEqual([address, isIncludedNaively(listed, address)]);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('never throws, whatever it is asked', () => {
    const list = new AddressList(['0.0.0.0/0', '::/0']);
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof list.includes(text) === 'boolean'));
  });
});

interface NaiveRange {
  readonly text: string;
  readonly bits: number;
  readonly family: 4 | 6;
}

const MAPPED = 0xffffn;
const ranges: fc.Arbitrary<NaiveRange> = fc.oneof(
  fc.record({ text: fc.ipV4(), bits: fc.nat(32), family: fc.constant(4 as const) }),
  fc
    .record({ text: fc.ipV6(), bits: fc.nat(128), family: fc.constant(6 as const) })
    .filter(({ text }) => numberOf(text) >> 32n !== MAPPED),
);
const addresses = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.ipV4().map((address) => `::ffff:${address}`),
);

/** An address as a number: of 32 bits when it is IPv4, else of 128. */
function numberOf(address: string): bigint {
  if (isIPv4(address)) return address.split('.').reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
  const tail = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const [a = 0, b = 0, c = 0, d = 0] = tail?.slice(1).map(Number) ?? [];
  const text = tail ? `${address.slice(0, tail.index)}${hex(a * 256 + b)}:${hex(c * 256 + d)}` : address;
  const [front = '', back] = text.split('::');
  const groupsOf = (part: string) => (part === '' ? [] : part.split(':'));
  const known = [...groupsOf(front), ...groupsOf(back ?? '')].length;
  const groups = [...groupsOf(front), ...Array<string>(8 - known).fill('0'), ...groupsOf(back ?? '')];
  return groups.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}

function hex(group: number): string {
  return group.toString(16);
}

function textOf(address: bigint, family: 4 | 6): string {
  const [count, width, base, separator] = family === 4 ? ([4, 8n, 10, '.'] as const) : ([8, 16n, 16, ':'] as const);
  const parts = Array.from({ length: count }, (_, i) => (address >> (BigInt(i) * width)) & ((1n << width) - 1n));
  return parts
    .reverse()
    .map((part) => part.toString(base))
    .join(separator);
}

/** The ends of a range, and the addresses just beyond. */
function neighbours(text: string, bits: number, family: 4 | 6): string[] {
  const width = family === 4 ? 32n : 128n;
  const size = 1n << (width - BigInt(bits));
  const first = (numberOf(text) / size) * size;
  const all = [first - 1n, first, first + size - 1n, first + size].filter((each) => each >= 0n && each < 1n << width);
  return all.map((each) => textOf(each, family));
}

function isIncludedNaively(listed: readonly NaiveRange[], address: string): boolean {
  const number = numberOf(address);
  const isIPv6 = !isIPv4(address) && number >> 32n !== MAPPED;
  const value = isIPv6 ? number : number & 0xffff_ffffn;
  return listed.some(({ text, bits, family }) => {
    const shift = BigInt((family === 4 ? 32 : 128) - bits);
    return (family === 6) === isIPv6 && numberOf(text) >> shift === value >> shift;
  });
}
