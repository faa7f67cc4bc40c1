import { AuthError } from '../../lib/index.js';
import { makeKey } from './keys-set.js';
import { type Stage, startStage } from './stage.js';
import type { Visitor } from './visitor.js';

const ATTACK = '<img src=x onerror="document.title=\'hit\'"><script>document.title="hit"</script>';

describe('what is done in the list of keys', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  const open = async ({ page }: Visitor, name: string, action: string) => {
    await page.getByRole('button', { name: `Actions for ${name}` }).click();
    await page.getByRole('menuitem', { name: action }).click();
    await page.locator('dialog[open]').waitFor();
  };
  const submit = ({ page }: Visitor) => page.locator('dialog[open] [type="submit"]');
  const rowOf = ({ page }: Visitor, name: string) => page.locator('tbody tr', { hasText: name });
  const stateOf = async (id: string) => (await stage.latchkey.apiKeys.get(id))?.state;

  it('disables a key and enables it again', async () => {
    const visitor = await stage.visit();
    const { id } = await makeKey(stage.latchkey, 'alice', 'To switch');
    await visitor.logIn('Alice', { hash: '#/keys' });
    await open(visitor, 'To switch', 'Disable');
    await visitor.expectAccessible();
    await visitor.picture('keys-disable');
    await submit(visitor).click();
    await rowOf(visitor, 'To switch').getByText('Disabled').waitFor();
    expect(await stateOf(id)).toBe('disabled');
    await visitor.page.getByText('“To switch” is disabled').waitFor();
    await open(visitor, 'To switch', 'Enable');
    await submit(visitor).click();
    await rowOf(visitor, 'To switch').getByText('Active').waitFor();
    expect(await stateOf(id)).toBe('active');
  });

  it('revokes a key once its name is typed, for the reason that is given', async () => {
    const visitor = await stage.visit();
    const { id } = await makeKey(stage.latchkey, 'alice', 'To revoke');
    await visitor.logIn('Alice', { hash: '#/keys' });
    await open(visitor, 'To revoke', 'Revoke');
    const { page } = visitor;
    await page.getByLabel('Reason').fill('found in a log');
    expect(await submit(visitor).isDisabled()).toBe(true);
    await page.getByLabel('Type To revoke').fill('To revok');
    await page.keyboard.press('Enter');
    expect(await submit(visitor).isDisabled()).toBe(true);
    expect(await stateOf(id)).toBe('active');
    await page.getByLabel('Type To revoke').fill('To revoke');
    await visitor.expectAccessible();
    await visitor.picture('keys-revoke');
    await page.keyboard.press('Enter');
    await rowOf(visitor, 'To revoke').getByText('Revoked').waitFor();
    expect(await stage.latchkey.apiKeys.get(id)).toMatchObject({
      state: 'revoked',
      revokedBy: 'alice',
      revokedReason: 'found in a log',
    });
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Actions for To revoke');
    expect(await page.getByLabel('Select To revoke').isDisabled()).toBe(true);
    await page.keyboard.press('Enter');
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual(['Show details']);
  });

  it('puts the focus on the heading when the row that had it has left the list', async () => {
    const visitor = await stage.visit();
    await makeKey(stage.latchkey, 'bob', 'To leave');
    await visitor.logIn('Bob', { hash: '#/keys?state=active' });
    await open(visitor, 'To leave', 'Disable');
    await submit(visitor).click();
    await rowOf(visitor, 'To leave').waitFor({ state: 'detached' });
    await visitor.page.locator('h1:focus').waitFor();
  });

  it('offers the newer version of a key that somebody else has changed meanwhile, and keeps what was typed', async () => {
    const visitor = await stage.visit({ refusals: [412] });
    const { page } = visitor;
    const { id } = await makeKey(stage.latchkey, 'alice', 'First name');
    await visitor.logIn('Alice', { hash: '#/keys' });
    await open(visitor, 'First name', 'Revoke');
    await page.getByLabel('Reason').fill('typed before');
    await page.getByLabel('Type First name').fill('First name');
    await stage.latchkey.apiKeys.update(id, { name: 'Second name' }, { by: 'setup' });
    await submit(visitor).click();
    await page.getByText('was changed meanwhile').waitFor();
    await visitor.expectAccessible();
    await visitor.picture('keys-conflict');
    await page.getByRole('button', { name: 'Load the newer version' }).click();
    await page.getByLabel('Type Second name').fill('Second name');
    expect(await page.getByLabel('Reason').inputValue()).toBe('typed before');
    expect(await stateOf(id)).toBe('active');
    await submit(visitor).click();
    await rowOf(visitor, 'Second name').getByText('Revoked').waitFor();
    expect((await stage.latchkey.apiKeys.get(id))?.revokedReason).toBe('typed before');
  });

  it('says so when there is nothing left to do with the newer version', async () => {
    const visitor = await stage.visit({ refusals: [409, 412] });
    const { id } = await makeKey(stage.latchkey, 'alice', 'Gone soon');
    await visitor.logIn('Alice', { hash: '#/keys' });
    await open(visitor, 'Gone soon', 'Disable');
    await stage.latchkey.apiKeys.revoke(id, { by: 'setup' });
    await submit(visitor).click();
    await visitor.page.getByRole('button', { name: 'Load the newer version' }).click();
    await visitor.page.getByText('The key is revoked already.').waitFor();
    expect(await submit(visitor).count()).toBe(0);
  });

  it('revokes the keys that are selected, all of the page at once, and names them', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    stage.people.set('carol', { userName: 'Carol', statements: [{ actions: ['keys:manage-own'] }] });
    const ids = [];
    for (const name of ['One', 'Two', 'Three']) ids.push((await makeKey(stage.latchkey, 'carol', name)).id);
    await visitor.logIn('Carol', { hash: '#/keys' });
    await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
    await page.getByText('3 of 3 selected').waitFor();
    await page.getByRole('checkbox', { name: 'Select Two' }).uncheck();
    await page.getByText('2 of 3 selected').waitFor();
    await page.getByRole('button', { name: 'Revoke …' }).click();
    const dialog = page.locator('dialog[open]');
    expect(await dialog.locator('li strong').allInnerTexts()).toEqual(['Three', 'One']);
    await dialog.getByLabel('Reason').fill('spring cleaning');
    await dialog.getByLabel('Type revoke 2 keys').fill('revoke 2 keys');
    await visitor.expectAccessible();
    await visitor.picture('keys-bulk');
    await submit(visitor).click();
    await page.getByText('2 keys are revoked').waitFor();
    const states = await Promise.all(ids.map(stateOf));
    expect(states).toEqual(['revoked', 'active', 'revoked']);
    expect((await stage.latchkey.apiKeys.get(ids[0] ?? ''))?.revokedReason).toBe('spring cleaning');
    await page.getByText('selected').waitFor({ state: 'detached' });
  });

  it('tells of each key what became of it where not all could be revoked', async () => {
    const visitor = await stage.visit({ width: 360, height: 740 });
    const { page } = visitor;
    stage.people.set('dora');
    const mine = await makeKey(stage.latchkey, 'dora', 'Within');
    await makeKey(stage.latchkey, 'dora', 'Beyond');
    const resources = ['api-keys', `api-keys/${mine.id}`];
    stage.people.set('warden', {
      userName: 'Warden',
      statements: [{ actions: ['keys:read'] }, { actions: ['keys:manage'], resources }],
    });
    await visitor.logIn('Warden', { hash: '#/all-keys?owner=dora' });
    await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
    await page.getByRole('button', { name: 'Revoke …' }).click();
    await page.getByLabel('Type revoke 2 keys').fill('revoke 2 keys');
    await submit(visitor).click();
    await page.getByText('1 of 2 keys is revoked, 1 is not.').waitFor();
    await page.locator('dialog li', { hasText: 'Within' }).getByText('Revoked').waitFor();
    await page.locator('dialog li', { hasText: 'Beyond' }).getByText('Your rights do not cover this key').waitFor();
    await visitor.expectAccessible();
    await visitor.picture('keys-bulk-partial');
    expect(await stateOf(mine.id)).toBe('revoked');
  });

  it('tries those again that the store has not confirmed', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    stage.people.set('gina', { userName: 'Gina', statements: [{ actions: ['keys:manage-own'] }] });
    const slow = await makeKey(stage.latchkey, 'gina', 'Slow');
    await makeKey(stage.latchkey, 'gina', 'Quick');
    const { apiKeys } = stage.store.records;
    const fault = jest.spyOn(apiKeys, 'update').mockImplementation(function (this: typeof apiKeys, previous, next) {
      if (previous.id === slow.id) return Promise.reject(new AuthError('not_durable'));
      return Object.getPrototypeOf(this).update.call(this, previous, next);
    });
    await visitor.logIn('Gina', { hash: '#/keys' });
    await page.getByRole('checkbox', { name: 'Select all on this page' }).check();
    await page.getByRole('button', { name: 'Revoke …' }).click();
    await page.getByLabel('Type revoke 2 keys').fill('revoke 2 keys');
    await submit(visitor).click();
    await page.locator('dialog li', { hasText: 'Slow' }).getByText('try again').waitFor();
    await page.locator('dialog li', { hasText: 'Quick' }).getByText('Revoked').waitFor();
    await visitor.picture('keys-bulk-again');
    fault.mockRestore();
    await page.getByRole('button', { name: 'Try 1 key again' }).click();
    await page.getByText('2 keys are revoked').waitFor();
    expect(await stateOf(slow.id)).toBe('revoked');
  });

  it('shows a refusal of the server in the dialog, and offers to readers nothing to do', async () => {
    const visitor = await stage.visit({ refusals: [403] });
    const { page } = visitor;
    stage.people.set('erin');
    await makeKey(stage.latchkey, 'erin', 'Of Erin');
    stage.people.set('frank', { userName: 'Frank', statements: [{ actions: ['keys:read', 'keys:manage'] }] });
    await visitor.logIn('Frank', { hash: '#/all-keys?owner=erin' });
    await page.getByRole('button', { name: 'Actions for Of Erin' }).click();
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual([
      'Show details',
      'Edit …',
      'Disable …',
      'Revoke …',
    ]);
    await page.keyboard.press('Escape');
    await open(visitor, 'Of Erin', 'Disable');
    stage.people.set('frank', { statements: [{ actions: ['keys:read'] }] });
    await stage.latchkey.userChanged('frank');
    await submit(visitor).click();
    await page.locator('dialog').getByText('lacks the right').waitFor();
    await visitor.goto('');
    await page.reload();
    await page.getByText('Of Erin').waitFor();
    expect(await page.getByRole('checkbox').count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Actions for' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Create key' }).count()).toBe(0);
  });

  it('takes everything that is typed for text', async () => {
    const visitor = await stage.visit();
    const { page } = visitor;
    stage.people.set(ATTACK, { userName: 'Eve', statements: [{ actions: ['keys:manage-own'] }] });
    const { id } = await makeKey(stage.latchkey, ATTACK, ATTACK);
    await visitor.logIn('Eve', {
      hash: `#/keys?q=${encodeURIComponent('<script>')}&cursor=&owner=${encodeURIComponent(ATTACK)}`,
    });
    await page.getByLabel('Search by name').fill(ATTACK);
    await page.getByRole('link', { name: ATTACK }).waitFor();
    await open(visitor, ATTACK, 'Revoke');
    await page.getByLabel('Reason').fill(ATTACK);
    await page.getByLabel('Type revoke to confirm').fill('revoke');
    await visitor.picture('keys-attack');
    await submit(visitor).click();
    await rowOf(visitor, 'img').getByText('Revoked').waitFor();
    expect((await stage.latchkey.apiKeys.get(id))?.revokedReason).toBe(ATTACK);
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.title()).toBe('My keys · API keys');
    const other = await stage.visit();
    await other.logIn('Root', { hash: `#/all-keys?owner=${encodeURIComponent(ATTACK)}` });
    await other.page.getByRole('button', { name: ATTACK, exact: true }).waitFor();
    await other.page.getByRole('link', { name: ATTACK }).waitFor();
    await other.picture('keys-attack-all');
    expect(await other.page.locator('main img, main script').count()).toBe(0);
    expect(await other.page.title()).toBe('All keys · API keys');
  });
});
