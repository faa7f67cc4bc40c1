import type { Request } from 'express';
import express from 'express';
import request from 'supertest';
import { createLatchkey } from '../../lib/index.js';

/** What hosts do with `req.user`: it is a property of the request like any other. */
describe('req.user', () => {
  async function appWithKey() {
    const latchkey = createLatchkey();
    const owner = { name: 'Orders', statements: [{ actions: ['orders:*'] }] };
    const { token } = await latchkey.apiKeys.create({ ...owner, ownerId: 'ada' }, { by: 'test' });
    const other = await latchkey.apiKeys.create({ ...owner, ownerId: 'bob' }, { by: 'test' });
    return { latchkey, token, other: other.token, close: () => latchkey.close() };
  }

  const whoIs = (req: Request) => ({ id: req.user?.id ?? null, isIn: 'user' in req });

  it('belongs to one request, also of many at once', async () => {
    const { latchkey, token, other, close } = await appWithKey();
    const app = express();
    app.get('/', latchkey.authenticate(), (req, res) => void setTimeout(() => res.json(whoIs(req)), 20));
    app.get('/open', (req, res) => void res.json(whoIs(req)));
    const server = app.listen(0);
    const ask = (path: string, key?: string) =>
      request(server)
        .get(path)
        .set(key === undefined ? {} : { 'X-API-Key': key });
    const answers = await Promise.all([
      ask('/', token),
      ask('/', other),
      ask('/open'),
      ask('/', token),
      ask('/open', token),
    ]);
    expect(answers.map(({ body }) => body.id)).toEqual(['ada', 'bob', null, 'ada', null]);
    expect(answers.map(({ body }) => body.isIn)).toEqual([true, true, false, true, false]);
    server.close();
    await close();
  });

  it('can be replaced and removed by the host', async () => {
    const { latchkey, token, close } = await appWithKey();
    const app = express();
    app.get('/', latchkey.authenticate(), (req, res) => {
      const told = [req.user?.id];
      Object.assign(req, { user: { id: 'another' } });
      told.push(req.user?.id);
      req.user = undefined;
      res.json([...told, req.user ?? null]);
    });
    const { body } = await request(app).get('/').set('X-API-Key', token);
    expect(body).toEqual(['ada', 'another', null]);
    await close();
  });

  it('stays when the request leaves the app that has set it, and reaches those mounted below', async () => {
    const { latchkey, token, close } = await appWithKey();
    const app = express();
    const guard = express();
    const below = express();
    guard.use(latchkey.authenticate());
    below.get('/', (req, res) => void res.json(whoIs(req)));
    app.use(guard);
    app.use('/below', below);
    app.get('/here', (req, res) => void res.json(whoIs(req)));
    for (const path of ['/here', '/below', '/here']) {
      const { body } = await request(app).get(path).set('X-API-Key', token);
      expect(body).toEqual({ id: 'ada', isIn: true });
    }
    await close();
  });

  it('is gone once the host deletes it', async () => {
    const { latchkey, token, close } = await appWithKey();
    const app = express();
    app.get('/', latchkey.authenticate(), (req, res) => {
      delete req.user;
      res.json(whoIs(req));
    });
    const { body } = await request(app).get('/').set('X-API-Key', token);
    expect(body).toEqual({ id: null, isIn: false });
    await close();
  });

  it('is there in an app that is called, and not mounted', async () => {
    const { latchkey, token, close } = await appWithKey();
    const app = express();
    const called = express();
    called.get('/', (req, res) => void res.json(whoIs(req)));
    app.use(latchkey.authenticate());
    app.use((req, res, next) => called(req, res, next));
    const { body } = await request(app).get('/').set('X-API-Key', token);
    expect(body).toEqual({ id: 'ada', isIn: true });
    await close();
  });

  it('is found through an object that inherits from the request', async () => {
    const { latchkey, token, close } = await appWithKey();
    const app = express();
    app.get('/', latchkey.authenticate(), (req, res) => {
      res.json([Object.create(req).user?.id ?? null, new Proxy(req, {}).user?.id ?? null]);
    });
    const { body } = await request(app).get('/').set('X-API-Key', token);
    expect(body).toEqual(['ada', 'ada']);
    await close();
  });
});
