import type { Locator } from 'playwright-core';
import { FULL_ACCESS, type NewPolicy, type Policy } from '../../lib/index.js';
import { type Stage, startStage } from './stage.js';
import type { Visitor } from './visitor.js';

const XSS = '<img src=x onerror="document.title=`hacked`">';
const READ = { actions: ['orders:read'], resources: ['orders/*'], workspace: 'w1', description: 'Look at orders' };

describe('policies', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
    const some = (...actions: string[]) => [{ ...FULL_ACCESS, actions }];
    stage.people
      .set('rita', { userName: 'Rita', statements: some('policies:read') })
      .set('mona', { userName: 'Mona', statements: some('policies:*', 'orders:*') });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  function make(name: string, fields: Partial<NewPolicy> = {}): Promise<Policy> {
    const given = 'templateId' in fields ? {} : { statements: [READ] };
    return stage.latchkey.policies.create({ name, orgId: 'acme', ...given, ...fields }, { by: 'root' });
  }

  function give(name: string, ...policyIds: string[]) {
    const key = { name, ownerId: 'alice', orgId: 'acme', statements: [READ], policyIds };
    return stage.latchkey.apiKeys.create(key, { by: 'root' });
  }

  async function find(name: string): Promise<Policy | undefined> {
    const { items } = await stage.latchkey.policies.search({ orgId: 'acme', limit: 200 });
    return items.find((policy) => policy.name === name);
  }

  describe('the list', () => {
    it('searches by a part of the name and by type, in the address', async () => {
      await make('Zebra 100%_', { type: 'role' });
      await make('Zebra plain');
      const visitor = await stage.visit();
      await visitor.logIn('Root', { hash: '#/policies' });
      const { page } = visitor;
      await row(visitor, 'Full Access').getByText('Built in').waitFor();
      await page.getByLabel('Search by name').fill('zebra');
      await page.getByText('2 policies').waitFor();
      expect(page.url()).toBe(`${stage.url}#/policies?q=zebra`);
      await page.getByLabel('Type').selectOption('Roles');
      await page.getByText('1 policy', { exact: true }).waitFor();
      await row(visitor, 'Zebra 100%_').waitFor();
      expect(page.url()).toBe(`${stage.url}#/policies?q=zebra&type=role`);
      await page.getByLabel('Search by name').fill('100%_');
      await page.waitForURL(/q=100%25_/);
      await row(visitor, 'Zebra 100%_').waitFor();
      await page.getByLabel('Search by name').fill('nothing like it');
      await page.getByText('No policy is like that').waitFor();
      await visitor.expectAccessible();
      await page.getByRole('button', { name: 'Clear filters' }).click();
      await row(visitor, 'Zebra plain').waitFor();
      await page.getByLabel('Type').selectOption('Built in');
      await page.getByText('2 policies').waitFor();
      const names = await page.locator('table.list tbody a').allInnerTexts();
      expect(names).toEqual(['Auditor', 'Full Access']);
      await page.goto(`${stage.url}#/policies?type=made-up`);
      await row(visitor, 'Zebra plain').waitFor();
    });

    it('is read only for whoever may only read, and for nobody else', async () => {
      const policy = await make('Look only');
      const visitor = await stage.visit({ refusals: [404] });
      await visitor.logIn('Rita', { hash: '#/policies' });
      const { page } = visitor;
      await row(visitor, 'Look only').waitFor();
      expect(await page.getByRole('link', { name: 'New policy' }).count()).toBe(0);
      await page.getByRole('link', { name: 'Look only' }).click();
      await page.getByRole('heading', { name: 'Look only', level: 1 }).waitFor();
      await page.getByText('No key has this policy').waitFor();
      expect(await page.getByRole('link', { name: 'Edit' }).count()).toBe(0);
      expect(await page.getByRole('button', { name: 'Delete' }).count()).toBe(0);
      await page.goto(`${stage.url}#/policies/${policy.id}/edit`);
      await page.getByRole('heading', { name: 'Not for you', level: 1 }).waitFor();
      await page.goto(`${stage.url}#/policies/no-such-policy`);
      await page.getByRole('heading', { name: 'There is no such policy' }).waitFor();
      const alice = await stage.visit();
      await alice.logIn('Alice', { hash: '#/policies' });
      await alice.page.getByRole('heading', { name: 'Not for you', level: 1 }).waitFor();
      expect(await alice.page.getByRole('link', { name: 'Policies' }).count()).toBe(0);
    });
  });

  describe('a new one', () => {
    it('is written in rows that are looked at while they are typed, and what is typed stays text', async () => {
      const visitor = await stage.visit();
      await visitor.logIn('Root', { hash: '#/policies' });
      const { page } = visitor;
      await page.getByRole('link', { name: 'New policy' }).click();
      await page.getByRole('button', { name: 'Create policy' }).click();
      await page.getByText('must have 1 to 256 printable characters').waitFor();
      expect(await page.locator(':focus').getAttribute('name')).toBe('name');
      await page.getByLabel('Name').fill(XSS);
      await page.getByText('must have 1 to 256 printable characters').waitFor({ state: 'hidden' });
      await page.getByLabel('Description').first().fill(XSS);
      const actions = page.getByLabel('Actions');
      await actions.fill('orders:re ad::');
      await page.getByText('“ad::” must be like "orders:read"').waitFor();
      expect(await actions.getAttribute('aria-invalid')).toBe('true');
      await actions.fill('orders:read, orders:list');
      await page.getByText('must be like').waitFor({ state: 'hidden' });
      await page.getByLabel('Resources').fill('<script>alert(1)</script>');
      await page.getByLabel('Workspace', { exact: true }).fill('w*');
      await page.getByText('must be the id of one workspace').waitFor();
      await page.getByLabel('Workspace', { exact: true }).fill('<b>w</b>');
      await page.getByLabel('Description').last().fill(XSS);
      await page.getByRole('button', { name: 'Add a statement' }).click();
      await page.getByRole('button', { name: 'Remove statement 2' }).click();
      await page.getByRole('button', { name: 'Create policy' }).click();
      await page.getByRole('heading', { name: XSS, level: 1 }).waitFor();
      await page.getByText('<script>alert(1)</script>').waitFor();
      expect(await page.locator('img').count()).toBe(0);
      await page.goto(`${stage.url}#/policies?q=${encodeURIComponent(XSS)}`);
      await row(visitor, XSS).waitFor();
      expect(await page.locator('main :is(img, script, b)').count()).toBe(0);
      expect(await page.title()).toBe('Policies · API keys');
      expect((await find(XSS))?.statements).toEqual([
        {
          actions: ['orders:read', 'orders:list'],
          resources: ['<script>alert(1)</script>'],
          workspace: '<b>w</b>',
          description: XSS,
        },
      ]);
    });

    it('can be written as JSON, with its faults at their lines, and both ways', async () => {
      const visitor = await stage.visit();
      await visitor.logIn('Root', { hash: '#/new-policy' });
      const { page } = visitor;
      await page.getByLabel('Name').fill('By text');
      await page.getByLabel('Actions').fill('orders:read');
      await page.getByRole('button', { name: 'JSON' }).click();
      const text = page.getByLabel('Statements as JSON');
      expect(JSON.parse(await text.inputValue())).toEqual([{ ...FULL_ACCESS, actions: ['orders:read'] }]);

      await text.fill('[\n  { "actions": ["orders:read" }\n]');
      await page.getByText('a comma or ] must stand here').waitFor();
      await page.getByRole('button', { name: 'Line 2' }).click();
      expect(await selected(text)).toBe('}');
      await page.getByRole('button', { name: 'Rows' }).click();
      await page.getByText('Rows cannot show this yet').waitFor();
      await page.getByRole('button', { name: 'Create policy' }).click();
      expect(await find('By text')).toBeUndefined();

      await text.fill('[\n  { "actions": ["orders:read"],\n    "effect": "Deny" }\n]');
      await page.getByText('"effect" cannot be set').waitFor();
      await page.getByRole('button', { name: 'Line 3' }).waitFor();
      await text.fill('[\n  { "actions": ["orders:read",\n    "a b"] }\n]');
      await page.getByText('“a b” must be like').waitFor();
      await page.getByRole('button', { name: 'Line 3' }).click();
      expect(await selected(text)).toBe('"a b"] }');
      await text.fill('[{ "actions": ["orders:read"] }, { "actions": ["orders:*"], "workspace": "w2" }]');
      await page.getByText('2 statements').waitFor();
      await page.getByRole('button', { name: 'Rows' }).click();
      expect(await page.getByLabel('Workspace', { exact: true }).last().inputValue()).toBe('w2');
      await page.getByLabel('Workspace', { exact: true }).last().fill('w3');
      await page.getByRole('button', { name: 'JSON' }).click();
      expect(await text.inputValue()).toContain('"workspace": "w3"');
      await page.getByRole('button', { name: 'Create policy' }).click();
      await page.getByRole('heading', { name: 'By text', level: 1 }).waitFor();
      expect((await find('By text'))?.statements).toEqual([
        { ...FULL_ACCESS, actions: ['orders:read'] },
        { ...FULL_ACCESS, actions: ['orders:*'], workspace: 'w3' },
      ]);
    });

    it('shows at its place what the API refuses', async () => {
      const visitor = await stage.visit({ refusals: [403] });
      await visitor.logIn('Mona', { hash: '#/new-policy' });
      const { page } = visitor;
      await page.getByLabel('Name').fill('Too much');
      await page.getByLabel('Actions').fill('orders:read');
      await page.getByRole('button', { name: 'Add a statement' }).click();
      await page.getByLabel('Actions').last().fill('invoices:write');
      await page.getByRole('button', { name: 'Create policy' }).click();
      await page.getByText('The policy would give more rights').waitFor();
      const second = page.getByRole('group', { name: 'Statement 2' });
      expect(await second.locator('.fault').innerText()).not.toBe('');
      expect(await page.getByRole('group', { name: 'Statement 1' }).locator('.fault').allInnerTexts()).toEqual([]);
      await visitor.picture('policies-refused', { fullPage: true });
      await page.getByRole('button', { name: 'JSON' }).click();
      await page.getByRole('button', { name: 'Line 12' }).waitFor();
      await page.getByRole('button', { name: 'Rows' }).click();
      await page.getByLabel('Actions').last().fill('orders:read');
      await second.locator('.fault').waitFor({ state: 'hidden' });
      await page.getByRole('button', { name: 'Create policy' }).click();
      await page.getByRole('heading', { name: 'Too much', level: 1 }).waitFor();
    });

    it('can follow a template in a workspace, or begin as a copy', async () => {
      const template = await make('Shop', { type: 'template' });
      const visitor = await stage.visit();
      await visitor.logIn('Root', { hash: '#/new-policy' });
      const { page } = visitor;
      await page.getByLabel('Name').fill('Shop Paris');
      await page.getByLabel('A template, in one workspace').check();
      await page.getByRole('button', { name: 'Create policy' }).click();
      await page.getByText('must be chosen').waitFor();
      await page.getByLabel('Template', { exact: true }).last().selectOption('Shop');
      await page.getByLabel('Workspace', { exact: true }).fill('paris');
      await page.getByText('Look at orders').waitFor();
      await page.getByRole('button', { name: 'Create policy' }).click();
      await page.getByRole('heading', { name: 'Shop Paris', level: 1 }).waitFor();
      const made = await find('Shop Paris');
      expect(made).toMatchObject({ templateId: template.id, workspace: 'paris' });

      await page.getByRole('link', { name: 'Edit' }).click();
      await page.getByText('its statements are changed there').waitFor();
      await page.getByLabel('Workspace', { exact: true }).fill('lyon');
      await page.getByRole('button', { name: 'Save changes' }).click();
      await page.getByText('The policy was saved').waitFor();
      expect((await find('Shop Paris'))?.workspace).toBe('lyon');

      await page.goto(`${stage.url}#/policies/${template.id}`);
      await page.getByRole('link', { name: 'Shop Paris' }).waitFor();
      await page.goto(`${stage.url}#/policies/auditor`);
      await page.getByRole('heading', { name: 'Auditor', level: 1 }).waitFor();
      expect(await page.getByRole('link', { name: 'Edit' }).count()).toBe(0);
      await page.getByRole('link', { name: 'Make a copy' }).click();
      await page.getByRole('button', { name: 'Create policy' }).click();
      await page.getByRole('heading', { name: 'Copy of Auditor', level: 1 }).waitFor();
      expect((await find('Copy of Auditor'))?.statements).toMatchObject([{ actions: ['*:read'] }]);
    });
  });

  it('is not lost while it is written: neither by going elsewhere, nor with the session', async () => {
    const visitor = await stage.visit({ refusals: [401] });
    await visitor.logIn('Root', { hash: '#/new-policy' });
    const { page } = visitor;
    const name = page.getByLabel('Name', { exact: true });
    await name.fill('Half of it');
    await page.getByRole('link', { name: 'Sessions' }).click();
    await page.getByText('This session').waitFor();
    await page.goBack();
    await page.getByText('What you typed here before').waitFor();
    expect(await name.inputValue()).toBe('Half of it');
    await page.getByLabel('Actions').fill('orders:read');
    await stage.latchkey.sessions?.endAll('root');
    await page.getByRole('button', { name: 'Create policy' }).click();
    await page.getByText('Your session was ended').waitFor();
    await visitor.submitLogin('Mona');
    await name.waitFor();
    expect(await name.inputValue()).toBe(''); // it is somebody else's
    await page.getByRole('button', { name: 'Log out' }).click();
    await visitor.submitLogin('Root');
    await page.getByText('What you typed here before').waitFor();
    expect([await name.inputValue(), await page.getByLabel('Actions').inputValue()]).toEqual([
      'Half of it',
      'orders:read',
    ]);
    await page.getByRole('button', { name: 'Start over' }).click();
    expect([await name.inputValue(), await page.getByLabel('Actions').inputValue()]).toEqual(['', '']);
    await name.fill('Whole');
    await page.getByLabel('Actions').fill('orders:read');
    await page.getByRole('button', { name: 'Create policy' }).click();
    await page.getByRole('heading', { name: 'Whole', level: 1 }).waitFor();
    await page.goto(`${stage.url}#/new-policy`);
    await name.waitFor();
    expect(await name.inputValue()).toBe('');
  });

  it('shows who uses it, page by page, with links to the keys', async () => {
    const policy = await make('Much used');
    const keys = [];
    for (let count = 0; count < 26; count++) keys.push(await give(`User ${count}`, policy.id));
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: `#/policies/${policy.id}` });
    const { page } = visitor;
    await page.getByText('25 keys on this page').waitFor();
    const link = page.getByRole('link', { name: 'User 7', exact: true });
    const next = page.getByRole('button', { name: 'Next' });
    if ((await link.count()) === 0) await next.click();
    expect(await link.getAttribute('href')).toBe(`#/keys/${keys[7]?.key.id}`);
    if (await next.isEnabled()) await next.click();
    await page.getByText('1 key on this page').waitFor();
    await page.getByRole('button', { name: 'Previous' }).click();
    await page.getByText('25 keys on this page').waitFor();
  });

  it('is deleted when its name is typed; one in use only when it is taken from its users', async () => {
    const policy = await make('Going');
    const { key } = await give('Has it', policy.id);
    const visitor = await stage.visit({ refusals: [409] });
    await visitor.logIn('Root', { hash: `#/policies/${policy.id}` });
    const { page } = visitor;
    await page.getByRole('button', { name: 'Delete …' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'Delete the policy?' });
    const confirm = dialog.getByRole('button', { name: 'Delete' });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel('to confirm').fill('Going');
    await confirm.click();
    await dialog.getByText('It is in use by one key').waitFor();
    await visitor.expectAccessible();
    await visitor.picture('policies-delete');
    await dialog.getByLabel('Take it from the keys that have it').check();
    await confirm.click();
    await page.getByText('Going was deleted and taken from one key').waitFor();
    await page.getByRole('heading', { name: 'Policies', level: 1 }).waitFor();
    expect((await stage.latchkey.apiKeys.get(key.id))?.policyIds).toEqual([]);
    expect(await find('Going')).toBeUndefined();
  });
});

function row({ page }: Visitor, name: string): Locator {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
}

async function selected(field: Locator): Promise<string> {
  return await field.evaluate((area) => {
    const { value, selectionStart, selectionEnd } = area as unknown as HTMLTextAreaElement;
    return value.slice(selectionStart ?? 0, selectionEnd ?? 0);
  });
}
