import type { Express, RequestHandler } from 'express';
import session from 'express-session';
import passportModule from 'passport';
import type { Latchkey } from '../../lib/index.js';
import { newLatchkey, type Reply, type SessionApp, startSessionApp } from '../support/session-app.js';
import { EXPRESS_VERSIONS } from './express-versions.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };
const HOST_SECRET = 'the secret of the host itself';

/** Which stands where: the host's own express-session, and ours. */
const ORDERS = ['the host’s session alone', 'the host’s session, then ours', 'ours alone'] as const;
type Order = (typeof ORDERS)[number];

/** A user of the host, logged in by Passport's own `session` strategy. */
interface HostUser {
  readonly name: string;
}

/** A host with a login of its own: express-session, `serializeUser`, `passport.session()`; and routes that we guard. */
function addHost(app: Express, latchkey: Latchkey, order: Order, isFast: boolean): void {
  const passport = new Passport();
  passport.serializeUser((user, done) => done(null, (user as unknown as HostUser).name));
  passport.deserializeUser((name: string, done) => done(null, { name } as unknown as Express.User));
  if (order !== 'ours alone') {
    app.use(session({ name: 'host.sid', secret: HOST_SECRET, resave: false, saveUninitialized: false }));
  }
  if (order !== 'the host’s session alone') app.use(latchkey.session());
  app.use(passport.initialize() as RequestHandler);
  app.use(passport.session() as RequestHandler);
  latchkey.use(passport, { fast: isFast });

  app.post('/host/login/:name', (req, res, next) => {
    req.login({ name: req.params.name } as unknown as Express.User, (error: unknown) =>
      error ? next(error) : res.json({ in: req.params.name }),
    );
  });
  app.post('/host/logout', (req, res, next) => {
    req.logout((error: unknown) => (error ? next(error) : res.end()));
  });
  app.post('/host/count', (req, res) => {
    const data = req.session as unknown as Record<string, unknown>;
    data.count = Number(data.count ?? 0) + 1;
    res.json({ count: data.count });
  });
  app.get('/host/me', (req, res) => {
    res.json({ user: req.user ?? null, isIn: req.isAuthenticated() });
  });
  const guard = passport.authenticate(['session-cookie', 'api-key-header', 'basic'], { session: false });
  app.get('/guarded', guard as RequestHandler, (req, res) => void res.json(req.user));
}

describe.each(EXPRESS_VERSIONS)('with $name', ({ express }) => {
  describe.each(ORDERS)('%s', (order) => {
    describe.each([true, false])('fast path: %s', (isFast) => {
      let latchkey: Latchkey;
      let app: SessionApp;
      const ofHost = order === 'ours alone' ? 'sID' : 'host.sid';

      beforeAll(async () => {
        latchkey = newLatchkey({ session: { keepData: order === 'ours alone' } });
        app = await startSessionApp(latchkey, { express, add: (server) => addHost(server, latchkey, order, isFast) });
      });

      afterAll(async () => {
        await app.close();
        await latchkey.close();
      });

      const cookieIn = ({ cookies }: Reply): string => cookies[0]?.split(';')[0] ?? '';

      async function hostLogin(): Promise<string> {
        const reply = await app.call('POST', '/host/login/hugo');
        expect(JSON.parse(reply.body)).toEqual({ in: 'hugo' });
        expect(cookieIn(reply)).toMatch(new RegExp(`^${ofHost}=`));
        return cookieIn(reply);
      }

      it('lets the host’s own login go on: in, counted, out', async () => {
        const cookie = await hostLogin();
        const me = async () => JSON.parse((await app.call('GET', '/host/me', { cookie })).body);
        expect(await me()).toEqual({ user: { name: 'hugo' }, isIn: true });
        for (const count of [1, 2]) {
          expect(JSON.parse((await app.call('POST', '/host/count', { cookie })).body)).toEqual({ count });
        }
        expect((await app.call('POST', '/host/logout', { cookie })).status).toBe(200);
        expect(await me()).toEqual({ user: null, isIn: false });
      });

      it('does not take the host’s login for one of ours', async () => {
        const cookie = await hostLogin();
        for (const path of ['/me', '/guarded']) expect((await app.call('GET', path, { cookie })).status).toBe(401);
      });

      it('lets ours in, by Passport and without', async () => {
        const { headers } = await app.login('ada');
        for (const path of ['/me', '/guarded']) {
          const { status, body } = await app.call('GET', path, headers);
          expect({ status, user: JSON.parse(body) }).toMatchObject({ status: 200, user: { id: 'ada' } });
        }
      });

      if (order === 'ours alone') {
        it('takes the host’s login over into a login of ours, where data is kept, and out of it again', async () => {
          const { headers, cookie } = await app.login('ada', { headers: { cookie: await hostLogin() } });
          const me = async () => JSON.parse((await app.call('GET', '/host/me', { cookie })).body);
          expect(await me()).toEqual({ user: { name: 'hugo' }, isIn: true });
          expect(JSON.parse((await app.call('GET', '/guarded', headers)).body)).toMatchObject({ id: 'ada' });
          await app.call('DELETE', '/login', headers);
          expect(await me()).toEqual({ user: null, isIn: false });
        });
        return;
      }

      it('keeps both logins side by side, each with a cookie of its own', async () => {
        const host = await hostLogin();
        const ours = await app.login('ada', { headers: { cookie: host } });
        const cookie = `${host}; ${ours.cookie}`;
        const headers = { cookie, rid: ours.requestId };
        expect(JSON.parse((await app.call('GET', '/host/me', headers)).body).user).toEqual({ name: 'hugo' });
        expect(JSON.parse((await app.call('GET', '/guarded', headers)).body)).toMatchObject({ id: 'ada' });
        expect(JSON.parse((await app.call('GET', '/me', headers)).body)).toMatchObject({ id: 'ada' });

        expect((await app.call('DELETE', '/login', headers)).status).toBe(204);
        expect((await app.call('GET', '/guarded', headers)).status).toBe(401);
        expect(JSON.parse((await app.call('GET', '/host/me', headers)).body).user).toEqual({ name: 'hugo' });

        const again = await app.login('ada', { headers: { cookie: host } });
        await app.call('POST', '/host/logout', { cookie: host });
        expect((await app.call('GET', '/guarded', { ...again.headers })).status).toBe(200);
      });

      it('leaves the host’s data alone at a login of ours', async () => {
        const cookie = await hostLogin();
        await app.call('POST', '/host/count', { cookie });
        await app.login('ada', { headers: { cookie } });
        expect(JSON.parse((await app.call('POST', '/host/count', { cookie })).body)).toEqual({ count: 2 });
      });
    });
  });
});
