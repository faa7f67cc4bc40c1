import { FULL_ACCESS, type NewPolicy, type Policy } from '../../lib/index.js';
import { type Stage, startStage } from './stage.js';
import { LOOKS } from './visitor.js';

const READ = { actions: ['orders:read'], resources: ['orders/*'], workspace: 'w1', description: 'Look at orders' };

describe('the pages of policies', () => {
  let stage: Stage;
  let policy: Policy;

  beforeAll(async () => {
    stage = await startStage();
    const template = await make('Warehouse', { type: 'template' });
    await make('Warehouse Berlin', { templateId: template.id, workspace: 'berlin', statements: undefined });
    policy = await make('Order readers', {
      type: 'role',
      description: 'For the nightly export, and for whoever looks at what was ordered',
      statements: [READ, { ...FULL_ACCESS, actions: ['invoices:read', 'invoices:list'] }],
      properties: { team: 'billing' },
    });
    for (const name of ['Nightly export', 'Dashboard']) {
      const key = { name, ownerId: 'alice', orgId: 'acme', statements: [READ], policyIds: [policy.id] };
      await stage.latchkey.apiKeys.create(key, { by: 'root' });
    }
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  function make(name: string, fields: Partial<NewPolicy>): Promise<Policy> {
    return stage.latchkey.policies.create({ name, orgId: 'acme', statements: [READ], ...fields }, { by: 'root' });
  }

  it.each(LOOKS)('are accessible in $colorScheme colours, $width px wide', async ({ colorScheme, width, height }) => {
    const visitor = await stage.visit({ colorScheme, width, height });
    await visitor.logIn('Root', { hash: '#/policies' });
    const { page } = visitor;
    const seen = async (name: string) => {
      await visitor.expectNoSidewaysScroll();
      await visitor.expectAccessible();
      await visitor.picture(`policies-${name}-${colorScheme}-${width}`, { fullPage: true });
    };
    await page.getByRole('link', { name: 'Order readers' }).waitFor();
    await seen('list');
    await page.goto(`${stage.url}#/policies/${policy.id}`);
    await page.getByRole('link', { name: 'Dashboard' }).waitFor();
    await seen('one');
    await page.goto(`${stage.url}#/policies/${policy.id}/edit`);
    await page.getByText('What you save takes effect at once').waitFor();
    await page.getByLabel('Actions').first().fill('orders:read\norders::write');
    await page.getByText('“orders::write” must be like').waitFor();
    await seen('edit');
    await page.getByRole('button', { name: 'JSON' }).click();
    await page.getByRole('button', { name: 'Line 5' }).waitFor();
    await seen('json');
  });
});
