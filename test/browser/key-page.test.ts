import type { Locator } from 'playwright-core';
import { AuthError, type NewKey } from '../../lib/index.js';
import { until } from '../conformance/store-suite.js';
import { type Stage, startStage } from './stage.js';
import type { Visitor } from './visitor.js';

const XSS = '<img src=x onerror="document.title=\'pwned\'">';
const ORDERS = [{ actions: ['orders:read', 'orders:write'], resources: ['orders/*'] }];
const BY = { by: 'setup', address: '192.0.2.7' };

describe('the page of a key', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({
      store: 'redis',
      options: {
        usage: { flushIntervalMs: 20 },
      },
    });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  async function newKey(fields: Partial<NewKey> = {}): Promise<string> {
    const standard = { name: 'Export', ownerId: 'alice', orgId: 'acme', statements: ORDERS };
    return (await stage.latchkey.apiKeys.create({ ...standard, ...fields }, BY)).key.id;
  }

  it('shows where the key stands, and what limits it', async () => {
    const id = await newKey({
      allowedAddresses: ['198.51.100.0/24'],
      properties: { team: 'ops' },
      resources: ['orders/*'],
    });
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: `#/keys/${id}` });
    await visitor.page.getByRole('heading', { name: 'Export', level: 1 }).waitFor();
    expect(await factsOf(visitor)).toMatchObject({
      Key: expect.stringMatching(/^lk_••••\w{4}/),
      Id: id,
      Owner: 'alice',
      'Made by': 'setup',
      'Last used': 'never',
      Uses: '0',
      Refusals: '0',
      Addresses: '198.51.100.0/24',
      'Tied to resources': 'orders/*',
      team: 'ops',
    });
    expect(await visitor.page.locator('.standing').innerText()).toBe('Active');
    expect(await visitor.page.title()).toBe('Export · API keys');
  });

  it('counts uses and refusals, and draws them by day, in the colours that were chosen', async () => {
    const made = await stage.latchkey.apiKeys.create(
      { name: 'Used', ownerId: 'alice', orgId: 'acme', statements: ORDERS },
      BY,
    );
    const send = (key: string) => fetch(`${stage.url}whoami`, { headers: { 'x-api-key': key } });
    for (let n = 0; n < 3; n++) expect((await send(made.token)).status).toBe(200);
    await stage.latchkey.apiKeys.rotate(made.key.id, BY);
    await until('the old secret is refused', async () => (await send(made.token)).status === 401);
    await until('they are counted', async () => {
      const { useCount = 0, failureCount = 0 } = (await stage.latchkey.apiKeys.get(made.key.id)) ?? {};
      return useCount >= 3 && failureCount >= 1;
    });
    const visitor = await stage.visit();
    const chunks: string[] = [];
    visitor.page.on('request', (request) => void chunks.push(request.url()));
    await visitor.logIn('Alice', { hash: '#/sessions' });
    expect(chunks.join()).not.toContain('chart');
    await visitor.goto(`#/keys/${made.key.id}`);
    const chart = visitor.page.getByRole('img', {
      name: /^Chart of uses and refusals by day: \d uses, 1 refusal in all/,
    });
    await chart.locator('canvas').waitFor();
    expect(chunks.join()).toContain('usage-chart');
    const light = await chart.screenshot();
    await visitor.page.getByRole('button', { name: 'Use dark colours' }).click();
    await until('it is drawn anew', async () => !(await chart.screenshot()).equals(light));
    const box = await chart.boundingBox();
    await visitor.page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) - 30, (box?.y ?? 0) + 100);
    await visitor.page.getByText(/^\d+ \w+ 20\d\d: \d uses, 1 refusal$/).waitFor();
    await visitor.page.getByRole('button', { name: 'As a table' }).click();
    const cells = await visitor.page.locator('table.days tbody tr td').allInnerTexts();
    expect(cells).toEqual([expect.stringMatching(/^[34]$/), '1']);
  });

  it('answers whether the key may do something, and why not', async () => {
    const policy = await stage.latchkey.policies.create(
      { name: 'Read stock', orgId: 'acme', statements: [{ actions: ['stock:read'] }] },
      BY,
    );
    const id = await newKey({ policyIds: [policy.id] });
    const visitor = await stage.visit({ refusals: [400] });
    const { page } = visitor;
    await visitor.logIn('Root', { hash: `#/keys/${id}` });
    await page.getByRole('link', { name: 'Read stock' }).first().waitFor();
    const matrix = await page.locator('table.matrix tbody tr').allInnerTexts();
    expect(matrix.map((row) => row.split(/\s*[\n\t]\s*/).filter(Boolean))).toEqual([
      ['orders:read', 'Allowed', 'Its own statements'],
      ['orders:write', 'Allowed', 'Its own statements'],
      ['stock:read', 'Cut off', 'Read stock'],
    ]);
    await page.getByText('1 of these rights is cut off by its ceiling').waitFor();
    await ask(visitor, 'orders:read', 'orders/7');
    await page.getByText('Yes: this key may do orders:read on orders/7 in every workspace.').waitFor();
    await ask(visitor, 'orders:read');
    await page.getByText('No: neither its statements nor its policies give it that right.').waitFor();
    await ask(visitor, 'stock:read', 'x');
    await page.getByText('No: its ceiling does not reach that far').waitFor();
    await ask(visitor, 'orders:read now', 'orders/7');
    await page.getByText('must hold no white space').waitFor();
    expect(await page.getByLabel('Action', { exact: true }).getAttribute('aria-invalid')).toBe('true');
  });

  it('tells when it is its owner who may not do it', async () => {
    stage.people.set('erin', { userName: 'Erin', statements: [{ actions: ['orders:*'] }] });
    const id = await newKey({ ownerId: 'erin' });
    stage.people.set('erin', { statements: [] });
    await stage.latchkey.userChanged('erin');
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: `#/keys/${id}` });
    await visitor.page.getByLabel('Action', { exact: true }).waitFor();
    await ask(visitor, 'orders:read', 'orders/7');
    await visitor.page.getByText('but its owner may not do that now').waitFor();
  });

  it('names policies that may not be read by their ids, and says that they are not in the table', async () => {
    const policy = await stage.latchkey.policies.create({ name: 'Secret name', orgId: 'acme', statements: ORDERS }, BY);
    const id = await newKey({ policyIds: [policy.id] });
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: `#/keys/${id}` });
    await visitor.page.getByText('a policy that you may not read').waitFor();
    expect(await visitor.page.locator('main').innerText()).not.toContain('Secret name');
  });

  it('shows what others have typed as text', async () => {
    const name = `${XSS} ${'x'.repeat(100)}`;
    const id = await newKey({
      name,
      description: XSS,
      properties: { team: XSS },
      statements: [{ ...ORDERS[0], actions: ['orders:read'], description: XSS }],
    });
    const visitor = await stage.visit({ width: 360, height: 740 });
    await visitor.logIn('Alice', { hash: `#/keys/${id}` });
    await visitor.page.getByRole('heading', { name, level: 1 }).waitFor();
    await ask(visitor, 'orders:read', '<img/src=x/onerror="document.title=1">');
    await visitor.page.getByText('No: neither its statements').waitFor();
    expect(await visitor.page.locator('main img, main b').count()).toBe(0);
    expect((await factsOf(visitor)).team).toBe(XSS);
    await visitor.expectNoSidewaysScroll();
    await visitor.picture('key-hostile-texts-360');
  });

  it('says that there is no such key, also of one that may not be seen', async () => {
    const visitor = await stage.visit({ refusals: [404] });
    const id = await newKey({ ownerId: 'bob' });
    await visitor.logIn('Alice', { hash: `#/keys/${id}` });
    await visitor.page.getByRole('heading', { name: 'There is no such key', level: 1 }).waitFor();
    await visitor.expectAccessible();
    await visitor.page.getByRole('link', { name: 'My keys' }).first().click();
    await visitor.page.getByRole('heading', { name: 'My keys', level: 1 }).waitFor();
  });
});

