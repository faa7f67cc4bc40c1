import { createLatchkey, type Latchkey, type LatchkeyEvent } from '../../lib/index.js';
import { until } from '../conformance/store-suite.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';
import { START_AT } from './clock.js';

const by = { by: 'setup' };
const CODE = { code: 'LATCHKEY_LISTENER' };

/** What a host in JavaScript, or in a hurry, does with what it is told. */
type Changeable<Value> = { -readonly [Key in keyof Value]: Changeable<Value[Key]> };

describe('an event', () => {
  let app: AdminApp;
  let latchkey: Latchkey;
  let warn: jest.SpyInstance;

  beforeEach(async () => {
    app = await startAdminApp({ now: () => START_AT, audit: { flushIntervalMs: 10 } });
    latchkey = app.latchkey;
    warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });
  afterEach(async () => {
    warn.mockRestore();
    await app.close();
  });

  const create = () =>
    latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada', orgId: 'acme', properties: { build: '7' } }, by);

  const afterOf = (event: object) => (event as { after: Record<string, unknown> }).after;

  it.each<[string, (event: Changeable<LatchkeyEvent>) => void]>([
    ['a field', (event) => Object.assign(event, { actorId: 'nobody' })],
    ['what is added', (event) => Object.assign(event, { note: 'seen' })],
    ['what is taken away', (event) => delete (event as Partial<Changeable<LatchkeyEvent>>).at],
    ['what hangs on it', (event) => Object.assign(afterOf(event), { name: 'harmless' })],
    ['what hangs further down', (event) => Object.assign(afterOf(event).properties as object, { build: '8' })],
  ])('is not changed by a listener: %s', async (_, change) => {
    latchkey.on('key.created', (event) => void change(event as Changeable<LatchkeyEvent>));
    const seen: LatchkeyEvent[] = [];
    latchkey.on('*', (event) => void seen.push(event));
    const { key } = await create();
    const told = { actorId: 'setup', keyId: key.id, after: { name: 'ci', properties: { build: '7' } } };
    expect(seen).toMatchObject([told]);
    expect(seen[0]).not.toHaveProperty('note');
    expect((await latchkey.audit.list({ orgId: 'acme' })).items).toMatchObject([told]);
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/^A listener for key\.created threw: TypeError: /), CODE]]);
  });

  it('that is written to the trail later is there as it happened', async () => {
    const { key, token } = await app.key({ orgId: 'acme', actions: ['keys:manage-own'] });
    latchkey.on('request.forbidden', (event) => Object.assign(event, { orgId: 'other', detail: 'nothing' }));
    expect((await app.call('GET', '/api-keys?ownerId=bob', token)).status).toBe(403);
    const trail = async () => (await latchkey.audit.list({ orgId: 'acme' })).items;
    await until('the trail has it', async () => (await trail()).some(({ type }) => type === 'request.forbidden'));
    const told = {
      type: 'request.forbidden',
      credentialId: key.id,
      detail: 'The credential lacks the right "keys:read".',
    };
    expect((await trail()).filter(({ type }) => type === 'request.forbidden')).toMatchObject([told]);
    const message = expect.stringMatching(/^A listener for request\.forbidden threw: TypeError: /);
    expect(warn.mock.calls).toEqual([[message, CODE]]);
  });
});

describe('who wants to be told', () => {
  const latchkey = createLatchkey();
  afterAll(() => latchkey.close());

  it.each(['key.make', '', 'toString', 'key.*', undefined, null])('of %j, hears that there is no such type', (type) => {
    const listen = () => latchkey.on(type as never, () => {});
    expect(listen).toThrow(TypeError);
    expect(listen).toThrow(/^on takes '\*' or one of: key\.created, key\.changed, .*request\.forbidden/);
  });

  it.each([undefined, null, {}, 'log'])('with %j in place of a function, hears that it is none', (listener) => {
    const listen = () => latchkey.on('key.created', listener as never);
    expect(listen).toThrow(new TypeError('on takes a function as its listener'));
  });
});
