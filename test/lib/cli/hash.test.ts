import { createHash } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Input } from '../../../lib/cli/command.js';
import { run } from './run-command.js';

const KEY = 'acme_0123456789abcdefghij';
const LENGTH = 'a key must have 16 to 256 bytes: a shorter one can be guessed, a longer one is not read';
const SENDABLE = 'a key must be as it is sent in a header: no control characters, no space around it';
const SHA256 = createHash('sha256').update(KEY).digest('hex');

describe('latchkey hash', () => {
  it.each([KEY, `${KEY}\n`, `${KEY}\r\n`])('hashes the standard input without the line end: %j', async (input) => {
    expect(await run(['hash'], { input })).toEqual({ code: 0, out: `${SHA256}\n`, errors: '' });
    expect(await run(['hash', '--json'], { input })).toEqual({ code: 0, out: `{"sha256":"${SHA256}"}\n`, errors: '' });
  });

  it.each<[string, string[], string]>([
    ['', [], 'there is no key on the standard input'],
    ['\n', [], 'there is no key on the standard input'],
    [`${KEY}\n${KEY}\n`, [], 'there is more than one line: a file of keys is for latchkey keys import'],
    ['x'.repeat(257), [], LENGTH],
    ['é'.repeat(129), [], LENGTH],
    ['x'.repeat(15), [], LENGTH],
    ['x'.repeat(10_000_000), [], 'the standard input holds more than 1024 bytes'],
    [`${KEY} `, [], SENDABLE],
    [`\t${KEY}`, [], SENDABLE],
    ['', [KEY], 'only options are taken, each with two dashes'],
    ['', [`--${KEY}`], 'there is no such option'],
  ])('refuses what is no key, and shows nothing of it', async (input, args, why) => {
    const { code, out, errors } = await run(['hash', ...args], { input });
    expect([code, out, errors]).toEqual([2, '', `latchkey: ${why}\nSee latchkey hash --help\n`]);
    expect(errors).not.toContain(KEY);
  });

  it('refuses bytes that are no UTF-8, which would be hashed as others', async () => {
    const input = Readable.from([Buffer.from(`caf\xe9${KEY}`, 'latin1')]);
    const { code, out, errors } = await run(['hash'], { input });
    expect([code, out, errors.split('\n')[0]]).toEqual([2, '', 'latchkey: the standard input holds what is no UTF-8']);
  });

  it('leaves away the mark that some editors put before a text', async () => {
    expect(await run(['hash'], { input: `\uFEFF${KEY}\n` })).toEqual({ code: 0, out: `${SHA256}\n`, errors: '' });
  });

  it('takes a character that is typed, and comes in two pieces', async () => {
    const terminal = new Terminal();
    const running = run(['hash'], { input: terminal });
    const bytes = Buffer.from(`é${KEY}\r`);
    terminal.write(bytes.subarray(0, 1));
    await nextTurn();
    terminal.write(bytes.subarray(1));
    const sha256 = createHash('sha256').update(`é${KEY}`).digest('hex');
    expect(await running).toMatchObject({ code: 0, out: `${sha256}\n` });
  });

  it('asks on a terminal, which shows nothing of what is typed', async () => {
    const terminal = new Terminal();
    const running = run(['hash'], { input: terminal });
    terminal.write(KEY.slice(0, 10));
    terminal.write(`${KEY.slice(10)}xy\u007f\u0008\rmore`);
    expect(await running).toEqual({ code: 0, out: `${SHA256}\n`, errors: 'The key (it is not shown), then Enter:\n' });
    expect(terminal.modes).toEqual([true, false]);
  });

  it('gives up at Ctrl-C, and leaves the terminal as it was', async () => {
    const terminal = new Terminal();
    const running = run(['hash'], { input: terminal });
    terminal.write(`${KEY}\u0003`);
    expect(await running).toMatchObject({ code: 4, out: '' });
    expect(terminal.modes).toEqual([true, false]);
  });
});

/** What a program sees of a terminal at which somebody types. */
class Terminal extends PassThrough implements Input {
  readonly isTTY = true;
  readonly modes: boolean[] = [];

  setRawMode(isRaw: boolean): void {
    this.modes.push(isRaw);
  }
}
