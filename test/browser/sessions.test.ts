import { FULL_ACCESS } from '../../lib/index.js';
import { PASSWORD } from '../support/people.js';
import { type Stage, startStage } from './stage.js';
import { LOOKS, type Visitor } from './visitor.js';

const HOSTILE = '<img src=x onerror="document.title=`hacked`"> "><script>alert(1)</script>';

describe('sessions', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
    const statements = [{ ...FULL_ACCESS, actions: ['sessions:manage'] }];
    stage.people.set('sam', { userName: 'Sam', statements }).set('eve', { userName: 'Eve', orgId: 'other' });
  });
  afterEach(async () => {
    await stage.leave();
    for (const id of ['alice', 'bob', 'sam', 'root', 'eve']) await stage.latchkey.sessions?.endAll(id);
  });
  afterAll(() => stage.close());

  async function aliveOf(userId: string): Promise<number> {
    return (await stage.latchkey.sessions?.list(userId))?.length ?? 0;
  }

  /** The login again, in a browser whose session somebody has ended. */
  async function expectOut({ page }: Visitor): Promise<void> {
    await page.reload();
    await page.getByText('Your session was ended').waitFor();
  }

  it('are ended one by one, and whoever used one has to log in again', async () => {
    const here = await stage.visit();
    const there = await stage.visit({ refusals: [401], userAgent: 'Mozilla/5.0 (X11; Linux) Firefox/140.0' });
    await there.logIn('Alice');
    await here.logIn('Alice', { hash: '#/sessions' });
    const { page } = here;
    await page.getByRole('row').filter({ hasText: 'Chrome on Linux' }).getByText('This session').waitFor();
    await page.getByRole('button', { name: 'End the session on Firefox on Linux' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'End the session?' });
    await dialog.getByText('Firefox on Linux, from 127.0.0.1').waitFor();
    await here.expectAccessible();
    await here.picture('sessions-end');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    expect(await aliveOf('alice')).toBe(2);
    expect(await page.locator(':focus').innerText()).toContain('Firefox on Linux');
    await page.keyboard.press('Enter');
    await dialog.getByRole('button', { name: 'End it' }).click();
    await page.getByText('The session has ended').waitFor();
    await page.getByText('Firefox on Linux', { exact: true }).waitFor({ state: 'hidden' });
    expect(await aliveOf('alice')).toBe(1);
    await expectOut(there);
  });

  it('are ended all but this one', async () => {
    const here = await stage.visit();
    await here.logIn('Alice', { hash: '#/sessions' });
    const endOthers = here.page.getByRole('button', { name: 'End all others' });
    await here.page.getByText('This session').waitFor();
    expect(await endOthers.isDisabled()).toBe(true);
    const others = [await stage.visit({ refusals: [401] }), await stage.visit({ refusals: [401] })];
    for (const other of others) await other.logIn('Alice');
    await here.page.reload();
    await endOthers.click();
    await here.page.getByText('Whoever uses the other 2 sessions').waitFor();
    await here.page.getByRole('button', { name: 'End them' }).click();
    await here.page.getByText('2 sessions have ended').waitFor();
    expect(await aliveOf('alice')).toBe(1);
    for (const other of others) await expectOut(other);
    await here.page.reload();
    await here.page.getByText('This session').waitFor();
  });

  it('lead to the login when the one in use is ended', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/sessions' });
    await visitor.page.getByRole('button', { name: 'End the session on' }).click();
    await visitor.page.getByText('It is the one that you are using').waitFor();
    await visitor.page.getByRole('button', { name: 'End it' }).click();
    await visitor.page.getByText('You have logged out.').waitFor();
    expect(await aliveOf('alice')).toBe(0);
  });

  it('count as ended when they have ended by themselves meanwhile', async () => {
    const visitor = await stage.visit({ refusals: [404] });
    const other = await stage.visit({ refusals: [401], userAgent: 'curl/8' });
    await other.logIn('Alice');
    await visitor.logIn('Alice', { hash: '#/sessions' });
    await visitor.page.getByRole('button', { name: 'End the session on curl' }).click();
    const [gone] =
      (await stage.latchkey.sessions?.list('alice'))?.filter(({ userAgent }) => userAgent === 'curl/8') ?? [];
    await stage.latchkey.sessions?.end(gone?.id ?? '', 'alice');
    await visitor.page.getByRole('button', { name: 'End it' }).click();
    await visitor.page.getByText('The session has ended').waitFor();
  });

  it('are those of oneself for whoever may not manage them', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/sessions' });
    await visitor.page.getByText('This session').waitFor();
    expect(await visitor.page.getByRole('link', { name: 'Everybody’s' }).count()).toBe(0);
    for (const hash of ['#/sessions/users', '#/sessions/users/bob']) {
      await visitor.page.goto(stage.url + hash);
      await visitor.page.getByRole('heading', { name: 'Not for you', level: 1 }).waitFor();
    }
  });

  it('of everybody in the organisation are seen and ended by whoever manages them', async () => {
    const bob = await stage.visit({ refusals: [401] });
    const again = await stage.visit({ refusals: [401] });
    const eve = await stage.visit();
    for (const visitor of [bob, again]) await visitor.logIn('Bob');
    await eve.logIn('Eve');
    const sam = await stage.visit();
    await sam.logIn('Sam', { hash: '#/sessions' });
    const { page } = sam;
    await page.getByRole('link', { name: 'Everybody’s' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Bob' });
    expect(await row.getByRole('cell').nth(2).innerText()).toBe('2');
    expect(await page.getByText('Eve', { exact: true }).count()).toBe(0);
    await row.getByRole('link', { name: 'Bob' }).click();
    await page.getByRole('heading', { name: 'Sessions of Bob', level: 1 }).waitFor();
    expect(page.url()).toBe(`${stage.url}#/sessions/users/bob`);
    await page.getByRole('button', { name: 'End the session on' }).first().click();
    await page.getByRole('button', { name: 'End it' }).click();
    await page.getByText('The session has ended').waitFor();
    expect(await aliveOf('bob')).toBe(1);
    await page.getByRole('button', { name: 'End all', exact: true }).click();
    const dialog = page.getByRole('alertdialog', { name: 'End all sessions of Bob?' });
    await sam.expectAccessible();
    await dialog.getByRole('button', { name: 'End all' }).click();
    await page.getByText('One session has ended').waitFor();
    await page.getByText('There is no session of a user with this id').waitFor();
    expect(await aliveOf('bob')).toBe(0);
    for (const visitor of [bob, again]) await expectOut(visitor);
    await page.goto(`${stage.url}#/sessions/users`);
    await page.getByLabel('User id').fill('eve');
    await page.keyboard.press('Enter');
    await page.getByText('There is no session of a user with this id').waitFor();
    expect(await aliveOf('eve')).toBe(1);
  });

  it('end with the login page when somebody ends all of their own', async () => {
    const sam = await stage.visit();
    await sam.logIn('Sam', { hash: '#/sessions/users/sam' });
    await sam.page.getByRole('button', { name: 'End all', exact: true }).click();
    await sam.page.getByText('They are your own').waitFor();
    await sam.page.getByRole('alertdialog').getByRole('button', { name: 'End all' }).click();
    await sam.page.getByText('You have logged out.').waitFor();
    expect(await aliveOf('sam')).toBe(0);
  });

  it('leave what browsers and users say of themselves as text', async () => {
    stage.people.set('mallory', { userName: '<b onclick=1>Mallory</b>', statements: [FULL_ACCESS] });
    const hostile = await stage.visit({ userAgent: HOSTILE });
    await hostile.logIn('<b onclick=1>Mallory</b>', { hash: '#/sessions' });
    const { page } = hostile;
    await page.getByText('This session').waitFor();
    expect(await page.locator('table strong').innerText()).toBe(HOSTILE.slice(0, 40));
    expect(await page.locator('table [title^="<img"]').count()).toBe(1);
    await page.goto(`${stage.url}#/sessions/users`);
    await page.getByRole('link', { name: '<b onclick=1>Mallory</b>' }).click();
    await page.getByRole('heading', { name: 'Sessions of <b onclick=1>Mallory</b>' }).waitFor();
    expect(await page.locator('main :is(img, script, b)').count()).toBe(0);
    expect(await page.title()).not.toBe('hacked');
    await stage.latchkey.sessions?.endAll('mallory');
  });

  it('of many users are paged', async () => {
    for (let count = 10; count < 37; count++) {
      stage.people.set(`user-${count}`, { userName: `User ${count}` });
      await startSession(stage, `User ${count}`);
    }
    const sam = await stage.visit();
    await sam.logIn('Sam', { hash: '#/sessions/users' });
    const { page } = sam;
    await page.getByText('25 users on this page').waitFor();
    await page.getByRole('button', { name: 'Next' }).click();
    await page.getByRole('link', { name: 'User 36' }).waitFor();
    await page.getByRole('button', { name: 'Previous' }).click();
    await page.getByText('25 users on this page').waitFor();
  });

  it.each(LOOKS)(
    'of everybody are accessible in $colorScheme colours, $width px wide',
    async ({ colorScheme, width, height }) => {
      await startSession(stage, 'Bob');
      const sam = await stage.visit({ colorScheme, width, height });
      await sam.logIn('Sam', { hash: '#/sessions/users' });
      await sam.page.getByRole('link', { name: 'Bob' }).waitFor();
      await sam.expectNoSidewaysScroll();
      await sam.expectAccessible();
      await sam.picture(`sessions-users-${colorScheme}-${width}`);
      await sam.page.getByRole('link', { name: 'Bob' }).click();
      await sam.page.getByRole('heading', { name: 'Sessions of Bob' }).waitFor();
      await sam.expectNoSidewaysScroll();
      await sam.expectAccessible();
      await sam.picture(`sessions-of-user-${colorScheme}-${width}`);
    },
  );
});

/** By the API, without a browser. */
async function startSession(stage: Stage, userName: string): Promise<void> {
  const { status } = await fetch(`${stage.url}sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userName, password: PASSWORD }),
  });
  if (status !== 201) throw new Error(`no session: ${status}`);
}
