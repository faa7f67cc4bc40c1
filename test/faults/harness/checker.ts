import type { Bounds, CredentialFacts, History, ListFacts, Operation, OperationKind, StoredFacts } from './history.js';
import { isDone } from './history.js';

/** What must not be, in the words of the table. Each may happen 0 times. */
export const RULES = {
  lost: 'acknowledged keys that do not verify',
  'let-in': 'revoked, rotated, logged out or expired credentials accepted after their bound',
  'shut-out': '401 for a good credential',
  'exchanged-twice': 'login tokens exchanged twice',
  'wrong-right': 'rights by a policy that was changed, after their bound',
  late: 'answers later than the bound',
  unexpected: 'answers that are neither right nor 503',
  'not-listed': 'unfindable live keys and sessions',
  'half-made': 'records left half made',
} as const;

export type Rule = keyof typeof RULES;

export interface Violation {
  readonly rule: Rule;
  readonly what: string;
}

/** What an answer may be, besides 503: anything else tells of a fault in the library or in the harness. */
const EXPECTED: Readonly<Record<OperationKind, readonly number[]>> = {
  create: [201],
  rotate: [200],
  revoke: [200],
  login: [201],
  'login-token': [200],
  exchange: [201, 401],
  logout: [204, 401],
  use: [200, 401],
  policy: [200, 201],
  ask: [200, 403],
  list: [200],
};
const READING: ReadonlySet<OperationKind> = new Set(['use', 'ask', 'list']);

/** Everything in a history that must not be; empty: nothing was lost, nobody got in, and all answers came in time. */
export function check(history: History): Violation[] {
  const { operations, credentials, lists, stored } = history;
  const uses = groupBy(operations, ({ uses: name }) => name);
  const makers = new Map(
    operations.filter(isDone).flatMap((made) => (made.makes ? [[made.makes, made] as const] : [])),
  );
  const endings = groupBy(operations, ({ ends }) => ends);
  const ofCredentials = credentials.flatMap((credential) => {
    const { name, kind } = credential;
    const life = { credential, made: makers.get(name), endings: endings.get(name) ?? [], bounds: history.bounds };
    const used = uses.get(name) ?? [];
    if (kind === 'login-token') return checkToken(life, used);
    return [...used.flatMap((use) => checkUse(life, use)), ...lists.flatMap((list) => checkList(life, list))];
  });
  return [
    ...ofCredentials,
    ...checkPolicies(history),
    ...operations.flatMap((operation) => checkAnswer(history, operation)),
    ...stored.flatMap(checkStored),
  ];
}

interface Life {
  readonly credential: CredentialFacts;
  /** The operation that made it; undefined where that was not acknowledged: then nobody has it. */
  readonly made: Operation | undefined;
  readonly endings: readonly Operation[];
  readonly bounds: Bounds;
}

function checkUse(life: Life, use: Operation): Violation[] {
  const { credential, bounds } = life;
  const label = `${credential.kind} ${credential.name} (${credential.id})`;
  if (use.status === 200) {
    const lateMs = overdueMs(life, use);
    return lateMs === null
      ? []
      : [{ rule: 'let-in', what: `${label}: 200 of ${use.app} ${whenOf(use)}, ${lateMs} ms late` }];
  }
  if (!isGood(life, use)) return [];
  if (use.isFinal) return [{ rule: 'lost', what: `${label}: ${use.status} of ${use.app} when all was mended` }];
  const isKnown = use.app === life.made?.app || use.at > (life.made?.endAt ?? 0) + bounds.spreadMs;
  if (use.status !== 401 || !isKnown) return [];
  return [{ rule: 'shut-out', what: `${label}: 401 of ${use.app} ${whenOf(use)}` }];
}

/** By how much a use that was accepted came too late; null: it did not. */
function overdueMs({ credential, endings, bounds }: Life, use: Operation): number | null {
  const overAt = (ending: Operation) => ending.endAt + (ending.app === use.app ? 0 : bounds.spreadMs);
  const ends = endings.filter(isDone).map(overAt);
  if (credential.expiresAt !== null) ends.push(credential.expiresAt + bounds.expirySlackMs);
  const overdue = use.at - Math.min(...ends);
  return overdue > 0 ? Math.ceil(overdue) : null;
}

