import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PAGES } from '../../admin-router/page/src/routes.js';
import { createLatchkey, EVENT_TYPES } from '../../lib/index.js';
import { People } from '../support/people.js';
import { loginOptions } from '../support/signed-in.js';
import { codesIn, documents, ROOT, tableAfter, textOf } from './markdown.js';

const MAX_WIDTH = 130;
/** Paths in back quotes, from the root or from the document's own folder. */
const PATH = /^(?:[\w.-]+\/)+[\w.*-]+\.(?:ts|md|mjs|json)$|^[\w-]+\.(?:ts|md)$/;

describe.each(documents())('%s', (document) => {
  const text = textOf(document);
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  const drawings = [...text.matchAll(/^```text$([\s\S]*?)^```$/gm)].map(([, drawing = '']) => drawing);

  it('names files that there are', () => {
    const words = [...codesIn(prose.replaceAll('\n', ' ')), ...drawings.flatMap((drawing) => drawing.split(/[\s()]+/))];
    const named = words.filter((word) => PATH.test(word) && !word.includes('*'));
    expect([...new Set(named)].filter((path) => !isThere(document, path))).toEqual([]);
  });

  it('links to headings and files that there are', () => {
    const targets = [...prose.matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target);
    const anchors = new Set([...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => `#${slugOf(heading)}`));
    const broken = targets.filter((target) => {
      if (/^https:/.test(target)) return false;
      return target.startsWith('#') ? !anchors.has(target) : !isThere(document, target);
    });
    expect(broken).toEqual([]);
  });

  it(`has lines of at most ${MAX_WIDTH} characters, but for tables and addresses`, () => {
    const written = text.replace(/<!-- bench:start -->[\s\S]*<!-- bench:end -->/, ''); // the rest is measured
    const tooLong = written
      .split('\n')
      .filter((line) => [...line].length > MAX_WIDTH && !/^\||^- .*https:|^<details>/.test(line));
    expect(tooLong).toEqual([]);
  });
});

it('the documents name methods that a Latchkey has', async () => {
  const latchkey = createLatchkey(loginOptions(new People()));
  const instruments = tableAfter('README.md', 'metrics: every instrument').flatMap(([name = '']) => codesIn(name));
  const others = new Set([...instruments, 'latchkey.verify']); // a span
  const prose = documents()
    .filter((document) => document !== 'CHANGELOG.md')
    .map((document) => textOf(document).replaceAll(/^```[\s\S]*?^```$/gm, ''));
  const named = codesIn(prose.join(' ').replaceAll('\n', ' ')).flatMap(
    (code) => /^latchkey(?:\.(?!ts$)\w+)+/.exec(code) ?? [],
  );
  const missing = [...new Set(named)].filter(
    (name) => !others.has(name) && !reaches(latchkey, name.split('.').slice(1)),
  );
  await latchkey.close();
  expect(named.length).toBeGreaterThan(20);
  expect(missing).toEqual([]);
});

it('the README names every part of the page, with the rights that it takes', () => {
  const told = tableAfter('README.md', 'parts of the page').map(([name, right = '']) => [name, codesIn(right)]);
  expect(told).toEqual(PAGES.flatMap(({ nav, rights = [] }) => (nav === undefined ? [] : [[nav, rights]])));
});

it('the README names every event', () => {
  const [, section = ''] = /^## Events and the audit trail\n([\s\S]*?)^## /m.exec(textOf('README.md')) ?? [];
  const named = codesIn(section.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll('\n', ' '));
  const told = named.filter((code) => /^(?:key|policy|document|login|session|request|activity)\.[a-z-]+$/.test(code));
  expect([...new Set(told)].sort()).toEqual([...EVENT_TYPES].sort());
});

it('the README names every instrument of the telemetry', () => {
  const source = readFileSync(join(ROOT, 'lib/telemetry/telemetry.ts'), 'utf8');
  const instruments = [...source.matchAll(/\b(?:observe|counter|seconds)\('([\w.]+)'/g)].map(([, name = '']) => name);
  const told = tableAfter('README.md', 'metrics: every instrument').flatMap(([name = '']) => codesIn(name));
  expect(told.sort()).toEqual(instruments.sort());
});

it('the README says why there is each dependency', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const told = tableAfter('README.md', 'dependencies: those of package.json').flatMap(([names = '']) =>
    names.split(', '),
  );
  expect(told.sort()).toEqual(Object.keys(dependencies).sort());
});

function reaches(value: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return value !== undefined;
  return typeof value === 'object' && value !== null && reaches(Reflect.get(value, name), rest);
}

function isThere(document: string, path: string): boolean {
  return [ROOT, join(ROOT, dirname(document))].some((folder) => existsSync(join(folder, path)));
}

/** As GitHub makes them. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-');
}
