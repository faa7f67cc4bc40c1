import { MFA_CODE } from '../support/people.js';
import { type Stage, startStage } from './stage.js';
import type { Visitor } from './visitor.js';

describe('the login', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis', page: { title: 'Acme keys' }, options: { lockout: { limit: 3 } } });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it('lets a user in, says who they are, and lets them out again', async () => {
    const visitor = await stage.visit();
    await visitor.goto();
    expect(await visitor.page.title()).toBe('Log in · Acme keys');
    await visitor.expectAccessible();
    await visitor.picture('login');
    await visitor.logIn('Alice');
    expect(await visitor.page.locator('.who').innerText()).toBe('Alice');
    await visitor.expectAccessible();
    await visitor.page.getByRole('button', { name: 'Log out' }).click();
    await visitor.page.getByText('You have logged out.').waitFor();
    expect(await stage.latchkey.sessions?.list('alice')).toEqual([]);
    await visitor.page.reload();
    await visitor.page.getByRole('button', { name: 'Log in' }).waitFor();
  });

  it('keeps a user in who loads the page again', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Bob');
    await visitor.page.reload();
    await visitor.page.getByRole('button', { name: 'Log out' }).waitFor();
  });

  it('says that the password is wrong, and puts the focus there', async () => {
    const { page, submit } = await refused(stage, [401]);
    await submit('Bob', 'wrong');
    expect(await page.getByRole('alert').innerText()).toBe('The user name or the password is wrong.');
    expect(await page.locator('input:focus').getAttribute('name')).toBe('password');
    expect(page.url()).not.toContain('wrong');
  });

  it('asks for a code where the user has a second factor', async () => {
    const { page, submit, visitor } = await refused(stage, [401]);
    await submit('Mia');
    await page.getByLabel('Code').fill('000000');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('The code was not accepted.').waitFor();
    await visitor.expectAccessible();
    await visitor.picture('login-mfa');
    await page.getByLabel('Code').fill(MFA_CODE);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Log out' }).waitFor();
  });

  it('says how long somebody is locked out', async () => {
    stage.people.set('lou', { userName: 'Lou' });
    const { page, submit } = await refused(stage, [401, 429]);
    const locked = page.getByText(/Too many failed attempts to log in\. Try again in \d+ (minute|second)s?\./);
    for (let tries = 0; tries < 6 && !(await locked.isVisible()); tries++) {
      const answered = page.waitForResponse((response) => response.url().endsWith('/sessions'));
      await submit('Lou', 'wrong');
      await answered;
    }
    await locked.waitFor();
  });
});

async function refused(stage: Stage, refusals: readonly number[]) {
  const visitor: Visitor = await stage.visit({ refusals });
  await visitor.goto();
  const { page } = visitor;
  return { visitor, page, submit: (userName: string, password?: string) => visitor.submitLogin(userName, password) };
}
