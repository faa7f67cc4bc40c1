/** Fields of records, where their own name says too little. Every other one is told by its name with spaces. */
const WORDS: Readonly<Record<string, string>> = {
  ownerId: 'Owner',
  ownerKind: 'Kind of owner',
  orgId: 'Organisation',
  createdBy: 'Made by',
  parentIds: 'Made with the keys',
  policyIds: 'Policies',
  statements: 'Statements of its own',
  ceiling: 'Ceiling',
  resources: 'Tied to resources',
  lastFour: 'Last four characters',
  enabledAt: 'Enabled since',
  createdAt: 'Made',
  notBefore: 'Valid from',
  expiresAt: 'Expires',
  revokedAt: 'Revoked',
  revokedReason: 'Reason',
  previousSecretExpiresAt: 'Previous secret works until',
  disableUnusedAfterSeconds: 'Disabled when unused for',
  allowedAddresses: 'Allowed addresses',
  allowedOrigins: 'Allowed origins',
  maxRequestsPerMinute: 'Requests per minute',
  countedWith: 'Counted together with',
  internalOnly: 'Internal only',
  templateId: 'Template',
  documentKind: 'Kind of record',
  documentId: 'Record',
  credentialId: 'Credential',
  actorId: 'Done by',
  userId: 'User',
  keyId: 'Key',
  policyId: 'Policy',
  sessionId: 'Session',
  thresholdSeconds: 'Told when less is left than',
  scheme: 'Sent as',
};

/** `disableUnusedAfterSeconds` is `Disabled when unused for`. */
export function fieldWords(field: string): string {
  const known = Object.hasOwn(WORDS, field) ? WORDS[field] : undefined;
  if (known !== undefined) return known;
  const words = field.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const UNITS = [
  ['year', 31_536_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const;

/** `90 days`; in the largest unit of which it is a whole number. */
export function secondsInWords(seconds: number): string {
  const [unit, size] = UNITS.find(([, each]) => seconds >= each && seconds % each === 0) ?? ['second', 1];
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
