import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { docs } from '../../example-app/docs.js';

describe('the docs of the example app', () => {
  let server: Server;
  let host: string;

  beforeAll(async () => {
    const app = express().use('/docs', docs('/auth/openapi.json'));
    server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('load their files from here, and name no other host', async () => {
    const page = await (await fetch(`${host}/docs`)).text();
    const files = Array.from(page.matchAll(/(?:src|href)="([^"]+)"/g), ([, path]) => path ?? '');
    expect(files).toHaveLength(4);
    const start = await (await fetch(`${host}/docs/start.js`)).text();
    expect(page + start).not.toMatch(/\/\//);
    expect(start).toContain('"url":"/auth/openapi.json"');
    for (const path of files) {
      const { status, headers } = await fetch(host + path);
      expect([path, status]).toEqual([path, 200]);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    }
  });

  it('allow no inline script or style, and no other host', async () => {
    const { headers } = await fetch(`${host}/docs`);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).not.toMatch(/unsafe|http|\*/);
    expect(policy).toMatch(/script-src 'self'; style-src 'self'/);
    const page = await (await fetch(`${host}/docs`)).text();
    expect(page).not.toMatch(/<style|style=|<script>|\son\w+=/);
  });

  it('show nothing else of the viewer’s package', async () => {
    for (const path of ['package.json', 'index.html', 'swagger-ui.js', '../package.json', '%2e%2e/package.json']) {
      expect([path, (await fetch(`${host}/docs/${path}`)).status]).toEqual([path, 404]);
    }
  });
});
