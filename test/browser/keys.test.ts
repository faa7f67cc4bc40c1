import { type KnownKey, makeKey, makeKeysOfAllStates } from './keys-set.js';
import { type Stage, startStage } from './stage.js';
import type { Visitor } from './visitor.js';

describe('the list of keys', () => {
  let stage: Stage;
  let known: Readonly<Record<string, KnownKey>>;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
    known = await makeKeysOfAllStates(stage.latchkey);
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  const names = async ({ page }: Visitor) => {
    await page.locator('table.list[aria-busy="false"]').waitFor();
    return await page.locator('.key-name a').allInnerTexts();
  };
  /** The list once it shows so many. */
  const shown = async (visitor: Visitor, ...wanted: string[]) => {
    for (const name of wanted) await visitor.page.getByRole('link', { name, exact: true }).waitFor();
    await visitor.page.locator('tbody tr').nth(wanted.length).waitFor({ state: 'detached' });
    return (await names(visitor)).toSorted();
  };
  const queryOf = ({ page }: Visitor) => Object.fromEntries(new URLSearchParams(page.url().split('?')[1]));

  it('leads who has no key yet to the first one', async () => {
    const visitor = await stage.visit();
    stage.people.set('new', { userName: 'New', statements: [{ actions: ['keys:manage-own'] }] });
    await visitor.logIn('New', { hash: '#/keys' });
    await visitor.page.getByText('No keys yet').waitFor();
    await visitor.expectAccessible();
    await visitor.picture('keys-empty');
    await visitor.page.getByRole('button', { name: 'Create your first key' }).click();
    expect(visitor.page.url()).toBe(`${stage.url}#/keys/new`);
  });

  it('shows to a user their own keys, with what they are, in every state', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice');
    await visitor.page.getByText('Billing worker').waitFor();
    const rows = await visitor.page.locator('tbody tr').allInnerTexts();
    const masked = known.billing?.token.slice(-4);
    const cells = rows.map((row) => row.split(/[\t\n]+/).map((cell) => cell.trim()));
    const billing = cells.find((row) => row.includes('Billing worker'));
    expect(billing).toEqual(expect.arrayContaining([`lk_••••${masked}`, '2', 'never', 'Active']));
    const stateOf = (name: string) =>
      cells
        .find((row) => row.includes(name))
        ?.filter(Boolean)
        .at(-1);
    const states = ['Billing worker', 'CI pipeline', 'Nightly export', 'Mobile backend', 'Winter sale'].map(stateOf);
    expect(states).toEqual(['Active', 'Expires soon', 'Disabled', 'Revoked', 'Pending']);
    expect(cells.find((row) => row.includes('CI pipeline'))).toContain('in 12 days');
    expect(cells.find((row) => row.includes('Nightly export'))?.join(' ')).toContain('1 + 1 policy');
    expect(cells.find((row) => row.includes('Old billing'))).toEqual(expect.arrayContaining(['imported', '••••']));
    expect(await visitor.page.getByText('Grafana').count()).toBe(0);
    expect(await visitor.page.getByRole('columnheader', { name: 'Owner' }).count()).toBe(0);
    expect(await visitor.page.getByRole('link', { name: 'All keys' }).count()).toBe(0);
    const link = visitor.page.getByRole('link', { name: 'Billing worker' });
    expect(await link.getAttribute('href')).toBe(`#/keys/${known.billing?.id}`);
  });

  it('shows an expired key as expired', async () => {
    const visitor = await stage.visit();
    const { id } = await makeKey(stage.latchkey, 'bob', 'Short lived');
    const record = await stage.store.records.apiKeys.get(id);
    if (record === null) throw new Error('the key is gone');
    const past = { ...record, createdAt: record.createdAt, expiresAt: record.createdAt, version: record.version + 1 };
    await stage.store.records.apiKeys.update(record, past);
    await visitor.logIn('Bob', { hash: '#/keys?state=expired' });
    expect(await shown(visitor, 'Short lived')).toHaveLength(1);
    await visitor.page.locator('.badge', { hasText: 'Expired' }).waitFor();
    await stage.latchkey.apiKeys.revoke(id, { by: 'setup' });
  });

  it('shows to an administrator everybody’s keys, and by a click those of one owner', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: '#/all-keys' });
    await visitor.page.getByRole('button', { name: 'bob', exact: true }).first().click();
    expect(await shown(visitor, 'Grafana 100%', 'Short lived')).toHaveLength(2);
    expect(queryOf(visitor)).toEqual({ owner: 'bob' });
    await visitor.page.getByRole('button', { name: 'Keys of all owners' }).click();
    await visitor.page.getByText('Billing worker').waitFor();
    expect(queryOf(visitor)).toEqual({});
  });

  it('searches by name, owner, id and last four, and keeps it in the address', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await visitor.logIn('Root', { hash: '#/all-keys' });
    await page.getByLabel('Search by name').fill('BILL');
    expect(await shown(visitor, 'Billing worker', 'Old billing')).toHaveLength(2);
    await page.getByLabel('Search by name').fill('100%');
    expect(await shown(visitor, 'Grafana 100%')).toHaveLength(1);
    await page.getByLabel('Search by name').fill('bo');
    await page.getByText('Nothing found').waitFor();
    await page.getByLabel('Search in').selectOption('Owner');
    expect(await shown(visitor, 'Grafana 100%', 'Short lived')).toHaveLength(2);
    expect(queryOf(visitor)).toEqual({ q: 'bo', in: 'owner' });
    await page.getByLabel('Search in').selectOption('Key id');
    await page.getByLabel('Search by key id').fill(known.off?.id.slice(0, 9) ?? '');
    expect(await shown(visitor, 'Nightly export')).toHaveLength(1);
    await page.getByLabel('Search by key id').fill('not/an id');
    await page.getByText('Nothing found').waitFor();
    await page.getByLabel('Search in').selectOption('Last four');
    await page.getByLabel('Search by the last four').fill(known.ending?.token.slice(-4) ?? '');
    expect(await shown(visitor, 'CI pipeline')).toHaveLength(1);
    await page.reload();
    expect(await shown(visitor, 'CI pipeline')).toHaveLength(1);
    expect(await page.getByLabel('Search by the last four').inputValue()).toBe(known.ending?.token.slice(-4));
  });

  it.each([
    ['as it is', (token: string) => token],
    [
      'in a header',
      (token: string) => `ApiKey ${Buffer.from(token.replace(/^lk_(\w{22})_/, '$1:')).toString('base64')}`,
    ],
    ['as id and secret', (token: string) => token.replace(/^lk_([A-Za-z0-9]{22})_/, '$1:')],
  ])('finds the key that somebody has pasted %s, and drops its secret', async (_how, form) => {
    const visitor = await stage.visit();
    const { page } = visitor;
    const addresses: string[] = [];
    page.on('framenavigated', (frame) => void addresses.push(frame.url()));
    const bodies: (string | null)[] = [];
    page.on('request', (request) => void bodies.push(request.postData()));
    await visitor.logIn('Alice', { hash: '#/keys' });
    const { token = '', id = '' } = known.billing ?? {};
    await page.getByLabel('Search by name').fill(form(token));
    expect(await shown(visitor, 'Billing worker')).toHaveLength(1);
    await page.getByText('its secret was dropped').waitFor();
    expect(queryOf(visitor)).toEqual({ q: id, in: 'id' });
    const secret = token.slice(-30, -6);
    expect([...addresses, page.url(), ...bodies, await page.content()].join()).not.toContain(secret);
  });

  it('filters by state and kind, clears all filters at once, and goes back', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await visitor.logIn('Alice', { hash: '#/keys?state=soon' });
    expect(await shown(visitor, 'CI pipeline')).toHaveLength(1);
    await page.getByLabel('State').selectOption('Disabled');
    expect(await shown(visitor, 'Nightly export')).toHaveLength(1);
    await page.getByLabel('State').selectOption('All but revoked');
    expect(
      await shown(visitor, 'CI pipeline', 'Old billing', 'Nightly export', 'Billing worker', 'Winter sale'),
    ).toHaveLength(5);
    await page.getByLabel('Kind').selectOption('Session keys');
    await page.getByText('Nothing found').waitFor();
    expect(queryOf(visitor)).toEqual({ state: 'kept', kind: 'session-key' });
    await page.locator('.empty').getByRole('button', { name: 'Clear filters' }).click();
    await page.getByText('Mobile backend').waitFor();
    expect(queryOf(visitor)).toEqual({});
    await page.goBack();
    await page.getByText('Nothing found').waitFor();
    expect(await page.getByLabel('State').inputValue()).toBe('kept');
    await visitor.goto('#/keys?state=nonsense&size=7&sort=secretHash&kind=x');
    await page.getByText('Mobile backend').waitFor();
  });

  it('sorts by name, and by when a key was made, was used and expires', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    await visitor.logIn('Alice', { hash: '#/keys' });
    expect((await names(visitor)).at(-1)).toBe('Billing worker');
    const heading = page.getByRole('columnheader', { name: 'Name' });
    await heading.getByRole('button').click();
    await page.locator('tbody tr:first-child', { hasText: 'Winter sale' }).waitFor();
    await heading.getByRole('button').click();
    await page.locator('tbody tr:first-child', { hasText: 'Billing worker' }).waitFor();
    expect(await names(visitor)).toEqual((await names(visitor)).toSorted());
    expect(await heading.getAttribute('aria-sort')).toBe('ascending');
    expect(queryOf(visitor)).toEqual({ sort: 'name' });
    await page.getByRole('columnheader', { name: 'Expires' }).getByRole('button').click();
    await page.getByRole('columnheader', { name: 'Expires' }).getByRole('button').click();
    await page.locator('tbody tr:first-child', { hasText: 'CI pipeline' }).waitFor();
    await page.getByRole('columnheader', { name: 'Last used' }).getByRole('button').click();
    expect(await names(visitor)).toHaveLength(6);
  });

  it('turns pages there and back, also by the browser’s own buttons, and mends a cursor of another list', async () => {
    const visitor = await stage.visit({ refusals: [400] });
    const { page } = visitor;
    stage.people.set('many', { userName: 'Many', statements: [{ actions: ['keys:manage-own'] }] });
    for (let index = 10; index < 70; index++) await makeKey(stage.latchkey, 'many', `Key ${index}`);
    await visitor.logIn('Many', { hash: '#/keys?sort=name' });
    const first = page.locator('tbody tr:first-child');
    const press = (name: string) => page.getByRole('button', { name }).click();
    const opens = (name: string) => first.getByText(name, { exact: true }).waitFor();
    await opens('Key 10');
    await press('Next');
    await opens('Key 35');
    await press('Next');
    await opens('Key 60');
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
    await page.goBack();
    await opens('Key 35');
    await press('Previous');
    await opens('Key 10');
    expect(await page.getByRole('button', { name: 'Previous' }).isDisabled()).toBe(true);
    await page.getByLabel('Rows').selectOption('50');
    await page.getByText('50 keys on this page').last().waitFor();
    await press('Next');
    await opens('Key 60');
    await visitor.goto('#/keys?sort=-name&cursor=WyJuYW1lIixmYWxzZSwieDoxIl0');
    await page.getByText('the middle of another list').waitFor();
    await press('Go to the first page');
    await opens('Key 69');
  });

  it('is read again by the refresh button', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Bob', { hash: '#/keys' });
    await visitor.page.getByText('Grafana 100%').waitFor();
    const { id } = await makeKey(stage.latchkey, 'bob', 'Made meanwhile');
    await visitor.page.getByRole('button', { name: 'Refresh' }).click();
    await visitor.page.getByText('Made meanwhile').waitFor();
    await stage.latchkey.apiKeys.revoke(id, { by: 'setup' });
  });
});
