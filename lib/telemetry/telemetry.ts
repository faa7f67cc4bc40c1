import type { Attributes, Counter, Histogram, Meter, ObservableResult, Span, Tracer } from '@opentelemetry/api';
import { AuthError } from '../errors.js';
import type { Events } from '../events.js';
import type { Principal } from '../principal.js';
import type { RefusalReason } from '../refusal.js';
import { Refusal } from '../refusal.js';
import type { Collection, Store } from '../stores/store.js';
import type { CredentialScheme } from '../verification/secret.js';
import { openTelemetry } from './open-telemetry.js';
import { Tally } from './tally.js';
import { timedStore } from './timed-store.js';

/** Of the meter and the tracer. */
const NAME = 'latchkey';
const OUTCOME = 'latchkey.outcome';
const REASON = 'latchkey.reason';
const SCHEME = 'latchkey.scheme';

/** In s. A store answers in less than 1 ms, or is cut off after 500. */
const SECONDS = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** An error counts as a failure, thrown or not. */
type Verdict = Principal | Refusal | AuthError;

/** How often a cache was asked. Its owner adds to it in place. */
export interface LookupCounts {
  hits: number;
  misses: number;
}

/**
 * What Latchkey tells OpenTelemetry. A verification that stays in the process costs one addition; the SDK reads the sum
 * when it collects. Without an SDK for metrics nothing is counted at all: as the API has it, the host must have registered
 * one before `createLatchkey`. A tracer may come later.
 */
export class Telemetry {
  readonly #instruments: Instruments | null;
  #tracer: Tracer | null = null;

  constructor(events: Events) {
    this.#instruments = sharedInstruments();
    if (this.#instruments !== null) countEvents(events, this.#instruments);
  }

  /** Counts a verification that was decided at once. `reason` null: somebody was let in. */
  verified(scheme: CredentialScheme, reason: RefusalReason | null): void {
    this.#instruments?.verdicts.count(scheme, reason);
  }

  /** Counts a verification that ended neither with yes nor no. */
  failed(scheme: CredentialScheme, error: unknown): void {
    this.#instruments?.failures.count(scheme, typeOf(error));
  }

  /**
   * Counts a verification that leaves the process, and runs it within a span `latchkey.verify`, which ends with it. Resolves
   * and rejects as `run` does.
   */
  traced<Answer extends Verdict>(scheme: CredentialScheme, run: () => Promise<Answer>): Promise<Answer> {
    const api = openTelemetry();
    if (api === null) return run();
    this.#tracer ??= api.trace.getTracer(NAME);
    let answer: Promise<Answer> | undefined;
    this.#tracer.startActiveSpan('latchkey.verify', (span) => {
      answer = this.#within(span, api, scheme, run);
    });
    return answer ?? run(); // what a tracer makes of its callback's answer decides nothing
  }

  async #within<Answer extends Verdict>(
    span: Span,
    api: NonNullable<ReturnType<typeof openTelemetry>>,
    scheme: CredentialScheme,
    run: () => Promise<Answer>,
  ): Promise<Answer> {
    const startedAt = performance.now();
    const failed = (error: unknown) => {
      this.failed(scheme, error);
      span.setStatus({ code: api.SpanStatusCode.ERROR, message: typeOf(error) }); // the error itself may say too much
      this.#left(span, startedAt, failureAttributes(scheme, typeOf(error)));
    };
    let verdict: Answer;
    try {
      verdict = await run();
    } catch (error) {
      failed(error);
      throw error;
    }
    if (verdict instanceof AuthError) {
      failed(verdict);
    } else {
      const reason = verdict instanceof Refusal ? verdict.reason : null;
      this.verified(scheme, reason);
      this.#left(span, startedAt, verdictAttributes(scheme, reason));
    }
    return verdict;
  }

  /** Counts a request that was one too many for its key. */
  limited(scheme: CredentialScheme): void {
    this.#instruments?.limited.add(1, { [SCHEME]: scheme });
  }

  /** Where a cache of `collection` counts how often it was asked. */
  lookups(collection: Collection): LookupCounts {
    return this.#instruments?.lookups(collection) ?? { hits: 0, misses: 0 };
  }

  /** `store`, of which every call is timed; itself where nobody collects. */
  timed(store: Store): Store {
    const instruments = this.#instruments;
    if (instruments === null) return store;
    return timedStore(store, (operation, seconds, error) => {
      const attributes = { 'latchkey.operation': operation, [OUTCOME]: error === null ? 'ok' : 'failed' };
      const failure = error === null ? {} : { 'error.type': typeOf(error) };
      instruments.store.record(seconds, { ...attributes, ...failure });
    });
  }

  #left(span: Span, startedAt: number, attributes: Attributes): void {
    this.#instruments?.verification.record((performance.now() - startedAt) / 1_000, attributes);
    span.setAttributes(attributes).end();
  }
}

