import type { CredentialNames } from '../lib/index.js';
import type { Route } from './route.js';

type Requirement = Readonly<Record<string, readonly string[]>>;

/** Every form that a credential can come in, as this instance takes it. */
export function securitySchemes({ headers, authorizationScheme, session }: CredentialNames): Record<string, object> {
  const raw = headers.map((name, index) => [
    rawName(index),
    { type: 'apiKey', in: 'header', name, description: 'The key as it was told: `<prefix>_<id>_<secret>`.' },
  ]);
  return {
    ...Object.fromEntries(raw),
    apiKey: {
      type: 'apiKey',
      in: 'header',
      name: 'Authorization',
      description: '`ApiKey `, then base64 of `id:secret`: the `encoded` of a new key.',
    },
    ...(authorizationScheme !== undefined && {
      authorization: {
        type: 'http',
        scheme: authorizationScheme.toLowerCase(),
        description:
          'A key that the app had before, as it is, or the `<prefix>_<id>_<secret>` that has taken its place.',
      },
    }),
    basic: {
      type: 'http',
      scheme: 'basic',
      description:
        'Basic (RFC 7617): of a key its id and its secret; of a session `authUsername` and `sessionToken`; at login user name and password.',
    },
    ...(session !== null && {
      sessionCookie: {
        type: 'apiKey',
        in: 'cookie',
        name: session.cookie,
        description: 'Set by `POST /sessions`; goes with the request id.',
      },
      requestId: {
        type: 'apiKey',
        in: 'header',
        name: session.requestIdHeader,
        description: 'The `requestId` that `POST /sessions` has answered. Without it, the cookie opens nothing.',
      },
    }),
  };
}

/** What every route wants that is not public: one of these. */
export function securityOf({ headers, authorizationScheme, session }: CredentialNames): Requirement[] {
  return [
    ...headers.map((_, index) => ({ [rawName(index)]: [] })),
    { apiKey: [] },
    ...(authorizationScheme === undefined ? [] : [{ authorization: [] }]),
    { basic: [] },
    ...(session === null ? [] : [{ sessionCookie: [], requestId: [] }]),
  ];
}

/** What a public route takes: nothing, or user name and password. Null: what every route wants. */
export function publicSecurity({ isPublic, takesPassword = false }: Route): Requirement[] | null {
  if (!isPublic) return null;
  return takesPassword ? [{}, { basic: [] }] : [];
}

function rawName(index: number): string {
  return index === 0 ? 'apiKeyHeader' : `apiKeyHeader${index + 1}`;
}
