type Kind = 'number' | 'boolean' | 'string' | 'function' | 'object' | 'list' | 'number or null' | 'string or list';

/**
 * Checks a group of options before anything is made of them: that it is an object, knows every name, and holds values of the
 * right kind. Ranges are checked where they are known.
 * @throws TypeError naming the option and the mend.
 */
export function checkOptions(group: string, options: unknown, kinds: Readonly<Record<string, Kind>>): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new TypeError(`${group} must be an object of: ${Object.keys(kinds).join(', ')}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined)
      throw new TypeError(`${group} has no option ${name}; it takes: ${Object.keys(kinds).join(', ')}`);
    if (value !== undefined && !isOfKind(value, kind)) throw new TypeError(`${group}.${name} must be a ${kind}`);
  }
}

function isOfKind(value: unknown, kind: Kind): boolean {
  switch (kind) {
    case 'string or list':
      return typeof value === 'string' || Array.isArray(value);
    case 'number or null':
      return value === null || typeof value === 'number';
    case 'number':
      return typeof value === 'number' && !Number.isNaN(value);
    case 'list':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    default:
      return typeof value === kind;
  }
}
