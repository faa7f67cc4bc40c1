import { plexusDriver, SCHEMA } from '../admin-router/dialects/plexus-driver.js';
import { type Stage, startStage } from '../admin-router/dialects/stage.js';
import { ensureCurl } from '../example-app/curl.js';
import { runScript } from './run-script.js';

let stage: Stage;

beforeAll(async () => {
  ensureCurl();
  stage = await startStage((app, latchkey) => plexusDriver.mount(app, latchkey));
});

afterAll(() => stage.close());

it('seed 003 runs on the Plexus dialect', async () => {
  const { credential } = await plexusDriver.make(stage, await plexusDriver.login(stage, 'ada'), { name: 'curl' });
  const environment = { URL: stage.url, API_KEY: credential, SCHEMA_ID: SCHEMA };
  const { status, stdout, stderr } = await runScript('003-dialect.sh', environment);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split('\n')).toHaveLength(8);
});
