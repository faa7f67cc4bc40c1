/**
 * What stands around a sample that is not whole by itself, by the name in `<!-- sample: NAME -->`. What `before` imports and the
 * sample imports, too, is imported once. `after` asks whether the sample did what the manual says, and ends with `right()`;
 * where there is none, the sample serves on port 3000, for the lines of the shell after it.
 */
export interface Frame {
  readonly before: string;
  readonly after: string | null;
}

const LATCHKEY = `import { createLatchkey } from 'latchkey';`;
const ADMIN_ROUTER = `import { adminRouter } from 'latchkey/admin-router';`;
const REDIS = `import { Redis } from 'ioredis';`;
const EXPRESS = `import express from 'express';`;
const PASSPORT = `import passport from 'passport';`;
const ASSERT = `import assert from 'node:assert/strict';`;
const world = (...names: string[]) => `import { ${names.join(', ')} } from './sample-world.js';`;
const lines = (...parts: string[]) => `${parts.join('\n')}\n`;

const MAKE_KEY = `
const made = await latchkey.apiKeys.create(
  { name: 'k', ownerId: 'alice', statements: [{ actions: ['orders:read'] }] },
  { by: 'the frame' },
);
const pair = { Authorization: 'ApiKey ' + Buffer.from(made.key.id + ':' + made.secret).toString('base64') };`;

export const FRAMES: Readonly<Record<string, Frame>> = {
  serves: { before: '', after: null },

  'serves directory': {
    before: lines(EXPRESS, LATCHKEY, ADMIN_ROUTER, world('directory'), 'const app = express();'),
    after: null,
  },

  app: {
    before: lines(
      EXPRESS,
      PASSPORT,
      LATCHKEY,
      ASSERT,
      world('ask', 'handler', 'right'),
      'const app = express();',
      'const latchkey = createLatchkey();',
    ),
    after: lines(
      MAKE_KEY,
      `const routes = app.router.stack.flatMap(({ route }) => (route ? [route.path.replace(':id', '7')] : []));`,
      `const heard = /** @type {string[]} */ ([]);`,
      `latchkey.on('*', ({ type }) => heard.push(type));`,
      `for (const path of routes) {`,
      `  assert.deepEqual(await ask(app, path, pair), { status: 200, text: '{"id":"alice"}', cookie: '' });`,
      `  assert.equal((await ask(app, path)).status, 401);`,
      `}`,
      `assert.equal(routes.length > 0 || typeof stop === 'function', true);`,
      `await latchkey.leakedKeys.report({ token: made.token });`,
      `assert.ok(heard.includes('key.leaked'));`,
      `right();`,
    ),
  },

  page: {
    before: lines(
      EXPRESS,
      LATCHKEY,
      ADMIN_ROUTER,
      ASSERT,
      world('ask', 'directory', 'right', 'SECRET'),
      'const app = express();',
      `const latchkey = createLatchkey({ users: directory, session: { secret: SECRET } });`,
    ),
    after: lines(
      `const { title, asksTenant } = JSON.parse((await ask(app, '/auth/settings')).text);`,
      `assert.deepEqual([title, asksTenant], ['Acme keys', true]);`,
      `right();`,
    ),
  },

  redis: {
    before: lines(LATCHKEY, ASSERT, world('right')),
    after: lines(
      MAKE_KEY,
      `assert.equal((await latchkey.apiKeys.get(made.key.id)).name, 'k');`,
      `const [stored] = await new Redis(process.env.REDIS_URL).keys('*' + made.key.id + '*');`,
      `assert.match(stored, /:key:/);`,
      `assert.deepEqual([pair.Authorization.startsWith('ApiKey '), (await latchkey.health()).ok], [true, true]);`,
      `await latchkey.close();`,
      `right();`,
    ),
  },

  stops: {
    before: lines(
      EXPRESS,
      LATCHKEY,
      REDIS,
      ASSERT,
      `import { once } from 'node:events';`,
      `import { RedisStore } from 'latchkey/redis';`,
      world('END'),
      `const redis = new Redis(process.env.REDIS_URL);`,
      `const latchkey = createLatchkey({ store: new RedisStore(redis) });`,
      'const app = express();',
    ),
    after: lines(
      `if (!server.listening) await once(server, 'listening');`,
      `process.once('exit', () => console.log(END)); // by itself: nothing is left open`,
      `redis.once('end', () => assert.equal(server.listening, false));`,
      `process.kill(process.pid, 'SIGTERM');`,
    ),
  },

  dialects: {
    before: lines(
      EXPRESS,
      LATCHKEY,
      ASSERT,
      world('ask', 'directory', 'handler', 'right', 'SECRET'),
      'const app = express();',
      `const [users, session] = [directory, { secret: SECRET, cookie: { secure: false } }];`,
    ),
    after: lines(
      MAKE_KEY,
      `assert.match((await ask(app, '/_security/_authenticate', pair)).text, /"authentication_type":"api_key"/);`,
      `assert.equal((await ask(app, '/my-index/_search', pair)).status, 200);`,
      `assert.match((await ask(app, '/my-index/_search')).text, /security_exception/);`,
      `assert.equal((await ask(app, '/api/apikeys/current', { 'api-secret-key': made.token })).status < 500, true);`,
      `right();`,
    ),
  },

  'headerapikey before': oldKeys(
    [PASSPORT, world('table', 'handler', 'ask', 'right', 'OLD_KEY')],
    'Authorization',
    'Api-Key ',
  ),
  'headerapikey after': oldKeys(
    [PASSPORT, LATCHKEY, world('table', 'handler', 'ask', 'right', 'OLD_KEY')],
    'Authorization',
    'Api-Key ',
  ),
  'by hand before': oldKeys(
    [`import { createHash } from 'node:crypto';`, world('table', 'ask', 'right', 'OLD_KEY')],
    'X-API-Key',
    '',
  ),
  'by hand after': oldKeys(
    [LATCHKEY, world('table', 'ask', 'right', 'OLD_KEY')],
    'X-API-Key',
    '',
    `assert.deepEqual([results.map(({ outcome }) => outcome), failed], [['imported'], []]);`,
  ),

  'connect-redis before': visits([EXPRESS, REDIS, ASSERT, world('ask', 'right', 'SECRET')]),
  'connect-redis after': visits(
    [EXPRESS, REDIS, ASSERT, LATCHKEY, ADMIN_ROUTER, world('ask', 'right', 'SECRET', 'directory')],
    `assert.equal((await ask(app, '/auth/sessions', {}, { userName: 'alice', password: '...' })).status, 201);`,
  ),

  'with node:test': {
    before: lines(`import { MemoryStore as MyStore } from 'latchkey';`, world('END')),
    after: `process.once('exit', (code) => code === 0 && console.log(END));\n`,
  },
};

