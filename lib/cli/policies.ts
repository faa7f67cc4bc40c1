import { LIMITS, type NewPolicy, type Policy } from '../index.js';
import { argumentsOf, type Command, type CommandGroup, EXIT, EXIT_HELP, optionsOf, UsageError } from './command.js';
import { demandOrg } from './demand-org.js';
import { STORE_HELP, STORE_OPTIONS, withLatchkey } from './open-latchkey.js';
import { VERSION_OPTIONS, versionOf } from './option-values.js';
import { Output } from './output.js';
import { PAGE_HELP, PAGE_OPTIONS, pagingOf, showPages } from './paging.js';
import { POLICY_COLUMNS, policyFacts } from './policy-columns.js';
import { POLICY_HELP, POLICY_OPTIONS, policyFields } from './policy-options.js';

export const policies: CommandGroup = {
  summary: 'named lists of rights, such as roles',
  commands: {
    list: { summary: 'the policies of an organisation', load: async () => list },
    show: { summary: 'one policy, and how many use it', load: async () => show },
    create: { summary: 'make a policy', load: async () => create },
    change: { summary: 'other rights, at once for every key that has it', load: async () => change },
    delete: { summary: 'remove a policy, for good', load: async () => remove },
  },
};

const list: Command = {
  help: `latchkey policies list: the policies of an organisation, or without --org of none, by id.

${PAGE_HELP}

${STORE_HELP}

${EXIT_HELP}`,

  async run(args, surroundings) {
    const values = optionsOf(args, { ...STORE_OPTIONS, ...PAGE_OPTIONS });
    const paging = pagingOf(values, LIMITS.page);
    const output = new Output(surroundings, values.json);
    return await withLatchkey(values, surroundings, async ({ latchkey, orgId }) => {
      const read = (limit: number, cursor: string | undefined) => latchkey.policies.search({ orgId, limit, cursor });
      await showPages<Policy>(read, paging, output, POLICY_COLUMNS, surroundings.signal);
      return EXIT.ok;
    });
  },
};

const show: Command = {
  help: `latchkey policies show ID: a policy, and how many keys have it that work (of a template: how many policies follow it).

${STORE_HELP}

${EXIT_HELP}`,

  async run(args, surroundings) {
    const { values, rest } = argumentsOf(args, STORE_OPTIONS, 'the ID of a policy');
    const output = new Output(surroundings, values.json);
    return await withLatchkey(values, surroundings, async ({ latchkey, orgId }) => {
      const policy = demandOrg(await latchkey.policies.get(rest[0], orgId), null, 'policy');
      const users = await latchkey.policies.countUsers(policy, orgId);
      output.record({ ...policy, users }, [...policyFacts(policy), ['users', String(users)]]);
      return EXIT.ok;
    });
  },
};

const create: Command = {
  help: `latchkey policies create --name TEXT --action A: makes a policy.

${POLICY_HELP}
  --type TYPE           role, custom or template; default custom
  --template ID         the template whose rights it has, in --workspace, as they are at any time
  --id ID               default: a random one. With one of your own a second try is a conflict, and makes no other

${STORE_HELP}

${EXIT_HELP}`,

  async run(args, surroundings) {
    const options = { type: { type: 'string' }, template: { type: 'string' }, id: { type: 'string' } } as const;
    const values = optionsOf(args, { ...STORE_OPTIONS, ...POLICY_OPTIONS, ...options });
    const { type, template: templateId, id } = values;
    const fields = await policyFields(values, surroundings.input, templateId !== undefined);
    const asked = { ...fields, ...(type !== undefined && { type }), ...(templateId !== undefined && { templateId }) };
    if (asked.name === undefined) throw new UsageError('--name is missing: what people call the policy');
    const output = new Output(surroundings, values.json);
    return await withLatchkey(values, surroundings, async ({ latchkey, by, orgId }) => {
      const input = { ...asked, ...(orgId !== null && { orgId }) } as NewPolicy;
      const policy = await latchkey.policies.create(input, { by, id });
      output.record(policy, policyFacts(policy));
      return EXIT.ok;
    });
  },
};

const change: Command = {
  help: `latchkey policies change ID: changes what options name; the rights of --action take the place of those that it has.

${POLICY_HELP}
  --if-version N        only if its version is still N

${STORE_HELP}

${EXIT_HELP}`,

  async run(args, surroundings) {
    const options = { ...STORE_OPTIONS, ...POLICY_OPTIONS, ...VERSION_OPTIONS };
    const { values, rest } = argumentsOf(args, options, 'the ID of a policy');
    const [id] = rest;
    const changes = await policyFields(values, surroundings.input, true);
    if (Object.keys(changes).length === 0) throw new UsageError('say what to change: --name, --action ...');
    const ifVersion = versionOf(values);
    const output = new Output(surroundings, values.json);
    return await withLatchkey(values, surroundings, async ({ latchkey, by, orgId }) => {
      demandOrg(await latchkey.policies.get(id, orgId), null, 'policy');
      const policy = await latchkey.policies.update(id, changes, { by, ifVersion });
      output.record(policy, policyFacts(policy));
      return EXIT.ok;
    });
  },
};

const remove: Command = {
  help: `latchkey policies delete ID: removes a policy. One that is in use is left as it is, and that is a conflict.

  --detach              take it from the keys that have it; what follows a template keeps the rights that it has
  --if-version N        only if its version is still N

With --json { id, detached }: from how many it was taken.

${STORE_HELP}

${EXIT_HELP}`,

  async run(args, surroundings) {
    const options = { ...STORE_OPTIONS, ...VERSION_OPTIONS, detach: { type: 'boolean' } } as const;
    const { values, rest } = argumentsOf(args, options, 'the ID of a policy');
    const [id] = rest;
    const { detach } = values;
    const ifVersion = versionOf(values);
    const output = new Output(surroundings, values.json);
    return await withLatchkey(values, surroundings, async ({ latchkey, by, orgId }) => {
      const known = await latchkey.policies.get(id, orgId);
      const isOthers = known === null && orgId !== null; // without --org, one that an earlier try removed is answered so
      if (isOthers) demandOrg(known, orgId, 'policy');
      const detached = await latchkey.policies.remove(id, { by, ifVersion, detach });
      if (output.isJson) output.document({ id, detached });
      else output.say(`Deleted${detached === 0 ? '' : `, and taken from ${detached}`}.`);
      return EXIT.ok;
    });
  },
};
