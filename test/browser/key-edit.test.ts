import type { ApiKey } from '../../lib/index.js';
import { until } from '../conformance/store-suite.js';
import { type Stage, startStage } from './stage.js';
import { LOOKS, type Visitor, type VisitorOptions } from './visitor.js';

const XSS = '"><img src=x onerror="document.title=\'hacked\'">';
const DAY_MS = 86_400_000;
const BY = { by: 'test' };

describe('changing a key', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
    const statements = [{ actions: ['orders:read'] }];
    await stage.latchkey.policies.create({ name: 'Order reader', orgId: 'acme', statements }, BY);
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  async function open(name: string, fields: object = {}, options: VisitorOptions = {}, user = 'Alice') {
    const input = { name, ownerId: user.toLowerCase(), orgId: 'acme', statements: [{ actions: ['orders:read'] }] };
    const { key } = await stage.latchkey.apiKeys.create({ ...input, ...fields }, BY);
    return { key, ...(await openEdit(stage, name, options, user)) };
  }
  const keyOf = async ({ id }: ApiKey) => await stage.latchkey.apiKeys.get(id);

  it('sends what was changed and nothing else, and gives the focus back', async () => {
    const properties = { team: 'blue' };
    const { key, page, dialog, save, visitor } = await open('Before', { properties, allowedAddresses: ['10.0.0.0/8'] });
    await dialog.getByLabel('Name', { exact: true }).fill(`After ${XSS}`);
    await dialog.getByLabel('Expires', { exact: true }).selectOption({ label: 'In 1 week' });
    await dialog.getByText('More restrictions').click();
    await dialog.getByLabel('Addresses').fill('');
    await dialog.getByLabel('Requests per minute').fill('30');
    await visitor.expectAccessible();
    await visitor.picture('key-edit');
    const sent = page.waitForRequest((request) => request.method() === 'PATCH');
    await save();
    const request = await sent;
    expect(request.headers()['if-match']).toBe(`"${key.version}"`);
    expect(request.postDataJSON()).toEqual({
      name: `After ${XSS}`,
      expiresInSeconds: 604_800,
      allowedAddresses: null,
      maxRequestsPerMinute: 30,
    });
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('The key is saved').waitFor();
    await page.getByRole('button', { name: `Actions for After ${XSS}` }).waitFor();
    const focused = await page.locator(':focus').getAttribute('aria-label');
    expect(focused).toBe(`Actions for After ${XSS}`);
    expect(await keyOf(key)).toMatchObject({ name: `After ${XSS}`, properties, allowedAddresses: null });
    expect(await page.locator('img').count()).toBe(0);
  });

  it('changes rights and properties, and what an owner lost can be bound anew', async () => {
    const { key, dialog, save } = await open('Rights', { properties: { a: '1', b: '2' } }, {}, 'Root');
    await dialog.getByLabel('Order reader').check();
    await dialog.getByRole('button', { name: 'Add a statement' }).click();
    await dialog.getByLabel('Actions', { exact: true }).last().fill('orders:write');
    await dialog.getByLabel('Renew its ceiling').check();
    await dialog.getByText('More restrictions').click();
    await dialog.getByRole('button', { name: 'Remove property 1' }).click();
    await dialog.getByLabel('Value of property 1').fill('3');
    await save();
    await dialog.waitFor({ state: 'detached' });
    const changed = await keyOf(key);
    expect(changed?.statements.map(({ actions }) => actions)).toEqual([['orders:read'], ['orders:write']]);
    expect(changed?.policyIds).toHaveLength(1);
    expect(changed?.properties).toEqual({ b: '3' });
  });

  it('loads the newer version on request without losing what was typed', async () => {
    const { key, dialog, save, visitor } = await open('Contested', { description: 'old' }, { refusals: [412] });
    await dialog.getByLabel('Name', { exact: true }).fill('Mine');
    await stage.latchkey.apiKeys.update(key.id, { description: 'Theirs', maxRequestsPerMinute: 9 }, BY);
    await save();
    await dialog.getByText('Somebody else has changed the key since you opened it.').waitFor();
    await visitor.expectAccessible();
    await visitor.picture('key-edit-conflict');
    await dialog.getByRole('button', { name: 'Load the newer version' }).click();
    await dialog.getByText('Changed by others: Description, Requests per minute.').waitFor();
    expect(await dialog.getByLabel('Name', { exact: true }).inputValue()).toBe('Mine');
    expect(await dialog.getByLabel('Description').inputValue()).toBe('Theirs');
    await visitor.picture('key-edit-newer');
    await save();
    await dialog.waitFor({ state: 'detached' });
    expect(await keyOf(key)).toMatchObject({ name: 'Mine', description: 'Theirs', maxRequestsPerMinute: 9 });
  });

  it('tells what the server refuses at its field, and of a revoked key that it is', async () => {
    const { key, dialog, save, visitor } = await open('Refused', {}, { refusals: [400, 403, 409, 412] });
    await dialog.getByLabel('Actions', { exact: true }).fill('invoices:read');
    await save();
    await dialog.getByText(/This statement .*rights/).waitFor();
    await dialog.getByLabel('Actions', { exact: true }).fill('orders:list');
    await dialog.getByText('More restrictions').click();
    await dialog.getByLabel('Origins').fill('https://a.example/path');
    await dialog.getByText('More restrictions').click();
    await save();
    await dialog.getByText('“https://a.example/path” must be the origin').waitFor();
    expect(await dialog.locator('textarea:focus').getAttribute('name')).toBe('allowedOrigins');
    await visitor.expectAccessible();
    await stage.latchkey.apiKeys.revoke(key.id, BY);
    await dialog.getByLabel('Origins').fill('');
    await save();
    await dialog.getByRole('button', { name: 'Load the newer version' }).click();
    await dialog.getByText('The key is revoked, for good').waitFor();
    expect(await dialog.getByRole('button', { name: 'Save' }).isDisabled()).toBe(true);
  });

  it('offers the newer version of a key that cannot be changed as it is', async () => {
    const limited = await startStage({ options: { keyRules: { maxPerUser: 1 } } });
    try {
      const now = Date.now();
      const input = { ownerId: 'alice', orgId: 'acme', statements: [{ actions: ['orders:read'] }] };
      await limited.latchkey.apiKeys.create({ ...input, name: 'Ended', expiresAt: now + 1_500 }, BY);
      await until('the key has ended', () => Date.now() > now + 1_500);
      await limited.latchkey.apiKeys.create({ ...input, name: 'Other' }, BY);
      const { dialog, save } = await openEdit(limited, 'Ended', { refusals: [409] });
      await dialog.getByText(/^Expired /).waitFor();
      await dialog.getByLabel('Expires', { exact: true }).selectOption({ label: 'In 1 week' });
      await save();
      await dialog.getByText('as many keys as are allowed').waitFor();
      await dialog.getByRole('button', { name: 'Load the newer version' }).click();
      await dialog.getByText('Changed by others: nothing that stands here.').waitFor();
      expect(await dialog.getByLabel('Expires', { exact: true }).inputValue()).toBe('604800');
      await limited.leave();
    } finally {
      await limited.close();
    }
  });

  it.each(LOOKS)('looks well in $colorScheme colours, $width px wide', async ({ colorScheme, width, height }) => {
    const options = { colorScheme, width, height };
    const { dialog, visitor } = await open(`Look ${width}`, { description: 'Nightly' }, options, 'Root');
    await dialog.getByLabel('Order reader').check();
    await dialog.getByText('More restrictions').click();
    await visitor.expectAccessible();
    await visitor.expectNoSidewaysScroll();
    await visitor.picture(`key-edit-${colorScheme}-${width}`);
  });
});

