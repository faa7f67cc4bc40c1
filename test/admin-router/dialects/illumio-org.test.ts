import { MemoryStore } from '../../../lib/index.js';
import { type Caller, exact, FORBIDDEN, fault, logIn, NOT_FOUND, openIllumio as open } from './illumio-driver.js';
import { basic, type Stage } from './stage.js';

const invalid = (details: string) =>
  fault(406, 'input_validation_error', `Input validation failed. Details: {${details}}`);

describe('service accounts and the organisation’s keys', () => {
  let stage: Stage;
  let ada: Caller;
  let nowAt = Date.now();

  beforeAll(async () => {
    const addressesOf = async (_org: string | null, href: string) => (href.endsWith('/1') ? ['10.0.0.0/8'] : null);
    const now = () => nowAt;
    stage = await open({ addressesOf }, { now, store: new MemoryStore({ now }) });
    ada = await logIn(stage, 'ada');
  });

  afterAll(() => stage.close());

  const ORG = '/api/v2/orgs/1';
  const owner = {
    role: { href: '/orgs/1/roles/owner' },
    scope: [{ label: { href: '/orgs/1/labels/7', key: 'role', value: 'Web' } }],
  };
  const make = (body: object, as = ada.headers) => stage.send('POST', `${ORG}/service_accounts`, as, body);
  const health = async (key: { auth_username: string; secret: string }) =>
    (await stage.send('GET', '/api/v2/health', basic(key.auth_username, key.secret))).status;

  it('are made with one key, read, changed and deleted', async () => {
    const made = await make({
      name: 'bot',
      description: 'd',
      permissions: [owner],
      api_key: { expires_in_seconds: 3_600 },
    });
    expect(made.status).toBe(201);
    const body = made.body as {
      href: string;
      permissions: [{ href: string }];
      api_key: { auth_username: string; secret: string };
    };
    expect(made.text).toBe(
      JSON.stringify({
        name: 'bot',
        description: 'd',
        href: body.href,
        access_restriction: null,
        permissions: [
          { href: body.permissions[0].href, role: owner.role, scope: [{ label: { href: '/orgs/1/labels/7' } }] },
        ],
        api_key: body.api_key,
      }),
    );
    expect(body.href).toMatch(/^\/orgs\/1\/service_accounts\/[0-9a-f-]{36}$/);
    expect(body.permissions[0].href).toMatch(/^\/orgs\/1\/permissions\/[0-9a-f-]{36}$/);
    expect(await health(body.api_key)).toBe(200);

    const path = `/api/v2${body.href}`;
    const read = await stage.send('GET', path, ada.headers);
    expect(Object.keys(read.body as object)).toEqual([
      'name',
      'description',
      'href',
      'created_at',
      'updated_at',
      'created_by',
      'updated_by',
      'permissions',
      'access_restriction',
      'api_keys',
    ]);
    expect(read.body).toMatchObject({
      created_by: { href: ada.login.href },
      api_keys: [{ auth_username: body.api_key.auth_username, expires_in_seconds: 3_600, state: 'active' }],
    });
    expect(read.text).not.toContain(body.api_key.secret);

    const added = await stage.send('POST', `${path}/api_keys`, { ...ada.headers, 'content-length': '0' });
    const key = added.body as { auth_username: string; secret: string; key_id: string; href: string };
    expect([added.status, Object.keys(key)]).toEqual([201, ['auth_username', 'secret', 'key_id', 'href']]);
    expect(key.href).toBe(`${body.href}/api_keys/${key.key_id}`);
    // its rights: what the role says, and only in its organisation
    expect((await stage.send('GET', `${ORG}/settings`, basic(key.auth_username, key.secret))).status).toBe(200);
    expect((await stage.send('PUT', path, ada.headers, { permissions: [], name: 'renamed' })).status).toBe(204);
    expect(exact(await stage.send('GET', `${ORG}/settings`, basic(key.auth_username, key.secret)))).toEqual(FORBIDDEN);
    expect((await stage.send('GET', path, ada.headers)).body).toMatchObject({
      name: 'renamed',
      permissions: [],
      description: 'd',
    });
    expect((await stage.send('DELETE', `${path}/api_keys/${key.key_id}`, ada.headers)).status).toBe(204);
    expect([await health(key), await health(body.api_key)]).toEqual([401, 200]);
    expect((await stage.send('DELETE', path, ada.headers)).status).toBe(204);
    expect([await health(body.api_key), exact(await stage.send('GET', path, ada.headers))]).toEqual([401, NOT_FOUND]);
  });

  it('refuse what is wrong, and those who are no owners', async () => {
    const schema = 'in schema service_accounts_post.schema.json';
    const wrong: [body: object, details: string | RegExp][] = [
      [{}, `The property '#/' did not contain a required property of 'name' ${schema}`],
      [
        { name: 'x', permissions: 5 },
        `The property '#/permissions' of type Integer did not match the following type: array ${schema}`,
      ],
      [
        { name: 'x', permissions: [{ role: { href: '/orgs/2/roles/owner' } }] },
        `The property '#/permissions/role/href' names no role ${schema}`,
      ],
      [
        { name: 'x', api_key: { expires_in_seconds: -5 } },
        `The property '#/expires_in_seconds' did not have a minimum value of -1, inclusively ${schema}`,
      ],
      [
        { name: 'x', api_key: { expires_in_seconds: '5' } },
        `The property '#/expires_in_seconds' of type String did not match the following type: integer ${schema}`,
      ],
      [
        { name: 'x', access_restriction: { href: '/orgs/1/access_restrictions/9' } },
        "The property '#/access_restriction/href' names no access restriction",
      ],
    ];
    for (const [body, details] of wrong) expect(exact(await make(body))).toEqual(invalid(String(details)));
    for (const userName of ['bob', 'carl', 'dora']) {
      const { headers } = await logIn(stage, userName);
      expect(exact(await make({ name: 'x' }, headers))).toEqual(FORBIDDEN);
      expect(exact(await stage.send('GET', `${ORG}/settings`, headers))).toEqual(FORBIDDEN);
    }
    const eve = await logIn(stage, 'eve');
    expect(exact(await make({ name: 'x' }, eve.headers))).toEqual(FORBIDDEN);
  });

  it('give nobody more than their maker has', async () => {
    const otto = await logIn(stage, 'otto'); // an owner of the PCE, and nothing else in the host's app
    const made = await make({ name: 'bot', permissions: [owner] }, otto.headers);
    const { api_key } = made.body as { api_key: { auth_username: string; secret: string } };
    const key = await stage.latchkey.apiKeys.get(api_key.auth_username.slice(4));
    expect(key).toMatchObject({ ownerKind: 'service', statements: [{ actions: ['pce:*'] }] });
    const generous = await open({ roleStatements: { owner: [{ actions: ['orders:*'] }] } });
    const { headers } = await logIn(generous, 'otto');
    expect(
      exact(await generous.send('POST', `${ORG}/service_accounts`, headers, { name: 'x', permissions: [owner] })),
    ).toEqual(FORBIDDEN);
    // nor by way of an account that has no key at the moment: the next owner would give it to the next one
    const boss = await logIn(generous, 'ada');
    const { body } = await generous.send('POST', `${ORG}/service_accounts`, boss.headers, { name: 'x' });
    const path = `/api/v2${(body as { href: string }).href}`;
    const [{ key_id }] = ((await generous.send('GET', path, boss.headers)).body as { api_keys: [{ key_id: string }] })
      .api_keys;
    expect((await generous.send('DELETE', `${path}/api_keys/${key_id}`, boss.headers)).status).toBe(204);
    expect(exact(await generous.send('PUT', path, headers, { permissions: [owner] }))).toEqual(FORBIDDEN);
    expect((await generous.send('PUT', path, headers, { name: 'renamed' })).status).toBe(204);
    expect((await generous.send('GET', path, boss.headers)).body).toMatchObject({ name: 'renamed', permissions: [] });
    await generous.close();
  });

  it('hold to their access restriction', async () => {
    const made = await make({
      name: 'fenced',
      permissions: [],
      access_restriction: { href: '/orgs/1/access_restrictions/1' },
    });
    const { api_key, access_restriction } = made.body as {
      api_key: { auth_username: string; secret: string };
      access_restriction: unknown;
    };
    expect([made.status, access_restriction]).toEqual([201, { href: '/orgs/1/access_restrictions/1' }]);
    expect(await health(api_key)).toBe(401);
  });

  it('are no users: calls that need one are refused', async () => {
    const { href, api_key } = (await make({ name: 'bot', permissions: [owner] })).body as {
      href: string;
      api_key: { auth_username: string; secret: string };
    };
    const as = basic(api_key.auth_username, api_key.secret);
    const child = (await make({ name: 'child' }, as)).body as { href: string };
    expect((await stage.send('GET', `/api/v2${child.href}`, ada.headers)).body).toMatchObject({
      created_by: { href },
      api_keys: [{ created_by: { href } }],
    });
    expect(exact(await stage.send('GET', `/api/v2${ada.login.href}/api_keys`, as))).toEqual(FORBIDDEN);
    expect(exact(await stage.send('PUT', `/api/v2${ada.login.href}/logout`, as, {}))).toEqual(FORBIDDEN);
    expect(exact(await stage.send('GET', '/api/v2/users/login', as))).toEqual(FORBIDDEN);
  });

  it('are no user whose id they have', async () => {
    const made = { name: 'job', ownerKind: 'service', ownerId: 'zoe', orgId: 'acme' } as const;
    const { key, secret } = await stage.latchkey.apiKeys.create(made, { by: 'test' });
    stage.people.set('zoe', { statements: [{ actions: ['pce:read_only'] }] });
    const zoe = await logIn(stage, 'zoe');
    const as = basic(key.id, secret);
    const path = `/api/v2${zoe.login.href}/api_keys`;
    expect((await stage.send('POST', path, zoe.headers, { name: 'zoe’s' })).status).toBe(201);
    expect(exact(await stage.send('GET', path, as))).toEqual(FORBIDDEN);
    expect(exact(await stage.send('GET', '/api/v2/users/login', as))).toEqual(FORBIDDEN);
    const names = (await stage.send('GET', `${ORG}/api_keys`, as)).body as { name: string }[];
    expect(names.map(({ name }) => name)).toEqual(['zoe']); // the service's own key, by the id of the account
  });

  it('may have any name, and outlive their keys', async () => {
    const made = await make({ name: 'bot', permissions: [owner], api_key: { expires_in_seconds: 5 } });
    const path = `/api/v2${(made.body as { href: string }).href}`;
    expect((await stage.send('PUT', path, ada.headers, { name: 'two\nlines' })).status).toBe(204);
    expect((await stage.send('POST', `${path}/api_keys`, ada.headers, { expires_in_seconds: 5 })).status).toBe(201);
    nowAt += 91 * 86_400_000; // beyond the time for which the core keeps ended keys
    ada = await logIn(stage, 'ada');
    expect((await stage.send('GET', path, ada.headers)).body).toMatchObject({ name: 'two\nlines', api_keys: [] });
    expect((await stage.send('PUT', path, ada.headers, { permissions: [] })).status).toBe(204);
    expect((await stage.send('DELETE', path, ada.headers)).status).toBe(204);
  });

  it('list, filter and delete all keys for owners and admins, their own for others', async () => {
    const fresh = await open();
    const [boss, carl, dora] = [await logIn(fresh, 'ada'), await logIn(fresh, 'carl'), await logIn(fresh, 'dora')];
    const mine = (await fresh.send('POST', `/api/v2${carl.login.href}/api_keys`, carl.headers, { name: 'carl’s' }))
      .body as Record<string, string>;
    await fresh.send('POST', `${ORG}/service_accounts`, boss.headers, { name: 'bot', permissions: [owner] });
    const list = async (query: string, as = boss.headers) => {
      const { headers, body } = await fresh.send('GET', `${ORG}/api_keys${query}`, as);
      const names = (body as { name: string }[]).map(({ name }) => name).sort();
      return [names, headers['x-total-count'], headers['x-matched-count']];
    };
    expect(await list('')).toEqual([['bot', 'carl’s'], '2', '2']);
    expect(await list('', dora.headers)).toEqual([['bot', 'carl’s'], '2', '2']);
    expect(await list('', carl.headers)).toEqual([['carl’s'], '1', '1']);
    expect(await list('?type=service_account')).toEqual([['bot'], '2', '1']);
    expect(await list('?name=bot&state=active')).toEqual([['bot'], '2', '1']);
    expect(await list('?service_account_name=nobody')).toEqual([[], '2', '0']);
    expect(await list('?username=carl')).toEqual([['carl’s'], '2', '1']);
    expect(await list(`?role=${encodeURIComponent('"/orgs/1/roles/read_only"')}`)).toEqual([['carl’s'], '2', '1']);
    expect(await list('?state=expired')).toEqual([[], '2', '0']);
    expect(await list('?state=other')).toEqual([[], '2', '0']);
    const path = `${ORG}/api_keys/${mine.key_id}`;
    expect(exact(await fresh.send('DELETE', path, dora.headers))).toEqual(FORBIDDEN);
    expect((await fresh.send('DELETE', path, boss.headers)).status).toBe(204);
    expect(await list('')).toEqual([['bot'], '1', '1']);
    await fresh.close();
  });

  it('take their expiry from the settings, which move no key that is there', async () => {
    const read = async () => (await stage.send('GET', `${ORG}/settings`, ada.headers)).body;
    expect(await read()).toEqual({
      max_api_key_expiration_in_seconds: -1,
      expired_api_keys_retention_in_seconds: 86_400,
    });
    const put = (body: object) => stage.send('PUT', `${ORG}/settings`, ada.headers, body);
    expect(
      (await put({ max_api_key_expiration_in_seconds: 60, expired_api_keys_retention_in_seconds: 100, other: 1 }))
        .status,
    ).toBe(204);
    expect(await read()).toEqual({ max_api_key_expiration_in_seconds: 60, expired_api_keys_retention_in_seconds: 100 });
    expect(exact(await put({ expired_api_keys_retention_in_seconds: -1 }))).toEqual(
      invalid(
        "The property '#/expired_api_keys_retention_in_seconds' did not have a minimum value of 0, inclusively in schema settings_put.schema.json",
      ),
    );
    const { href, api_key } = (await make({ name: 'brief', permissions: [] })).body as {
      href: string;
      api_key: { auth_username: string; secret: string };
    };
    expect(await health(api_key)).toBe(200);
    await put({ max_api_key_expiration_in_seconds: -1 });
    nowAt += 61_000;
    ada = await logIn(stage, 'ada');
    expect(await health(api_key)).toBe(401);
    const states = async () =>
      (
        (await stage.send('GET', `${ORG}/api_keys?state=expired`, ada.headers)).body as { account: { href: string } }[]
      ).map(({ account }) => account.href);
    expect(await states()).toContain(href);
    nowAt += 100_000;
    expect(await states()).not.toContain(href);
  });
});

