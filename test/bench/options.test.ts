import { readOptions } from './options.js';

describe('the options of the bench', () => {
  it('compare the default set on this Node, unless told otherwise', () => {
    const { parts, nodes, contestants } = readOptions([]);
    expect(parts).toEqual(['compare']);
    expect(nodes).toEqual([process.versions.node.split('.')[0]]);
    expect(contestants.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['express', 'node-http', 'hand-written', 'passport-map', 'better-auth-redis', 'latchkey']),
    );
    expect(contestants.map(({ name }) => name)).not.toContain('latchkey-session-mounted');
  });

  it('take parts, Nodes and contestants', () => {
    const options = readOptions(['--floods', '--compare', '--node', '20,24', '--only', 'latchkey']);
    expect(options).toMatchObject({ parts: ['compare', 'floods'], nodes: ['20', '24'] });
    expect(options.contestants.map(({ name }) => name)).toEqual(['express', 'latchkey']);
    expect(readOptions(['--all']).parts).toEqual(['compare', 'floods', 'cold', 'processes', 'micro']);
  });

  it.each([
    [['--only', 'latchkey,lathckey'], '--only: there is no lathckey'],
    [['--set', 'most'], '--set takes one of default, own, all'],
    [['--set', 'all', '--only', 'latchkey'], '--set and --only do not go together'],
    [['--rounds', '1.5'], '--rounds and --connections take whole numbers'],
    [['--rounds', '0'], '--rounds takes a number from 1 to 1000'],
    [['--check', '--rounds', '5'], '--check and --save-baseline need --rounds 10 or more'],
    [['--floods', '--save-baseline'], '--save-baseline needs --compare'],
    [['--profile', '/tmp', '--readme'], '--profile goes without'],
  ])('refuse %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});
