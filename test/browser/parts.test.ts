import { FULL_ACCESS } from '../../lib/index.js';
import { PASSWORD } from '../support/people.js';
import { type Stage, startStage } from './stage.js';
import type { Visitor } from './visitor.js';

const ORDERS = [{ ...FULL_ACCESS, actions: ['orders:read'] }];

describe('the parts of pages', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
    for (const name of ['Beta', 'Alpha', 'Gamma']) {
      const key = { name, ownerId: 'alice', orgId: 'acme', statements: ORDERS };
      await stage.latchkey.apiKeys.create(key, { by: 'root' });
    }
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it('sort a table by its headings, in the address and for screen readers', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/keys?cursor=' });
    const { page } = visitor;
    const names = async () => await page.locator('tbody td[data-title="Name"] a').allInnerTexts();
    const heading = page.getByRole('columnheader', { name: 'Name' });
    const sorted = async (direction: string) => {
      await page.locator(`th[aria-sort="${direction}"]`).getByText('Name').waitFor();
      await page.locator('table[aria-busy="false"]').waitFor();
    };
    await heading.waitFor();
    expect(await heading.getAttribute('aria-sort')).toBe('none');
    await heading.getByRole('button').click();
    await page.waitForURL(/sort=-?name/);
    const first = new URL(page.url()).hash.includes('sort=-name') ? 'descending' : 'ascending';
    const second = first === 'descending' ? 'ascending' : 'descending';
    const inOrder = { ascending: ['Alpha', 'Beta', 'Gamma'], descending: ['Gamma', 'Beta', 'Alpha'] };
    await sorted(first);
    expect(await names()).toEqual(inOrder[first]);
    await heading.getByRole('button').press('Enter');
    await sorted(second);
    expect(await names()).toEqual(inOrder[second]);
    await page.goBack();
    await sorted(first);
    expect(await names()).toEqual(inOrder[first]);
    await page.reload();
    await sorted(first);
    expect(await names()).toEqual(inOrder[first]);
  });

  it.each([1280, 360])('keep a table one for screen readers, %d px wide', async (width) => {
    await stage.latchkey.sessions?.endAll('bob');
    const visitor = await stage.visit({ width, height: 740 });
    await visitor.logIn('Bob', { hash: '#/sessions' });
    await visitor.page.getByText('This session').waitFor();
    const roles = await rolesOf(visitor);
    expect(roles.filter((role) => role === 'table')).toHaveLength(1);
    expect(roles.filter((role) => role === 'row')).toHaveLength(2);
    expect(roles).toEqual(expect.arrayContaining(['columnheader', 'cell', 'rowgroup']));
    // Not every browser keeps the roles of elements whose boxes are other ones.
    const said = await visitor.page
      .locator('table, thead, tbody, tr, th, td')
      .evaluateAll((elements) => [
        ...new Set(elements.map((element) => `${element.nodeName} ${element.getAttribute('role')}`)),
      ]);
    expect(said.sort()).toEqual([
      'TABLE table',
      'TBODY rowgroup',
      'TD cell',
      'TH columnheader',
      'THEAD rowgroup',
      'TR row',
    ]);
  });

  it('lead to the first page from one that was opened by its address', async () => {
    for (let count = 10; count < 37; count++) {
      stage.people.set(`user-${count}`, { userName: `User ${count}` });
      await startSession(stage, `User ${count}`);
    }
    const visitor = await stage.visit({ refusals: [400] });
    await visitor.logIn('Root', { hash: '#/sessions/users' });
    const { page } = visitor;
    const previous = page.getByRole('button', { name: 'Previous' });
    await page.getByText('25 users on this page').waitFor();
    expect(await previous.isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Next' }).click();
    await page.waitForURL(/cursor=/);
    await page.reload();
    await page.getByRole('link', { name: 'User 36' }).waitFor();
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
    await previous.click();
    await page.getByText('25 users on this page').waitFor();
    expect(page.url()).toBe(`${stage.url}#/sessions/users`);
    await page.goto(`${stage.url}#/sessions/users?cursor=broken`);
    await page.getByRole('alert').waitFor();
  });

  describe('that copy', () => {
    async function atPolicy(script = '') {
      const visitor = await stage.visit();
      if (script !== '') await visitor.page.addInitScript(script);
      await visitor.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await visitor.logIn('Root', { hash: '#/policies/auditor' });
      return visitor;
    }

    async function paste({ page }: Visitor): Promise<string> {
      await page.goto(`${stage.url}#/policies`);
      await page.getByLabel('Search by name').focus();
      await page.keyboard.press('Control+V');
      return await page.getByLabel('Search by name').inputValue();
    }

    it('say so, and have done it', async () => {
      const visitor = await atPolicy();
      const { page } = visitor;
      await page.getByRole('button', { name: 'Copy the id' }).click();
      await page.getByRole('status').getByText('Copied', { exact: true }).waitFor();
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe('auditor');
      expect(await paste(visitor)).toBe('auditor');
    });

    it('do so without the clipboard, which browsers have over TLS only', async () => {
      const visitor = await atPolicy('Object.defineProperty(navigator, "clipboard", { value: undefined })');
      const { page } = visitor;
      await page.getByRole('button', { name: 'Copy the id' }).click();
      await page.getByRole('status').getByText('Copied', { exact: true }).waitFor();
      expect(await page.locator(':focus').getAttribute('aria-label')).toBe('Copy the id');
      expect(await page.locator('textarea').count()).toBe(0);
      expect(await paste(visitor)).toBe('auditor');
    });

    it('say when the browser does not let them', async () => {
      const broken =
        'Object.defineProperty(navigator, "clipboard", { value: undefined });document.execCommand = () => false';
      const { page } = await atPolicy(broken);
      await page.getByRole('button', { name: 'Copy the id' }).click();
      await page.getByText('The browser did not let this be copied').waitFor();
      expect(await page.getByText('Copied', { exact: true }).count()).toBe(0);
      await page.getByRole('button', { name: 'Dismiss' }).click();
      await page.getByText('The browser did not let this be copied').waitFor({ state: 'hidden' });
    });
  });
});