describe('changes at once', () => {
  let stage: Stage;
  let ada: Caller;
  let meanwhile: (() => Promise<unknown>) | null = null;

  beforeAll(async () => {
    // Asked between the reading of an account and the making of its key.
    const addressesOf = async () => {
      const run = meanwhile;
      meanwhile = null;
      await run?.();
      return ['127.0.0.0/8'];
    };
    let waiting = 2;
    let open2 = () => {};
    const both = new Promise<void>((resolve) => {
      open2 = resolve;
    });
    const profileOf = async ({ id }: { id: string }) => {
      if (id === 'carl' && isMaking) {
        if (--waiting === 0) open2();
        await both;
      }
      return {};
    };
    stage = await open({ addressesOf, profileOf });
    ada = await logIn(stage, 'ada');
  });

  afterAll(() => stage.close());

  let isMaking = false;
  const restriction = { href: '/orgs/1/access_restrictions/1' };
  const owner = { role: { href: '/orgs/1/roles/owner' } };

  async function makeAccount(): Promise<{ path: string; id: string }> {
    const fields = { name: 'bot', permissions: [owner], access_restriction: restriction };
    const { body } = await stage.send('POST', '/api/v2/orgs/1/service_accounts', ada.headers, fields);
    const { href } = body as { href: string };
    return { path: `/api/v2${href}`, id: href.split('/').at(-1) as string };
  }

  it('leave no key with rights that its account has no more', async () => {
    const { path, id } = await makeAccount();
    meanwhile = () => stage.send('PUT', path, ada.headers, { permissions: [] });
    expect((await stage.send('POST', `${path}/api_keys`, ada.headers, {})).status).toBe(201);
    const { items } = await stage.latchkey.apiKeys.list({ orgId: 'acme', ownerId: id });
    expect(items.map(({ statements }) => statements)).toEqual([[], []]);
  });

  it('leave no key without its account', async () => {
    const { path, id } = await makeAccount();
    meanwhile = () => stage.send('DELETE', path, ada.headers);
    expect(exact(await stage.send('POST', `${path}/api_keys`, ada.headers, {}))).toEqual(NOT_FOUND);
    const { items } = await stage.latchkey.apiKeys.list({ orgId: 'acme', ownerId: id });
    expect(items.map(({ state }) => state)).toEqual(['revoked', 'revoked']);
  });

  it('leave one key at most to who may only read', async () => {
    const carl = await logIn(stage, 'carl');
    const path = `/api/v2${carl.login.href}/api_keys`;
    isMaking = true;
    const replies = await Promise.all([1, 2].map(() => stage.send('POST', path, carl.headers, { name: 'x' })));
    const made = replies.filter(({ status }) => status === 201).length;
    expect(made).toBeLessThanOrEqual(1);
    expect((await stage.send('GET', path, carl.headers)).body).toHaveLength(made);
  });
});
