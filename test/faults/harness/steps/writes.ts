import { ORDERS, PASSWORD } from '../app-plan.js';
import { type Answer, basic, type Headers, send } from '../http.js';

/** Where requests go, and as whom. */
export interface Caller {
  readonly url: string;
  readonly admin: Headers;
}

/** Something that takes several steps in Redis. Each try begins with something of its own. */
export interface MultiStepWrite {
  readonly name: string;
  /** What must be there before, made through an app that is not killed. */
  prepare(caller: Caller, ownerId: string): Promise<Begun>;
}

export interface Begun {
  /** Asks for it; the same again, where it was cut off, must complete it. */
  ask(caller: Caller): Promise<Answer>;
  /** What is wrong when `again`, the same request, was answered by the other app; empty: nothing. */
  faults(caller: Caller, again: Answer): Promise<string[]>;
}

async function makeKey(caller: Caller, fields: object): Promise<{ id: string; headers: Headers }> {
  const { status, body } = await send('POST', `${caller.url}/auth/api-keys`, caller.admin, {
    name: 'a key',
    ...fields,
  });
  if (status !== 201) throw new Error(`no key: ${status}`);
  return { id: String(body.id), headers: { 'x-api-key': String(body.token) } };
}

async function makePolicy(caller: Caller, name: string): Promise<string> {
  const statements = [{ actions: [ORDERS] }];
  const { status, body } = await send('POST', `${caller.url}/auth/policies`, caller.admin, { name, statements });
  if (status !== 201) throw new Error(`no policy: ${status}`);
  return String(body.id);
}

async function statusOf({ url }: Caller, headers: Headers, path = '/me'): Promise<number> {
  return (await send('GET', url + path, headers)).status;
}

/** Empty when they are the same. */
function differing(what: string, got: unknown, wanted: unknown): string[] {
  return got === wanted ? [] : [`${what}: ${String(got)} in place of ${String(wanted)}`];
}

async function sessionsOf({ url, admin }: Caller, ownerId: string): Promise<number> {
  const { body } = await send('GET', `${url}/auth/sessions?userId=${ownerId}`, admin);
  return Array.isArray(body.items) ? body.items.length : -1;
}

const create: MultiStepWrite = {
  name: 'create a key',
  async prepare(caller, ownerId) {
    const policyIds = [await makePolicy(caller, `of ${ownerId}`)];
    const fields = { name: 'new', ownerId, policyIds, expiresInSeconds: 3_600 };
    return {
      ask: ({ url, admin }) => send('POST', `${url}/auth/api-keys`, admin, fields),
      faults: async (asked, again) => [
        ...differing('asked again', again.status, 201),
        ...differing('its key', await statusOf(asked, { 'x-api-key': String(again.body.token) }, '/orders'), 200),
      ],
    };
  },
};

const rename: MultiStepWrite = {
  name: 'change name, expiry and policies of a key',
  async prepare(caller, ownerId) {
    const { id, headers } = await makeKey(caller, { ownerId });
    const policyIds = [await makePolicy(caller, `of ${ownerId}`)];
    const fields = { name: 'another name', policyIds, expiresInSeconds: 7_200 };
    return {
      ask: ({ url, admin }) => send('PATCH', `${url}/auth/api-keys/${id}`, admin, fields),
      faults: async (asked, again) => [
        ...differing('asked again', again.status, 200),
        ...differing('the key', await statusOf(asked, headers, '/orders'), 200),
      ],
    };
  },
};

const rotate: MultiStepWrite = {
  name: 'rotate a key',
  async prepare(caller, ownerId) {
    const { id, headers } = await makeKey(caller, { ownerId });
    return {
      ask: ({ url, admin }) => send('POST', `${url}/auth/api-keys/${id}/rotate`, admin, { graceSeconds: 0 }),
      faults: async (asked, again) => [
        ...differing('asked again', again.status, 200),
        ...differing('the old secret', await statusOf(asked, headers), 401),
        ...differing('the new secret', await statusOf(asked, { 'x-api-key': String(again.body.token) }), 200),
      ],
    };
  },
};

const revoke: MultiStepWrite = {
  name: 'revoke a key',
  async prepare(caller, ownerId) {
    const { id, headers } = await makeKey(caller, { ownerId });
    return {
      ask: ({ url, admin }) => send('DELETE', `${url}/auth/api-keys/${id}`, admin),
      faults: async (asked, again) => [
        ...differing('asked again', again.status, 200),
        ...differing('the key', await statusOf(asked, headers), 401),
      ],
    };
  },
};

const changePolicy: MultiStepWrite = {
  name: 'change a policy',
  async prepare(caller, ownerId) {
    const policyId = await makePolicy(caller, `of ${ownerId}`);
    const { headers } = await makeKey(caller, { ownerId, policyIds: [policyId] });
    const statements = [{ actions: ['orders:none'] }];
    return {
      ask: ({ url, admin }) => send('PATCH', `${url}/auth/policies/${policyId}`, admin, { statements }),
      faults: async (asked, again) => [
        ...differing('asked again', again.status, 200),
        ...differing('what it no longer allows', await statusOf(asked, headers, '/orders'), 403),
      ],
    };
  },
};

const login: MultiStepWrite = {
  name: 'log in',
  async prepare(_caller, ownerId) {
    const password = { userName: ownerId, password: PASSWORD, token: true };
    return {
      ask: ({ url }) => send('POST', `${url}/auth/sessions`, {}, password),
      async faults(asked, again) {
        const { authUsername, sessionToken } = again.body;
        const headers = basic(String(authUsername), String(sessionToken));
        return [
          ...differing('asked again', again.status, 201),
          ...differing('its session', await statusOf(asked, headers), 200),
        ];
      },
    };
  },
};

/** The token may be gone, but it brings no second session. */
const exchange: MultiStepWrite = {
  name: 'exchange a login token',
  async prepare(caller, ownerId) {
    const password = { userName: ownerId, password: PASSWORD };
    const { body } = await send('POST', `${caller.url}/auth/login`, {}, password);
    const { loginToken } = body;
    return {
      ask: ({ url }) => send('POST', `${url}/auth/sessions`, {}, { loginToken }),
      async faults(asked, again) {
        const isKnown = again.status === 201 || again.status === 401;
        const sessions = await sessionsOf(asked, ownerId);
        return [
          ...differing('asked again', isKnown ? 201 : again.status, 201),
          ...differing('at most one session', sessions === 0 || sessions === 1, true),
        ];
      },
    };
  },
};

const logout: MultiStepWrite = {
  name: 'log out',
  async prepare(caller, ownerId) {
    const password = { userName: ownerId, password: PASSWORD, token: true };
    const { body } = await send('POST', `${caller.url}/auth/sessions`, {}, password);
    const headers = basic(String(body.authUsername), String(body.sessionToken));
    return {
      ask: ({ url }) => send('DELETE', `${url}/auth/sessions/current`, headers),
      async faults(asked, again) {
        const isOver = again.status === 204 || again.status === 401;
        return [
          ...differing('asked again', isOver ? 204 : again.status, 204),
          ...differing('the session', await statusOf(asked, headers), 401),
          ...differing('sessions listed', await sessionsOf(asked, ownerId), 0),
        ];
      },
    };
  },
};

export const WRITES: readonly MultiStepWrite[] = [
  create,
  rename,
  rotate,
  revoke,
  changePolicy,
  login,
  exchange,
  logout,
];
