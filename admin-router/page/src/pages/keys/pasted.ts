const TOKEN = /(?<![A-Za-z0-9])[A-Za-z0-9]{1,32}_([A-Za-z0-9]{22})_[A-Za-z0-9]{20,}/;
/** Id and secret; what people call their keys has words in that place, and no capitals and digits among them. */
const PAIR = /^([\w-]{16,64}):(?=\S*\d)(?=\S*[A-Z])(?=\S*[a-z])\S{20,}$/;
const BASE64 = /^[A-Za-z0-9+/]{40,}={0,2}$/;

/**
 * The id in a whole key that somebody has pasted, in any form that it is sent in; null for any other text. What is searched for
 * stands in the address, where a secret must never come.
 */
export function idInPasted(text: string): string | null {
  for (const word of text.trim().split(/\s+/)) {
    const match = TOKEN.exec(word) ?? PAIR.exec(word) ?? PAIR.exec(decoded(word));
    if (match !== null) return match[1] ?? null;
  }
  return null;
}

function decoded(text: string): string {
  if (!BASE64.test(text)) return '';
  try {
    return atob(text);
  } catch {
    return '';
  }
}
