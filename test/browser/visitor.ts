import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { PASSWORD } from '../support/people.js';

const PICTURES = join(__dirname, '..', '..', 'artefacts', 'page');
/** What a busy machine may need for one step of a page, in ms: a bound for failures, and nothing is measured by it. */
const STEP_WITHIN_MS = 15_000;
/** What Chromium itself says of every answer of 400 and more. */
const REFUSED = /^Failed to load resource: the server responded with a status of (\d+)/;

/** Both colour schemes and both widths, each once: what is wrong with one is so whatever the other is. */
export const LOOKS = [
  { colorScheme: 'light', width: 1280, height: 800 },
  { colorScheme: 'dark', width: 360, height: 740 },
] as const;

export interface VisitorOptions {
  /** In px. Default 1280 by 800. */
  readonly width?: number;
  readonly height?: number;
  /** What the system prefers. Default light. */
  readonly colorScheme?: 'light' | 'dark';
  /** Statuses of 400 and more that this visit is about. */
  readonly refusals?: readonly number[];
  readonly userAgent?: string;
}

/** Somebody with a browser of their own. Whatever a page of theirs complains about is a fault. */
export class Visitor {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #url: string;
  readonly #refusals: readonly number[];
  readonly #faults: string[] = [];

  private constructor(context: BrowserContext, page: Page, url: string, refusals: readonly number[]) {
    this.#context = context;
    this.page = page;
    this.#url = url;
    this.#refusals = refusals;
  }

  static async open(browser: Browser, url: string, options: VisitorOptions): Promise<Visitor> {
    const { width = 1280, height = 800, colorScheme = 'light', refusals = [], userAgent } = options;
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme,
      locale: 'en-GB',
      timezoneId: 'UTC',
      ...(userAgent !== undefined && { userAgent }),
    });
    context.setDefaultTimeout(STEP_WITHIN_MS);
    const visitor = new Visitor(context, await context.newPage(), url, refusals);
    visitor.#watch(visitor.page);
    return visitor;
  }

  /** Another tab of the same browser. */
  async newTab(): Promise<Page> {
    const page = await this.#context.newPage();
    this.#watch(page);
    return page;
  }

  /** @param hash where to, such as `#/keys?state=active`. */
  async goto(hash = '', page = this.page): Promise<void> {
    await page.goto(this.#url + hash);
    await page.locator('h1').first().waitFor();
  }

  /** Types the login and waits for what comes after it. */
  async logIn(userName: string, { password = PASSWORD, hash = '' } = {}): Promise<void> {
    if (!this.page.url().startsWith(this.#url)) await this.goto(hash);
    await this.submitLogin(userName, password);
    await this.page.getByRole('button', { name: 'Log out' }).waitFor();
    await this.page.locator('main h1').waitFor();
  }

  async submitLogin(userName: string, password = PASSWORD, page = this.page): Promise<void> {
    await page.getByLabel('User name').fill(userName);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
  }

  /** A picture of the window, among the artefacts of the run. */
  async picture(name: string, { fullPage = false } = {}): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage, animations: 'disabled' });
  }

  /** @throws Error naming what axe-core has found (WCAG 2.2 AA and its best practices), and where. */
  async expectAccessible(page = this.page): Promise<void> {
    const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
    const found = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
    if (found.length > 0) throw new Error(`not accessible:\n${found.join('\n')}`);
  }

  /** @throws Error when something is wider than the window. */
  async expectNoSidewaysScroll(): Promise<void> {
    const [content = 0, window = 0] = await this.page
      .evaluate('[document.documentElement.scrollWidth, innerWidth]')
      .then((sizes) => sizes as number[]);
    if (content > window) throw new Error(`the content is ${content} px wide in a window of ${window} px`);
  }

  /** Closes the browser. What its pages have complained about. */
  async leave(): Promise<readonly string[]> {
    await this.#context.close();
    return this.#faults;
  }

  #watch(page: Page): void {
    const { origin } = new URL(this.#url);
    page.on('console', (message) => {
      const refused = REFUSED.exec(message.text())?.[1];
      const isExpected = refused !== undefined && this.#refusals.includes(Number(refused));
      if (['error', 'warning'].includes(message.type()) && !isExpected) {
        this.#faults.push(`console: ${message.text()} (${message.location().url})`);
      }
    });
    page.on('pageerror', (error) => void this.#faults.push(`not caught: ${error.stack ?? error.message}`));
    page.on('request', (request) => {
      if (new URL(request.url()).origin !== origin) this.#faults.push(`a request to another host: ${request.url()}`);
    });
  }
}
