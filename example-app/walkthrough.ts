import type { FirstKeys } from './first-keys.js';

/** The keys, and lines to paste into a shell, each with the status that it answers. */
export function walkthrough(url: string, { admin, reader }: FirstKeys): string {
  const adminHeader = `-H 'X-API-Key: ${admin.token}'`;
  const readerHeader = `-H 'X-API-Key: ${reader.token}'`;
  const readerPair = `${reader.key.id}:${reader.secret}`;
  const json = (body: object) => `-H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
  const order = json({ item: 'cocoa', quantity: 3 });
  const newKey = json({
    name: 'One order, for an hour',
    statements: [{ actions: ['orders:read'], resources: ['orders/1'] }],
    expiresInSeconds: 3_600,
  });
  const readerKey = `${url}/auth/api-keys/${reader.key.id}`;

  return `
Administrator key (may do everything): ${admin.token}
Reader key (orders:read):              ${reader.token}
${admin.key.version > 1 ? 'The administrator key was there: it has a new secret, and the old one is refused from now on.\n' : ''}
# A key in each of the three forms
curl -si ${url}/orders ${readerHeader}  # 200
curl -si ${url}/orders -H 'Authorization: ApiKey ${Buffer.from(readerPair).toString('base64')}'  # 200
curl -si ${url}/orders -u '${readerPair}'  # 200

# No key, and a key without the right
curl -si ${url}/orders  # 401
curl -si ${url}/orders ${readerHeader} ${order}  # 403
curl -si ${url}/orders ${adminHeader} ${order}  # 201

# A single order, and who the key belongs to
curl -si ${url}/orders/1 ${readerHeader}  # 200
curl -si ${url}/me ${readerHeader}  # 200

# Manage keys: make one; give the reader key a new secret while the old one lives on for a minute; revoke it for good
curl -si ${url}/auth/api-keys ${adminHeader} ${newKey}  # 201
curl -si ${url}/auth/api-keys ${adminHeader}  # 200
curl -si ${readerKey}/rotate ${adminHeader} ${json({ graceSeconds: 60 })}  # 200
curl -si ${url}/orders ${readerHeader}  # 200
curl -si -X DELETE ${readerKey} ${adminHeader}  # 200
curl -si ${url}/orders ${readerHeader}  # 401

Ready. Ctrl-C stops.`;
}
