import type { Headers } from '../contestant.js';
import type { RunningServer } from '../server-process.js';
import { demandStatuses } from './generate-load.js';
import { GeneratorProcess } from './generator-process.js';

/**
 * Of load before each measurement, in s. A server that idled while others were measured has cold caches, which no server
 * under traffic has.
 */
export const LEAD_IN_SECONDS = 0.15;

export interface LoadOptions {
  readonly connections: number;
  readonly seconds: number;
}

/** One contestant in one round. */
export interface Measurement {
  /** Requests, those before the measurement included. */
  readonly sent: number;
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
export type Measure = (server: RunningServer, load: LoadOptions, other?: OtherRequests) => Promise<Measurement>;

/** Measures for as long as `work` takes, from a process that never sleeps: see `Load.isAwake`. */
export async function withMeasure<Result>(work: (measure: Measure) => Promise<Result>): Promise<Result> {
  const generator = await GeneratorProcess.start();
  try {
    return await work((...of) => measureBy(generator, ...of));
  } finally {
    await generator.stop();
  }
}

async function measureBy(
  generator: GeneratorProcess,
  server: RunningServer,
  { connections, seconds }: LoadOptions,
  other?: OtherRequests,
): Promise<Measurement> {
  const { path, headers, statuses } = other ?? { path: '/orders', headers: server.accepted, statuses: [200] };
  const load = { port: server.port, connections, path, headers: headers.slice(0, connections), isAwake: true };
  const leadIn = await generator.run({ ...load, seconds: LEAD_IN_SECONDS });
  const cpuBefore = await server.cpuTime();
  const result = await generator.run({ ...load, seconds });
  const cpuAfter = await server.cpuTime();
  for (const each of [leadIn, result]) demandStatuses(server.contestant.name, each, statuses);
  return {
    sent: leadIn.requests + result.requests,
    requestsPerSecond: result.requestsPerSecond,
    cpuUsPerRequest: (cpuAfter - cpuBefore) / result.requests,
    p50Ms: result.p50Ms,
    p99Ms: result.p99Ms,
  };
}
