import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, context, metrics, ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { AuthError, storeUnavailable } from '../../../lib/errors.js';
import { Events, type LoginFailure } from '../../../lib/events.js';
import { Principal } from '../../../lib/principal.js';
import { EXPIRED, WRONG_SECRET } from '../../../lib/refusal.js';
import { MemoryStore } from '../../../lib/stores/memory/memory-store.js';
import type { Store } from '../../../lib/stores/store.js';
import { Telemetry } from '../../../lib/telemetry/telemetry.js';
import { TestMetricReader } from '../../support/metric-reader.js';

const PRINCIPAL = new Principal({
  id: 'ada',
  orgId: null,
  credential: { kind: 'api-key', id: 'k', name: 'ci', scheme: 'basic', expiresAt: null },
  statements: [],
  policyIds: [],
  resources: null,
  properties: {},
  locale: null,
  timeZone: null,
});
const BASE = { at: 0, address: null, orgId: null };

/** What @opentelemetry/context-async-hooks does, as far as it is needed here. */
class AsyncContexts {
  readonly #storage = new AsyncLocalStorage<Context>();
  active = () => this.#storage.getStore() ?? ROOT_CONTEXT;
  with = <Args extends unknown[], Answer>(active: Context, run: (...args: Args) => Answer, _: unknown, ...args: Args) =>
    this.#storage.run(active, run, ...args);
  bind = <Target>(_: Context, target: Target) => target;
  enable = () => this;
  disable = () => this;
}

