import type { Visitor } from './visitor.js';

/** A text that would do harm if a page took it for HTML. */
export const XSS = '"><img src=x onerror="document.title=\'hacked\'"><script>alert(1)</script>';

export interface Issued {
  readonly id: string;
  readonly secret: string;
  readonly token: string;
  readonly encoded: string;
}

export async function create({ page }: Visitor): Promise<Issued> {
  const answered = page.waitForResponse((answer) => answer.url().endsWith('/api-keys') && answer.status() === 201);
  await page.getByRole('button', { name: 'Create key' }).click();
  const issued = (await (await answered).json()) as Issued;
  await page.getByRole('dialog').waitFor();
  return issued;
}

export async function restrict({ page }: Visitor): Promise<void> {
  await page.locator('textarea[name="resources"]').fill('orders/eu-*');
  await page.getByLabel('Addresses').fill('127.0.0.0/8\n2001:db8::/32');
  await page.getByLabel('Origins').fill('https://app.example.com');
  await page.getByLabel('Requests per minute').fill('60');
  await page.getByLabel('Disable when unused').fill('12');
  await page.getByLabel('Unit of the time without use').selectOption('hours');
  await page.getByRole('button', { name: 'Add a property' }).click();
  await page.getByLabel('Name of property 1').fill('cost centre');
  await page.getByLabel('Value of property 1').fill('4711');
  await page.getByRole('button', { name: 'Add a property' }).click();
  await page.getByLabel('Name of property 2').fill('team');
  await page.getByLabel('Value of property 2').fill(XSS);
}

export async function leaveWithout({ page }: Visitor): Promise<void> {
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Leave without it' }).click();
  await page.waitForURL(/#\/keys\/\w{9,}/);
}

/** From the top: the page's head stays at the top of the window. */
export async function fullPicture(visitor: Visitor, name: string): Promise<void> {
  await visitor.page.evaluate('scrollTo(0, 0)');
  await visitor.picture(name, { fullPage: true });
}

/** Neither in the address, nor in the title, nor stored. */
export async function expectNowhere({ page }: Visitor, { secret }: Issued): Promise<void> {
  const stored = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state])');
  expect([page.url(), await page.title(), stored].join(' ')).not.toContain(secret);
}
