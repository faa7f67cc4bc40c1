import { argumentsOf, type Command, EXIT, EXIT_HELP } from './command.js';
import { demandOrg } from './demand-org.js';
import { STORE_HELP, STORE_OPTIONS, withLatchkey } from './open-latchkey.js';
import { spanOf, VERSION_OPTIONS, versionOf } from './option-values.js';
import { Output } from './output.js';
import { demandPlace, SECRET_HELP, SECRET_OPTIONS, tellSecret } from './secret-place.js';

export const rotate: Command = {
  help: `latchkey keys rotate ID: a new secret for the key.

  --grace SPAN          the old secret is accepted for so long, such as 24h, at most 30d; default: not at all
  --if-version N        only if its version is still N

${SECRET_HELP}

${STORE_HELP}

${EXIT_HELP}`,

  async run(args, surroundings) {
    const options = { ...STORE_OPTIONS, ...SECRET_OPTIONS, ...VERSION_OPTIONS, grace: { type: 'string' } } as const;
    const { values, rest } = argumentsOf(args, options, 'the ID of a key');
    const [id] = rest;
    demandPlace(values, surroundings);
    const graceMs = spanOf('grace', values.grace);
    const ifVersion = versionOf(values);
    const output = new Output(surroundings, values.json);
    return await withLatchkey(values, surroundings, async ({ latchkey, by, orgId }) => {
      if (orgId !== null) demandOrg(await latchkey.apiKeys.get(id), orgId, 'key');
      await tellSecret(values, surroundings, output, () => latchkey.apiKeys.rotate(id, { by, graceMs, ifVersion }));
      return EXIT.ok;
    });
  },
};