describe('with an SDK', () => {
  let reader: TestMetricReader;
  let spans: InMemorySpanExporter;
  let events: Events;
  let telemetry: Telemetry;

  beforeEach(() => {
    reader = new TestMetricReader();
    spans = new InMemorySpanExporter();
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
    context.setGlobalContextManager(new AsyncContexts() as never);
    events = new Events();
    telemetry = new Telemetry(events);
  });

  afterEach(() => {
    metrics.disable();
    trace.disable();
    context.disable();
  });

  it('counts verifications by outcome, reason and scheme', async () => {
    telemetry.verified('basic', null);
    telemetry.verified('basic', null);
    telemetry.verified('api-key', null);
    telemetry.verified('basic', 'expired');
    telemetry.failed('basic', storeUnavailable('Redis is not connected'));
    telemetry.failed('basic', new TypeError('whatever it says'));
    expect(await reader.read('latchkey.verifications')).toEqual([
      [2, { 'latchkey.outcome': 'accepted', 'latchkey.scheme': 'basic' }],
      [1, { 'latchkey.outcome': 'refused', 'latchkey.reason': 'expired', 'latchkey.scheme': 'basic' }],
      [1, { 'latchkey.outcome': 'accepted', 'latchkey.scheme': 'api-key' }],
      [1, { 'latchkey.outcome': 'failed', 'error.type': 'store_unavailable', 'latchkey.scheme': 'basic' }],
      [1, { 'latchkey.outcome': 'failed', 'error.type': '_OTHER', 'latchkey.scheme': 'basic' }],
    ]);
    telemetry.verified('basic', null);
    expect((await reader.read('latchkey.verifications'))[0]).toEqual([3, expect.anything()]);
  });

  it('adds up what several instances in one process count', async () => {
    const other = new Telemetry(new Events());
    telemetry.verified('basic', null);
    other.verified('basic', null);
    telemetry.lookups('apiKeys').hits += 2;
    other.lookups('apiKeys').hits += 3;
    expect(await reader.read('latchkey.verifications')).toEqual([[2, expect.anything()]]);
    expect(await reader.read('latchkey.cache.lookups')).toEqual([
      [5, expect.objectContaining({ 'latchkey.result': 'hit' })],
      [0, expect.objectContaining({ 'latchkey.result': 'miss' })],
    ]);
  });

  it('tells hits and misses of each cache', async () => {
    const lookups = telemetry.lookups('apiKeys');
    lookups.hits = 9;
    lookups.misses = 1;
    telemetry.lookups('users').misses++;
    expect(await reader.read('latchkey.cache.lookups')).toEqual([
      [9, { 'latchkey.collection': 'apiKeys', 'latchkey.result': 'hit' }],
      [1, { 'latchkey.collection': 'apiKeys', 'latchkey.result': 'miss' }],
      [0, { 'latchkey.collection': 'users', 'latchkey.result': 'hit' }],
      [1, { 'latchkey.collection': 'users', 'latchkey.result': 'miss' }],
    ]);
  });

  it('counts logins, sessions, refusals and what the trail dropped, as they are told', async () => {
    const failed = (reason: LoginFailure) => events.emit({ type: 'login.failed', ...BASE, userId: null, reason });
    failed('wrong_password');
    failed('wrong_password');
    failed('unknown_user');
    events.emit({ type: 'login.succeeded', ...BASE, userId: 'ada' });
    const session = { ...BASE, sessionId: 's', userId: 'ada', actorId: 'ada', credentialId: null };
    events.emit({ ...session, type: 'session.started', kind: 'cookie' });
    events.emit({ ...session, type: 'session.ended' });
    const request = { ...BASE, method: 'GET', path: '/', credentialId: null, ownerId: null };
    events.emit({ ...request, type: 'request.refused', reason: 'missing', scheme: null });
    events.emit({ ...request, type: 'request.refused', reason: 'expired', scheme: 'basic' });
    events.emit({ ...request, type: 'request.forbidden', actorId: 'ada', detail: 'orders:write' });
    events.emit({ type: 'activity.dropped', ...BASE, orgId: null, count: 7 });
    telemetry.limited('api-key');

    expect(await reader.read('latchkey.logins')).toEqual([
      [2, { 'latchkey.outcome': 'failed', 'latchkey.reason': 'wrong_password' }],
      [1, { 'latchkey.outcome': 'failed', 'latchkey.reason': 'unknown_user' }],
      [1, { 'latchkey.outcome': 'succeeded' }],
    ]);
    expect(await reader.read('latchkey.sessions')).toEqual([
      [1, { 'latchkey.event': 'started' }],
      [1, { 'latchkey.event': 'ended' }],
    ]);
    expect(await reader.read('latchkey.refused')).toEqual([
      [1, { 'latchkey.reason': 'missing', 'latchkey.scheme': 'none' }],
      [1, { 'latchkey.reason': 'expired', 'latchkey.scheme': 'basic' }],
    ]);
    expect(await reader.read('latchkey.forbidden')).toEqual([[1, {}]]);
    expect(await reader.read('latchkey.audit.dropped')).toEqual([[7, {}]]);
    expect(await reader.read('latchkey.limited')).toEqual([[1, { 'latchkey.scheme': 'api-key' }]]);
  });

  it('runs a verification that leaves the process within a span, and counts and times it', async () => {
    let active: unknown;
    const verdicts = [
      await telemetry.traced('basic', async () => {
        await null;
        active = trace.getActiveSpan()?.spanContext().spanId;
        return PRINCIPAL;
      }),
      await telemetry.traced('api-key', async () => WRONG_SECRET),
    ];
    expect(verdicts).toEqual([PRINCIPAL, WRONG_SECRET]);
    const accepted = { 'latchkey.outcome': 'accepted', 'latchkey.scheme': 'basic' };
    const refused = { 'latchkey.outcome': 'refused', 'latchkey.reason': 'wrong_secret', 'latchkey.scheme': 'api-key' };
    const told = spans.getFinishedSpans();
    expect(told.map(({ name, attributes, status }) => [name, attributes, status.code])).toEqual([
      ['latchkey.verify', accepted, SpanStatusCode.UNSET],
      ['latchkey.verify', refused, SpanStatusCode.UNSET],
    ]);
    expect(active).toBe(told[0]?.spanContext().spanId);
    const counted = [
      [1, accepted],
      [1, refused],
    ];
    expect(await reader.read('latchkey.verifications')).toEqual(counted);
    expect(await reader.read('latchkey.verification.duration')).toEqual(counted);
  });

  it('ends the span of a verification that fails, at once or later, and hands the error on', async () => {
    const down = storeUnavailable('Redis at hidden-host is not connected');
    await expect(telemetry.traced('basic', () => Promise.reject(down))).rejects.toBe(down);
    const bug = new Error('lk_secret');
    const fail = () => {
      throw bug;
    };
    await expect(telemetry.traced('basic', fail)).rejects.toBe(bug);
    const attributesOf = (type: string) => ({
      'latchkey.outcome': 'failed',
      'error.type': type,
      'latchkey.scheme': 'basic',
    });
    const told = spans.getFinishedSpans().map(({ attributes, status, events }) => [attributes, status, events]);
    expect(told).toEqual([
      [attributesOf('store_unavailable'), { code: SpanStatusCode.ERROR, message: 'store_unavailable' }, []],
      [attributesOf('_OTHER'), { code: SpanStatusCode.ERROR, message: '_OTHER' }, []],
    ]);
    expect(await reader.read('latchkey.verifications')).toEqual([
      [1, attributesOf('store_unavailable')],
      [1, attributesOf('_OTHER')],
    ]);
  });

  it('counts an error that is handed back as one that is thrown', async () => {
    const tooMany = new AuthError('too_many_attempts');
    expect(await telemetry.traced('basic', async () => tooMany)).toBe(tooMany);
    const failed = {
      'latchkey.outcome': 'failed',
      'error.type': 'too_many_attempts',
      'latchkey.scheme': 'basic',
    };
    const told = spans.getFinishedSpans().map(({ attributes, status }) => [attributes, status]);
    expect(told).toEqual([[failed, { code: SpanStatusCode.ERROR, message: 'too_many_attempts' }]]);
    expect(await reader.read('latchkey.verifications')).toEqual([[1, failed]]);
    expect(await reader.read('latchkey.verification.duration')).toEqual([[1, failed]]);
  });

  it('times every call of the store, by its name and outcome, and changes nothing of it', async () => {
    const inner = new MemoryStore();
    const store = telemetry.timed(inner);
    expect(await store.records.apiKeys.get('unknown')).toBeNull();
    expect(await store.state.claim('one', 1_000)).toBe(true);
    expect(await store.state.claim('one', 1_000)).toBe(false);
    expect(await store.state.sessions.read('unknown', 1_000)).toBeNull();
    expect(await store.records.numbers.of('user', ['ada'])).toEqual([1]);
    expect(await store.records.documents.get('a-kind', 'unknown')).toBeNull();
    jest.spyOn(inner.state, 'hit').mockRejectedValue(storeUnavailable('down'));
    await expect(store.state.hit('one', 1_000)).rejects.toThrow(AuthError);
    expect(store.changes).toBe(inner.changes);
    expect(await store.health()).toMatchObject({ ok: true });

    const ok = (operation: string) => ({ 'latchkey.operation': operation, 'latchkey.outcome': 'ok' });
    expect(await reader.read('latchkey.store.duration')).toEqual([
      [1, ok('apiKeys.get')],
      [2, ok('state.claim')],
      [1, ok('sessions.read')],
      [1, ok('numbers.of')],
      [1, ok('documents.get')],
      [1, { 'latchkey.operation': 'state.hit', 'latchkey.outcome': 'failed', 'error.type': 'store_unavailable' }],
    ]);
    await store.close();
  });

  it('times a store of another make: with plain methods, with getters, with what it throws', async () => {
    class Odd {
      #isOpen = true;
      get state() {
        return this;
      }
      get isOpen() {
        return this.#isOpen;
      }
      async keep() {
        return this.#isOpen;
      }
      take() {
        throw new TypeError('at once');
      }
    }
    const odd = new Odd();
    const store = telemetry.timed({ records: {}, state: odd } as unknown as Store) as unknown as { state: Odd };
    expect(await store.state.keep()).toBe(true);
    expect(store.state.isOpen).toBe(true);
    expect(() => store.state.take()).toThrow('at once');
    expect(await reader.read('latchkey.store.duration')).toEqual([
      [1, expect.objectContaining({ 'latchkey.operation': 'state.keep' })],
    ]);
  });
});

describe('without an SDK', () => {
  it('leaves the store as it is, listens to nothing, and lets verifications pass', async () => {
    const events = new Events();
    const telemetry = new Telemetry(events);
    const store = new MemoryStore();
    expect(telemetry.timed(store)).toBe(store);
    expect(events.isHeard('request.refused')).toBe(false);
    telemetry.verified('basic', null);
    telemetry.failed('basic', new Error('any'));
    telemetry.limited('basic');
    telemetry.lookups('apiKeys').hits++;
    expect(await telemetry.traced('basic', async () => EXPIRED)).toBe(EXPIRED);
    const down = storeUnavailable('down');
    await expect(telemetry.traced('basic', () => Promise.reject(down))).rejects.toBe(down);
    await store.close();
  });
});