/** Whether the credential was certainly good all that time. */
function isGood({ credential, made, endings, bounds }: Life, use: { at: number; endAt: number }): boolean {
  if (made === undefined || use.at < made.endAt) return false;
  if (endings.some((ending) => ending.at <= use.endAt)) return false;
  return credential.expiresAt === null || use.endAt < credential.expiresAt - bounds.expirySlackMs;
}

function checkList(life: Life, list: ListFacts): Violation[] {
  const { id, kind, ownerId, name } = life.credential;
  const isMeant = kind === list.kind && (list.ownerId === null || list.ownerId === ownerId);
  if (!isMeant || !isGood(life, { at: list.at, endAt: list.at }) || list.ids.includes(id)) return [];
  return [{ rule: 'not-listed', what: `${kind} ${name} (${id}): not in ${list.what}` }];
}

function checkStored({ what, missingIn }: StoredFacts): Violation[] {
  return missingIn.length === 0 ? [] : [{ rule: 'half-made', what: `${what}: not in ${missingIn.join(', ')}` }];
}

/** A token is good until somebody tries to exchange it. */
function checkToken(life: Life, exchanges: readonly Operation[]): Violation[] {
  const { credential } = life;
  const won = exchanges.filter(isDone);
  const twice = { rule: 'exchanged-twice' as const, what: `${credential.name}: ${won.map(whenOf).join(', ')}` };
  const refused = exchanges.filter((exchange) => {
    const others = exchanges.filter((other) => other !== exchange);
    return exchange.status === 401 && isGood({ ...life, endings: others }, exchange);
  });
  const shutOut = refused.map((exchange) => ({
    rule: 'shut-out' as const,
    what: `login token ${credential.name}: 401 of ${exchange.app} ${whenOf(exchange)}`,
  }));
  return [...(won.length > 1 ? [twice] : []), ...shutOut];
}

/** By the last write that was acknowledged, unless another may have been made since. */
function checkPolicies({ operations, bounds }: History): Violation[] {
  const writes = groupBy(
    operations.filter(({ kind }) => kind === 'policy'),
    ({ policy }) => policy,
  );
  return operations.flatMap((asked): Violation[] => {
    if (asked.kind !== 'ask' || (asked.status !== 200 && asked.status !== 403)) return [];
    const before = (writes.get(asked.policy ?? '') ?? []).filter(({ at }) => at <= asked.endAt);
    const last = before.reduce<Operation | undefined>((a, b) => (a !== undefined && a.at > b.at ? a : b), undefined);
    if (last === undefined || !isDone(last)) return [];
    const isKnown = asked.at > last.endAt + (last.app === asked.app ? 0 : bounds.spreadMs);
    if (!isKnown || (asked.status === 200) === last.allows) return [];
    return [{ rule: 'wrong-right', what: `policy ${asked.policy}: ${asked.status} of ${asked.app} ${whenOf(asked)}` }];
  });
}

function checkAnswer({ bounds, outages }: History, operation: Operation): Violation[] {
  const { kind, status, at, endAt, app } = operation;
  const label = `${kind} of ${app} ${whenOf(operation)}`;
  if (status === 0 && outages.some((outage) => outage.app === app && at <= outage.to && endAt >= outage.from))
    return [];
  const boundMs = READING.has(kind) ? bounds.useMs : bounds.changeMs;
  const tookMs = endAt - at;
  const found: Violation[] = [];
  if (tookMs > boundMs) found.push({ rule: 'late', what: `${label}: ${Math.round(tookMs)} ms` });
  if (status !== 503 && !EXPECTED[kind].includes(status))
    found.push({ rule: 'unexpected', what: `${label}: ${status}` });
  return found;
}

function whenOf({ at, fault }: Operation): string {
  return `at ${(at / 1_000).toFixed(3)} s (fault ${fault})`;
}

function groupBy<Item>(items: readonly Item[], nameOf: (item: Item) => string | undefined): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const name = nameOf(item);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}