describe('the page of a key while the store is down', () => {
  it('tells which parts could not be read, and reads them once the store is back', async () => {
    const stage = await startStage({ store: 'memory' });
    const { apiKeys } = stage.store.records;
    const { usageByDay: read } = apiKeys;
    try {
      const made = await stage.latchkey.apiKeys.create(
        { name: 'Export', ownerId: 'alice', orgId: 'acme', statements: ORDERS },
        BY,
      );
      apiKeys.usageByDay = () => Promise.reject(new AuthError('store_unavailable'));
      const visitor = await stage.visit({ refusals: [503] });
      await visitor.logIn('Alice', { hash: `#/keys/${made.key.id}` });
      await visitor.page.locator('.usage').getByRole('alert').waitFor();
      await trailRows(visitor).first().waitFor();
      await visitor.expectAccessible();
      apiKeys.usageByDay = read;
      await visitor.page.getByRole('button', { name: 'Try again' }).click();
      await visitor.page.getByText('In the last 30 days: no uses, no refusals.').waitFor();
      expect(await visitor.page.getByRole('alert').count()).toBe(0);
    } finally {
      await stage.close();
    }
  });
});

async function ask({ page }: Visitor, action: string, resource = ''): Promise<void> {
  await page.getByLabel('Action', { exact: true }).fill(action);
  await page.getByLabel('Resource').fill(resource);
  await page.getByRole('button', { name: 'Ask' }).click();
}

function trailRows({ page }: Visitor): Locator {
  return page.locator('.trail table.list tbody tr');
}

async function factsOf({ page }: Visitor): Promise<Record<string, string>> {
  const facts = await page.locator('.facts > div').all();
  const pairs = await Promise.all(
    facts.map(async (fact) => [await fact.locator('dt').innerText(), await fact.locator('dd').innerText()]),
  );
  return Object.fromEntries(pairs) as Record<string, string>;
}
