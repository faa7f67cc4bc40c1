import type { Locator } from 'playwright-core';
import { hashExistingKey, type NewKey } from '../../lib/index.js';
import { until } from '../conformance/store-suite.js';
import { type Stage, startStage } from './stage.js';
import type { Visitor } from './visitor.js';

const XSS = '<img src=x onerror="document.title=\'pwned\'">';
const ORDERS = [{ actions: ['orders:read', 'orders:write'], resources: ['orders/*'] }];
const BY = { by: 'setup', address: '192.0.2.7' };

describe('what is done on the page of a key', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({
      store: 'redis',
      options: {
        http: { importedKeys: { pattern: /old-[a-z]{20}/ } },
      },
    });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  async function newKey(fields: Partial<NewKey> = {}): Promise<string> {
    const standard = { name: 'Export', ownerId: 'alice', orgId: 'acme', statements: ORDERS };
    return (await stage.latchkey.apiKeys.create({ ...standard, ...fields }, BY)).key.id;
  }

  it('disables, enables and revokes it, and tells of it in its trail', async () => {
    const id = await newKey({ name: 'Short lived' });
    const visitor = await stage.visit();
    const { page } = visitor;
    await visitor.logIn('Alice', { hash: `#/keys/${id}` });
    await press(visitor, 'Disable');
    await page.getByText('Refused until it is enabled again').waitFor();
    await trailRows(visitor).locator('strong').getByText('Key disabled').waitFor();
    expect((await stage.latchkey.apiKeys.get(id))?.state).toBe('disabled');
    await press(visitor, 'Enable');
    await trailRows(visitor).locator('strong').getByText('Key enabled').waitFor();
    await page.getByRole('button', { name: 'Revoke' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByLabel('Reason').fill(XSS);
    await dialog.getByLabel('Type Short lived to confirm').fill('Short lived');
    await dialog.getByRole('button', { name: 'Revoke' }).click();
    await page.getByText(`Revoked by alice: ${XSS}`).waitFor();
    await trailRows(visitor).locator('strong').getByText('Key revoked').waitFor();
    for (const verb of ['Edit', 'Rotate', 'Disable', 'Enable', 'Revoke']) {
      expect(await page.getByRole('button', { name: verb, exact: true }).count()).toBe(0);
    }
    await until('the focus is on the title', async () => (await page.locator(':focus').innerText()) === 'Short lived');
    expect(await page.title()).toBe('Short lived · API keys');
    await visitor.picture('key-revoked');
  });

  it('offers the newer version when somebody else was faster', async () => {
    const id = await newKey();
    const visitor = await stage.visit({ refusals: [412] });
    const { page } = visitor;
    await visitor.logIn('Alice', { hash: `#/keys/${id}` });
    await page.getByRole('button', { name: 'Disable' }).click();
    await stage.latchkey.apiKeys.update(id, { name: 'Renamed' }, BY);
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('button', { name: 'Disable' }).click();
    await dialog.getByRole('button', { name: 'Load the newer version' }).click();
    await dialog.getByText('Renamed').first().waitFor();
    await dialog.getByRole('button', { name: 'Disable' }).click();
    await page.getByRole('heading', { name: 'Renamed', level: 1 }).waitFor();
    expect((await stage.latchkey.apiKeys.get(id))?.state).toBe('disabled');
  });

  it('opens the dialogs for editing and rotating', async () => {
    const id = await newKey();
    const visitor = await stage.visit();
    const { page } = visitor;
    await visitor.logIn('Alice', { hash: `#/keys/${id}` });
    for (const verb of ['Edit', 'Rotate']) {
      const button = page.getByRole('button', { name: verb, exact: true });
      await button.click();
      await page.getByRole('dialog').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await until('the focus is back', async () => (await page.locator(':focus').textContent()) === verb);
    }
  });

  it('tells that a key is locked although it is active: its owner is disabled', async () => {
    stage.people.set('dora', { userName: 'Dora', statements: [] });
    const id = await newKey({ ownerId: 'dora', statements: [] });
    stage.people.set('dora', { isEnabled: false });
    await stage.latchkey.userChanged('dora');
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: `#/keys/${id}` });
    await visitor.page.getByText('Its owner is disabled, or no longer there.').waitFor();
    expect(await visitor.page.locator('.standing .badge').innerText()).toBe('Locked');
  });

  it('marks a key that was imported', async () => {
    const secretHash = hashExistingKey(`old-${'k'.repeat(20)}`);
    const result = await stage.latchkey.apiKeys.import(
      { name: 'Old one', ownerId: 'alice', orgId: 'acme', sha256: secretHash },
      BY,
    );
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: `#/keys/${'id' in result ? result.id : ''}` });
    await visitor.page.getByText('imported', { exact: true }).waitFor();
  });

  it('reads its trail page by page', async () => {
    const id = await newKey();
    for (let n = 0; n < 22; n++) await stage.latchkey.apiKeys.update(id, { name: `Name ${n}` }, BY);
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: `#/keys/${id}` });
    await visitor.page.getByText('20 entries on this page').waitFor();
    await visitor.page.getByRole('button', { name: 'Next' }).click();
    await visitor.page.getByText('3 entries on this page').waitFor();
    await trailRows(visitor).last().getByRole('button', { name: 'Details' }).click();
    await visitor.page.getByRole('dialog', { name: 'Key created' }).getByText('As it was made').waitFor();
  });
});

/** The button, and the same one in the dialog that it opens. */
async function press({ page }: Visitor, verb: string): Promise<void> {
  await page.getByRole('button', { name: verb, exact: true }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: verb, exact: true }).click();
  await page.getByRole('alertdialog').waitFor({ state: 'detached' });
}

function trailRows({ page }: Visitor): Locator {
  return page.locator('.trail table.list tbody tr');
}
