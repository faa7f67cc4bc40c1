import { FULL_ACCESS } from '../../lib/index.js';
import { type Stage, startStage } from './stage.js';

const HOUR_MS = 3_600_000;

describe('the page when things go wrong', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it('keeps what was typed for a new key when the session is revoked in the middle, for nobody else', async () => {
    const visitor = await stage.visit({ refusals: [401] });
    await visitor.logIn('Alice', { hash: '#/keys/new' });
    const { page } = visitor;
    const name = page.getByLabel('Name', { exact: true });
    await name.fill('Typed with care');
    await stage.latchkey.sessions?.endAll('alice');
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText('Your session was ended').waitFor();
    await visitor.submitLogin('Bob');
    await name.waitFor();
    expect(await name.inputValue()).toBe('');
    await page.getByRole('button', { name: 'Log out' }).click();
    await visitor.submitLogin('Alice');
    await page.getByText('What you typed here before is still there').waitFor();
    expect(await name.inputValue()).toBe('Typed with care');
    await visitor.expectAccessible();
    await visitor.picture('key-create-kept');
    await page.getByRole('button', { name: 'Start over' }).click();
    expect(await name.inputValue()).toBe('');
    await name.fill('Given up');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Create key' }).first().click();
    await name.waitFor();
    expect(await name.inputValue()).toBe('');
    expect((await stage.latchkey.apiKeys.list({ orgId: 'acme', ownerId: 'alice' })).items).toEqual([]);
  });

  it.each([-26, 26])('tells times by the clock of the server, with one of its own that is %d h off', async (hours) => {
    const own = { orgId: 'acme', ownerId: 'bob', statements: [{ ...FULL_ACCESS, actions: ['orders:*'] }] };
    const expiresAt = Date.now() + 60 * 24 * HOUR_MS;
    const { key } = await stage.latchkey.apiKeys.create({ ...own, name: `Skew ${hours}`, expiresAt }, { by: 'root' });
    const visitor = await stage.visit();
    const { page } = visitor;
    await page.addInitScript(`{
      const now = Date.now;
      Date.now = () => now() + ${hours * HOUR_MS};
    }`);
    await visitor.logIn('Bob', { hash: `#/keys/${key.id}` });
    await page.getByText('just now').first().waitFor();
    await visitor.goto('#/keys/new');
    await page.getByLabel('Expires', { exact: true }).selectOption({ label: 'In 1 hour' });
    const hint = await page.getByText(/^Expires \d/).innerText();
    const shownAt = Date.parse(`${hint.replace('Expires ', '').replace(',', '')} UTC`);
    expect(Math.abs(shownAt - Date.now() - HOUR_MS)).toBeLessThan(5 * 60_000);
  });

  it('shows the status of an answer that was cut off', async () => {
    const visitor = await stage.visit({ refusals: [503] });
    await visitor.logIn('Alice', { hash: '#/keys' });
    await visitor.page.route('**/sessions?*', (route) =>
      route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"detail":' }),
    );
    await visitor.page.route('**/sessions', (route) =>
      route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"detail":' }),
    );
    await visitor.page.getByRole('link', { name: 'Sessions' }).click();
    await visitor.page.getByText('The server answered 503').waitFor();
  });

  it('shows nothing of a session that has ended elsewhere while Back had the page put away', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/keys' });
    await visitor.page.evaluate(`
      localStorage.removeItem('latchkey /auth/ login');
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    `);
    await visitor.page.getByText('the session was ended in another tab').waitFor();
    expect(await visitor.page.locator('main').innerText()).not.toContain('My keys');
  });

  it('shows in the navigation where one is, in a narrow window and in forced colours', async () => {
    const visitor = await stage.visit({ width: 360, height: 740 });
    await visitor.logIn('Root', { hash: '#/health' });
    const { page } = visitor;
    const current = page.locator('nav.places [aria-current="page"]');
    await page.getByRole('heading', { name: 'Health', level: 1 }).waitFor();
    const box = await current.boundingBox();
    expect(box?.x).toBeGreaterThanOrEqual(0);
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(361); // rounded
    await page.emulateMedia({ forcedColors: 'active' });
    const lineOf = (link: Element) => getComputedStyle(link).borderBottomColor;
    const others = await page.locator('nav.places a:not([aria-current])').first().evaluate(lineOf);
    expect(await current.evaluate(lineOf)).not.toBe(others);
  });
});
