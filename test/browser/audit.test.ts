import type { Locator } from 'playwright-core';
import type { ApiKey } from '../../lib/index.js';
import { AuthError } from '../../lib/index.js';
import { until } from '../conformance/store-suite.js';
import { ORDERS, playStory, XSS } from './audit-story.js';
import { type Stage, startStage } from './stage.js';
import type { Visitor } from './visitor.js';

describe('the page of the audit trail', () => {
  let stage: Stage;
  let key: ApiKey;
  let token: string;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis', options: { audit: { flushIntervalMs: 20 } } });
    ({ key, token } = await playStory(stage));
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it('tells the newest first, in words, with the exact time and how long ago it was', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: '#/audit' });
    await visitor.page.getByText('What happened in your organisation').waitFor();
    await rows(visitor).first().waitFor();
    const titles = await rows(visitor).locator('strong').allInnerTexts();
    expect(titles.slice(-8).toReversed()).toEqual([
      'Key created',
      'Key changed',
      'Key rotated',
      'Key created',
      'Key revoked',
      'Policy created',
      'Request refused',
      'Logged in',
    ]);
    const refused = rows(visitor).filter({ hasText: 'Request refused' });
    expect(await refused.innerText()).toContain('Not from this address · GET /auth/whoami');
    expect(await refused.locator('time').innerText()).toMatch(/\d\d:\d\d:\d\d\n(?:just now|\d minutes? ago)/);
    await refused.getByRole('link', { name: key.id }).click();
    await visitor.page.waitForURL(`${stage.url}#/keys/${key.id}`);
  });

  it('shows what a change has changed, and gives the focus back', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: '#/audit' });
    const button = rows(visitor).filter({ hasText: 'Key changed' }).getByRole('button', { name: 'Details' });
    await button.click();
    const dialog = visitor.page.getByRole('dialog', { name: 'Key changed' });
    await dialog.waitFor();
    const cells = await dialog.locator('table.changes tbody tr').allInnerTexts();
    expect(cells.map((text) => text.split(/\s*\n\s*|\t/).filter(Boolean)).toSorted()).toEqual([
      ['Allowed addresses', 'nothing', '198.51.100.0/24'],
      ['Name', 'Export', 'Nightly export'],
    ]);
    await visitor.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await visitor.page.evaluate('document.activeElement.textContent')).toBe(await button.textContent());
  });

  it('filters by type, outcome, key, actor and time, in the address', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: '#/audit' });
    const { page } = visitor;
    await rows(visitor).first().waitFor();
    await page.locator('.type-picker summary').click();
    await page.getByLabel('Policies', { exact: true }).check();
    await page.getByLabel('Key revoked').check();
    await page.waitForURL((url) => url.hash.includes('type=key.revoked'));
    expect(decodeURIComponent(new URL(page.url()).hash)).toBe(
      '#/audit?type=key.revoked,policy.created,policy.changed,policy.deleted',
    );
    await expectTitles(visitor, ['Policy created', 'Key revoked']);
    await page.keyboard.press('Escape');
    expect(await page.evaluate('document.activeElement.tagName')).toBe('SUMMARY');
    await page.getByText('Clear filters').click();

    await page.getByLabel('Key', { exact: true }).fill(key.id);
    await expectTitles(visitor, ['Request refused', 'Key rotated', 'Key changed', 'Key created']);
    await page.getByLabel('Outcome').selectOption('Refused');
    await expectTitles(visitor, ['Request refused']);
    await page.reload();
    await expectTitles(visitor, ['Request refused']);
    expect(await page.getByLabel('Key', { exact: true }).inputValue()).toBe(key.id);
    await page.getByLabel('Outcome').selectOption('Any outcome');
    await page.getByLabel('Done by').fill('setup');
    await expectTitles(visitor, ['Key rotated', 'Key changed', 'Key created']);
    await page.getByLabel('Period').selectOption('Last hour');
    await expectTitles(visitor, ['Key rotated', 'Key changed', 'Key created']);
    await page.getByLabel('Period').selectOption('From … to …');
    await page.getByLabel('To, not included').fill('2020-01-01T00:00');
    await page.getByText('Nothing like that has happened').waitFor();
    expect(page.url()).toContain('to=2020-01-01T00%3A00%3A00.000Z');
    await visitor.picture('audit-nothing-found');
    await page.getByRole('button', { name: 'Clear filters' }).last().click();
    await rows(visitor).nth(5).waitFor();
    expect(new URL(page.url()).hash).toBe('#/audit');
  });

  it('leaves the secret of a whole key that is pasted out of the address', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: '#/audit' });
    await visitor.page.getByLabel('Key', { exact: true }).fill(token);
    await visitor.page.getByText('its secret was dropped').waitFor();
    await expectTitles(visitor, ['Request refused', 'Key rotated', 'Key changed', 'Key created']);
    expect(visitor.page.url()).toBe(`${stage.url}#/audit?key=${key.id}`);
    expect(await visitor.page.getByLabel('Key', { exact: true }).inputValue()).toBe(key.id);
  });

  it('is read page by page, forward and back', async () => {
    const { apiKeys } = stage.latchkey;
    const made = await apiKeys.create({ name: 'busy', ownerId: 'bob', orgId: 'acme', statements: ORDERS }, { by: 'x' });
    for (let n = 0; n < 54; n++) await apiKeys.update(made.key.id, { name: `busy ${n}` }, { by: 'x' });
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: `#/audit?key=${made.key.id}` });
    await visitor.page.getByText('50 entries on this page').waitFor();
    await visitor.page.getByRole('button', { name: 'Next' }).click();
    await visitor.page.getByText('5 entries on this page').waitFor();
    expect((await rows(visitor).locator('strong').allInnerTexts()).at(-1)).toBe('Key created');
    await visitor.page.getByRole('button', { name: 'Previous' }).click();
    await visitor.page.getByText('50 entries on this page').waitFor();
  });

  it('shows users without audit:read what concerns them, and nothing of others', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/audit' });
    await visitor.page.getByText('What you did, and what happened to your keys').waitFor();
    await rows(visitor).first().waitFor();
    const text = await visitor.page.locator('main').innerText();
    expect(text).toContain('Key rotated');
    expect(text).not.toContain('Key revoked'); // of bob's
  });

  it('shows what others have typed as text', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: '#/audit?type=key.revoked,policy.created' });
    const revoked = rows(visitor).filter({ hasText: 'Key revoked' });
    expect(await revoked.locator('.story').innerText()).toBe(XSS);
    await revoked.getByRole('button', { name: 'Details' }).click();
    await visitor.page.getByRole('dialog').getByText(XSS).first().waitFor();
    await visitor.page.keyboard.press('Escape');
    for (const label of ['Done by', 'Key', 'Key or session used']) {
      await visitor.page.getByLabel(label, { exact: true }).fill(XSS);
      await visitor.page.getByText('Nothing like that has happened').waitFor();
      await visitor.page.reload();
      await visitor.page.getByText('Nothing like that has happened').waitFor();
      await visitor.page.getByRole('button', { name: 'Clear filters' }).last().click();
      await rows(visitor).first().waitFor();
    }
    expect(await visitor.page.title()).toBe('Audit · API keys');
    expect(await visitor.page.locator('main img').count()).toBe(0);
  });

  it('tells what the server refuses of a broken address', async () => {
    const visitor = await stage.visit({ refusals: [400] });
    await visitor.logIn('Root', { hash: '#/audit?from=yesterday&type=key.sold' });
    const box = visitor.page.getByRole('alert');
    await box.waitFor();
    expect(await box.innerText()).toMatch(/from must be an RFC 3339 time/);
    await visitor.page.getByText('Clear filters').click();
    await rows(visitor).first().waitFor();
    expect(await box.count()).toBe(0);
  });

  async function expectTitles(visitor: Visitor, titles: readonly string[]): Promise<void> {
    await until(`the entries are: ${titles}`, async () => {
      const shown = await rows(visitor).locator('strong').allInnerTexts();
      return shown.join() === titles.join();
    });
  }
});

