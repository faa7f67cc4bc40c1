import { type ApiKeyOrder, KEY_STATES, type KeyFilter, LIMITS } from '../index.js';
import { type Command, EXIT, EXIT_HELP, optionsOf } from './command.js';
import { KEY_COLUMNS } from './key-columns.js';
import { STORE_HELP, STORE_OPTIONS, withLatchkey } from './open-latchkey.js';
import { choiceOf, choicesOf, timeOf } from './option-values.js';
import { Output } from './output.js';
import { PAGE_HELP, PAGE_OPTIONS, pagingOf, showPages } from './paging.js';

const ORDERS: readonly ApiKeyOrder[] = ['createdAt', 'name', 'expiresAt', 'lastUsedAt', 'id'];
const OPTIONS = {
  ...STORE_OPTIONS,
  ...PAGE_OPTIONS,
  owner: { type: 'string' },
  name: { type: 'string' },
  state: { type: 'string', multiple: true },
  kind: { type: 'string' },
  'created-from': { type: 'string' },
  'created-before': { type: 'string' },
  'expires-from': { type: 'string' },
  'expires-before': { type: 'string' },
  sort: { type: 'string' },
  descending: { type: 'boolean' },
} as const;

export const list: Command = {
  help: `latchkey keys list: the keys of an organisation, or without --org of none.

  --owner ID            only those of this user
  --name PATTERN        only those called so; * stands for any characters
  --state STATE         only those that are: ${KEY_STATES.join(', ')}
  --kind KIND           api-key, or session-key; default: both
  --created-from TIME   --created-before TIME   --expires-from TIME   --expires-before TIME
  --sort FIELD          ${ORDERS.join(', ')}; default createdAt
  --descending          the last ones first
${PAGE_HELP}

${STORE_HELP}

${EXIT_HELP}`,

  async run(args, surroundings) {
    const values = optionsOf(args, OPTIONS);
    const { owner: ownerId, name, descending, kind, sort } = values;
    const filter: KeyFilter = {
      name,
      states: choicesOf('state', values.state, KEY_STATES),
      kind: kind === undefined ? undefined : choiceOf('kind', kind, ['api-key', 'session-key'] as const),
      createdFrom: timeOf('created-from', values['created-from']),
      createdBefore: timeOf('created-before', values['created-before']),
      expiresFrom: timeOf('expires-from', values['expires-from']),
      expiresBefore: timeOf('expires-before', values['expires-before']),
    };
    const order = sort === undefined ? undefined : choiceOf('sort', sort, ORDERS);
    const paging = pagingOf(values, LIMITS.page);
    const output = new Output(surroundings, values.json);
    return await withLatchkey(values, surroundings, async ({ latchkey, orgId }) => {
      const read = (limit: number, cursor: string | undefined) =>
        latchkey.apiKeys.list({ orgId, ownerId, sort: order, descending, limit, cursor }, filter);
      await showPages(read, paging, output, KEY_COLUMNS, surroundings.signal);
      return EXIT.ok;
    });
  },
};
