import { type Command, EXIT, EXIT_HELP, optionsOf } from './command.js';
import { KEY_HELP, KEY_OPTIONS, newKeyOf } from './key-options.js';
import { type Opened, STORE_HELP, STORE_OPTIONS, withLatchkey } from './open-latchkey.js';
import { Output } from './output.js';
import { RETENTION_HELP, RETENTION_OPTIONS, retentionOf } from './retention.js';
import { demandPlace, SECRET_HELP, SECRET_OPTIONS, tellSecret } from './secret-place.js';

export const create: Command = {
  help: `latchkey keys create --name TEXT --owner ID --action A: makes an API key.

${KEY_HELP}
${RETENTION_HELP}

${SECRET_HELP}

${STORE_HELP}
  --org must be the owner's organisation where the app has such: else it refuses the key.

${EXIT_HELP}`,

  async run(args, surroundings) {
    const values = optionsOf(args, { ...STORE_OPTIONS, ...KEY_OPTIONS, ...RETENTION_OPTIONS, ...SECRET_OPTIONS });
    demandPlace(values, surroundings);
    const key = await newKeyOf(values, values.org, surroundings.input);
    const settings = retentionOf(values);
    const output = new Output(surroundings, values.json);
    const work = async ({ latchkey, by }: Opened) => {
      await tellSecret(values, surroundings, output, () => latchkey.apiKeys.create(key, { by }));
      return EXIT.ok;
    };
    return await withLatchkey(values, surroundings, work, settings);
  },
};
