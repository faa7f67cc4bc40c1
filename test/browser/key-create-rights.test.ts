import { FULL_ACCESS } from '../../lib/index.js';
import { create, leaveWithout } from './key-create-form.js';
import { type Stage, startStage } from './stage.js';

const MANY = 205;
const BY = { by: 'test' };

describe('who may make which keys', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis', options: { keyRules: { maxPerUser: 1 } } });
    const { policies } = stage.latchkey;
    const statements = [{ actions: ['orders:read'] }];
    const add = (index: number) => policies.create({ name: `Policy ${index}`, orgId: 'acme', statements }, BY);
    await Promise.all(Array.from({ length: MANY }, (_, index) => add(index)));
    const may = (...actions: string[]) => [{ ...FULL_ACCESS, actions }];
    stage.people
      .set('gus', { userName: 'Gus', statements: may('keys:grant', 'keys:read', 'orders:*') })
      .set('ann', { userName: 'Ann', statements: may('audit:read') });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it('loads further policies on request', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: '#/keys/new' });
    const { page } = visitor;
    await page.getByText('Only what I choose').click();
    await page.getByText('There are more policies than these.').waitFor();
    await page.getByRole('button', { name: 'Load more' }).click();
    await page.getByText('There are more policies than these.').waitFor({ state: 'detached' });
    expect(await page.locator('.kd-policy').count()).toBe(MANY + 2); // those that are built in
    await page.getByLabel('Search policies').fill('policy 204');
    expect(await page.locator('.kd-policy').count()).toBe(1);
  });

  it('asks for an owner from who may give keys to others only', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Gus', { hash: '#/keys/new' });
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill('For Bob');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText('Say whose key it is.').waitFor();
    await visitor.expectAccessible();
    await page.getByLabel('Owner').fill('bob');
    const { id } = await create(visitor);
    await leaveWithout(visitor);
    expect(await stage.latchkey.apiKeys.get(id)).toMatchObject({ ownerId: 'bob', createdBy: 'gus' });
  });

  it('tells of an owner who is none, and of one who has as many keys as are allowed', async () => {
    const visitor = await stage.visit({ refusals: [400, 409] });
    await visitor.logIn('Root', { hash: '#/keys/new' });
    const { page } = visitor;
    await stage.latchkey.apiKeys.create({ name: 'First', ownerId: 'root', orgId: 'acme' }, BY);
    await page.getByLabel('Name', { exact: true }).fill('Second');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByRole('alert').getByText('The user has as many keys as are allowed.').waitFor();
    await page.getByText('More restrictions').click();
    await page.getByLabel('Owner').fill('nobody');
    await page.getByText('More restrictions').click();
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText('Is no enabled user.').waitFor();
    expect(await page.locator('input:focus').getAttribute('name')).toBe('ownerId');
  });

  it('shows nothing to who may make none', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Ann', { hash: '#/keys/new' });
    await visitor.page.getByRole('heading', { name: 'Not for you', level: 1 }).waitFor();
  });
});
