import type { Client } from './client.js';
import type { Scene } from './faults/fault.js';
import type { AppName } from './history.js';
import { type Answer, type Headers, send } from './http.js';
import { Inspection } from './inspection.js';

const APPS: readonly AppName[] = ['a', 'b'];
const ORDERS = ['createdAt', 'name', 'expiresAt', 'lastUsedAt', 'id'];
const PAGE = 100;

/** When all is mended: every credential once more on both apps, every list, and what lies in Redis. */
export async function lookAtTheEnd(scene: Scene, clients: readonly Client[]): Promise<void> {
  const { recorder, apps, topology } = scene;
  await topology.mend();
  recorder.isFinal = true;
  for (const client of clients) {
    for (const held of [...client.keys, ...client.sessions, ...client.ended]) {
      for (const app of APPS) await client.use(app, held);
    }
  }
  const { token } = await apps.a.makeKey('root');
  const admin = { 'x-api-key': token };
  for (const app of APPS) {
    for (const order of ORDERS) {
      await listKeys(scene, app, admin, order, null);
      for (const { ownerId } of clients) await listKeys(scene, app, admin, order, ownerId);
    }
    for (const { ownerId } of clients) await listSessions(scene, app, admin, ownerId);
  }
  recorder.stored.push(...(await Inspection.of(topology)).records());
}

async function listKeys(
  { recorder, apps }: Scene,
  app: AppName,
  admin: Headers,
  order: string,
  ownerId: string | null,
): Promise<void> {
  const ids: string[] = [];
  const at = recorder.now;
  let cursor: unknown = null;
  do {
    const query = new URLSearchParams({ sort: order, limit: String(PAGE) });
    if (ownerId !== null) query.set('ownerId', ownerId);
    if (typeof cursor === 'string') query.set('cursor', cursor);
    const url = `${apps[app].url}/auth/api-keys?${query}`;
    const { body } = await recorder.record('list', app, () => send('GET', url, admin));
    ids.push(...idsIn(body));
    cursor = body.nextCursor;
  } while (typeof cursor === 'string');
  const what = `the keys of ${ownerId ?? 'all'} by ${order} (${app})`;
  recorder.lists.push({ what, kind: 'key', ownerId, at, ids });
}

async function listSessions({ recorder, apps }: Scene, app: AppName, admin: Headers, ownerId: string): Promise<void> {
  const at = recorder.now;
  const url = `${apps[app].url}/auth/sessions?userId=${ownerId}`;
  const { body } = await recorder.record('list', app, () => send('GET', url, admin));
  recorder.lists.push({ what: `the sessions of ${ownerId} (${app})`, kind: 'session', ownerId, at, ids: idsIn(body) });
}

function idsIn({ items }: Answer['body']): string[] {
  return Array.isArray(items) ? items.map(({ id }: { id: unknown }) => String(id)) : [];
}
