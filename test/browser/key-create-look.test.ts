import { create, fullPicture, restrict } from './key-create-form.js';
import { type Stage, startStage } from './stage.js';
import { LOOKS } from './visitor.js';

describe('the page on which a key is made', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
    const statements = [{ actions: ['orders:*'] }];
    await stage.latchkey.policies.create({ name: 'Order clerk', orgId: 'acme', statements }, { by: 'test' });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it.each(LOOKS)('looks well in $colorScheme colours, $width px wide', async ({ colorScheme, width, height }) => {
    const visitor = await stage.visit({ colorScheme, width, height });
    await visitor.logIn('Root', { hash: '#/keys/new' });
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill('A look');
    await page.getByText('Only what I choose').click();
    await page.getByLabel('Order clerk').check();
    await page.getByRole('button', { name: 'Add a statement' }).click();
    await page.getByLabel('Actions', { exact: true }).fill('orders:read');
    await page.getByText('More restrictions').click();
    await restrict(visitor);
    await visitor.expectAccessible();
    await visitor.expectNoSidewaysScroll();
    await fullPicture(visitor, `key-create-${colorScheme}-${width}`);
    await create(visitor);
    await page.getByRole('button', { name: 'Reveal the key' }).click();
    await visitor.expectAccessible();
    await visitor.expectNoSidewaysScroll();
    await visitor.picture(`key-secret-${colorScheme}-${width}`);
    await page.getByRole('button', { name: 'Done' }).click();
    await visitor.picture(`key-secret-leaving-${colorScheme}-${width}`);
    await page.getByRole('button', { name: 'Leave without it' }).click();
  });
});
