import type { ApiKey } from '../../lib/index.js';
import { type Stage, startStage } from './stage.js';
import { LOOKS } from './visitor.js';

const DAY_MS = 86_400_000;

describe('how the page of a key looks', () => {
  let stage: Stage;
  let key: ApiKey;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis', options: { audit: { flushIntervalMs: 20 } } });
    const { apiKeys, policies } = stage.latchkey;
    const by = { by: 'setup', address: '192.0.2.7' };
    const reports = await policies.create(
      {
        name: 'Reports of the warehouse',
        orgId: 'acme',
        statements: [{ actions: ['reports:read', 'reports:export'], resources: ['reports/*'], workspace: 'north' }],
      },
      by,
    );
    stage.people.set('carol', {
      userName: 'Carol',
      statements: [
        { actions: ['keys:manage-own'] },
        { actions: ['orders:read', 'orders:write'], resources: ['orders/*'] },
        { actions: ['reports:read'], resources: ['*'] },
      ],
    });
    ({ key } = await apiKeys.create(
      {
        name: 'Nightly export',
        description: 'Writes the orders of the day to the warehouse.',
        ownerId: 'carol',
        orgId: 'acme',
        statements: [
          { actions: ['orders:read', 'orders:write'], resources: ['orders/*'], description: 'The orders of the day' },
          { actions: ['stock:*'], resources: ['*'] },
        ],
        policyIds: [reports.id],
        properties: { team: 'Logistics', ticket: 'OPS-812' },
        allowedAddresses: ['198.51.100.0/24', '2001:db8::/32'],
        maxRequestsPerMinute: 600,
        disableUnusedAfterMs: 90 * DAY_MS,
      },
      by,
    ));
    await apiKeys.rotate(key.id, { ...by, graceMs: DAY_MS / 4 });
    const nowAt = Date.now();
    for (let ago = 29; ago >= 0; ago--) {
      const failures = ago % 9 === 4 ? 12 + ago * 3 : 0;
      const at = nowAt - ago * DAY_MS;
      const uses = ago === 17 ? 0 : Math.round(180 + 140 * Math.sin(ago / 2.2) + (ago % 4) * 22);
      const who = { id: key.id, orgId: 'acme', ownerId: 'carol' };
      const none = { ...who, uses: 0, failures: 0, lastUsedAt: null, lastUsedFrom: null, lastFailedAt: null };
      if (uses > 0) {
        const used = { ...none, uses, lastUsedAt: at, lastUsedFrom: '198.51.100.17' };
        await stage.store.records.apiKeys.addUsage([used]);
      }
      if (failures > 0) {
        await stage.store.records.apiKeys.addUsage([{ ...none, failures, lastFailedAt: at }]);
      }
    }
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it.each(LOOKS)('is accessible in $colorScheme colours, $width px wide', async ({ colorScheme, width, height }) => {
    const visitor = await stage.visit({ colorScheme, width, height });
    const { page } = visitor;
    await visitor.logIn('Root', { hash: `#/keys/${key.id}` });
    await page.locator('.usage-chart canvas').waitFor();
    await page.locator('.trail table.list tbody tr').first().waitFor();
    await page.getByLabel('Action').fill('stock:write');
    await page.getByLabel('Resource').fill('stock/7');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByText('No: its ceiling does not reach that far').waitFor();
    await page.locator('summary').getByText('Its ceiling').click();
    await visitor.expectNoSidewaysScroll();
    await visitor.expectAccessible();
    await page.evaluate('scrollTo(0, 0)');
    await visitor.picture(`key-${colorScheme}-${width}`, { fullPage: true });
    await page.getByRole('button', { name: 'As a table' }).click();
    await page.getByRole('rowheader', { name: '2026' }).first().waitFor();
    await visitor.expectNoSidewaysScroll();
    await visitor.expectAccessible();
    await visitor.picture(`key-usage-table-${colorScheme}-${width}`);
  });

  it('lists resources one by one where a table would be too wide, and shows the beginning of long lists', async () => {
    const actions = Array.from({ length: 40 }, (_, n) => `part-${String(n).padStart(2, '0')}:read`);
    const resources = Array.from({ length: 60 }, (_, n) => `warehouse/${n}/*`);
    const { key: large } = await stage.latchkey.apiKeys.create(
      { name: 'Large', ownerId: 'root', orgId: 'acme', statements: [{ actions, resources, workspace: 'north' }] },
      { by: 'setup' },
    );
    const visitor = await stage.visit();
    const { page } = visitor;
    await visitor.logIn('Root', { hash: `#/keys/${large.id}` });
    await page.locator('table.matrix tbody tr').first().waitFor();
    expect(await page.locator('table.matrix tbody tr').count()).toBe(20);
    expect(await page.locator('table.matrix thead th').allInnerTexts()).toEqual(['Action', 'On']);
    await visitor.expectAccessible();
    await visitor.expectNoSidewaysScroll();
    await visitor.picture('key-many-rights');
    await page.getByRole('button', { name: '48 more' }).first().click();
    await page.getByText('warehouse/59/* in north').waitFor();
    await page.getByRole('button', { name: 'Show all 40 actions' }).click();
    await page.getByText('part-39:read').waitFor();
  });
});
