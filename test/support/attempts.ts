import type { IssuedKey, LatchkeyEvent, LatchkeyOptions, NewKey, NewPolicy, Policy, Store } from '../../lib/index.js';
import { until } from '../conformance/store-suite.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, addRights, startAdminApp } from './admin-app.js';
import { People } from './people.js';

export type KeyFields = Partial<NewKey> & { actions?: string[] };

/** Who asks: mallory, with a key or a session. */
export interface Asker {
  /** The public id of the credential. */
  readonly id: string;
  /** Null where the headers carry it. */
  readonly token: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where somebody tries to get more than they have: two organisations of their own for each attempt. */
export interface Scene {
  readonly app: AdminApp;
  readonly store: Store;
  readonly orgId: string;
  readonly foreignOrgId: string;
  readonly me: Asker;
  /** Makes a key, as the host; of mallory unless it says otherwise. */
  key(fields?: KeyFields): Promise<IssuedKey>;
  /** Makes a policy, as the host. */
  policy(fields?: Partial<NewPolicy>): Promise<Policy>;
}

export interface AttemptRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** One way to gain something, which must be refused. */
export interface Attempt {
  readonly what: string;
  /** The key that asks; default `SERVANT`. */
  readonly as?: KeyFields;
  /** In place of the key. */
  readonly with?: (scene: Scene) => Promise<Asker>;
  readonly ask: (scene: Scene) => AttemptRequest | Promise<AttemptRequest>;
  /** The fields that the refusal names. */
  readonly fields?: readonly string[];
  /** In place of fields: the right that it names. */
  readonly lacks?: string;
}

/** Rights on the host's own things: few, in one workspace. */
export const ORDERS = { actions: ['orders:read', 'users:re*'], resources: ['orders/*'], workspace: 'w1' };
/** All rights of the admin API but `keys:grant`, so that nothing but the comparison of rights can refuse. */
export const OFFICE = {
  actions: ['keys:manage-own', 'keys:read', 'keys:manage', 'session-keys:issue', 'policies:read', 'policies:manage'],
};
/** Without `keys:manage`, which lets keys live longer than the key that makes them. */
export const MODEST = { actions: ['keys:manage-own', 'session-keys:issue', 'policies:manage'] };
const SERVANT: KeyFields = { statements: [OFFICE, ORDERS] };

export interface SceneOptions extends LatchkeyOptions {
  /** Whether internal keys are accepted. Default false. */
  readonly isInside?: boolean;
}

let scenes = 0;

/** Runs `body` on each store, on an app with a trail that is written at once. */
export function onEachStore(
  what: string,
  body: (newScene: (as?: KeyFields) => Promise<Scene>) => void,
  { isInside = false, ...options }: SceneOptions = {},
): void {
  describe.each(STORE_KINDS)(`${what}, on $name`, ({ open }) => {
    let database: Database;
    let store: Store;
    let app: AdminApp;

    beforeAll(async () => {
      database = await open();
      store = await database.connect();
      app = await startAdminApp({ store, audit: { flushIntervalMs: 10 }, ...options }, (host, latchkey) => {
        if (isInside) host.use(latchkey.internal());
        addRights(host, latchkey);
      });
    });
    afterAll(async () => {
      await app.close();
      await database.stop();
    });

    body(async (as = SERVANT) => {
      const orgId = `org-${scenes++}`;
      if (options.users instanceof People) {
        for (const id of options.users.moveTo(orgId)) await app.latchkey.userChanged(id);
      }
      const key = (fields: KeyFields = {}) => app.key({ ownerId: 'mallory', orgId, ...fields });
      const policy = (fields: Partial<NewPolicy> = {}) =>
        app.latchkey.policies.create({ name: 'a policy', orgId, ...fields }, { by: 'test' });
      return { app, store, orgId, foreignOrgId: `${orgId}-foreign`, me: asking(await key(as)), key, policy };
    });
  });
}

/** One test for each attempt and store. */
export function describeAttempts(what: string, attempts: readonly Attempt[], options: SceneOptions = {}): void {
  onEachStore(
    what,
    (newScene) => {
      it.each(attempts.map((attempt) => [attempt.what, attempt] as const))('%s', async (_what, attempt) => {
        const scene = await newScene(attempt.as);
        await expectRefused(attempt.with === undefined ? scene : { ...scene, me: await attempt.with(scene) }, attempt);
      });
    },
    options,
  );
}

/** Whoever comes with a key. */
export function asking({ key, token }: Pick<IssuedKey, 'key' | 'token'>): Asker {
  return { id: key.id, token };
}

/** 403 naming what goes too far; nothing is changed; told to listeners, and in the trail for who may read it. */
export async function expectRefused(scene: Scene, attempt: Omit<Attempt, 'what' | 'as' | 'with'>): Promise<void> {
  const { app, me, orgId } = scene;
  const { method, path, body, headers } = await attempt.ask(scene);
  const before = await everythingIn(scene);
  const told: LatchkeyEvent[] = [];
  const end = app.latchkey.on('*', (event) => void told.push(event));
  const answer = await app.call(method, path, me.token, body, { ...me.headers, ...headers });
  end();
  expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  const fields = attempt.fields ?? [];
  expect((answer.body.errors ?? []).map((error) => error.path)).toEqual(fields);
  if (attempt.lacks !== undefined) {
    expect(answer.body.detail).toBe(`The credential lacks the right "${attempt.lacks}".`);
  }
  expect(await everythingIn(scene)).toEqual(before);
  const { detail } = answer.body;
  const entry = {
    type: 'request.forbidden',
    actorId: 'mallory',
    credentialId: me.id,
    orgId,
    method,
    path: `/auth${path.split('?')[0]}`,
    detail: fields.length === 0 ? detail : `${detail} (${fields.join(', ')})`,
  };
  const refusals = told.filter(({ type }) => type === 'request.forbidden');
  expect(refusals).toEqual([expect.objectContaining(entry)]);
  expect(await trailOf(scene)).toEqual([expect.objectContaining({ ...entry, outcome: 'refused', count: 1 })]);
}

/** What an administrator reads of the refusals of mallory's key, once it is written. */
async function trailOf({ app, me, orgId }: Scene): Promise<Record<string, unknown>[]> {
  const admin = await app.key({ ownerId: 'root', orgId, actions: ['audit:read'] });
  let items: Record<string, unknown>[] = [];
  await until('the refusal is in the trail', async () => {
    const query = `actor=mallory&credential=${me.id}&outcome=refused`;
    const { status, body } = await app.call('GET', `/audit?${query}`, admin.token);
    expect(status).toBe(200);
    ({ items } = body);
    return items.length > 0;
  });
  return items;
}

/** All records of both organisations as they are stored: versions, secrets' hashes and all. */
export async function everythingIn({ store, orgId: own, foreignOrgId }: Scene): Promise<unknown[]> {
  const { apiKeys, policies } = store.records;
  const found: unknown[] = [];
  for (const orgId of [own, foreignOrgId, null]) {
    const keys = await apiKeys.page({ orgId, order: 'id', descending: false, limit: 200 });
    const named = await policies.page({ orgId, limit: 200 });
    expect([keys.next, named.next]).toEqual([null, null]);
    found.push(...keys.entries.map(({ record }) => record), ...named.records);
  }
  return found;
}
