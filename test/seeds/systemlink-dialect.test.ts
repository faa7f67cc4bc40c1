import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { systemlink } from '../../admin-router/dialects/systemlink.js';
import { FULL_ACCESS } from '../../lib/index.js';
import { type Stage, startStage } from '../admin-router/dialects/stage.js';
import { WHITELIST, withKey } from '../admin-router/dialects/systemlink-driver.js';
import { pythonWithRequests } from './python.js';
import { runScript } from './run-script.js';

const ORG = '891c595f-9121-45e1-8515-9d54783393f3';
const USER = 'b8482a4a-3ef6-4e37-8975-d6aad135dbb5';

/** What the seed prints below the program. */
const PRINTED =
  "{'created': '2023-03-30T21:24:59.737Z', 'defaultWorkspace': None, 'deleted': False, 'enabled': True, 'expiry': '2023-03-30T21:26:59.737Z', 'id': '4be61637-1b23-4d7c-805a-667788ea9247', 'name': 'e8a17645-9260-4586-862f-575341a16e21', 'policies': [{'builtIn': True, 'created': '2021-08-24T17:31:09.941Z', 'deleted': False, 'id': '7d80bb61-8df6-499c-b1e4-3d89848f8633', 'name': 'Super User', 'properties': {}, 'statements': [{'actions': ['*'], 'description': '', 'resource': ['*'], 'workspace': '*'}], 'type': 'role', 'updated': '2021-08-24T17:31:09.941Z', 'userId': '1e774bea-f42a-4eff-9776-e19401a294fd'}], 'properties': {'temp': 'yes'}, 'updated': '2023-03-30T21:24:59.737Z', 'userId': 'b8482a4a-3ef6-4e37-8975-d6aad135dbb5', 'secret': 'bC94FtmKmIfR5Qtc21RPUF5zUNf3N8RtMm2euPrmqc', 'sessionKey': True}";

let stage: Stage;
let internal: Server;

beforeAll(async () => {
  pythonWithRequests();
  const whitelistedApiKeyHashes = WHITELIST;
  stage = await startStage((app, latchkey) => void app.use('/', systemlink(latchkey, { whitelistedApiKeyHashes })));
  stage.people.set(USER, { orgId: ORG, statements: [FULL_ACCESS] });
  const inner = express().use('/', systemlink(stage.latchkey, { whitelistedApiKeyHashes, whitelistedRoutes: true }));
  internal = createServer(inner).listen(0, '127.0.0.1');
  await new Promise((resolve) => internal.once('listening', resolve));
});

afterAll(async () => {
  internal?.close();
  await stage?.close();
});

const run = (hostUrl: string) => runScript('000-dialect.py', { HOST_URL: `${hostUrl}/` });

it('seed 000 runs on the SystemLink dialect, its answer having every field of the seed’s in its order', async () => {
  const url = `http://127.0.0.1:${(internal.address() as AddressInfo).port}`;
  const { status, stdout, stderr } = await run(url);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const [post, response, answer = ''] = stdout.split('\n');
  expect([post, response]).toEqual([`POST ${url}/niauth/v1/session-keys`, '<Response [200]>']);
  expect(answer).toMatch(asPattern(PRINTED));
  const [, created = '', expiry = ''] = /'created': '([^']+)'.*?'expiry': '([^']+)'/.exec(answer) ?? [];
  expect(Date.parse(expiry) - Date.parse(created)).toBe(120_000);

  const [, secret = ''] = /'secret': '([^']+)'/.exec(answer) ?? [];
  const auth = await stage.send('GET', '/niauth/v1/auth', withKey(secret));
  expect([auth.status, auth.body]).toMatchObject([200, { user: { id: USER }, org: { id: ORG } }]);
});

it('is refused by the public listener', async () => {
  const { status, stdout } = await run(stage.url);
  const [, response, answer] = stdout.split('\n');
  expect([status, response]).toEqual([0, '<Response [401]>']);
  expect(answer).toBe(
    "{'error': {'name': 'Unauthorized', 'code': -254850, 'message': 'Not allowed to access resource.', 'args': [], 'innerErrors': []}}",
  );
});

/** What the seed prints, with whatever each server makes by itself left open. */
function asPattern(printed: string): RegExp {
  const open = printed
    .replace(/[\\[\](){}.*+?^$|]/g, '\\$&')
    .replace(/\d{4}-\d\d-\d\dT[\d:]+\\\.\d{3}Z/g, '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z')
    .replace(/4be61637-[\w-]+|e8a17645-[\w-]+/g, '[\\da-f]{8}(-[\\da-f]{4}){3}-[\\da-f]{12}') // id and name
    .replace(/1e774bea-[\w-]+/, "[^']+") // who has made the policy
    .replace(/bC94\w+/, '[\\w-]{42}');
  return new RegExp(`^${open}$`);
}
