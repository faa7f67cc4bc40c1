import { MemoryStore, type Store } from '../../../lib/index.js';
import { EXPRESS_VERSIONS } from '../../express/express-versions.js';
import { elasticsearchDriver } from './elasticsearch-driver.js';
import { illumioDriver } from './illumio-driver.js';
import { plexusDriver } from './plexus-driver.js';
import { type Headers, type Stage, startStage } from './stage.js';
import { type Driver, type MadeKey, wrongSecret } from './story.js';
import { systemlinkDriver } from './systemlink-driver.js';
import { trendDriver } from './trend-driver.js';

const DRIVERS: readonly Driver[] = [elasticsearchDriver, trendDriver, illumioDriver, systemlinkDriver, plexusDriver];

/** Each product in an app of its own, on one store: as the processes of one service would be. */
describe.each(EXPRESS_VERSIONS)('keys of all products, on $name', ({ express }) => {
  let store: Store;
  let stages: ReadonlyMap<Driver, Stage>;
  let logins: ReadonlyMap<Driver, Headers>;

  beforeAll(async () => {
    store = new MemoryStore();
    const started = DRIVERS.map(async (driver) => {
      const stage = await startStage((app, latchkey) => driver.mount(app, latchkey), { store }, express);
      return [driver, stage] as const;
    });
    stages = new Map(await Promise.all(started));
    const loggedIn = DRIVERS.map(async (driver) => [driver, await driver.login(stageOf(driver), 'ada')] as const);
    logins = new Map(await Promise.all(loggedIn));
  });

  afterAll(async () => {
    for (const stage of stages.values()) await stage.close();
  });

  const stageOf = (driver: Driver) => stages.get(driver) as Stage;
  let made = 0;
  const make = (driver: Driver) =>
    driver.make(stageOf(driver), logins.get(driver) as Headers, { name: `key ${++made}` });
  const pairs = DRIVERS.flatMap((maker) => DRIVERS.map((user) => ({ maker, user, from: maker.name, to: user.name })));

  it.each(pairs)('a key made by $from works in the form of $to', async ({ maker, user }) => {
    const key = await make(maker);
    const credential = inFormOf(user, key);
    expect(await user.use(stageOf(user), credential)).toMatchObject({ status: 200 });
    const wrong = await user.use(stageOf(user), wrongSecret(credential));
    expect([wrong.status, wrong.body]).toEqual([401, expect.anything()]);
    await stageOf(user).latchkey.apiKeys.revoke(key.id, { by: 'test' });
    expect((await user.use(stageOf(user), credential)).status).toBe(401);
  });

  it.each(DRIVERS)('a key of Latchkey’s own works in the form of $name, whole and as id:secret', async (driver) => {
    const stage = stageOf(driver);
    const { key, secret, token } = await stage.latchkey.apiKeys.create(
      { name: 'native', ownerId: 'ada' },
      { by: 'test' },
    );
    const pair = `${key.id}:${secret}`;
    for (const credential of driver === elasticsearchDriver ? [pair] : [token, pair]) {
      expect(await driver.use(stage, credential)).toMatchObject({ status: 200 });
      expect((await driver.use(stage, wrongSecret(credential))).status).toBe(401);
    }
  });

  it.each(DRIVERS)('a key made by $name is seen, changed and revoked by Latchkey’s own API', async (driver) => {
    const stage = stageOf(driver);
    const { apiKeys } = stage.latchkey;
    const made = await make(driver);
    const listed = await apiKeys.list({ orgId: 'acme', limit: 200, descending: true });
    expect(listed.items.map(({ id }) => id)).toContain(made.id);
    await apiKeys.disable(made.id, { by: 'test' });
    expect((await driver.use(stage, made.credential)).status).toBe(401);
    await apiKeys.enable(made.id, { by: 'test' });
    expect((await driver.use(stage, made.credential)).status).toBe(200);
    const rotated = await apiKeys.rotate(made.id, { by: 'test' });
    expect((await driver.use(stage, made.credential)).status).toBe(401);
    const credential = inFormOf(driver, { ...made, credential: rotated.token });
    expect((await driver.use(stage, credential)).status).toBe(200);
    await apiKeys.revoke(made.id, { by: 'test' });
    expect((await driver.use(stage, credential)).status).toBe(401);
  });
});

/** Elasticsearch takes id and secret as a pair; the others whatever text the user keeps. */
function inFormOf(user: Driver, { ref, credential }: MadeKey): string {
  return user !== elasticsearchDriver || credential.includes(':') ? credential : `${ref}:${credential}`;
}
