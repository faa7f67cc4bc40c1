import type { Latchkey } from '../../lib/latchkey.js';
import { generateSecret } from '../../lib/verification/secret.js';
import type { Clock } from '../lib/clock.js';

type HeaderLine = readonly [name: string, value: string];

/**
 * What a route answers: 200; 401 with plain challenges (`none`), because nothing was sent; 401 with challenges that say
 * `error="invalid_token"` (`bad`); 400 for an ambiguous request.
 */
export type Outcome = 200 | 'none' | 'bad' | 400;

export interface ParityCase {
  readonly name: string;
  readonly headers: readonly HeaderLine[];
  /** By the forms that the route accepts. */
  readonly expected: {
    readonly 'api-key-header': Outcome;
    readonly 'api-key': Outcome;
    readonly basic: Outcome;
    readonly all: Outcome;
  };
}

interface Pair {
  readonly id: string;
  readonly secret: string;
  readonly token: string;
}

export interface Keys {
  readonly good: Pair;
  readonly other: Pair;
  readonly revoked: Pair;
  readonly disabled: Pair;
  readonly pending: Pair;
  readonly expired: Pair;
}

export async function makeKeys(latchkey: Latchkey, clock: Clock): Promise<Keys> {
  const by = { by: 'setup' };
  const create = async (fields: { lifetimeMs?: number; notBefore?: number } = {}): Promise<Pair> => {
    const { key, secret, token } = await latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada', ...fields }, by);
    return { id: key.id, secret, token };
  };
  const keys = {
    good: await create(),
    other: await create(),
    revoked: await create(),
    disabled: await create(),
    pending: await create({ notBefore: clock.nowAt + 1_000_000 }),
    expired: await create({ lifetimeMs: 10 }),
  };
  await latchkey.apiKeys.revoke(keys.revoked.id, by);
  await latchkey.apiKeys.disable(keys.disabled.id, by);
  clock.advance(10);
  return keys;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');
const pairOf = ({ id, secret }: Pair) => base64(`${id}:${secret}`);
const raw = (value: string): HeaderLine => ['X-API-Key', value];
const authorization = (value: string): HeaderLine => ['Authorization', value];

const everywhere = (outcome: Outcome): ParityCase['expected'] => ({
  'api-key-header': outcome,
  'api-key': outcome,
  basic: outcome,
  all: outcome,
});
const NONE = everywhere('none');
const BAD = everywhere('bad');
const AMBIGUOUS = everywhere(400);
const IN_HEADER = { ...BAD, 'api-key-header': 200, all: 200 } as const;
const IN_API_KEY = { ...BAD, 'api-key': 200, all: 200 } as const;
const IN_BASIC = { ...BAD, basic: 200, all: 200 } as const;

/** One credential in its three forms. */
function inEveryForm(name: string, pair: Pair, expected = BAD): ParityCase[] {
  return [
    { name: `${name}, raw`, headers: [raw(pair.token)], expected },
    { name: `${name}, ApiKey`, headers: [authorization(`ApiKey ${pairOf(pair)}`)], expected },
    { name: `${name}, Basic`, headers: [authorization(`Basic ${pairOf(pair)}`)], expected },
  ];
}

/** A text in place of the base64, in both schemes. */
function inBothSchemes(name: string, credentials: string): ParityCase[] {
  return ['ApiKey', 'Basic'].map((scheme) => ({
    name: `${name}, ${scheme}`,
    headers: [authorization(`${scheme} ${credentials}`)],
    expected: BAD,
  }));
}

export function parityCases({ good, other, revoked, disabled, pending, expired }: Keys): ParityCase[] {
  const pair = pairOf(good);
  const apiKey = authorization(`ApiKey ${pair}`);
  const basic = authorization(`Basic ${pair}`);
  return [
    { name: 'no credential', headers: [], expected: NONE },
    { name: 'an empty header', headers: [raw('')], expected: NONE },
    { name: 'an empty Authorization', headers: [authorization('')], expected: NONE },
    { name: 'a scheme alone', headers: [authorization('ApiKey')], expected: NONE },
    { name: 'another scheme', headers: [authorization('Bearer x')], expected: NONE },
    { name: 'another scheme with our pair', headers: [authorization(`Bearer ${pair}`)], expected: NONE },
    { name: 'a scheme that begins like ours', headers: [authorization(`ApiKeys ${pair}`)], expected: NONE },

    { name: 'a good key, raw', headers: [raw(good.token)], expected: IN_HEADER },
    { name: 'a good key, raw, header name in capitals', headers: [['X-API-KEY', good.token]], expected: IN_HEADER },
    { name: 'a good key, ApiKey', headers: [apiKey], expected: IN_API_KEY },
    { name: 'a good key, Basic', headers: [basic], expected: IN_BASIC },
    { name: 'a scheme in odd case', headers: [authorization(`aPIkEY ${pair}`)], expected: IN_API_KEY },
    { name: 'Basic in odd case', headers: [authorization(`bASIC ${pair}`)], expected: IN_BASIC },
    { name: 'two spaces', headers: [authorization(`ApiKey  ${pair}`)], expected: IN_API_KEY },
    { name: 'two spaces, Basic', headers: [authorization(`Basic  ${pair}`)], expected: IN_BASIC },

    ...inEveryForm('an unknown key', generateSecret('lk')),
    ...inEveryForm('a wrong secret', generateSecret('lk', good.id)),
    ...inEveryForm('a key of another prefix', generateSecret('acme')),
    ...inEveryForm('the secret of another key', {
      ...good,
      secret: other.secret,
      token: `lk_${good.id}_${other.secret}`,
    }),
    ...inEveryForm('a revoked key', revoked),
    ...inEveryForm('a disabled key', disabled),
    ...inEveryForm('a pending key', pending),
    ...inEveryForm('an expired key', expired),

    { name: 'nonsense, raw', headers: [raw('nonsense')], expected: BAD },
    { name: 'a comma, raw', headers: [raw(',')], expected: BAD },
    { name: 'base64 in the raw header', headers: [raw(pair)], expected: BAD },
    { name: 'a token with Bearer before it', headers: [raw(`Bearer ${good.token}`)], expected: BAD },
    { name: 'a token and more', headers: [raw(`${good.token}, `), authorization('')], expected: BAD },
    { name: 'Latin-1, raw', headers: [raw('\u00e9\u00ff')], expected: BAD },
    { name: '2 KiB, raw', headers: [raw('a'.repeat(2_048))], expected: BAD },
    ...inBothSchemes('2 KiB', base64('a'.repeat(1_536))),
    ...inBothSchemes('a raw token', good.token),
    ...inBothSchemes('missing padding', base64('user:pass').replace(/=+$/, '').slice(0, -1)),
    ...inBothSchemes('padding without need', `${pair}=`),
    ...inBothSchemes('white space inside', `${pair.slice(0, 40)} ${pair.slice(40)}`),
    ...inBothSchemes('a tab inside', `${pair.slice(0, 40)}\t${pair.slice(40)}`),
    ...inBothSchemes('base64url', Buffer.from('id:??>>??>>').toString('base64url')),
    ...inBothSchemes('a comma behind', `${pair},`),
    ...inBothSchemes('no colon', base64(good.id + good.secret)),
    ...inBothSchemes('an empty secret', base64(`${good.id}:`)),
    ...inBothSchemes('an empty id', base64(`:${good.secret}`)),
    ...inBothSchemes('nothing but a colon', base64(':')),
    ...inBothSchemes('a colon more', base64(`${good.id}:${good.secret}:`)),
    ...inBothSchemes('the pair of another secret', pairOf({ ...good, secret: other.secret })),
    ...inBothSchemes("somebody else's user and password", base64('user:password')),

    { name: 'a header twice, equal', headers: [raw(good.token), raw(good.token)], expected: AMBIGUOUS },
    { name: 'a header twice, different', headers: [raw(good.token), raw(other.token)], expected: AMBIGUOUS },
    { name: 'a header twice, one bad', headers: [raw('nonsense'), raw(good.token)], expected: AMBIGUOUS },
    { name: 'a header twice, one empty', headers: [raw(''), raw(good.token)], expected: AMBIGUOUS },
    { name: 'Authorization twice, equal', headers: [apiKey, apiKey], expected: AMBIGUOUS },
    { name: 'Authorization twice, two schemes', headers: [apiKey, basic], expected: AMBIGUOUS },
    { name: 'Authorization twice, the first not ours', headers: [authorization('Bearer x'), apiKey], expected: NONE },
    {
      name: 'Authorization twice, different',
      headers: [apiKey, authorization(`ApiKey ${pairOf(other)}`)],
      expected: AMBIGUOUS,
    },
    {
      name: 'a good header beside Authorization twice',
      headers: [raw(good.token), authorization('Bearer x'), authorization('Bearer y')],
      expected: AMBIGUOUS,
    },

    { name: 'two keys, raw and ApiKey', headers: [raw(other.token), apiKey], expected: AMBIGUOUS },
    { name: 'two keys, raw and Basic', headers: [raw(other.token), basic], expected: AMBIGUOUS },
    { name: 'nonsense raw and a good ApiKey', headers: [raw('nonsense'), apiKey], expected: AMBIGUOUS },
    { name: 'nonsense raw and a good Basic', headers: [raw('nonsense'), basic], expected: AMBIGUOUS },
    {
      name: 'a good raw and a malformed ApiKey',
      headers: [raw(good.token), authorization('ApiKey nonsense')],
      expected: AMBIGUOUS,
    },
    {
      name: 'the same key, raw and ApiKey',
      headers: [raw(good.token), apiKey],
      expected: { 'api-key-header': 200, 'api-key': 200, basic: 'bad', all: 200 },
    },
    {
      name: 'the same key, raw and Basic',
      headers: [basic, raw(good.token)],
      expected: { 'api-key-header': 200, 'api-key': 'bad', basic: 200, all: 200 },
    },
    {
      name: 'the same revoked key, raw and ApiKey',
      headers: [raw(revoked.token), authorization(`ApiKey ${pairOf(revoked)}`)],
      expected: BAD,
    },
    {
      name: "somebody else's Basic beside a good raw key",
      headers: [authorization(`Basic ${base64('user:password')}`), raw(good.token)],
      expected: IN_HEADER,
    },
    {
      name: "somebody else's Basic beside a bad raw key",
      headers: [authorization(`Basic ${base64('user:password')}`), raw(revoked.token)],
      expected: BAD,
    },
    {
      name: 'Bearer beside a good raw key',
      headers: [authorization('Bearer x'), raw(good.token)],
      expected: IN_HEADER,
    },
  ];
}
