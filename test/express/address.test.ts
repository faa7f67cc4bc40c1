import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Request } from 'express';
import { addressOf } from '../../lib/index.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';

const LONGEST = 64;

describe('the address that a change is told with', () => {
  let app: AdminApp;

  afterEach(() => app.close());

  /** Of the key that the admin router makes; the last change in the trail. */
  async function toldOf(trust: boolean, forwardedFor?: string): Promise<unknown> {
    app = await startAdminApp({}, (host) => host.set('trust proxy', trust));
    const { token } = await app.key({ actions: ['*'] });
    const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
    expect((await app.call('POST', '/api-keys', token, { name: 'k' }, headers)).status).toBe(201);
    const { items } = await app.latchkey.audit.list({ orgId: null, types: ['key.created'], limit: 1 });
    return items[0]?.address;
  }

  it('is that of the socket, whatever a client claims', async () => {
    expect(await toldOf(false)).toBe('127.0.0.1');
    await app.close();
    expect(await toldOf(false, '192.0.2.1')).toBe('127.0.0.1');
  });

  it('is that of the client, where a proxy is trusted', async () => {
    expect(await toldOf(true, '192.0.2.1, 10.0.0.1')).toBe('192.0.2.1');
  });

  it('is cut where a trusted header claims what is none', async () => {
    expect(await toldOf(true, 'x'.repeat(LONGEST + 1))).toBe('x'.repeat(LONGEST));
  });
});

it('addressOf is null when the socket has gone', () => {
  expect(addressOf(new IncomingMessage(new Socket()) as Request)).toBeNull();
});
