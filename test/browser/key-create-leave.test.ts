import { until } from '../conformance/store-suite.js';
import { create, expectNowhere } from './key-create-form.js';
import { type Stage, startStage } from './stage.js';
import type { Visitor } from './visitor.js';

describe('the secret of a new key', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ store: 'redis' });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it('leaves nothing of the secret in the memory of the page', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/keys/new' });
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill('Soon forgotten');
    const { secret } = await create(visitor);
    await page.getByRole('button', { name: 'Reveal the key' }).click();
    expect(await heapHas(visitor, secret)).toBe(true);
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Leave without it' }).click();
    await page.waitForURL(/#\/keys\/\w{9,}/);
    expect(await heapHas(visitor, secret)).toBe(false);
  });

  it('asks once whoever leaves without having copied: by the button, Escape, Back, and closing the tab', async () => {
    const visitor = await stage.visit();
    await visitor.logIn('Alice', { hash: '#/sessions' });
    await visitor.goto('#/keys/new');
    const { page } = visitor;
    await page.getByLabel('Name', { exact: true }).fill('Not copied');
    const issued = await create(visitor);
    const asked = page.getByText('You have not copied the key.');
    const stay = page.getByRole('button', { name: 'Stay' });

    await page.getByRole('button', { name: 'Done' }).click();
    await asked.waitFor();
    await visitor.expectAccessible();
    await visitor.picture('key-secret-leaving');
    await stay.click();
    await page.keyboard.press('Escape');
    await asked.waitFor();
    await page.keyboard.press('Escape'); // Chromium closes a dialog then, whatever the page says
    await page.keyboard.press('Escape');
    await asked.waitFor();
    await stay.click();
    await page.goBack();
    await asked.waitFor();
    expect(page.url()).toBe(`${stage.url}#/keys/new`);
    await stay.click();

    const questions: string[] = [];
    page.on('dialog', (question) => {
      questions.push(question.type());
      void question.dismiss();
    });
    await page.close({ runBeforeUnload: true });
    await until('the browser asks', () => questions.length === 1);
    expect(questions).toEqual(['beforeunload']);
    await expectNowhere(visitor, issued);

    await page.evaluate("location.hash = '#/sessions'");
    await page.getByRole('button', { name: 'Leave without it' }).click();
    await page.getByRole('heading', { name: 'Sessions', level: 1 }).waitFor();
    await page.reload(); // nothing asks any more
    await page.getByRole('heading', { name: 'Sessions', level: 1 }).waitFor();
    expect(questions).toHaveLength(1);
  });
});

/** Whether a picture of all that the page keeps alive has the text in it. */
async function heapHas({ page }: Visitor, text: string): Promise<boolean> {
  const session = await page.context().newCDPSession(page);
  const chunks: string[] = [];
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => void chunks.push(chunk));
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await session.detach();
  return chunks.join('').includes(text);
}
