import type { Cluster } from 'ioredis';
import { type Finding, fine } from '../../finding.js';
import type { StoreHealth } from '../store.js';
import { asUnavailable } from '../within.js';
import { type HealthFeed, judgeFeed, judgeRights, type Scope, silent } from './redis-access.js';
import { askCluster, askServer, type RedisAnswer } from './redis-answers.js';
import { type ClockReading, judgeRedis } from './redis-findings.js';
import type { Probe } from './redis-rights.js';
import type { RedisClient } from './redis-scripts.js';
import { judgeTransport } from './redis-transport.js';

export interface RedisHealthOptions extends Scope {
  readonly client: RedisClient;
  readonly feed: HealthFeed;
  /** What is needed besides, as the store is set up. */
  readonly probes: readonly Probe[];
  /** Runs what is asked of the one server within the store's bounds; rejects with AuthError `store_unavailable`. */
  readonly run: <Answer>(ask: () => Promise<Answer>) => Promise<Answer>;
  /** The longest that a node of a cluster may take. */
  readonly timeoutMs: number;
}

/** Asks Redis about itself: the one server, or each node of a cluster. Who calls while it is being asked shares the answers. */
export class RedisHealth {
  readonly #options: RedisHealthOptions;
  #asking: Promise<readonly RedisAnswer[]> | null = null;

  constructor(options: RedisHealthOptions) {
    this.#options = options;
  }

  /** Never rejects. @param now the clock that the server's is compared with. */
  async ask(now: () => number): Promise<StoreHealth> {
    const { feed } = this.#options;
    const startedAt = performance.now();
    const answers = await this.#answers().catch((error: unknown) => asUnavailable(error).reason);
    const latencyMs = performance.now() - startedAt;
    const clock = { nowAt: now(), monotonicAt: performance.now() };
    const [ok, detail] = typeof answers === 'string' ? [false, answers] : summaryOf(answers);
    const found = typeof answers === 'string' ? [silent(answers)] : this.#judge(answers, clock);
    return { ok, latencyMs, feedIsLive: feed.isLive, detail, findings: [...found, judgeFeed(feed)] };
  }

  #answers(): Promise<readonly RedisAnswer[]> {
    const { client, run, timeoutMs, keyPrefix, channel, probes } = this.#options;
    const names = { probeKey: `${keyPrefix}probe`, channel, probes };
    if (isCluster(client)) return this.#once(() => askCluster(client, names, timeoutMs));
    return run(() => this.#once(() => askServer(client, names)));
  }

  #once(ask: () => Promise<readonly RedisAnswer[]>): Promise<readonly RedisAnswer[]> {
    this.#asking ??= ask().finally(() => {
      this.#asking = null;
    });
    return this.#asking;
  }

  /** What all nodes have in common is told once. */
  #judge(answers: readonly RedisAnswer[], clock: ClockReading): Finding[] {
    const found = answers.flatMap((answer) => this.#judgeOne(answer, clock));
    const ids = new Set(found.map(({ id }) => id));
    return [...ids].flatMap((each) => {
      const same = found.filter(({ id }) => id === each);
      const [first] = same;
      const isCommon = same.length === answers.length && new Set(same.map(({ detail }) => detail)).size === 1;
      return first !== undefined && isCommon ? [{ ...first, node: null }] : same;
    });
  }

  #judgeOne({ node, redis, facts, trouble }: RedisAnswer, clock: ClockReading): Finding[] {
    if (facts === null || redis === null) return [{ ...silent(trouble), node }];
    const findings = [
      fine('connection', 'Answers.'),
      ...judgeRedis(facts, node !== null, clock),
      judgeTransport(redis),
      judgeRights(facts, redis, this.#options),
    ];
    return findings.map((finding) => ({ ...finding, node }));
  }
}

function isCluster(client: RedisClient): client is Cluster {
  return client.isCluster;
}

/** A database answers when all of it does. */
function summaryOf(answers: readonly RedisAnswer[]): [ok: boolean, detail: string] {
  const masters = answers.filter(({ isMaster }) => isMaster);
  const missing = masters.find(({ facts }) => facts === null);
  if (missing !== undefined) return [false, `${missing.node}: ${missing.trouble}`];
  const [first] = masters;
  if (first === undefined) return [false, 'no node of the cluster is known'];
  if (first.node !== null) return [true, `redis cluster of ${masters.length} masters`];
  return [true, `redis ${first.facts?.info?.get('redis_version') ?? 'of unknown version'}`];
}