describe('the page while Redis does not answer', () => {
  it('says so, how long to wait, and goes on by “Try again”', async () => {
    const stage = await startStage({ store: 'redis', timeoutMs: 1_500 });
    try {
      const visitor = await stage.visit({ refusals: [503] });
      await visitor.logIn('Root', { hash: '#/sessions' });
      const { page } = visitor;
      await page.getByText('This session').waitFor();
      stage.redis?.pause();
      await page.getByRole('link', { name: 'Policies' }).click();
      const alert = page.getByRole('alert');
      await alert.waitFor();
      expect(await alert.innerText()).toMatch(/Try again in \d+ seconds?\./);
      await visitor.expectAccessible();
      await visitor.picture('redis-down');
      stage.redis?.resume();
      await tryAgainUntil(visitor, 'Full Access');

      stage.redis?.pause();
      await page.reload();
      await alert.waitFor();
      await visitor.expectAccessible();
      await visitor.picture('redis-down-at-start');
      expect(await page.getByLabel('Password').count()).toBe(0); // nobody was logged out by it
      stage.redis?.resume();
      await tryAgainUntil(visitor, 'Full Access');
      await stage.leave();
    } finally {
      stage.redis?.resume();
      await stage.close();
    }
  });
});

describe('a session that has reached its longest time', () => {
  it('warns before, once, and tells why it ended', async () => {
    const stage = await startStage({ session: { idleMs: 14_000, absoluteMs: 14_000 } });
    try {
      const visitor = await stage.visit({ refusals: [401] });
      await visitor.logIn('Alice', { hash: '#/sessions' });
      const { page } = visitor;
      await page.reload(); // a use, which puts off the end by idleness
      const warning = page.getByRole('alertdialog', { name: 'Your session is about to end' });
      await warning.getByText('It has reached its longest time, which nothing puts off.').waitFor();
      expect(await warning.getByRole('button', { name: 'Stay logged in' }).count()).toBe(0);
      await visitor.expectAccessible();
      await visitor.picture('session-absolute-end');
      await warning.getByRole('button', { name: 'Understood' }).click();
      await warning.waitFor({ state: 'hidden' });
      await page.getByText('Your session has reached its longest time and has ended.').waitFor({ timeout: 25_000 });
      expect(await warning.count()).toBe(0);
      expect(await stage.latchkey.sessions?.list('alice')).toEqual([]);
      await stage.leave();
    } finally {
      await stage.close();
    }
  });
});

describe('the login of an app with tenants', () => {
  it('asks for one, and lets in who is of it', async () => {
    const stage = await startStage({ page: { asksTenant: true } });
    try {
      const visitor = await stage.visit({ refusals: [401] });
      await visitor.goto();
      const { page } = visitor;
      expect(await page.locator(':focus').getAttribute('name')).toBe('tenant');
      await visitor.expectAccessible();
      await visitor.picture('login-tenant');
      await page.getByLabel('Tenant').fill('other');
      await visitor.submitLogin('Alice');
      await page.getByText('The user name or the password is wrong.').waitFor();
      await page.getByLabel('Tenant').fill('acme');
      await visitor.submitLogin('Alice');
      await page.getByRole('button', { name: 'Log out' }).waitFor();
      expect(page.url()).not.toContain('acme');
      await stage.leave();
    } finally {
      await stage.close();
    }
  });
});

/** What Chromium tells assistive technology. */
async function rolesOf({ page }: Visitor): Promise<string[]> {
  const client = await page.context().newCDPSession(page);
  const { nodes } = await client.send('Accessibility.getFullAXTree');
  return nodes.filter(({ ignored }) => !ignored).map(({ role }) => String(role?.value));
}

async function tryAgainUntil({ page }: Visitor, text: string): Promise<void> {
  const again = page.getByRole('button', { name: 'Try again' });
  const goal = page.getByText(text, { exact: true });
  for (let tries = 0; tries < 6; tries++) {
    await again.or(goal).first().waitFor();
    if (await goal.isVisible()) return;
    await again.click({ timeout: 2_000 }).catch(() => {}); // it may just have gone, since it worked
    await goal.waitFor({ timeout: 2_500 }).catch(() => {}); // else once more
  }
  await goal.waitFor();
}

/** By the API, without a browser. */
async function startSession(stage: Stage, userName: string): Promise<void> {
  const { status } = await fetch(`${stage.url}sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userName, password: PASSWORD }),
  });
  if (status !== 201) throw new Error(`no session: ${status}`);
}
