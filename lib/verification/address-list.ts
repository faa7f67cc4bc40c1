import { BlockList, isIP, SocketAddress } from 'node:net';
import type { FieldError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { isText } from '../text.js';

/** Characters of the longest range: IPv6 with an IPv4 tail and a prefix. */
const MAX_RANGE = 49;
const RANGE = /^([0-9a-fA-F:.]+)(?:\/(0|[1-9][0-9]{0,2}))?$/;
/** As Node writes an IPv4 address that comes as IPv6, which is how it comes in on a socket that takes both. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/;
const MAPPED_BITS = 96;

/**
 * The faults of a list of IPv4 and IPv6 addresses and CIDR ranges; none when an `AddressList` can be made of it. Bits
 * beyond the prefix count for nothing, as usual.
 */
export function checkAddresses(list: readonly string[], path = 'allowedAddresses'): FieldError[] {
  if (!Array.isArray(list) || list.length < 1 || list.length > LIMITS.addresses) {
    return [{ path, message: `must have 1 to ${LIMITS.addresses} entries` }];
  }
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, entry] of list.entries()) {
    const range = parseRange(entry);
    const message = range === null ? RANGE_MESSAGE : faultOf(range);
    if (message !== null) errors.push({ path: `${path}.${index}`, message });
    else if (range !== null) seen.add(`${range.address}/${range.bits}`);
  }
  if (errors.length > 0 || seen.size === list.length) return errors;
  return [{ path, message: 'must hold no entry twice' }];
}

const RANGE_MESSAGE =
  'must be an IPv4 or IPv6 address or CIDR range, e.g. "203.0.113.0/24" or "2001:db8::/32", without a zone';

/** IPv4 and IPv6 ranges. An IPv4 address counts as IPv4 also where it comes as IPv6: `::/0` does not include it. */
export class AddressList {
  readonly #ipv4 = new BlockList();
  readonly #ipv6 = new BlockList();
  /** The last question: a client mostly asks from one address, and the arithmetic takes longer than the rest of a check. */
  #address: string | null = null;
  #isIncluded = false;

  /** @throws TypeError for ranges in which `checkAddresses` finds a fault other than their number. */
  constructor(ranges: readonly string[]) {
    for (const text of ranges) {
      const range = parseRange(text);
      const fault = range === null ? RANGE_MESSAGE : faultOf(range);
      if (range === null || fault !== null) throw new TypeError(`an address range ${fault}`);
      const { family, address, bits } = range;
      this.#listOf(family).addSubnet(address, bits, family);
    }
  }

  /** Never throws: null, and what is no address, is not included. A zone (`%eth0`) counts for nothing. */
  includes(address: string | null): boolean {
    if (address === null) return false;
    if (address !== this.#address) {
      this.#isIncluded = this.#check(address);
      this.#address = address;
    }
    return this.#isIncluded;
  }

  #check(text: string): boolean {
    const zone = text.includes(':') ? text.indexOf('%') : -1;
    const parsed = parseAddress(zone < 0 ? text : text.slice(0, zone));
    if (parsed === null) return false;
    const mapped = MAPPED.exec(parsed.address)?.[1];
    if (mapped !== undefined) return this.#ipv4.check(mapped, 'ipv4');
    return this.#listOf(parsed.family).check(parsed.address, parsed.family);
  }

  #listOf(family: Address['family']): BlockList {
    return family === 'ipv4' ? this.#ipv4 : this.#ipv6;
  }
}

interface Address {
  readonly family: 'ipv4' | 'ipv6';
  /** In its one canonical form. */
  readonly address: string;
}

interface Range extends Address {
  readonly bits: number;
}

function parseAddress(text: string): Address | null {
  const family = isIP(text);
  if (family === 0 || text.includes('%')) return null;
  if (family === 4) return { family: 'ipv4', address: text };
  return { family: 'ipv6', address: new SocketAddress({ address: text, family: 'ipv6' }).address };
}

function parseRange(text: unknown): Range | null {
  const [, address = '', prefix] = (isText(text, 1, MAX_RANGE) && RANGE.exec(text)) || [];
  const parsed = parseAddress(address);
  if (parsed === null) return null;
  const most = parsed.family === 'ipv4' ? 32 : 128;
  const bits = prefix === undefined ? most : Number(prefix);
  return bits <= most ? { ...parsed, bits } : null;
}

/** No address is compared with such a range, so it would include nothing. */
function faultOf({ address, bits }: Range): string | null {
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped === undefined) return null;
  return `must be written as IPv4: "${bits < MAPPED_BITS ? mapped : `${mapped}/${bits - MAPPED_BITS}`}"`;
}

/** Whether all of `range` lies in one of `ranges`. False for what is no range. */
export function isRangeWithin(range: string, ranges: readonly string[]): boolean {
  const inner = parseRange(range);
  if (inner === null) return false;
  return ranges.some((text) => {
    const outer = parseRange(text);
    const isWider = outer !== null && outer.family === inner.family && outer.bits <= inner.bits;
    return isWider && new AddressList([text]).includes(inner.address);
  });
}
