import { elasticsearch, roleStatements } from '../../admin-router/dialects/elasticsearch.js';
import { type Stage, startStage } from '../admin-router/dialects/stage.js';
import { ensureCurl } from '../example-app/curl.js';
import { runScript } from './run-script.js';

let stage: Stage;

beforeAll(async () => {
  ensureCurl();
  stage = await startStage((app, latchkey) => void app.use('/', elasticsearch(latchkey)));
  const role = {
    cluster: ['manage_api_key', 'monitor'],
    indices: [
      { names: ['index-a*'], privileges: ['all'] },
      { names: ['index-b*'], privileges: ['read'] },
    ],
  };
  stage.people.set('myUser', { password: 'myPassword', statements: [...roleStatements(role)] });
  stage.people.set('nobody', { password: 'myPassword' });
});

afterAll(() => stage.close());

it('seed 004 runs on the Elasticsearch dialect', async () => {
  const { status, stdout, stderr } = await runScript('004-dialect.sh', { URL: stage.url });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.trim().split('\n')).toHaveLength(6);
});
