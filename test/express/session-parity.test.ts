import type { Express, RequestHandler } from 'express';
import passportModule from 'passport';
import type { Latchkey, SessionOptions } from '../../lib/index.js';
import { Clock } from '../lib/clock.js';
import { newLatchkey, type Reply, type SessionApp, startSessionApp } from '../support/session-app.js';
import { SESSION_STORES, type SessionDatabase } from '../support/session-stores.js';
import { TestDirectory } from '../support/test-directory.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import {
  DEFAULT_CASES,
  type Outcome,
  otherHeaderCases,
  SAFE_METHOD_CASES,
  type SessionCase,
  type Setting,
} from './session-parity-cases.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };

/** With `latchkey.session()` and without, each through `latchkey.authenticate` and through Passport, fast and not. */
const MOUNTS = [false, true] as const;
const WAYS = [0, 1, 2] as const;
const ACCEPTED = {
  cookies: ['session-cookie'],
  all: ['session-cookie', 'api-key-header', 'api-key', 'basic'],
} as const;

const SETTINGS: readonly [name: string, Partial<SessionOptions>, header: string, readonly SessionCase[]][] = [
  ['as it comes', {}, 'rID', DEFAULT_CASES],
  ['safeMethodsWithoutRequestId', { safeMethodsWithoutRequestId: true }, 'rID', SAFE_METHOD_CASES],
  ['another requestIdHeader', { requestIdHeader: 'X-Request-Key' }, 'X-Request-Key', otherHeaderCases('X-Request-Key')],
  ['xsrfCookie', { xsrfCookie: true }, 'X-XSRF-TOKEN', otherHeaderCases('X-XSRF-TOKEN')],
];

function challengesOf(accepted: keyof typeof ACCEPTED, outcome: Outcome, header: string): string[] {
  const bad = ', error="invalid_token"';
  const ofHeaders = outcome === 'bad header' ? bad : '';
  const ofCookie = { nothing: '', 'bad request id': ', error="invalid_request_id"' }[outcome as string] ?? bad;
  const cookie = `Cookie realm="api", name="sID", header="${header}"${ofCookie}`;
  if (accepted === 'cookies') return [cookie];
  return [
    cookie,
    `ApiKey realm="api", header="X-API-Key"${ofHeaders}`,
    `ApiKey realm="api"${ofHeaders}`,
    `Basic realm="api", charset="UTF-8"${ofHeaders}`,
  ];
}

const CREDENTIALS: Readonly<Record<string, object>> = {
  cookie: { kind: 'session', scheme: 'session-cookie', name: 'ada' },
  token: { kind: 'session', scheme: 'basic', name: 'ada' },
  key: { kind: 'api-key', scheme: expect.stringMatching(/^api-key/), name: 'ci' },
};

describe.each(SESSION_STORES)('on $name', ({ start }) => {
  describe.each(EXPRESS_VERSIONS)('with $name', ({ express }) => {
    describe.each(SETTINGS)('%s', (_name, session, header, cases) => {
      let database: SessionDatabase;
      let latchkey: Latchkey;
      let apps: SessionApp[];
      let setting: Setting;

      beforeAll(async () => {
        const clock = new Clock();
        const directory = new TestDirectory();
        database = await start(clock);
        latchkey = newLatchkey({ store: await database.open(), now: clock.now, users: directory, session });
        apps = await Promise.all(
          MOUNTS.map((isMounted) => startSessionApp(latchkey, { express, isMounted, add: (app) => addWays(app) })),
        );
        const key = await latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada' }, { by: 'test' });
        setting = { app: apps[0] as SessionApp, database, directory, clock, key };
      });

      afterAll(async () => {
        for (const app of apps) await app.close();
        await latchkey.close();
        await database.stop();
      });

      function addWays(app: Express): void {
        const [fast, plain] = [true, false].map((isFast) => {
          const passport = new Passport();
          latchkey.use(passport, { fast: isFast });
          return passport;
        }) as [passportModule.Authenticator, passportModule.Authenticator];
        for (const [accepted, names] of Object.entries(ACCEPTED)) {
          const guards = [
            latchkey.authenticate(names),
            fast.authenticate([...names], { session: false }),
            plain.authenticate([...names], { session: false }),
          ] as RequestHandler[];
          for (const [i, guard] of guards.entries()) {
            app.all(`/${i}/${accepted}`, guard, (req, res) => void res.json(req.user));
          }
        }
      }

      function expectReply(reply: Reply, accepted: keyof typeof ACCEPTED, outcome: Outcome): void {
        const credential = CREDENTIALS[outcome];
        const { status, challenges, body, cookies } = reply;
        if (credential === undefined) {
          const expected = { status: 401, challenges: challengesOf(accepted, outcome, header), body: 'Unauthorized' };
          expect({ status, challenges, body }).toEqual(expected);
        } else {
          expect({ status, challenges }).toEqual({ status: 200, challenges: [] });
          expect(JSON.parse(body)).toMatchObject({ id: 'ada', credential });
        }
        expect(cookies).toEqual([]);
      }

      it.each(cases.map((each) => [each.name, each] as const))('answers the same in every way: %s', async (_, each) => {
        const { method = 'GET', headers } = await each.send(setting);
        for (const accepted of Object.keys(ACCEPTED) as (keyof typeof ACCEPTED)[]) {
          const replies: Reply[] = [];
          for (const app of apps) {
            for (const way of WAYS) replies.push(await app.call(method, `/${way}/${accepted}`, headers));
          }
          const [first, ...others] = replies.map(({ status, challenges, body }) => ({ status, challenges, body }));
          expectReply(replies[0] as Reply, accepted, each.expected[accepted]);
          for (const other of others) expect(other).toEqual(first);
          expect(replies.flatMap(({ cookies }) => cookies)).toEqual([]);
        }
      });
    });
  });
});