describe('changing a key where little may be changed', () => {
  let stage: Stage;

  beforeAll(async () => {
    const keys = {
      allowExtension: false,
      allowNever: true,
      maxLifetimeMs: 100 * DAY_MS,
      defaultLifetimeMs: 40 * DAY_MS,
    };
    const keyRules = { mutable: ['description', 'expiresAt'] as const };
    stage = await startStage({ options: { keys, keyRules } });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it('shows the other fields as they are, and why; offers no later end', async () => {
    const fields = { statements: [{ actions: ['orders:read'] }], properties: { team: XSS }, lifetimeMs: 20 * DAY_MS };
    const input = { name: 'Fixed', ownerId: 'alice', orgId: 'acme', ...fields };
    const { key } = await stage.latchkey.apiKeys.create(input, BY);
    const { dialog, save, visitor } = await openEdit(stage, 'Fixed');
    const fixed = dialog.locator('.kd-fixed');
    expect(await fixed.innerText()).toContain('orders:read on *');
    expect(await fixed.innerText()).toContain(`team: ${XSS}`);
    expect(await dialog.getByLabel('Name', { exact: true }).count()).toBe(0);
    await dialog.getByText('do not let anybody change it').waitFor();
    const offered = await dialog.getByLabel('Expires', { exact: true }).locator('option').allInnerTexts();
    expect(offered).toEqual(['As it is', 'In 1 hour', 'In 1 day', 'In 1 week', 'On a date …']);
    await visitor.expectAccessible();
    await visitor.picture('key-edit-fixed');
    await dialog.getByLabel('Description').fill('Changed');
    await save();
    await dialog.waitFor({ state: 'detached' });
    expect(await stage.latchkey.apiKeys.get(key.id)).toMatchObject({
      description: 'Changed',
      expiresAt: key.expiresAt,
    });
  });

  it('offers a new key the ends that the rules allow, and never', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/keys/new' });
    const expires = visitor.page.getByLabel('Expires', { exact: true });
    expect(await expires.locator('option').allInnerTexts()).toEqual([
      ...['In 1 hour', 'In 1 day', 'In 1 week', 'In 30 days', 'In 40 days', 'In 90 days'],
      ...['On a date …', 'Never'],
    ]);
    expect(await expires.inputValue()).toBe(String(40 * 86_400));
    await expires.selectOption('never');
    await visitor.page.getByText('Never expires.').waitFor();
  });
});

async function openEdit(stage: Stage, name: string, options: VisitorOptions = {}, user = 'Alice') {
  const visitor: Visitor = await stage.visit(options);
  await visitor.logIn(user, { hash: '#/keys' });
  const { page } = visitor;
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog', { name: `Edit “${name}”` });
  await dialog.waitFor();
  return { visitor, page, dialog, save: () => dialog.getByRole('button', { name: 'Save' }).click() };
}
