import { illumio } from '../../admin-router/dialects/illumio.js';
import { type Stage, startStage } from '../admin-router/dialects/stage.js';
import { ensureCurl } from '../example-app/curl.js';
import { PASSWORD } from '../support/people.js';
import { runScript } from './run-script.js';

let stage: Stage;

beforeAll(async () => {
  ensureCurl();
  stage = await startStage((app, latchkey) => {
    const pce = illumio(latchkey, { pceFqdn: 'pce.my-company.com' });
    app.use('/', pce);
    app.get('/api/v2/orgs/:org/labels', pce.authenticate, (_req, res) => void res.json([]));
  });
});

afterAll(() => stage.close());

it('seed 001 runs on the Illumio dialect', async () => {
  const environment = { URL: stage.url, USER_NAME: 'ada', PASSWORD, FQDN: 'pce.my-company.com' };
  const { status, stdout, stderr } = await runScript('001-dialect.sh', environment);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.split('\n')).toHaveLength(11);
});
