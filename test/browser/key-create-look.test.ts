import { create, fullPicture, restrict } from './key-create-form.js';
import { type Stage, startStage } from './stage.js';

describe('the page on which a key is made', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
    const statements = [{ actions: ['orders:*'] }];
    await stage.latchkey.policies.create({ name: 'Order clerk', orgId: 'acme', statements }, { by: 'test' });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)('looks well in %s colours, %d px wide', async (colorScheme, width) => {
    const visitor = await stage.visit({ colorScheme, width, height: width === 360 ? 740 : 800 });
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
