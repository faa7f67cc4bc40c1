import type { Locator } from 'playwright-core';
import { playStory } from './audit-story.js';
import { type Stage, startStage } from './stage.js';
import { LOOKS, type Visitor } from './visitor.js';

describe('how the page of the audit trail looks', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis', options: { audit: { flushIntervalMs: 20 } } });
    await playStory(stage);
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it.each(LOOKS)('is accessible in $colorScheme colours, $width px wide', async ({ colorScheme, width, height }) => {
    const visitor = await stage.visit({ colorScheme, width, height });
    await visitor.logIn('Root', { hash: '#/audit' });
    await rows(visitor).first().waitFor();
    await visitor.expectNoSidewaysScroll();
    await visitor.expectAccessible();
    await visitor.picture(`audit-${colorScheme}-${width}`);
    await visitor.page.locator('.type-picker summary').click();
    await visitor.page.getByLabel('Policy created').waitFor();
    await visitor.expectNoSidewaysScroll();
    await visitor.expectAccessible();
    await visitor.picture(`audit-types-${colorScheme}-${width}`);
    await visitor.page.keyboard.press('Escape');
    await rows(visitor).filter({ hasText: 'Key changed' }).getByRole('button', { name: 'Details' }).click();
    await visitor.page.getByRole('dialog', { name: 'Key changed' }).waitFor();
    await visitor.expectNoSidewaysScroll();
    await visitor.expectAccessible();
    await visitor.picture(`audit-entry-${colorScheme}-${width}`);
  });
});

function rows({ page }: Visitor): Locator {
  return page.locator('table.list tbody tr');
}
