import type { Headers } from '../contestant.js';
import { Asker } from '../load/ask.js';
import { requestBytes } from '../load/http-request.js';
import { spread } from '../statistics.js';
import type { RunningCluster } from './cluster-process.js';

/** A worker that lets a revoked key in for longer has not heard of it. */
const MOST_MS = 10_000;

export interface Delays {
  readonly p50Ms: number;
  readonly maxMs: number;
  /** Requests sent after a revocation was acknowledged, and let in all the same. */
  readonly letIn: number;
}

/** Revokes keys at the first worker, and asks the second one with each until it refuses it; one key after the other. */
export async function revocationDelays(cluster: RunningCluster, keys: readonly Headers[]): Promise<Delays> {
  const [first = 0, second = 0] = cluster.ownPorts;
  const revoker = new Asker(first);
  const asker = new Asker(second);
  const delays: number[] = [];
  let letIn = 0;
  try {
    for (const key of keys) {
      const request = requestBytes({ headers: key });
      await demand(asker, request, 200); // it is cached now
      let acknowledgedAt = Number.POSITIVE_INFINITY;
      const revoked = revoke(revoker, key, cluster.admin).then(() => {
        acknowledgedAt = performance.now();
      });
      const giveUpAt = performance.now() + MOST_MS;
      for (;;) {
        const sentAt = performance.now();
        const status = await asker.ask(request);
        if (status === 401) break;
        if (status !== 200) throw new Error(`a key that is being revoked was answered with ${status}`);
        if (sentAt > acknowledgedAt) letIn++;
        if (sentAt > giveUpAt) throw new Error(`a key was let in ${MOST_MS} ms after it was revoked elsewhere`);
      }
      const refusedAt = performance.now();
      await revoked;
      delays.push(Math.max(0, refusedAt - acknowledgedAt));
    }
  } finally {
    revoker.close();
    asker.close();
  }
  return { p50Ms: spread(delays).median, maxMs: Math.max(...delays), letIn };
}

/** @throws Error unless the key is revoked. */
export async function revoke(asker: Asker, key: Headers, admin: Headers): Promise<void> {
  const id = key['X-API-Key']?.split('_')[1];
  await demand(asker, requestBytes({ method: 'DELETE', path: `/auth/api-keys/${id}`, headers: admin }), 200);
}

async function demand(asker: Asker, request: Buffer, wanted: number): Promise<void> {
  const status = await asker.ask(request);
  if (status !== wanted) throw new Error(`${request.toString().split('\r\n')[0]} was answered with ${status}`);
}
