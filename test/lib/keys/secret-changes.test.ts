import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import type { Core } from '../../../lib/core.js';
import { HeaderReader, isCredential } from '../../../lib/express/header-reader.js';
import type { IssuedKey } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import { isWellFormed, splitToken } from '../../../lib/verification/secret.js';
import { newCore } from '../new-core.js';

const BASE64 = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'];
const STRANGERS = ['=', '-', '_', ':', ' ', '\t', ',', '\0', '\n', 'é', '\u00a0', '\u{1f511}'];
const SCHEMES = new Set(['api-key-header', 'api-key', 'basic'] as const);

let core: Core;
let reader: HeaderReader;
let issued: IssuedKey;
let base64: string;

beforeAll(async () => {
  core = newCore();
  reader = new HeaderReader(core.prefix);
  issued = await core.apiKeys.create({ name: 'ci', ownerId: 'ada' }, { by: 'setup' });
  base64 = Buffer.from(`${issued.key.id}:${issued.secret}`).toString('base64');
});

afterAll(() => core.close());

/** Whether the key lets in a request that carries `value` in `header`. */
async function isAccepted(header: 'x-api-key' | 'authorization', value: string): Promise<boolean> {
  const request = { headers: { [header]: value }, rawHeaders: [header, value] } as unknown as IncomingMessage;
  const reading = reader.read(request, SCHEMES);
  return isCredential(reading) && (await core.verifier.verify(reading, null)) instanceof Principal;
}

function replaceAt(text: string, position: number, character: string): string {
  return text.slice(0, position) + character + text.slice(position + 1);
}

describe('a raw token', () => {
  it('is accepted as it was issued', async () => {
    expect(await isAccepted('x-api-key', issued.token)).toBe(true);
  });

  it('is malformed with any one character changed, at any position', async () => {
    for (let position = 0; position < issued.token.length; position++) {
      for (const character of [...BASE64, ...STRANGERS]) {
        if (character === issued.token[position]) continue;
        const changed = replaceAt(issued.token, position, character);
        const pair = splitToken('lk', changed);
        if (pair !== null && isWellFormed('lk', pair.id, pair.secret)) throw new Error(`well-formed: ${changed}`);
        if (await isAccepted('x-api-key', changed)) throw new Error(`accepted: ${changed}`);
      }
    }
  });

  it('is malformed with any one character changed to any other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(issued.token.length - 1), fc.string({ unit: 'binary', maxLength: 3 }), async (at, by) => {
        fc.pre(by !== issued.token[at]);
        expect(await isAccepted('x-api-key', replaceAt(issued.token, at, by))).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is malformed with two neighbours exchanged', async () => {
    const { token } = issued;
    for (let at = 0; at + 1 < token.length; at++) {
      const exchanged = `${token.slice(0, at)}${token[at + 1]}${token[at]}${token.slice(at + 2)}`;
      if (exchanged !== token) expect(await isAccepted('x-api-key', exchanged)).toBe(false);
    }
  });

  it('is refused when cut short at either end, or longer by anything', async () => {
    const { token } = issued;
    for (let length = 1; length < token.length; length++) {
      expect(await isAccepted('x-api-key', token.slice(0, length))).toBe(false);
      expect(await isAccepted('x-api-key', token.slice(length))).toBe(false);
    }
    for (const more of [...STRANGERS, 'A', '0', token, `, ${token}`]) {
      expect(await isAccepted('x-api-key', token + more)).toBe(false);
      expect(await isAccepted('x-api-key', more + token)).toBe(false);
    }
  });

  it('is refused in another letter case', async () => {
    expect(await isAccepted('x-api-key', issued.token.toUpperCase())).toBe(false);
    expect(await isAccepted('x-api-key', issued.token.toLowerCase())).toBe(false);
  });

  it('is no credential for Authorization, nor the base64 for a header of its own', async () => {
    for (const scheme of ['ApiKey', 'Basic', 'Bearer']) {
      expect(await isAccepted('authorization', `${scheme} ${issued.token}`)).toBe(false);
    }
    expect(await isAccepted('x-api-key', base64)).toBe(false);
    expect(await isAccepted('x-api-key', `ApiKey ${base64}`)).toBe(false);
  });
});

describe.each(['ApiKey', 'Basic'])('%s base64(id:secret)', (scheme) => {
  it('is accepted as it was issued', async () => {
    expect(await isAccepted('authorization', `${scheme} ${base64}`)).toBe(true);
  });

  it('is refused with any one character of the base64 changed, at any position', async () => {
    for (let position = 0; position < base64.length; position++) {
      for (const character of [...BASE64, ...STRANGERS]) {
        if (character === base64[position]) continue;
        const changed = replaceAt(base64, position, character);
        if (await isAccepted('authorization', `${scheme} ${changed}`)) throw new Error(`accepted: ${changed}`);
      }
    }
  });

  it('is refused with any one character changed to any other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(base64.length - 1), fc.string({ unit: 'binary', maxLength: 3 }), async (at, by) => {
        fc.pre(by !== base64[at]);
        expect(await isAccepted('authorization', `${scheme} ${replaceAt(base64, at, by)}`)).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is refused when cut short, longer, padded without need, or with neighbours exchanged', async () => {
    for (let length = 0; length < base64.length; length++) {
      expect(await isAccepted('authorization', `${scheme} ${base64.slice(0, length)}`)).toBe(false);
    }
    for (const more of ['=', '==', '====', 'A', 'AAAA', ',', '\0', ' x']) {
      expect(await isAccepted('authorization', `${scheme} ${base64}${more}`)).toBe(false);
    }
    for (let at = 0; at + 1 < base64.length; at++) {
      const exchanged = `${base64.slice(0, at)}${base64[at + 1]}${base64[at]}${base64.slice(at + 2)}`;
      if (exchanged !== base64) expect(await isAccepted('authorization', `${scheme} ${exchanged}`)).toBe(false);
    }
  });

  it('is refused with any one character of the pair itself changed', async () => {
    const pair = `${issued.key.id}:${issued.secret}`;
    for (let position = 0; position < pair.length; position++) {
      for (const character of [...BASE64, ...STRANGERS]) {
        if (character === pair[position]) continue;
        const changed = Buffer.from(replaceAt(pair, position, character)).toString('base64');
        if (await isAccepted('authorization', `${scheme} ${changed}`)) throw new Error(`accepted: ${changed}`);
      }
    }
  });
});
