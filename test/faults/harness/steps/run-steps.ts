import type { RedisReplicas } from '../../../support/redis-replicas.js';
import { startRedisReplicas } from '../../../support/redis-replicas.js';
import { AppChild } from '../app-child.js';
import type { Violation } from '../checker.js';
import { send } from '../http.js';
import { Inspection } from '../inspection.js';
import { addresses } from '../topology.js';
import { CommandGate } from './command-gate.js';
import { type Caller, type MultiStepWrite, WRITES } from './writes.js';

/** More steps than any write has: beyond, it never completes. */
const MAX_STEPS = 80;

export interface StepsSummary {
  readonly write: string;
  /** The command after which the app was killed, for each time. */
  readonly steps: readonly string[];
  readonly violations: number;
}

export interface StepsResult {
  readonly summaries: readonly StepsSummary[];
  readonly violations: readonly Violation[];
}

/**
 * Kills an app (SIGKILL) after each command of each write that takes several, then has another app look at what is left and
 * ask for the same again.
 */
export async function runSteps(note: (text: string) => void): Promise<StepsResult> {
  const redis = await startRedisReplicas(1);
  const gate = await CommandGate.before(redis.master.port);
  const plan = { kind: 'standalone', natMap: {}, port: 0, replicas: 1 } as const;
  const [victim, witness] = [gate.port, redis.master.port].map(
    (port) => new AppChild({ ...plan, addresses: addresses([port]) }),
  ) as [AppChild, AppChild];
  const summaries: StepsSummary[] = [];
  const violations: Violation[] = [];
  try {
    await Promise.all([victim.start(), witness.start()]);
    const { token } = await witness.makeKey('root');
    const caller: Caller = { url: witness.url, admin: { 'x-api-key': token } };
    for (const write of WRITES) {
      const { steps, found } = await killInEach(write, { redis, gate, victim, caller });
      summaries.push({ write: write.name, steps, violations: found.length });
      violations.push(...found);
      note(`${write.name}: killed after each of ${steps.length} commands: ${steps.join(' ').toLowerCase()}`);
    }
    return { summaries, violations };
  } finally {
    await Promise.all([victim.kill(), witness.kill()]);
    await gate.stop();
    await redis.stop();
  }
}

interface Stage {
  readonly redis: RedisReplicas;
  readonly gate: CommandGate;
  readonly victim: AppChild;
  /** Of the app that is not killed. */
  readonly caller: Caller;
}

async function killInEach(write: MultiStepWrite, stage: Stage): Promise<{ steps: string[]; found: Violation[] }> {
  const { gate, victim, caller } = stage;
  const steps: string[] = [];
  const found: Violation[] = [];
  while (steps.length < MAX_STEPS) {
    const ownerId = `${write.name.replaceAll(' ', '-')}-${steps.length}`;
    const begun = await write.prepare(caller, ownerId);
    const struck = gate.arm(steps.length + 1);
    const answered = begun.ask({ ...caller, url: victim.url });
    const step = await Promise.race([struck, answered.then(() => null)]);
    if (step === null) {
      gate.reset();
      return { steps, found };
    }
    steps.push(step);
    await victim.kill();
    gate.reset();
    const label = `${write.name}, killed after ${steps.length} (${step})`;
    found.push(...(await leftHalfMade(stage, ownerId, label)));
    const again = await begun.ask(caller);
    const faults = await begun.faults(caller, again);
    found.push(...faults.map((fault): Violation => ({ rule: 'half-made', what: `${label}: ${fault}` })));
    found.push(...(await leftHalfMade(stage, ownerId, `${label}, asked again`)));
    await victim.start();
  }
  throw new Error(`${write.name} has not completed after ${MAX_STEPS} steps`);
}

/**
 * Every record stands in all of its indexes, and every key's creation and revocation in the trail. Its place by expiry is put
 * right by whoever reads that list.
 */
async function leftHalfMade({ redis, caller }: Stage, ownerId: string, label: string): Promise<Violation[]> {
  for (const whose of ['', `&ownerId=${ownerId}`]) {
    await send('GET', `${caller.url}/auth/api-keys?sort=-expiresAt&limit=200${whose}`, caller.admin);
  }
  const inspection = await Inspection.of({ masters: async () => [redis.master], ask: redis.ask });
  const missing = inspection.records().filter(({ missingIn }) => missingIn.length > 0);
  const told = await trailOf(caller);
  const untold = inspection
    .keys()
    .flatMap(({ id, revokedAt }) => [
      ...(told.has(`key.created ${id}`) ? [] : [`${id} was created without a word`]),
      ...(revokedAt === null || told.has(`key.revoked ${id}`) ? [] : [`${id} was revoked without a word`]),
    ]);
  const faults = [...missing.map(({ what, missingIn }) => `${what} not in ${missingIn.join(', ')}`), ...untold];
  return faults.map((fault) => ({ rule: 'half-made', what: `${label}: ${fault}` }));
}

async function trailOf({ url, admin }: Caller): Promise<Set<string>> {
  const told = new Set<string>();
  let cursor: unknown;
  do {
    const query = new URLSearchParams({ type: 'key.created,key.revoked', limit: '100' });
    if (typeof cursor === 'string') query.set('cursor', cursor);
    const { status, body } = await send('GET', `${url}/auth/audit?${query}`, admin);
    if (status !== 200 || !Array.isArray(body.items)) throw new Error(`no trail: ${status}`);
    for (const { type, keyId } of body.items as { type: string; keyId: string }[]) told.add(`${type} ${keyId}`);
    cursor = body.nextCursor;
  } while (typeof cursor === 'string');
  return told;
}
