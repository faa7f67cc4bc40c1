import { FULL_ACCESS, type NewPolicy, type Policy } from '../../lib/index.js';
import { type Stage, startStage } from './stage.js';

const READ = { actions: ['orders:read'], resources: ['orders/*'], workspace: 'w1', description: 'Look at orders' };

describe('a policy', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
    const statements = [{ ...FULL_ACCESS, actions: ['policies:*', 'orders:*'] }];
    stage.people.set('mona', { userName: 'Mona', statements });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  function make(name: string, fields: Partial<NewPolicy> = {}): Promise<Policy> {
    return stage.latchkey.policies.create({ name, orgId: 'acme', statements: [READ], ...fields }, { by: 'root' });
  }

  async function find(name: string): Promise<Policy | undefined> {
    const { items } = await stage.latchkey.policies.search({ orgId: 'acme', limit: 200 });
    return items.find((policy) => policy.name === name);
  }

  it('that was changed is not deleted unseen', async () => {
    const policy = await make('Stale');
    const visitor = await stage.visit({ refusals: [412] });
    await visitor.logIn('Mona', { hash: `#/policies/${policy.id}` });
    const { page } = visitor;
    await page.getByRole('button', { name: 'Delete …' }).click();
    await stage.latchkey.policies.update(policy.id, { name: 'Fresh' }, { by: 'root' });
    await page.getByLabel('to confirm').fill('Stale');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('Somebody else has changed the policy meanwhile').waitFor();
    expect(await find('Fresh')).toBeDefined();
    await page.getByText('Type Fresh to confirm').waitFor();
    await page.getByLabel('to confirm').fill('Fresh');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('Fresh was deleted').waitFor();
    expect(await find('Fresh')).toBeUndefined();
  });

  describe('changed in two browsers at once', () => {
    async function bothEditing(name: string) {
      const policy = await make(name, { description: 'old' });
      const [one, two] = [await stage.visit(), await stage.visit({ refusals: [412, 404] })];
      await one.logIn('Root', { hash: `#/policies/${policy.id}/edit` });
      await two.logIn('Mona', { hash: `#/policies/${policy.id}/edit` });
      for (const { page } of [one, two]) await page.getByLabel('Name').waitFor();
      return { policy, one: one.page, two: two.page, visitor: two };
    }

    it('tells the later one, keeps what was typed, and lets them choose', async () => {
      const { policy, one, two, visitor } = await bothEditing('Shared');
      await two.getByLabel('Description').first().fill('what Mona typed');
      await two.getByLabel('Actions').fill('orders:read\norders:read:own');
      await one.getByLabel('Name').fill('Shared by all');
      await one.getByLabel('Description').first().fill('what Root typed');
      await one.getByRole('button', { name: 'Save changes' }).click();
      await one.getByText('The policy was saved').waitFor();

      await two.getByRole('button', { name: 'Save changes' }).click();
      await two.getByText('Somebody else has changed this policy meanwhile').waitFor();
      expect(await stage.latchkey.policies.get(policy.id, 'acme')).toMatchObject({ description: 'what Root typed' });
      expect(await two.getByLabel('Name').inputValue()).toBe('Shared by all');
      expect(await two.getByLabel('Description').first().inputValue()).toBe('what Mona typed');
      expect(await two.getByLabel('Actions').inputValue()).toBe('orders:read\norders:read:own');
      await visitor.expectAccessible();
      await visitor.picture('policies-conflict', { fullPage: true });
      await two.getByRole('button', { name: 'Take their description' }).click();
      expect(await two.getByLabel('Description').first().inputValue()).toBe('what Root typed');
      await two.getByRole('button', { name: 'Save changes' }).click();
      await two.getByText('The policy was saved').waitFor();
      expect(await stage.latchkey.policies.get(policy.id, 'acme')).toMatchObject({
        name: 'Shared by all',
        description: 'what Root typed',
        statements: [{ ...READ, actions: ['orders:read', 'orders:read:own'] }],
      });
    });

    it('can be made anew where the other one has deleted it', async () => {
      const { policy, two } = await bothEditing('Vanishing');
      await two.getByLabel('Name').fill('Vanished');
      await stage.latchkey.policies.remove(policy.id, { by: 'root' });
      await two.getByRole('button', { name: 'Save changes' }).click();
      await two.getByText('The policy was deleted meanwhile').waitFor();
      await two.getByRole('button', { name: 'Make it anew' }).click();
      await two.getByRole('heading', { name: 'Vanished', level: 1 }).waitFor();
      expect(await find('Vanished')).toMatchObject({ statements: [READ] });
    });
  });
});

describe('policies while Redis does not answer', () => {
  it('say so, keep what was typed, and go on once it is back', async () => {
    const stage = await startStage({ store: 'redis', timeoutMs: 1_500 });
    try {
      const visitor = await stage.visit({ refusals: [503] });
      await visitor.logIn('Root', { hash: '#/new-policy' });
      const { page } = visitor;
      await page.getByLabel('Name').fill('Patient');
      await page.getByLabel('Actions').fill('orders:read');
      stage.redis?.pause();
      await page.getByRole('button', { name: 'Create policy' }).click();
      await page.getByRole('alert').getByText('Try again in').waitFor();
      stage.redis?.resume();
      expect(await page.getByLabel('Name').inputValue()).toBe('Patient');
      const heading = page.getByRole('heading', { name: 'Patient', level: 1 });
      await expectSoon(async () => {
        await page.getByRole('button', { name: 'Create policy' }).click();
        await heading.waitFor({ timeout: 3_000 });
      });
      await stage.leave();
    } finally {
      stage.redis?.resume();
      await stage.close();
    }
  });
});

/** Tries until it works, a few times: the client needs a moment to be connected again. */
async function expectSoon(work: () => Promise<void>): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === 4) throw error;
    }
  }
}
