import type { Headers } from '../contestant.js';
import type { RunningServer } from '../server-process.js';
import { demandStatuses, generateLoad } from './generate-load.js';
import { requestBytes } from './http-request.js';

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

/** What is sent in place of the accepted requests, and how it must be answered. */
export interface OtherRequests {
  readonly path: string;
  readonly headers: readonly Headers[];
  readonly statuses: readonly number[];
}

/** Loads a server. @throws Error when any answer was not a 200, or not as `other` has it, or when a connection failed. */
export async function measure(
  server: RunningServer,
  { connections, seconds }: LoadOptions,
  other?: OtherRequests,
): Promise<Measurement> {
  const { path, headers, statuses } = other ?? { path: '/orders', headers: server.accepted, statuses: [200] };
  const requests = headers.slice(0, connections).map((each) => requestBytes({ path, headers: each }));
  const next = (connection: number) => requests[connection % requests.length] as Buffer;
  const cpuBefore = await server.cpuTime();
  const result = await generateLoad({ port: server.port, connections, seconds, next });
  const cpuAfter = await server.cpuTime();
  demandStatuses(server.contestant.name, result, statuses);
  return {
    requests: result.requests,
    requestsPerSecond: result.requestsPerSecond,
    cpuUsPerRequest: (cpuAfter - cpuBefore) / result.requests,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
  };
}
