import { argumentsOf, type Command, type CommandGroup, EXIT, EXIT_HELP } from './command.js';
import { demandOrg } from './demand-org.js';
import { keyFacts } from './key-columns.js';
import { STORE_HELP, STORE_OPTIONS, withLatchkey } from './open-latchkey.js';
import { VERSION_OPTIONS, versionOf } from './option-values.js';
import { Output } from './output.js';

export const keys: CommandGroup = {
  summary: 'API keys',
  commands: {
    create: {
      summary: 'make a key; its token is told once',
      load: async () => (await import('./keys-create.js')).create,
    },
    list: {
      summary: 'the keys of an organisation, or of a user',
      load: async () => (await import('./keys-list.js')).list,
    },
    show: { summary: 'one key', load: async () => show },
    rotate: { summary: 'a new secret for a key', load: async () => (await import('./keys-rotate.js')).rotate },
    disable: { summary: 'a key is refused, for now', load: async () => disable },
    enable: { summary: 'it is accepted again', load: async () => enable },
    revoke: { summary: 'keys are refused, for good', load: async () => (await import('./keys-revoke.js')).revoke },
    import: {
      summary: 'keys that customers have already, from a file',
      load: async () => (await import('./keys-import.js')).importKeys,
    },
  },
};

const show: Command = {
  help: `latchkey keys show ID: all that is known of a key, but its secret, which nobody knows.

${STORE_HELP}

${EXIT_HELP}`,

  async run(args, surroundings) {
    const { values, rest } = argumentsOf(args, STORE_OPTIONS, 'the ID of a key');
    const output = new Output(surroundings, values.json);
    return await withLatchkey(values, surroundings, async ({ latchkey, orgId }) => {
      const key = demandOrg(await latchkey.apiKeys.get(rest[0]), orgId, 'key');
      output.record(key, keyFacts(key));
      return EXIT.ok;
    });
  },
};

const disable = switching('disable', 'refuses the key until it is enabled again.');
const enable = switching('enable', 'accepts a key again that was disabled. One that was revoked stays revoked.');

function switching(verb: 'disable' | 'enable', what: string): Command {
  return {
    help: `latchkey keys ${verb} ID: ${what}

  --if-version N        only if its version is still N

${STORE_HELP}

${EXIT_HELP}`,

    async run(args, surroundings) {
      const { values, rest } = argumentsOf(args, { ...STORE_OPTIONS, ...VERSION_OPTIONS }, 'the ID of a key');
      const [id] = rest;
      const ifVersion = versionOf(values);
      const output = new Output(surroundings, values.json);
      return await withLatchkey(values, surroundings, async ({ latchkey, by, orgId }) => {
        if (orgId !== null) demandOrg(await latchkey.apiKeys.get(id), orgId, 'key');
        const key = await latchkey.apiKeys[verb](id, { by, ifVersion });
        output.record(key, keyFacts(key));
        return EXIT.ok;
      });
    },
  };
}
