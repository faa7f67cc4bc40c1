import autocannon from 'autocannon';
import type { RunningServer } from './server-process.js';
import { quantile } from './statistics.js';

export interface LoadOptions {
  readonly connections: number;
  readonly seconds: number;
}

/** One contestant in one round. */
export interface Measurement {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly cpuUsPerRequest: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** autocannon looks this often whether its time is over, in ms. */
const SAMPLE_MS = 50;

/** Loads a server. @throws Error when any answer was not a 200, or when a connection failed. */
export async function measure(server: RunningServer, { connections, seconds }: LoadOptions): Promise<Measurement> {
  const cpuBefore = await server.cpuTime();
  const latencies: number[] = [];
  const statuses = new Map<number, number>();
  const startedAt = performance.now();
  let lastAt = startedAt;
  let next = 0;

  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const instance = autocannon(
      {
        url: server.url,
        setupClient: (client) => client.setHeaders({ ...server.accepted[next++ % server.accepted.length] }),
        connections,
        duration: seconds,
        sampleInt: SAMPLE_MS,
        timeout: 5,
      },
      (error: Error | null, done) => (error === null ? resolve(done) : reject(error)),
    );
    instance.on('response', (_client, status, _bytes, responseTime) => {
      lastAt = performance.now();
      latencies.push(responseTime);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    });
  });

  const cpuAfter = await server.cpuTime();
  const requests = latencies.length;
  const troubles = result.errors + result.timeouts + result.resets;
  if (requests === 0 || statuses.get(200) !== requests || troubles > 0) {
    const seen = [...statuses].map(([status, count]) => `${count} x ${status}`).join(', ');
    throw new Error(`${server.contestant.name}: answers must all be 200, but: ${seen}; ${troubles} connection errors`);
  }
  latencies.sort((a, b) => a - b);
  return {
    requests,
    requestsPerSecond: requests / ((lastAt - startedAt) / 1000),
    cpuUsPerRequest: (cpuAfter - cpuBefore) / requests,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
  };
}
