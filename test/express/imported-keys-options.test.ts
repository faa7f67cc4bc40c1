import type { LatchkeyOptions } from '../../lib/latchkey.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { ADA, by, HTTP } from './imported-keys-app.js';

describe('http.importedKeys', () => {
  const make = (importedKeys: unknown) => () =>
    createLatchkey({ http: { importedKeys } as LatchkeyOptions['http'] & object });

  it.each<[what: string, options: unknown, message: string]>([
    ['no object', 5, 'http.importedKeys must be a object'],
    ['another option', { pattern: /x/, colour: 1 }, 'http.importedKeys has no option colour'],
    ['no pattern', {}, 'http.importedKeys.pattern must be a RegExp'],
    ['a text', { pattern: 'acme_.*' }, 'http.importedKeys.pattern must be a object'],
    [
      'a scheme of ours',
      { pattern: /x/, authorizationScheme: 'apikey' },
      'must be a scheme other than ApiKey and Basic',
    ],
    ['two words', { pattern: /x/, authorizationScheme: 'A B' }, 'must be a scheme other than ApiKey and Basic'],
    ['a trap', { pattern: /(a+)+/ }, 'takes too long on texts that do not match'],
    ['a trap behind a prefix', { pattern: /^acme_([a-z]+)*$/ }, 'takes too long on texts that do not match'],
    [
      'a trap behind a choice',
      { pattern: /sk_(?:live|test)_(?:[a-z]+)+/ },
      'takes too long on texts that do not match',
    ],
  ])('refuses %s', (_, options, message) => {
    const failed = make(options);
    expect(failed).toThrow(TypeError);
    expect(failed).toThrow(message);
  });

  it('matches the whole of a key, whatever the flags and the anchors', async () => {
    const entries = ['acme_0123456789a', 'xacme_0123456789a', 'acme_0123456789abc'];
    for (const pattern of [
      /acme_\w{11}/,
      /acme_\w{11}/g,
      /^acme_\w{11}$/my,
      /other|acme_\w{11}/,
      /(?:acme|corp)_(?:\d|[a-z]){11}/,
    ]) {
      const latchkey = createLatchkey({ http: { importedKeys: { pattern } } });
      const results = await latchkey.apiKeys.import(
        entries.map((secret) => ({ ...ADA, secret })),
        by,
      );
      expect(results.map(({ outcome }) => outcome)).toEqual(['imported', 'refused', 'refused']);
      await latchkey.close();
    }
  });

  it('is among the names of credentials where there is a scheme', async () => {
    const latchkey = createLatchkey({ http: HTTP });
    expect(latchkey.credentialNames.authorizationScheme).toBe('Bearer');
    await latchkey.close();
    const other = createLatchkey({});
    expect(other.credentialNames).not.toHaveProperty('authorizationScheme');
    await other.close();
  });
});
