import { Clock } from '../lib/clock.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';

const READS = { actions: ['orders:read'], resources: ['orders/*'], workspace: '*', description: 'Look' };

describe.each(STORE_KINDS)('the statements of a session key as a policy, on $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let app: AdminApp;
  let admin: string;
  let minted: { id: string; createdAt?: unknown; policies?: unknown };
  let internal: object;

  beforeEach(async () => {
    database = await open();
    clock = new Clock();
    app = await startAdminApp({ store: await database.connect(), now: clock.now });
    admin = (await app.key({ ownerId: 'root', orgId: 'acme', actions: ['*'] })).token;
    const body = { userId: 'ada', name: 'build 7', statements: [READS], policyIds: ['auditor'], durationSeconds: 60 };
    minted = (await app.call('POST', '/session-keys', admin, body)).body;
    internal = {
      id: minted.id,
      version: 1,
      type: 'internal',
      name: 'build 7',
      description: '',
      orgId: 'acme',
      statements: [READS],
      templateId: null,
      workspace: null,
      properties: {},
      createdBy: 'root',
      createdAt: minted.createdAt,
      updatedAt: minted.createdAt,
      isBuiltIn: false,
    };
  });
  afterEach(async () => {
    await app.close();
    await database.stop();
  });

  it('is told with the key, behind the policies that were named', async () => {
    expect(minted.policies).toEqual([expect.objectContaining({ id: 'auditor', isBuiltIn: true }), internal]);
  });

  it('is read by the id of the key, by who may read policies', async () => {
    const read = await app.call('GET', `/policies/${minted.id}`, admin);
    expect([read.status, read.body]).toEqual([200, internal]);
    const plain = (await app.key({ ownerId: 'ada', orgId: 'acme', actions: ['keys:*'] })).token;
    expect((await app.call('GET', `/policies/${minted.id}`, plain)).status).toBe(404);
    const stranger = (await app.key({ ownerId: 'root', orgId: 'other', actions: ['*'] })).token;
    expect((await app.call('GET', `/policies/${minted.id}`, stranger)).status).toBe(404);
  });

  it('there is none for a session key without statements of its own, nor for an API key', async () => {
    const bare = await app.call('POST', '/session-keys', admin, { policyIds: ['auditor'] });
    expect(bare.body.policies).toHaveLength(1);
    const { key } = await app.key({ orgId: 'acme', actions: ['orders:read'] });
    for (const id of [bare.body.id, key.id]) expect((await app.call('GET', `/policies/${id}`, admin)).status).toBe(404);
  });

  it('no other key can have it, not even one of the same user', async () => {
    const fault = { status: 400, body: { errors: [{ path: 'policyIds.0', message: 'names no policy' }] } };
    const policyIds = [minted.id];
    expect(await app.call('POST', '/api-keys', admin, { name: 'k', policyIds })).toMatchObject(fault);
    expect(await app.call('POST', '/session-keys', admin, { userId: 'ada', policyIds })).toMatchObject(fault);
    const { key } = await app.key({ ownerId: 'ada', orgId: 'acme' });
    expect(await app.call('PATCH', `/api-keys/${key.id}`, admin, { policyIds })).toMatchObject(fault);
    expect(await app.call('PATCH', `/api-keys/${minted.id}`, admin, { policyIds })).toMatchObject(fault);
  });

  it('no template can be made of it', async () => {
    const body = { name: 'n', templateId: minted.id, workspace: 'w1' };
    expect((await app.call('POST', '/policies', admin, body)).body.errors[0]?.path).toBe('templateId');
  });

  it('is neither listed nor found, nor made, changed or removed as a policy', async () => {
    const lists = [
      await app.call('GET', '/policies', admin),
      await app.call('GET', '/policies?type=role,custom,template', admin),
      await app.call('POST', '/policies/search', admin, {
        criteria: [{ field: 'type', test: 'equal', value: 'internal' }],
      }),
    ];
    for (const { status, text } of lists) {
      expect(status).toBe(200);
      expect(text).not.toContain(minted.id);
    }
    expect((await app.call('POST', '/policies', admin, { name: 'n', type: 'internal' })).status).toBe(400);
    const detail =
      'The policy is that of a session key: it cannot be changed or deleted by itself. Change or revoke the key.';
    const conflict = { status: 409, body: { code: 'conflict', detail } };
    expect(await app.call('PATCH', `/policies/${minted.id}`, admin, { name: 'x' })).toMatchObject(conflict);
    expect(await app.call('DELETE', `/policies/${minted.id}?detach=true`, admin)).toMatchObject(conflict);
    const stranger = (await app.key({ ownerId: 'root', orgId: 'other', actions: ['*'] })).token;
    expect((await app.call('PATCH', `/policies/${minted.id}`, stranger, { name: 'x' })).status).toBe(404);
    expect((await app.call('DELETE', `/policies/${minted.id}`, stranger)).status).toBe(404);
    const host = { by: 'host' };
    await expect(app.latchkey.policies.update(minted.id, { name: 'x' }, host)).rejects.toThrow(detail);
    await expect(app.latchkey.policies.remove(minted.id, host)).rejects.toThrow(detail);
    expect((await app.call('GET', `/policies/${minted.id}`, admin)).body).toEqual(internal);
  });

  it('changes with the key, and goes with it', async () => {
    const writes = { ...READS, actions: ['orders:write'] };
    await app.call('PATCH', `/api-keys/${minted.id}`, admin, { statements: [writes], name: 'build 8' });
    expect((await app.call('GET', `/policies/${minted.id}`, admin)).body).toMatchObject({
      name: 'build 8',
      statements: [writes],
    });
    clock.advance(60_000 + 86_400_000); // its hour of death, and the time that it stays readable
    await app.latchkey.apiKeys.expunge();
    expect((await app.call('GET', `/policies/${minted.id}`, admin)).status).toBe(404);
  });
});
