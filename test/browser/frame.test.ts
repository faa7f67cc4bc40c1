import { gzipSync } from 'node:zlib';
import { type Stage, startStage } from './stage.js';

/** Of everything that the first page loads, compressed, in bytes. */
const FIRST_LOAD = 100_000;

describe('the frame of the page', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it('lets in a second tab, and lets it out when the first one logs out', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice');
    const second = await visitor.newTab();
    await visitor.goto('', second);
    await second.getByRole('button', { name: 'Log out' }).waitFor();
    await visitor.page.getByRole('button', { name: 'Log out' }).click();
    await second.getByText('the session was ended in another tab').waitFor();
    await visitor.submitLogin('Alice', undefined, second);
    await visitor.page.getByRole('button', { name: 'Log out' }).waitFor();
  });

  it('leads a user whose session was revoked to the login, says so, and then back to where they were', async () => {
    const visitor = await stage.visit({ refusals: [401] });
    await visitor.logIn('Alice', { hash: '#/sessions?from=here' });
    await visitor.page.waitForLoadState('networkidle'); // else it may be told before it is loaded anew
    await stage.latchkey.sessions?.endAll('alice');
    await visitor.page.reload();
    await visitor.page.getByText('Your session was ended').waitFor();
    await visitor.expectAccessible();
    await visitor.picture('session-revoked');
    await visitor.submitLogin('Alice');
    await visitor.page.getByRole('heading', { name: 'Sessions' }).waitFor();
    expect(visitor.page.url()).toBe(`${stage.url}#/sessions?from=here`);
  });

  it('knows no page at an address that somebody made up, and stays usable', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/no/such/%page' });
    await visitor.page.getByRole('heading', { name: 'There is no such page', level: 1 }).waitFor();
    await visitor.page.getByRole('link', { name: 'Go to the beginning' }).click();
    await visitor.page.locator('nav.places [aria-current="page"]').waitFor();
  });

  it('is named by its heading, which takes the focus on navigation', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Root', { hash: '#/nowhere' });
    await visitor.page.getByRole('link', { name: 'Sessions' }).click();
    await visitor.page.getByRole('heading', { name: 'Sessions', level: 1 }).waitFor();
    expect(await visitor.page.locator(':focus').innerText()).toBe('Sessions');
    expect(await visitor.page.title()).toBe('Sessions · API keys');
    await visitor.page.goBack();
    await visitor.page.getByRole('heading', { name: 'There is no such page', level: 1 }).waitFor();
  });

  it('can be skipped to the content by keyboard', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice');
    await visitor.page.reload();
    await visitor.page.getByRole('button', { name: 'Log out' }).waitFor();
    await visitor.page.keyboard.press('Tab');
    await visitor.page.keyboard.press('Enter');
    expect(await visitor.page.locator(':focus').getAttribute('id')).toBe('content');
  });

  it('leaves the keyboard where it is when the first page comes late', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/sessions' });
    let letCome: () => void = () => {};
    const isDue = new Promise<void>((resolve) => {
      letCome = resolve;
    });
    await visitor.page.route('**/assets/sessions-*.js', async (route) => {
      await isDue;
      await route.continue();
    });
    await visitor.page.reload({ waitUntil: 'commit' });
    await visitor.page.getByRole('button', { name: 'Log out' }).waitFor();
    await visitor.page.keyboard.press('Tab');
    letCome();
    await visitor.page.getByRole('heading', { name: 'Sessions', level: 1 }).waitFor();
    await visitor.page.keyboard.press('Enter');
    expect(await visitor.page.locator(':focus').getAttribute('id')).toBe('content');
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)('is accessible in %s colours, %d px wide', async (colorScheme, width) => {
    const visitor = await stage.visit({ colorScheme, width, height: width === 360 ? 740 : 800 });
    await visitor.goto();
    await visitor.expectNoSidewaysScroll();
    await visitor.expectAccessible();
    await visitor.picture(`login-${colorScheme}-${width}`);
    await visitor.logIn('Root');
    await visitor.page.getByRole('link', { name: 'Sessions' }).click();
    await visitor.page.getByText('This session').waitFor();
    await visitor.expectNoSidewaysScroll();
    await visitor.expectAccessible();
    await visitor.picture(`sessions-${colorScheme}-${width}`);
  });

  it('remembers which colours were chosen, beyond the log-out', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice');
    const theme = () => visitor.page.locator('html').getAttribute('data-theme');
    expect(await theme()).toBe('light');
    await visitor.page.getByRole('button', { name: 'Use dark colours' }).click();
    expect(await theme()).toBe('dark');
    await visitor.page.getByRole('button', { name: 'Log out' }).click();
    await visitor.page.getByText('You have logged out.').waitFor();
    await visitor.page.reload();
    await visitor.page.getByRole('button', { name: 'Use light colours' }).waitFor();
    expect(await theme()).toBe('dark');
  });

  it('takes with the log-out what it has kept itself, and nothing of the app that it is mounted in', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice');
    await visitor.page.evaluate(
      'localStorage.cart = "3 things"; sessionStorage.step = "2"; document.cookie = "seen=yes; path=/"',
    );
    await visitor.page.getByRole('button', { name: 'Log out' }).click();
    await visitor.page.getByText('You have logged out.').waitFor();
    const kept = await visitor.page.evaluate('[{ ...localStorage }, { ...sessionStorage }, document.cookie]');
    expect(kept).toEqual([{ cart: '3 things' }, { step: '2' }, 'seen=yes']);
  });

  it('loads less than 100 kB at first, compressed', async () => {
    const visitor = await stage.visit();
    const bodies: Promise<Buffer>[] = [];
    visitor.page.on('response', (response) => void bodies.push(response.body()));
    await visitor.goto();
    const sizes = (await Promise.all(bodies)).map((body) => gzipSync(body).length);
    expect(sizes.length).toBeGreaterThan(3);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(FIRST_LOAD);
  });

  it('keeps no password and no session id where a script could read them', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice');
    const kept = String(await visitor.page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])'));
    expect(kept).not.toContain('correct horse');
    expect(kept).not.toContain('sID');
    expect(kept).toContain('latchkey /auth/ login');
  });
});

describe('a session that nobody uses', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ session: { idleMs: 12_000 } });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it('warns before it ends, goes on when that is wanted, and tells why it ended', async () => {
    const visitor = await stage.visit({ refusals: [401] });
    await visitor.logIn('Alice');
    const warning = visitor.page.getByRole('alertdialog', { name: 'Your session is about to end' });
    await warning.waitFor();
    await visitor.expectAccessible();
    await visitor.picture('session-warning');
    await visitor.page.getByRole('button', { name: 'Stay logged in' }).click();
    await warning.waitFor({ state: 'hidden' });
    expect(await stage.latchkey.sessions?.list('alice')).toHaveLength(1);
    await warning.waitFor();
    await visitor.page.getByText('because it was not used for a while').waitFor();
    expect(await stage.latchkey.sessions?.list('alice')).toEqual([]);
  });
});
