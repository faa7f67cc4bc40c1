import { AuthError } from '../../lib/index.js';
import { type Stage, startStage } from './stage.js';
import { LOOKS } from './visitor.js';

describe('the page of the store’s health', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
    stage.people.set('watch', { userName: 'Watch', statements: [{ actions: ['health:read'], resources: ['health'] }] });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it.each(LOOKS)('is accessible in $colorScheme colours, $width px wide', async ({ colorScheme, width, height }) => {
    const visitor = await stage.visit({ colorScheme, width, height });
    await visitor.logIn('Root', { hash: '#/health' });
    await visitor.page.locator('.findings li').first().waitFor();
    await visitor.expectNoSidewaysScroll();
    await visitor.expectAccessible();
    await visitor.picture(`health-${colorScheme}-${width}`, { fullPage: true });
  });

  it('tells what doctor tells: each finding with its level and what to do, the worst first', async () => {
    const { findings, detail } = await stage.latchkey.health();
    const visitor = await stage.visit();
    await visitor.logIn('Watch', { hash: '#/health' });
    const items = visitor.page.locator('.findings li');
    await items.first().waitFor();
    const texts = await items.allInnerTexts();
    expect(texts).toHaveLength(findings.length);
    for (const finding of findings) {
      const told = texts.find((text) => text.includes(finding.detail)) ?? '';
      expect(told).toContain({ ok: 'In order', warning: 'Warning', unknown: 'Not told' }[finding.level]);
      if (finding.mend !== null) expect(told).toContain(`What to do: ${finding.mend}`);
      if (finding.risk !== null) expect(told).toContain(finding.risk);
    }
    const warnings = findings.filter(({ level }) => level === 'warning').length;
    expect(texts.slice(0, warnings).every((text) => text.startsWith('Warning'))).toBe(true);
    const summary = await visitor.page.locator('.health-summary').innerText();
    expect(summary).toContain(detail);
    expect(summary).toMatch(/Latency\s+[\d.]+ ms/);
    expect(summary).toMatch(/Change feed\s+Live/);
  });

  it('asks again by a button, and says so', async () => {
    const visitor = await stage.visit();
    const asked: string[] = [];
    visitor.page.on('request', (request) => void (request.url().endsWith('/health') && asked.push(request.url())));
    await visitor.logIn('Root', { hash: '#/health' });
    await visitor.page.locator('.findings li').first().waitFor();
    expect(asked).toHaveLength(1);
    await visitor.page.getByRole('button', { name: 'Refresh' }).click();
    await visitor.page.getByRole('status').getByText('Looked at again.').waitFor();
    expect(asked).toHaveLength(2);
  });

  it('is offered to nobody without health:read', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/health' });
    await visitor.page.getByRole('heading', { name: 'Not for you', level: 1 }).waitFor();
    expect(await visitor.page.getByRole('link', { name: 'Health' }).count()).toBe(0);
  });

  it('tells that the server refuses, when a right was taken away meanwhile', async () => {
    stage.people.set('short', { userName: 'Short', statements: [{ actions: ['health:read'] }] });
    const visitor = await stage.visit({ refusals: [403] });
    await visitor.logIn('Short', { hash: '#/health' });
    await visitor.page.locator('.findings li').first().waitFor();
    stage.people.set('short', { statements: [] });
    await stage.latchkey.userChanged('short');
    await visitor.page.getByRole('button', { name: 'Refresh' }).click();
    await visitor.page.getByText('lacks the right "health:read"').waitFor();
  });
});

describe('the page of the store’s health while it is not well', () => {
  it('says that the store cannot be used, what to see to, and an outage', async () => {
    const stage = await startStage({ store: 'memory' });
    try {
      const visitor = await stage.visit({ refusals: [503] });
      await visitor.logIn('Root', { hash: '#/health' });
      await visitor.page.getByText('The store answers; one finding has to be seen to').waitFor();
      await visitor.page.getByText('unless it is accepted as').waitFor();
      const { health } = stage.store;
      const down = { ok: false, latencyMs: 1_234.5, feedIsLive: false, detail: '<b>gone</b>', findings: [] };
      stage.store.health = async () => down;
      await visitor.page.getByRole('button', { name: 'Refresh' }).click();
      await visitor.page.getByRole('heading', { name: 'The store cannot be used' }).waitFor();
      const summary = await visitor.page.locator('.health-summary').innerText();
      expect(summary).toContain('<b>gone</b>');
      expect(summary).toContain('1235 ms');
      expect(summary).toContain('Not live');
      await visitor.expectAccessible();
      await visitor.picture('health-down');
      stage.store.health = () => Promise.reject(new AuthError('store_unavailable'));
      await visitor.page.getByRole('button', { name: 'Refresh' }).click();
      await visitor.page.getByRole('button', { name: 'Try again' }).waitFor();
      stage.store.health = health;
      await visitor.page.getByRole('button', { name: 'Try again' }).click();
      await visitor.page.getByRole('heading', { name: 'The store answers; one finding has' }).waitFor();
      expect(await visitor.page.getByRole('alert').count()).toBe(0);
    } finally {
      await stage.close();
    }
  });
});