/** A key that was there before opens the route, and no other one does. */
function oldKeys(imports: readonly string[], header: string, prefix: string, more = ''): Frame {
  const headers = (key: string) => `{ ${JSON.stringify(header)}: ${JSON.stringify(prefix)} + ${key} }`;
  return {
    before: lines(EXPRESS, ASSERT, ...imports, 'const app = express();'),
    after: lines(
      more,
      `const answer = await ask(app, '/orders', ${headers('OLD_KEY')});`,
      `assert.equal(answer.status, 200);`,
      `assert.match(answer.text, /alice/);`,
      `assert.equal((await ask(app, '/orders', ${headers(`OLD_KEY.replace('a1', 'a2')`)})).status, 401);`,
      `assert.equal((await ask(app, '/orders')).status, 401);`,
      `right();`,
    ),
  };
}

/** The session knows what it was told in the request before. */
function visits(imports: readonly string[], more = ''): Frame {
  return {
    before: lines(...imports, 'const app = express();', 'process.env.SESSION_SECRET = SECRET;'),
    after: lines(
      more,
      `const first = await ask(app, '/visits');`,
      `const second = await ask(app, '/visits', { Cookie: first.cookie });`,
      `assert.deepEqual([first.text, second.text], ['{"visits":1}', '{"visits":2}']);`,
      `right();`,
    ),
  };
}
