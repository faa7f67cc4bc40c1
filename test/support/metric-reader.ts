import { MetricReader } from '@opentelemetry/sdk-metrics';

/** A value, or of a histogram how many there are, and its attributes. */
export type Reading = readonly [value: number, attributes: Readonly<Record<string, unknown>>];

/** Collects when it is asked to. */
export class TestMetricReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}

  /** What a metric of Latchkey stands at. */
  async read(name: string): Promise<Reading[]> {
    const { resourceMetrics, errors } = await this.collect();
    if (errors.length > 0) throw new AggregateError(errors, 'collecting failed');
    const found = resourceMetrics.scopeMetrics
      .filter(({ scope }) => scope.name === 'latchkey')
      .flatMap((scope) => scope.metrics)
      .find(({ descriptor }) => descriptor.name === name);
    return (found?.dataPoints ?? []).map(({ value, attributes }) => [
      typeof value === 'number' ? value : (value as { count: number }).count,
      attributes,
    ]);
  }
}
