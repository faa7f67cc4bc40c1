import { withSections } from './readme.js';
import { compareSections } from './sections.js';

const README = `# A library

<!-- bench:start -->
By hand.

<!-- bench:section compare-20 -->
old of 20

<!-- bench:section floods-20 -->
floods of 20
<!-- bench:end -->

After it.
`;

function withTexts(readme: string, texts: Readonly<Record<string, string>>): string {
  return withSections(readme, new Map(Object.entries(texts)), compareSections);
}

describe('the sections of the bench in the README', () => {
  it('are wrapped as the README is, but for tables', () => {
    const [words, row] = [`${'word '.repeat(40)}end`, `| ${'cell '.repeat(40)}|`];
    const lines = withTexts(README, { 'compare-20': `${words}\n${row}` }).split('\n');
    expect(lines).toContain(row);
    expect(lines.filter((line) => line.length > 130)).toEqual([row]);
    expect(lines.join(' ')).toContain(words);
  });

  it('are replaced by name, and added in the order of parts and Nodes; all else stays', () => {
    const added = withTexts(README, { 'compare-24': 'new of 24\n', 'compare-20': 'new of 20', 'cold-20': 'cold' });
    expect(added).toBe(`# A library

<!-- bench:start -->
By hand.

<!-- bench:section compare-20 -->
new of 20

<!-- bench:section compare-24 -->
new of 24

<!-- bench:section floods-20 -->
floods of 20

<!-- bench:section cold-20 -->
cold
<!-- bench:end -->

After it.
`);
  });

  it('are the same after a second time', () => {
    const once = withTexts(README, { 'micro-20': 'micro' });
    expect(withTexts(once, { 'micro-20': 'micro' })).toBe(once);
  });

  it('need their marks', () => {
    expect(() => withTexts('# A library', { 'cold-20': 'cold' })).toThrow('README.md has no <!-- bench:start -->');
  });
});
