import { FULL_ACCESS } from '../../lib/index.js';
import { type Stage, startStage } from '../admin-router/dialects/stage.js';
import { trendDriver } from '../admin-router/dialects/trend-driver.js';
import { ensureCurl } from '../example-app/curl.js';
import { runScript } from './run-script.js';

let stage: Stage;

beforeAll(async () => {
  ensureCurl();
  const options = { keys: { allowNever: true } };
  stage = await startStage((app, latchkey) => trendDriver.mount(app, latchkey), options);
  stage.people.set('admin', { userName: 'myUserName', password: 'myPassword', statements: [FULL_ACCESS] });
});

afterAll(() => stage.close());

it('seed 002 runs on the Trend dialect', async () => {
  const { status, stdout, stderr } = await runScript('002-dialect.sh', { URL: stage.url });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split('\n')).toHaveLength(9);
});
