import { exact, fault, logIn, OTHER_SCHEMA, openPlexus as open, plexusDriver, SCHEMA } from './plexus-driver.js';
import type { Headers, Stage } from './stage.js';

describe('management of keys', () => {
  let stage: Stage;
  let ada: Headers;
  let bob: Headers;

  beforeAll(async () => {
    stage = await open();
    [ada, bob] = [await plexusDriver.login(stage, 'ada'), await plexusDriver.login(stage, 'bob')];
  });

  afterAll(() => stage.close());

  const make = async (as: Headers, body: unknown = { schemaIds: [SCHEMA] }) =>
    await stage.send('POST', '/api/apikeys', as, body);

  it('answers a key to the letter, its value once', async () => {
    const { status, text, body } = await make(bob, { schemaIds: [SCHEMA], comment: 'for scripts' });
    expect(status).toBe(201);
    const { created, expires } = body as { created: string; expires: string };
    expect(text).toMatch(
      new RegExp(
        `^{"id":[0-9]+,"value":"[0-9A-Za-z]{32}","user":"bob","schemaIds":\\["${SCHEMA}"\\],"comment":"for scripts","created":"${created}","expires":"${expires}","lastUsed":null,"state":"active"}$`,
      ),
    );
    expect(Date.parse(expires) - Date.parse(created)).toBe(180 * 86_400_000);
    const { id, value: _, ...shown } = body as { id: number; value: string };
    expect((await stage.send('GET', '/api/apikeys', bob)).body).toContainEqual({ id, ...shown });
  });

  it('is everybody’s own; administrators see, change and end anyone’s of their organisation', async () => {
    const { id } = (await make(bob)).body as { id: number };
    const seen = async (as: Headers, path = '/api/apikeys') =>
      ((await stage.send('GET', path, as)).body as { id: number }[]).map((key) => key.id);
    expect(await seen(bob)).toContain(id);
    expect(await seen(ada)).not.toContain(id);
    expect(await seen(ada, '/api/apikeys?all=true')).toContain(id);
    expect(exact(await stage.send('GET', '/api/apikeys?all=true', bob))).toEqual(fault(403, 'Forbidden.'));
    const own = ((await make(ada)).body as { id: number }).id;
    expect(exact(await stage.send('PUT', `/api/apikeys/${own}`, bob, { comment: 'x' }))).toEqual(
      fault(404, 'Not found.'),
    );
    expect(exact(await stage.send('DELETE', `/api/apikeys/${own}`, bob))).toEqual(fault(404, 'Not found.'));
    const changed = await stage.send('PUT', `/api/apikeys/${id}`, ada, { comment: 'by ada' });
    expect([changed.status, changed.body]).toMatchObject([200, { id, user: 'bob', comment: 'by ada' }]);
    expect((await stage.send('DELETE', `/api/apikeys/${id}`, ada)).status).toBe(204);
    const ended = ((await stage.send('GET', '/api/apikeys', bob)).body as { id: number }[]).find(
      (key) => key.id === id,
    );
    expect(ended).toMatchObject({ state: 'deleted', expires: expect.stringMatching(/Z$/) });
    expect(Date.parse((ended as unknown as { expires: string }).expires)).toBeLessThanOrEqual(Date.now());
  });

  it('makes keys for oneself only, administrators too, on schemas that one may select', async () => {
    expect(exact(await make(ada, { schemaIds: [SCHEMA], user: 'bob' }))).toEqual(fault(403, 'Forbidden.'));
    expect((await make(ada, { schemaIds: [SCHEMA], user: 'ada' })).status).toBe(201);
    const wrong = [
      {},
      { schemaIds: [] },
      { schemaIds: ['FF'] },
      { schemaIds: [SCHEMA], comment: 5 },
      { schemaIds: SCHEMA },
      { schemaIds: [SCHEMA], validity: 9 },
    ];
    for (const body of wrong) expect(exact(await make(bob, body))).toEqual(fault(400, 'Invalid request.'));
    expect((await stage.send('GET', '/api/schemas', bob)).text).toBe(
      `[{"id":"${SCHEMA}","name":"localdb"},{"id":"${OTHER_SCHEMA}","name":"other"}]`,
    );
  });

  it('changes nothing but the comment', async () => {
    const { id } = (await make(bob)).body as { id: number };
    for (const body of [
      {},
      { comment: 5 },
      { comment: 'x', schemaIds: [OTHER_SCHEMA] },
      { expires: '2099-01-01' },
      [],
    ]) {
      expect(exact(await stage.send('PUT', `/api/apikeys/${id}`, bob, body))).toEqual(fault(400, 'Invalid request.'));
    }
    for (const path of ['0', '-1', 'x', '1e3', '99999', `${id}x`, '%2e%2e']) {
      expect(exact(await stage.send('PUT', `/api/apikeys/${path}`, bob, { comment: 'x' }))).toEqual(
        fault(404, 'Not found.'),
      );
    }
  });

  it('is not for keys, nor for sessions that a key has opened', async () => {
    const { value } = (await make(ada)).body as { value: string };
    const { headers } = await logIn(stage, value);
    for (const as of [
      headers,
      { 'x-api-key': (await stage.latchkey.apiKeys.create({ name: 'n', ownerId: 'ada' }, { by: 'test' })).token },
    ]) {
      expect(exact(await make(as))).toEqual(fault(403, 'Forbidden.'));
      expect(exact(await stage.send('GET', '/api/apikeys', as))).toEqual(fault(403, 'Forbidden.'));
    }
    expect(exact(await make({}))).toEqual(fault(401, 'Not logged in.'));
  });

  it('shows no key of a service whose id one has', async () => {
    const fields = { name: 'job', ownerKind: 'service', ownerId: 'eve', orgId: 'umbrella' } as const;
    stage.people.delete('eve');
    const { key } = await stage.latchkey.apiKeys.create(fields, { by: 'test' });
    const [number] = await stage.latchkey.dialects.numbers.of('api-key', [key.id]);
    stage.people.set('eve', { orgId: 'umbrella' });
    const eve = await plexusDriver.login(stage, 'eve');
    expect(exact(await stage.send('GET', '/api/apikeys', eve))).toEqual({ status: 200, body: [] });
    expect((await stage.send('DELETE', `/api/apikeys/${number}`, eve)).status).toBe(404);
  });

  it('gives a key its owner’s rights, and no more', async () => {
    const { id } = (await make(bob)).body as { id: number };
    const keyId = (await stage.latchkey.dialects.numbers.find('api-key', id)) ?? '';
    expect(await stage.latchkey.apiKeys.get(keyId)).toMatchObject({ ownerId: 'bob', statements: [], orgId: 'acme' });
  });

  it('is not there while the flag is off', async () => {
    const off = await open({ keyManagement: false });
    const as = await plexusDriver.login(off, 'ada');
    for (const [method, path] of [
      ['GET', '/api/apikeys'],
      ['POST', '/api/apikeys'],
      ['GET', '/api/schemas'],
    ] as const) {
      expect(exact(await off.send(method, path, as))).toEqual(fault(404, 'Not found.'));
      expect(exact(await off.send(method, path))).toEqual(fault(404, 'Not found.'));
    }
    expect((await off.send('GET', '/api/xsrf-token')).status).toBe(204);
    await off.close();
  });
});
