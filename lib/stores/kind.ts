const KIND = /^[a-z-]{1,32}$/;

/** What numbers and documents are of. @throws TypeError */
export function checkKind(kind: string): void {
  if (typeof kind !== 'string' || !KIND.test(kind)) {
    throw new TypeError('kind must be 1 to 32 characters of a-z and "-", e.g. "service-account"');
  }
}
