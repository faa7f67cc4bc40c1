import type { GeneratedSecret } from './secret.js';
import { generateSecret, hasChecksum, isNativeId, isNativeSecret, isWellFormed, splitToken } from './secret.js';

/**
 * Draws a pair in the form of another product; with `id`, a new secret for it. An id has 8 to 64 letters, digits, `_` and `-`,
 * not digits only, does not begin with `session_`, and is none of Latchkey's own form (22 letters and digits); a secret has 20
 * to 200 printable ASCII characters without a space, and not 49 letters and digits, which is Latchkey's own form; at least 128
 * of its bits must be random. For trusted code only.
 */
export type Draw = (id?: string) => { readonly id: string; readonly secret: string };

/** All digits are a number of `Numbers`; `session_` begins the user name of a session token. */
const ID = /^(?!\d+$)(?!session_)[\w-]{8,64}$/;
const SECRET = /^[!-~]{20,200}$/;

/** Whether a pair, by its form alone, can be that of a key with a drawn id. */
export function isForeignPair(id: string, secret: string): boolean {
  return ID.test(id) && !isNativeId(id) && SECRET.test(secret);
}

/**
 * Whether a pair can be that of a key: one made with `prefix`, by its checksum, or one that was drawn and has none. A secret of
 * Latchkey's own form has one for a drawn id, too: so an id of ours with a typing error in it needs no look-up.
 */
export function isKeyPair(prefix: string, id: string, secret: string): boolean {
  if (isNativeId(id)) return isWellFormed(prefix, id, secret);
  return isForeignPair(id, secret) && (!isNativeSecret(secret) || hasChecksum(prefix, id, secret));
}

/** The pair in what a raw header carries: a token of Latchkey's own, by length alone, or `id:secret` of a drawn pair. */
export function readToken(prefix: string, token: string): { id: string; secret: string } | null {
  return splitToken(prefix, token) ?? splitForeign(token);
}

/** A secret in the form of another product. @throws TypeError for a pair that `draw` may not answer; it is not named. */
export function drawSecret(draw: Draw, id?: string): GeneratedSecret {
  const drawn = draw(id);
  if (typeof drawn?.id !== 'string' || typeof drawn.secret !== 'string') {
    throw new TypeError('draw must return { id, secret }, both texts');
  }
  if (id !== undefined && drawn.id !== id) throw new TypeError('draw must keep the id that it is called with');
  if (isNativeId(drawn.id)) {
    throw new TypeError('draw returned an id of 22 letters and digits, which is the form of Latchkey’s own ids');
  }
  if (!ID.test(drawn.id)) {
    throw new TypeError(
      'draw must return an id of 8 to 64 letters, digits, "_" and "-", not digits only, that does not begin with "session_"',
    );
  }
  if (!SECRET.test(drawn.secret) || isNativeSecret(drawn.secret)) {
    throw new TypeError(
      'draw must return a secret of 20 to 200 printable ASCII characters without a space, and not 49 letters and digits',
    );
  }
  return foreign(drawn.id, drawn.secret);
}

/**
 * A new secret for a key that is there. The id decides on its form: one of Latchkey's own has a secret with a checksum, whatever
 * `draw` would make, since no look-up is made without; any other one keeps its id, and `token` is `<id>:<secret>`.
 */
export function renewSecret(prefix: string, id: string, draw: Draw | undefined): GeneratedSecret {
  if (isNativeId(id)) return generateSecret(prefix, id);
  return draw === undefined ? foreign(id, generateSecret(prefix, id).secret) : drawSecret(draw, id);
}

function foreign(id: string, secret: string): GeneratedSecret {
  return { id, secret, token: `${id}:${secret}`, prefix: '' };
}

function splitForeign(token: string): { id: string; secret: string } | null {
  const colon = token.indexOf(':');
  const [id, secret] = [token.slice(0, Math.max(0, colon)), token.slice(colon + 1)];
  return isForeignPair(id, secret) ? { id, secret } : null;
}
