import { generateSecret } from '../../../lib/verification/secret.js';
import type { Headers } from '../contestant.js';

const PREFIX = 'lk';

/** Text as long as a key that is none. */
export function garbage(count: number): Headers[] {
  return Array.from({ length: count }, (_, index) => key(`${index}-`.padEnd(75, 'x')));
}

/** Keys with a typing error: their checksum is not right. */
export function mistyped(count: number): Headers[] {
  return Array.from({ length: count }, () => {
    const { token } = generateSecret(PREFIX);
    return key(token.slice(0, -1) + (token.endsWith('a') ? 'b' : 'a'));
  });
}

/** The ids of these keys, each with another secret, whose checksum is right. */
export function wrongSecrets(known: readonly Headers[]): Headers[] {
  return known.map((headers) => {
    const id = headers['X-API-Key']?.split('_')[1];
    if (id === undefined) throw new Error('wrong secrets are made of keys in X-API-Key');
    return key(generateSecret(PREFIX, id).token);
  });
}

function key(token: string): Headers {
  return { 'X-API-Key': token };
}
