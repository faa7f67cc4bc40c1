import { faultOfExistingKey, hashExistingKey } from '../index.js';
import { type Command, CommandFailure, EXIT, type Input, optionsOf, type Surroundings, UsageError } from './command.js';
import { textOf } from './json-file.js';
import { printableJson } from './printable.js';

/** More than any key has, with a line end. */
const MAX_INPUT_BYTES = 1_024;
/** Enter, and the end of the input (Ctrl-D). */
const ENDS = ['\r', '\n', '\u0004'];
const BACKSPACES = ['\u0008', '\u007f'];
const CTRL_C = '\u0003';

export const hash: Command = {
  help: `latchkey hash: the SHA-256 of an existing key, in hexadecimal, as latchkey keys import takes it.

Reads the key from the standard input, without the line end after it; on a terminal it asks for it, and shows nothing.
It takes no key as an argument: other users of the machine would see it.

  --json                { sha256 }

Exit codes: ${EXIT.ok} done; ${EXIT.usage} not called right, or what it reads is no key that could be imported; ${EXIT.failed} anything else.`,

  async run(args, surroundings) {
    const { json } = optionsOf(args, { json: { type: 'boolean' } });
    const { input, print } = surroundings;
    const key = input.isTTY ? await ask(input, surroundings) : await read(input);
    if (key === '') throw new UsageError('there is no key on the standard input');
    const fault = faultOfExistingKey(key);
    if (fault !== null) throw new UsageError(`a key ${fault}`);
    const sha256 = hashExistingKey(key);
    print(json ? printableJson({ sha256 }) : sha256);
    return EXIT.ok;
  },
};

async function read(input: Input): Promise<string> {
  const text = (await textOf(input, 'the standard input', MAX_INPUT_BYTES)).replace(/\r?\n$/, '');
  if (/[\r\n]/.test(text))
    throw new UsageError('there is more than one line: a file of keys is for latchkey keys import');
  return text;
}

/** What is typed, up to Enter, and not shown. @throws CommandFailure when it is given up. */
async function ask(input: Input, { complain }: Surroundings): Promise<string> {
  let typed = '';
  input.setRawMode?.(true); // before it asks: somebody may type ahead
  try {
    complain('The key (it is not shown), then Enter:');
    input.setEncoding('utf8'); // a character may come in two pieces
    for await (const chunk of input.iterator({ destroyOnReturn: false })) {
      for (const character of String(chunk)) {
        if (character === CTRL_C) throw new CommandFailure(EXIT.failed, 'given up');
        if (ENDS.includes(character)) return typed;
        typed = BACKSPACES.includes(character) ? [...typed].slice(0, -1).join('') : typed + character;
      }
      if (typed.length > MAX_INPUT_BYTES) break;
    }
    return typed;
  } finally {
    input.setRawMode?.(false);
    input.pause();
  }
}
