import type { ApiKeyRecord } from '../../../lib/records.js';
import { expirySort, nameSort } from '../../../lib/stores/index-order.js';
import { API_KEY_FORM } from '../../../lib/stores/redis/record-form.js';
import { encodeId, scopeKey } from '../../../lib/stores/redis/redis-records.js';
import type { RedisServer } from '../../support/redis-server.js';
import type { StoredFacts } from './history.js';

const PREFIX = 'latchkey:';
const SCAN_COUNT = '1000';

/** What is needed of a topology: also of servers without one. */
export interface Inspected {
  masters(): Promise<RedisServer[]>;
  ask(server: RedisServer, command: string, ...args: string[]): Promise<unknown>;
}

/** Everything that the store has in Redis, past the library. */
export class Inspection {
  readonly #texts = new Map<string, string>();
  /** Members and scores of the sorted sets. */
  readonly #indexes = new Map<string, Map<string, number>>();

  static async of(servers: Inspected): Promise<Inspection> {
    const inspection = new Inspection();
    for (const master of await servers.masters()) await inspection.#read(servers, master);
    return inspection;
  }

  /** Of every record and every session, the indexes in which it should stand and does not. */
  records(): StoredFacts[] {
    const found: StoredFacts[] = [];
    for (const [key, value] of this.#texts) {
      const kind = key.slice(PREFIX.length, key.indexOf('{') - 1);
      const missingIn = CHECKED[kind]?.(this, value, idIn(key));
      if (missingIn !== undefined) found.push({ what: key, missingIn });
    }
    return found;
  }

  /** The records of all keys. */
  keys(): ApiKeyRecord[] {
    return [...this.#texts]
      .filter(([key]) => key.startsWith(`${PREFIX}key:`))
      .map(([, value]) => API_KEY_FORM.decode(jsonIn(value)));
  }

  lacks(index: string, member: string, score?: number): string[] {
    const found = this.#indexes.get(PREFIX + index)?.get(member);
    const isRight = found !== undefined && (score === undefined || score === found);
    return isRight ? [] : [index];
  }

  async #read({ ask }: Inspected, server: RedisServer): Promise<void> {
    let cursor = '0';
    do {
      const [next, keys] = (await ask(server, 'SCAN', cursor, 'MATCH', `${PREFIX}*`, 'COUNT', SCAN_COUNT)) as Scanned;
      for (const key of keys) await this.#readKey(ask, server, key);
      cursor = next;
    } while (cursor !== '0');
  }

  async #readKey(ask: Inspected['ask'], server: RedisServer, key: string): Promise<void> {
    const type = String(await ask(server, 'TYPE', key));
    if (type === 'string') this.#texts.set(key, String(await ask(server, 'GET', key)));
    if (type !== 'zset') return;
    const flat = (await ask(server, 'ZRANGE', key, '0', '-1', 'WITHSCORES')) as unknown[];
    const pairs = (flat.every(Array.isArray) ? flat : inPairs(flat)) as [unknown, unknown][];
    this.#indexes.set(key, new Map(pairs.map(([member, score]) => [String(member), toScore(String(score))])));
  }
}

type Scanned = [next: string, keys: string[]];

const CHECKED: Readonly<Record<string, (inspection: Inspection, value: string, id: string) => string[]>> = {
  key: (inspection, value) => missingOfKey(inspection, API_KEY_FORM.decode(jsonIn(value))),
  policy: (inspection, value) => {
    const { id, orgId } = JSON.parse(jsonIn(value)) as { id: string; orgId: string | null };
    return inspection.lacks(`policies:{${scopeKey(orgId)}}`, id);
  },
  sess: (inspection, value, id) => {
    const login = value.split('\n')[1] ?? '';
    if (login === '') return [];
    const { userId } = JSON.parse(login) as { userId: string };
    return inspection.lacks(`user-sess:{${encodeURIComponent(userId)}}`, id);
  },
};

function missingOfKey(inspection: Inspection, record: ApiKeyRecord): string[] {
  const { id, orgId, ownerId, policyIds, expungeAt, createdAt } = record;
  const ofScope = (scope: string) => [
    ...inspection.lacks(`idx:{${scope}}:createdAt`, id, createdAt),
    ...inspection.lacks(`idx:{${scope}}:name`, `${nameSort(record)}\0${id}`),
    ...inspection.lacks(`idx:{${scope}}:expiresAt`, id, expirySort(record)),
    ...inspection.lacks(`idx:{${scope}}:lastUsedAt`, id),
    ...inspection.lacks(`idx:{${scope}}:id`, id),
  ];
  return [
    ...ofScope(scopeKey(orgId)),
    ...ofScope(scopeKey(orgId, ownerId)),
    ...policyIds.flatMap((policyId) => inspection.lacks(`pol-users:{${encodeId(policyId)}}`, id)),
    ...(expungeAt === null ? [] : inspection.lacks('due', id)),
  ];
}

/** Past the version. */
function jsonIn(value: string): string {
  return value.slice(value.indexOf(' ') + 1);
}

function idIn(key: string): string {
  return key.slice(key.indexOf('{') + 1, key.indexOf('}'));
}

function inPairs(flat: readonly unknown[]): [unknown, unknown][] {
  return flat.flatMap((item, at) => (at % 2 === 0 ? [[item, flat[at + 1]] as [unknown, unknown]] : []));
}

function toScore(text: string): number {
  if (text === 'inf' || text === 'Infinity') return Number.POSITIVE_INFINITY;
  return Number(text);
}
