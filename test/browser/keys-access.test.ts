import { type KnownKey, makeKey, makeKeysOfAllStates } from './keys-set.js';
import { type Stage, startStage } from './stage.js';
import { LOOKS } from './visitor.js';

describe('access to the list of keys', () => {
  let stage: Stage;
  let known: Readonly<Record<string, KnownKey>>;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
    known = await makeKeysOfAllStates(stage.latchkey);
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it.each(LOOKS)('is there in $colorScheme colours, $width px wide', async ({ colorScheme, width, height }) => {
    const visitor = await stage.visit({ colorScheme, width, height });
    const { page } = visitor;
    await visitor.logIn('Root', { hash: '#/all-keys?owner=alice' });
    await page.getByLabel('Select Billing worker').check();
    await visitor.expectNoSidewaysScroll();
    await visitor.picture(`keys-all-${colorScheme}-${width}`);
    await page.getByRole('button', { name: 'Actions for Billing worker' }).click();
    await page.getByRole('menu').waitFor();
    await visitor.expectAccessible();
    await visitor.picture(`keys-menu-${colorScheme}-${width}`);
    await page.keyboard.press('Escape');
    await visitor.goto('#/all-keys?q=nowhere');
    await page.getByText('Nothing found').waitFor();
    await visitor.expectNoSidewaysScroll();
    await visitor.expectAccessible();
    await visitor.picture(`keys-nothing-${colorScheme}-${width}`);
  });

  it('is there by keyboard: the menu of a row, and the dialog that it opens', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await visitor.logIn('Alice', { hash: '#/keys' });
    const button = page.getByRole('button', { name: 'Actions for Billing worker' });
    const focused = () => page.locator(':focus').innerText();
    const isBack = async () =>
      (await page.locator(':focus').getAttribute('aria-label'))?.startsWith('Actions for Bill');
    await button.focus();
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('Show details');
    await page.keyboard.press('ArrowUp');
    expect(await focused()).toBe('Revoke …');
    await page.keyboard.press('ArrowDown');
    expect(await focused()).toBe('Show details');
    await page.keyboard.press('End');
    expect(await focused()).toBe('Revoke …');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('menu').count()).toBe(0);
    expect(await isBack()).toBe(true);
    await page.keyboard.press('Enter');
    await page.keyboard.press('End');
    await page.keyboard.press('Enter');
    expect(await page.locator(':focus').getAttribute('name')).toBe('reason');
    await page.keyboard.press('Escape');
    expect(await page.locator('dialog').count()).toBe(0);
    expect(await isBack()).toBe(true);
    await button.click();
    await page.getByRole('heading', { name: 'My keys' }).click();
    expect(await page.getByRole('menu').count()).toBe(0);
    await button.click();
    await page.getByRole('menuitem', { name: 'Show details' }).click();
    expect(page.url()).toBe(`${stage.url}#/keys/${known.billing?.id}`);
  });

  it('opens the dialogs that change a key and give it another secret', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await visitor.logIn('Alice', { hash: '#/keys' });
    for (const [entry, title] of [
      ['Edit …', /edit/i],
      ['Rotate …', /rotate/i],
    ] as const) {
      await page.getByRole('button', { name: 'Actions for Billing worker' }).click();
      await page.getByRole('menuitem', { name: entry }).click();
      await page.getByRole('dialog', { name: title }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
  });

  it('is sorted by a list of choices where there are no headings', async () => {
    const visitor = await stage.visit({ width: 360, height: 740 });
    const { page } = visitor;
    await visitor.logIn('Alice', { hash: '#/keys' });
    await page.getByLabel('Sort by').selectOption('Name, A to Z');
    await page.locator('tbody tr:first-child', { hasText: 'Billing worker' }).waitFor();
    expect(page.url()).toBe(`${stage.url}#/keys?sort=name`);
  });
});

describe('the list of keys while the store does not answer', () => {
  it('says so, keeps what was read, and goes on when it answers again', async () => {
    const stage = await startStage({ store: 'redis', timeoutMs: 3_000 });
    try {
      const visitor = await stage.visit({ refusals: [503] });
      const { page } = visitor;
      const { id } = await makeKey(stage.latchkey, 'alice', 'Billing worker');
      await visitor.logIn('Alice', { hash: '#/keys' });
      await page.getByText('Billing worker').waitFor();
      stage.redis?.pause();
      await page.getByRole('button', { name: 'Refresh' }).click();
      await page.getByRole('alert').getByText('Retry shortly').waitFor();
      expect(await page.getByRole('link', { name: 'Billing worker' }).count()).toBe(1);
      await visitor.picture('keys-store-down');
      await page.getByRole('button', { name: 'Actions for Billing worker' }).click();
      await page.getByRole('menuitem', { name: 'Revoke' }).click();
      await page.getByLabel('Type Billing worker').fill('Billing worker');
      await page.keyboard.press('Enter');
      await page.locator('dialog').getByText('Retry shortly').waitFor();
      stage.redis?.resume();
      await page.getByLabel('Type Billing worker').press('Enter');
      await page.locator('tbody').getByText('Revoked').waitFor();
      expect((await stage.latchkey.apiKeys.get(id))?.state).toBe('revoked');
      await page.getByText('Retry shortly').waitFor({ state: 'detached' });
      await stage.leave();
    } finally {
      stage.redis?.resume();
      await stage.close();
    }
  });
});