describe('the page of the audit trail while the store is down', () => {
  it('says so, and goes on where it was once the store is back', async () => {
    const stage = await startStage({ store: 'memory' });
    const { audit } = stage.store.records;
    const { page: read } = audit;
    try {
      await stage.latchkey.apiKeys.create(
        { name: 'a', ownerId: 'bob', orgId: 'acme', statements: ORDERS },
        { by: 'x' },
      );
      const visitor = await stage.visit({ refusals: [503] });
      await visitor.logIn('Root', { hash: '#/audit?type=key.created' });
      await rows(visitor).first().waitFor();
      audit.page = () => Promise.reject(new AuthError('store_unavailable'));
      await visitor.page.getByRole('button', { name: 'Refresh' }).click();
      const box = visitor.page.getByRole('alert');
      await box.waitFor();
      expect(await box.innerText()).toMatch(/Try again in \d+ seconds?\./);
      await visitor.expectAccessible();
      audit.page = read;
      await visitor.page.getByRole('button', { name: 'Try again' }).click();
      await rows(visitor).first().waitFor();
      expect(visitor.page.url()).toBe(`${stage.url}#/audit?type=key.created`);
    } finally {
      await stage.close();
    }
  });
});

function rows({ page }: Visitor): Locator {
  return page.locator('table.list tbody tr');
}