/** The instruments of each meter, for all instances of this process: a counter that two of them observe would be wrong. */
const INSTRUMENTS = new WeakMap<Meter, Instruments>();

/** Null where no SDK is registered. */
function sharedInstruments(): Instruments | null {
  const api = openTelemetry();
  if (api === null) return null;
  const meter = api.metrics.getMeter(NAME);
  if (meter === api.createNoopMeter()) return null;
  const known = INSTRUMENTS.get(meter) ?? new Instruments(meter);
  INSTRUMENTS.set(meter, known);
  return known;
}

class Instruments {
  readonly verdicts = new Tally<CredentialScheme, RefusalReason | null>(verdictAttributes);
  readonly failures = new Tally<CredentialScheme, string>(failureAttributes);
  readonly verification: Histogram;
  readonly store: Histogram;
  readonly logins: Counter;
  readonly sessions: Counter;
  readonly refused: Counter;
  readonly forbidden: Counter;
  readonly limited: Counter;
  readonly dropped: Counter;
  readonly #lookups = new Map<Collection, LookupCounts>();

  constructor(meter: Meter) {
    const counter = (name: string, unit: string, description: string) =>
      meter.createCounter(name, { unit, description });
    const seconds = (name: string, description: string) =>
      meter.createHistogram(name, { unit: 's', description, advice: { explicitBucketBoundaries: SECONDS } });
    const observe = (name: string, unit: string, description: string, read: (result: ObservableResult) => void) =>
      meter.createObservableCounter(name, { unit, description }).addCallback(read);

    observe('latchkey.verifications', '{verification}', 'Credentials that were verified.', (result) => {
      this.verdicts.observe(result);
      this.failures.observe(result);
    });
    observe('latchkey.cache.lookups', '{lookup}', 'Look-ups in the caches of verification.', (result) => {
      for (const [collection, { hits, misses }] of this.#lookups) {
        result.observe(hits, { 'latchkey.collection': collection, 'latchkey.result': 'hit' });
        result.observe(misses, { 'latchkey.collection': collection, 'latchkey.result': 'miss' });
      }
    });
    this.verification = seconds('latchkey.verification.duration', 'Verifications that left the process.');
    this.store = seconds('latchkey.store.duration', 'Calls of the store.');
    this.logins = counter('latchkey.logins', '{login}', 'Logins that succeeded or failed.');
    this.sessions = counter('latchkey.sessions', '{session}', 'Sessions that were started or ended.');
    this.refused = counter('latchkey.refused', '{request}', 'Requests that nobody was let in with: 401.');
    this.forbidden = counter('latchkey.forbidden', '{request}', 'Requests that lacked a right: 403.');
    this.limited = counter('latchkey.limited', '{request}', 'Requests too many for their key: 429.');
    this.dropped = counter('latchkey.audit.dropped', '{event}', 'Events that the audit trail only counted.');
  }

  lookups(collection: Collection): LookupCounts {
    const counts = this.#lookups.get(collection) ?? { hits: 0, misses: 0 };
    this.#lookups.set(collection, counts);
    return counts;
  }
}

function countEvents(events: Events, { logins, sessions, refused, forbidden, dropped }: Instruments): void {
  events.on('login.succeeded', () => logins.add(1, { [OUTCOME]: 'succeeded' }));
  events.on('login.failed', ({ reason }) => logins.add(1, { [OUTCOME]: 'failed', [REASON]: reason }));
  events.on('session.started', () => sessions.add(1, { 'latchkey.event': 'started' }));
  events.on('session.ended', () => sessions.add(1, { 'latchkey.event': 'ended' }));
  events.on('request.refused', ({ reason, scheme }) =>
    refused.add(1, { [REASON]: reason, [SCHEME]: scheme ?? 'none' }),
  );
  events.on('request.forbidden', () => forbidden.add(1));
  events.on('activity.dropped', ({ count }) => dropped.add(count));
}

function verdictAttributes(scheme: CredentialScheme, reason: RefusalReason | null): Attributes {
  if (reason === null) return { [OUTCOME]: 'accepted', [SCHEME]: scheme };
  return { [OUTCOME]: 'refused', [REASON]: reason, [SCHEME]: scheme };
}

function failureAttributes(scheme: CredentialScheme, errorType: string): Attributes {
  return { [OUTCOME]: 'failed', 'error.type': errorType, [SCHEME]: scheme };
}

/** One of a closed set: what an error says is not for attributes. */
function typeOf(error: unknown): string {
  return error instanceof AuthError ? error.code : '_OTHER';
}
