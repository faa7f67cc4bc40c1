import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { FULL_ACCESS, type StatementInput } from '../../lib/index.js';
import { create, expectNowhere, fullPicture, leaveWithout, restrict, XSS } from './key-create-form.js';
import { type Stage, startStage } from './stage.js';

const run = promisify(execFile);
const DAY_MS = 86_400_000;

describe('making a key', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
    const { policies } = stage.latchkey;
    const add = (name: string, actions: string[], description = '') =>
      policies.create({ name, description, orgId: 'acme', statements: [{ actions }] }, { by: 'test' });
    await add('Order reader', ['orders:read', 'orders:list'], 'Looks at orders');
    await add('Order clerk', ['orders:*']);
    await add('Billing', ['invoices:*'], XSS);
    const own: StatementInput = { ...FULL_ACCESS, actions: ['keys:manage-own', 'orders:*', 'policies:read'] };
    stage.people.set('pat', { userName: 'Pat', statements: [own] });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it('is a matter of a name; the secret is shown once, in every form, with a line for a shell that works', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/keys/new' });
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill('Nightly export');
    await page.getByLabel('Expires', { exact: true }).selectOption({ label: 'In 30 days' });
    await page.getByText(inDays(30), { exact: false }).waitFor();
    await visitor.expectAccessible();
    await fullPicture(visitor, 'key-create');
    const issued = await create(visitor);

    const dialog = page.getByRole('dialog', { name: 'Your key “Nightly export”' });
    await dialog.waitFor();
    expect(await page.content()).not.toContain(issued.secret);
    await visitor.expectAccessible();
    await visitor.picture('key-secret-masked');
    await dialog.getByRole('button', { name: 'Reveal the key' }).click();
    const shown = await dialog.locator('code').allInnerTexts();
    expect(shown).toEqual([
      issued.token,
      `curl -H 'X-API-Key: ${issued.token}' '${stage.url}whoami'`,
      `X-API-Key: ${issued.token}`,
      `Authorization: ApiKey ${issued.encoded}`,
      `Authorization: Basic ${issued.encoded}`,
      `curl -u '${issued.id}:${issued.secret}' '${stage.url}whoami'`,
    ]);
    await visitor.expectAccessible();
    await visitor.picture('key-secret-revealed');
    const [, tryIt = '', ...others] = shown;
    const headers = others.slice(0, 3).map((header) => `curl -H '${header}' '${stage.url}whoami'`);
    for (const line of [tryIt, ...headers, ...others.slice(3)]) expect(await statusOf(line)).toBe('200');
    expect(await statusOf(tryIt.replace('lk_', 'lk_x'))).toBe('401');

    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await dialog.getByRole('button', { name: 'Copy the key' }).click();
    await dialog.getByText('Copied. You can close this now.').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(issued.token);
    await expectNowhere(visitor, issued);
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.waitForURL(`${stage.url}#/keys/${issued.id}`);
    await expectNowhere(visitor, issued);
    expect(await page.content()).not.toContain(issued.secret);

    const key = await stage.latchkey.apiKeys.get(issued.id);
    expect(key).toMatchObject({ name: 'Nightly export', ownerId: 'alice', policyIds: [], resources: null });
    expect(Math.abs((key?.expiresAt ?? 0) - Date.now() - 30 * DAY_MS)).toBeLessThan(120_000);
  });

  it('gives the policies that are chosen, and statements, within what the user may give', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Pat', { hash: '#/keys/new' });
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill('Chosen');
    await page.getByText('Only what I choose').click();
    const offered = page.locator('.kd-policy');
    await offered.first().waitFor();
    expect(await offered.locator('strong').allInnerTexts()).toEqual(sorted(['Order clerk', 'Order reader']));
    await page.getByText('Only what I may give').click();
    const beyond = page.locator('.kd-policy', { hasText: 'Beyond your rights' });
    await beyond.first().waitFor();
    expect(await page.getByLabel('Billing').isDisabled()).toBe(true);
    expect(await page.getByText(XSS).isVisible()).toBe(true);
    await page.getByText('Only what I may give').click();
    await page.getByLabel('Search policies').fill('READER');
    expect(await offered.count()).toBe(1);
    await page.getByLabel('Order reader').check();
    await page.getByLabel('Search policies').fill('nothing');
    await page.getByText('No policy is called so.').waitFor();
    await page.getByLabel('Search policies').fill('');
    await page.getByRole('button', { name: 'Add a statement' }).click();
    await page.getByLabel('Actions', { exact: true }).fill('orders:write, orders:cancel');
    await page.getByLabel('Resources', { exact: true }).fill('orders/eu-* orders/de-1');
    await visitor.expectAccessible();
    await fullPicture(visitor, 'key-create-rights');
    const { id } = await create(visitor);
    await leaveWithout(visitor);
    const reader = (await stage.latchkey.policies.search({ orgId: 'acme' })).items.find(
      ({ name }) => name === 'Order reader',
    );
    expect(await stage.latchkey.apiKeys.get(id)).toMatchObject({
      policyIds: [reader?.id],
      statements: [
        {
          actions: ['orders:write', 'orders:cancel'],
          resources: ['orders/eu-*', 'orders/de-1'],
          workspace: '*',
        },
      ],
    });
  });

  it('takes every restriction, and another owner from who may give keys to others', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: '#/keys/new' });
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill('Narrow');
    await page.getByLabel('Description').fill('For Bob');
    const day = new Date(Date.now() + 20 * DAY_MS).toISOString().slice(0, 10);
    await page.getByLabel('Expires', { exact: true }).selectOption('date');
    await page.getByLabel('The last day').fill(day);
    await page.getByText('More restrictions').click();
    await restrict(visitor);
    await page.getByLabel('Owner').fill('bob');
    await page.getByText('Everything its owner may do').waitFor();
    await visitor.expectAccessible();
    await fullPicture(visitor, 'key-create-restrictions');
    const { id } = await create(visitor);
    const tryIt = page.locator('.kd-form code').first();
    await page.getByRole('button', { name: 'Reveal the key' }).click();
    expect(await tryIt.innerText()).toContain("curl -H 'Origin: https://app.example.com'");
    expect(await statusOf(await tryIt.innerText())).toBe('200');
    await leaveWithout(visitor);
    expect(await stage.latchkey.apiKeys.get(id)).toMatchObject({
      ownerId: 'bob',
      description: 'For Bob',
      expiresAt: Date.parse(`${day}T23:59:59Z`),
      resources: ['orders/eu-*'],
      allowedAddresses: ['127.0.0.0/8', '2001:db8::/32'],
      allowedOrigins: ['https://app.example.com'],
      maxRequestsPerMinute: 60,
      disableUnusedAfterMs: 12 * 3_600_000,
      properties: { 'cost centre': '4711', team: XSS },
    });
  });

  it('shows the faults that the server finds at their fields, and opens the part in which they are', async () => {
    const visitor = await stage.visit({ refusals: [400, 403] });
    await visitor.logIn('Alice', { hash: '#/keys/new' });
    const { page } = visitor;
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText('Give it a name.').waitFor();
    expect(await page.locator('input:focus').getAttribute('name')).toBe('name');
    await page.getByLabel('Name', { exact: true }).fill('Faulty');
    await page.getByText('Only what I choose').click();
    await page.getByLabel('Actions', { exact: true }).fill('orders:read orders read!');
    await page.getByText('More restrictions').click();
    await page.getByLabel('Addresses').fill('10.0.0.0/8\n10.0.0.0/99');
    await page.getByLabel('Requests per minute').fill('many');
    await page.getByText('More restrictions').click();
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText('Must be a whole number from 1 to 1,000,000.').waitFor();
    await page.getByLabel('Requests per minute').fill('60');
    await page.getByText('More restrictions').click();
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText('“10.0.0.0/99” must be an IPv4 or IPv6 address').waitFor();
    await page.getByText('“read!” must be like "orders:read"').waitFor();
    await visitor.expectAccessible();
    await fullPicture(visitor, 'key-create-faults');
    await page.getByLabel('Addresses').fill('');
    await page.getByLabel('Actions', { exact: true }).fill('invoices:read');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText(/This statement .*rights/).waitFor();
    await page.getByLabel('Actions', { exact: true }).fill('orders:read');
    await create(visitor);
    await leaveWithout(visitor);
  });

  it('keeps what somebody types as text', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/keys/new' });
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill(XSS);
    await page.getByLabel('Description').fill(XSS);
    const { id } = await create(visitor);
    await page.getByRole('dialog', { name: `Your key “${XSS}”` }).waitFor();
    await leaveWithout(visitor);
    expect((await stage.latchkey.apiKeys.get(id))?.name).toBe(XSS);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).not.toBe('hacked');
  });
});

/** Of a line for a shell, what curl was answered. */
async function statusOf(line: string): Promise<string> {
  const { stdout } = await run('sh', ['-c', `${line} -s -m 20 -o /dev/null -w '%{http_code}'`]);
  return stdout;
}

/** `22 Dec 2026`, so many days from now. */
function inDays(days: number): string {
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' });
  return format.format(new Date(Date.now() + days * DAY_MS));
}

function sorted(texts: string[]): unknown {
  return expect.arrayContaining(texts);
}
