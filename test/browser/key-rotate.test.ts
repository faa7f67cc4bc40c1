import { createHash } from 'node:crypto';
import type { ApiKey } from '../../lib/index.js';
import { type Stage, startStage } from './stage.js';
import type { Visitor, VisitorOptions } from './visitor.js';

const XSS = '"><img src=x onerror="document.title=\'hacked\'">';
const DAY_MS = 86_400_000;
const BY = { by: 'test' };
const OWN = { ownerId: 'alice', orgId: 'acme' };

describe('rotating a key', () => {
  let stage: Stage;

  beforeAll(async () => {
    const keys = { maxGraceMs: DAY_MS };
    stage = await startStage({
      store: 'redis',
      options: { keys, http: { importedKeys: { pattern: /acme_[a-z0-9]{32}/ } } },
    });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  async function make(name: string, lifetimeMs = 30 * DAY_MS) {
    return await stage.latchkey.apiKeys.create({ ...OWN, name, lifetimeMs }, BY);
  }
  const whoami = async (token: string) =>
    (await fetch(`${stage.url}whoami`, { headers: { 'X-API-Key': token } })).status;
  const keyOf = async ({ id }: ApiKey) => (await stage.latchkey.apiKeys.get(id)) as ApiKey;

  it('offers the graces that the rules allow, says until when the old secret works, and shows the new one', async () => {
    const { key, token } = await make(`Rotated ${XSS}`);
    const { page, dialog, visitor } = await openRotate(stage, key.name);
    expect(await dialog.locator('.kd-option').allInnerTexts()).toEqual(['Not at all', '1 hour', '24 hours']);
    expect(await dialog.getByLabel('24 hours').isChecked()).toBe(true);
    await dialog.getByText(`The old secret works until ${absolute(Date.now() + DAY_MS).slice(0, -4)}`).waitFor();
    await visitor.expectAccessible();
    await visitor.picture('key-rotate');
    await dialog.getByLabel('1 hour').check();
    const issued = await rotate(visitor);
    const shown = page.getByRole('dialog', { name: `The new secret of “${key.name}”` });
    await shown.getByText(/The old one is accepted until \d/).waitFor();
    expect(await page.content()).not.toContain(issued.secret);
    await visitor.expectAccessible();
    await visitor.picture('key-rotate-secret');
    expect([await whoami(token), await whoami(issued.token)]).toEqual([200, 200]);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await shown.getByRole('button', { name: 'Copy the curl line', exact: true }).click();
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain(issued.token);
    await shown.getByRole('button', { name: 'Done' }).click();
    await shown.waitFor({ state: 'detached' });
    await page.getByText('The key has a new secret').waitFor();
    expect(await page.locator(':focus').getAttribute('aria-label')).toBe(`Actions for ${key.name}`);
    const { previousSecretExpiresAt } = await keyOf(key);
    expect(Math.abs((previousSecretExpiresAt ?? 0) - Date.now() - 3_600_000)).toBeLessThan(120_000);
    expect(await page.locator('img').count()).toBe(0);
  });

  it('ends the old secret at once where that is asked for, and one before it in any case', async () => {
    const { key, token: first } = await make('Twice');
    const second = await stage.latchkey.apiKeys.rotate(key.id, { ...BY, graceMs: 3_600_000 });
    const { dialog, visitor } = await openRotate(stage, 'Twice');
    await dialog.getByText(/The secret before this one, which was to work until .* stops working at once/).waitFor();
    await dialog.getByLabel('Not at all').check();
    await dialog.getByText('Whatever still uses the old secret is refused at once.').waitFor();
    await visitor.picture('key-rotate-again');
    const issued = await rotate(visitor);
    await visitor.page.getByText('The old one is no longer accepted.').waitFor();
    expect([await whoami(first), await whoami(second.token), await whoami(issued.token)]).toEqual([401, 401, 200]);
    await leaveWithout(visitor);
  });

  it('does not let an old secret seem to outlive its key', async () => {
    const { key } = await make('Short', 1_800_000);
    const { dialog } = await openRotate(stage, 'Short');
    await dialog.getByText(`The old secret works until ${absolute(key.expiresAt ?? 0)}`).waitFor();
  });

  it('says of an imported key that its users have to change it', async () => {
    const old = 'acme_0123456789abcdef0123456789abcdef';
    const sha256 = createHash('sha256').update(old).digest('hex');
    const result = await stage.latchkey.apiKeys.import({ ...OWN, name: 'Old form', sha256 }, BY);
    expect(result.outcome).toBe('imported');
    const { dialog, visitor } = await openRotate(stage, 'Old form');
    await dialog.getByText('This key was imported.').waitFor();
    await visitor.expectAccessible();
    await visitor.picture('key-rotate-imported');
    const issued = await rotate(visitor);
    expect([await whoami(old), await whoami(issued.token)]).toEqual([200, 200]);
    await leaveWithout(visitor);
  });

  it('does not rotate a version that it has not shown', async () => {
    const { key } = await make('Outdated');
    const { dialog, visitor } = await openRotate(stage, 'Outdated', { refusals: [412] });
    await stage.latchkey.apiKeys.update(key.id, { description: 'changed' }, BY);
    await dialog.getByRole('button', { name: 'Rotate' }).click();
    await dialog.getByRole('button', { name: 'Load the newer version' }).click();
    await dialog.getByText('This is the newer version').waitFor();
    await visitor.expectAccessible();
    await rotate(visitor);
    await leaveWithout(visitor);
  });

  it('tells of a key that was revoked meanwhile that it cannot be rotated', async () => {
    const { key } = await make('Gone');
    const { dialog, visitor } = await openRotate(stage, 'Gone', { refusals: [409, 412] });
    await stage.latchkey.apiKeys.revoke(key.id, BY);
    await dialog.getByRole('button', { name: 'Rotate' }).click();
    await dialog.getByRole('button', { name: 'Load the newer version' }).click();
    await dialog.getByRole('button', { name: 'Rotate' }).click();
    await dialog.getByText('The key is revoked, for good.').waitFor();
    await visitor.picture('key-rotate-revoked');
  });

  it('asks whoever goes to another list with the new secret, and takes them there', async () => {
    await make('Elsewhere');
    const { page, visitor } = await openRotate(stage, 'Elsewhere');
    await rotate(visitor);
    await page.evaluate("location.hash = '#/keys?sort=name'");
    await page.getByText('You have not copied the key.').waitFor();
    expect(page.url()).toBe(`${stage.url}#/keys`);
    await page.getByRole('button', { name: 'Leave without it' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(page.url()).toBe(`${stage.url}#/keys?sort=name`);
  });

  it('looks well in dark colours, 360 px wide', async () => {
    await make('Narrow');
    const options = { colorScheme: 'dark', width: 360, height: 740 } as const;
    const { visitor } = await openRotate(stage, 'Narrow', options);
    await visitor.expectAccessible();
    await visitor.expectNoSidewaysScroll();
    await visitor.picture('key-rotate-dark-360');
  });
});

async function openRotate(stage: Stage, name: string, options: VisitorOptions = {}) {
  const visitor: Visitor = await stage.visit(options);
  await visitor.logIn('Alice', { hash: '#/keys' });
  const { page } = visitor;
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: 'Rotate' }).click();
  const dialog = page.getByRole('dialog', { name: `Rotate “${name}”` });
  await dialog.waitFor();
  return { visitor, page, dialog };
}

async function rotate({ page }: Visitor): Promise<{ secret: string; token: string }> {
  const answered = page.waitForResponse((answer) => answer.url().endsWith('/rotate') && answer.status() === 200);
  await page.getByRole('button', { name: 'Rotate', exact: true }).click();
  const issued = (await (await answered).json()) as { secret: string; token: string };
  await page.getByRole('dialog', { name: 'The new secret of' }).waitFor();
  return issued;
}

async function leaveWithout({ page }: Visitor): Promise<void> {
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Leave without it' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

/** `22 Nov 2026, 14:05` */
function absolute(at: number): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(at);
}
