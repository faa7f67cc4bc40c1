import { metrics } from '@opentelemetry/api';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { RequestHandler } from 'express';
import type { EventType, Latchkey } from 'latchkey';
import { pino } from 'pino';

export interface Metrics {
  /** Answers in the text format of Prometheus. */
  readonly handler: RequestHandler;
  stop(): Promise<void>;
}

/** Has OpenTelemetry count. To be called before `createLatchkey`, which looks once whether anybody collects. */
export function startMetrics(): Metrics {
  const exporter = new PrometheusExporter({ preventServerStart: true }); // the app has servers enough
  const provider = new MeterProvider({ readers: [exporter] });
  metrics.setGlobalMeterProvider(provider);
  return {
    handler: (req, res) => exporter.getMetricsRequestHandler(req, res),
    stop: () => provider.shutdown(),
  };
}

/** What somebody may want to look into. */
const WARNINGS: ReadonlySet<EventType> = new Set<EventType>([
  'request.refused',
  'request.forbidden',
  'login.failed',
  'key.leaked',
  'key.expiring',
  'activity.dropped',
]);

/** Writes every event to the log: a line of JSON on the standard output. No event holds a secret. */
export function logEvents(latchkey: Latchkey): void {
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime });
  latchkey.on('*', ({ type, ...event }) => log[WARNINGS.has(type) ? 'warn' : 'info'](event, type));
}
