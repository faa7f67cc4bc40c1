import { createHash, randomBytes } from 'node:crypto';
import type { Contestant } from '../contestant.js';
import { KEYS, scattered } from './thousand-keys.js';

/** The least that a check of a stored key can cost: a hash and a Map. No revocation, expiry, usage or second process. */
export const handWritten: Contestant = {
  name: 'hand-written',
  title: 'hand-written middleware: SHA-256, Map',
  async prepare() {
    const keys = Array.from({ length: KEYS }, () => randomBytes(32).toString('base64url'));
    const users = new Map(keys.map((key, index) => [sha256(key), Object.freeze({ id: `u${index}` })]));
    return {
      guards: [
        (req, res, next) => {
          const sent = req.headers['x-api-key'];
          const user = typeof sent === 'string' ? users.get(sha256(sent)) : undefined;
          if (user === undefined) {
            res.status(401).end('Unauthorized');
            return;
          }
          Object.assign(req, { user });
          next();
        },
      ],
      accepted: scattered(keys).map((key) => ({ 'X-API-Key': key })),
      refusals: [
        { what: 'a wrong key', headers: { 'X-API-Key': randomBytes(32).toString('base64url') }, status: 401 },
        { what: 'no key', headers: {}, status: 401 },
      ],
    };
  },
};

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
