import { until } from '../conformance/store-suite.js';
import { leaveWithout } from './key-create-form.js';
import { startStage } from './stage.js';

describe('making a key while the store does not answer', () => {
  it('says so, keeps what was typed, and makes it once the store is back', async () => {
    const stage = await startStage({ store: 'redis', timeoutMs: 2_000 });
    try {
      const visitor = await stage.visit({ refusals: [503] });
      await visitor.logIn('Alice', { hash: '#/keys/new' });
      const { page } = visitor;
      await page.getByLabel('Name', { exact: true }).fill('Patient');
      stage.redis?.pause();
      await page.getByRole('button', { name: 'Create key' }).click();
      await page.getByRole('alert').getByText('Try again in').waitFor();
      await visitor.picture('key-create-outage');
      stage.redis?.resume();
      expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Patient');
      await until(
        'the key is made',
        async () => {
          await page.getByRole('button', { name: 'Create key' }).click();
          return await page
            .getByRole('dialog')
            .waitFor({ timeout: 3_000 })
            .then(
              () => true,
              () => false,
            );
        },
        20_000,
      );
      await leaveWithout(visitor);
      await stage.leave();
    } finally {
      stage.redis?.resume();
      await stage.close();
    }
  });

  it('says that the key may have been made when no answer comes at all', async () => {
    const stage = await startStage({ store: 'redis' });
    try {
      const visitor = await stage.visit();
      await visitor.logIn('Alice', { hash: '#/keys/new' });
      const { page } = visitor;
      await page.getByLabel('Name', { exact: true }).fill('Unknown');
      stage.redis?.pause();
      await page.getByRole('button', { name: 'Create key' }).click();
      await page.getByText('The key may have been made all the same').waitFor();
      stage.redis?.resume();
      await stage.leave();
    } finally {
      stage.redis?.resume();
      await stage.close();
    }
  });
});
