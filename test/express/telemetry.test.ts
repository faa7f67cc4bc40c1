import { metrics, trace } from '@opentelemetry/api';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type Latchkey, MemoryStore, type NewKey } from '../../lib/index.js';
import { generateSecret } from '../../lib/verification/secret.js';
import { TestMetricReader } from '../support/metric-reader.js';
import { basic, newLatchkey, type SessionApp, startSessionApp } from '../support/session-app.js';

const BY = { by: 'test' };

describe('what an app tells OpenTelemetry', () => {
  let reader: TestMetricReader;
  let spans: InMemorySpanExporter;
  let store: MemoryStore;
  let latchkey: Latchkey;
  let app: SessionApp;

  beforeEach(async () => {
    reader = new TestMetricReader();
    spans = new InMemorySpanExporter();
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
    store = new MemoryStore();
    latchkey = newLatchkey({ store });
    app = await startSessionApp(latchkey, {
      add: (server) =>
        server.get('/orders', latchkey.authenticate(), latchkey.requirePermission('orders:read'), (_req, res) => {
          res.end();
        }),
    });
  });

  afterEach(async () => {
    await app.close();
    await latchkey.close();
    metrics.disable();
    trace.disable();
  });

  async function issue(fields: Partial<NewKey> = {}): Promise<Record<string, string>> {
    const { token } = await latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada', ...fields }, BY);
    return { 'x-api-key': token };
  }

  const verified = (outcome: object, scheme = 'api-key-header') => ({ ...outcome, 'latchkey.scheme': scheme });
  const ACCEPTED = { 'latchkey.outcome': 'accepted' };
  const refused = (reason: string) => ({ 'latchkey.outcome': 'refused', 'latchkey.reason': reason });

  it('counts each verification once, with a span only where it leaves the process', async () => {
    const headers = await issue();
    for (let n = 0; n < 5; n++) expect((await app.call('GET', '/me', headers)).status).toBe(200);
    expect(await reader.read('latchkey.verifications')).toEqual([[5, verified(ACCEPTED)]]);
    const lookups = await reader.read('latchkey.cache.lookups');
    const ofKeys = lookups.filter(([, attributes]) => attributes['latchkey.collection'] === 'apiKeys');
    expect(ofKeys.map(([value, attributes]) => [attributes['latchkey.result'], value])).toEqual([
      ['hit', 4],
      ['miss', 1],
    ]);
    expect(spans.getFinishedSpans().map(({ attributes }) => attributes)).toEqual([verified(ACCEPTED)]);
  });

  it('counts each verification of a session once, with a span where the store or the directory is asked', async () => {
    Object.assign(store, { isEmbedded: false });
    const remembering = newLatchkey({ store, session: { rememberMs: 1_000 } });
    const other = await startSessionApp(remembering);
    const cookie = await other.login('ada');
    const token = await other.login('ada', { token: true });
    for (let n = 0; n < 4; n++) {
      expect((await other.call('GET', '/me', cookie.headers)).status).toBe(200);
      expect((await other.call('GET', '/me', token.headers)).status).toBe(200);
      expect((await other.call('GET', '/me', { cookie: cookie.cookie })).status).toBe(401);
    }
    expect(await reader.read('latchkey.verifications')).toEqual([
      [4, verified(ACCEPTED, 'session-cookie')],
      [4, verified(refused('request_id_missing'), 'session-cookie')],
      [4, verified(ACCEPTED, 'basic')],
    ]);
    expect(spans.getFinishedSpans()).toHaveLength(2); // the first of each
    await remembering.userChanged('ada'); // the directory has to be asked again
    expect((await other.call('GET', '/me', cookie.headers)).status).toBe(200);
    expect(spans.getFinishedSpans()).toHaveLength(3);
    await other.close();
    await remembering.close();
  });

  it('tells why one was refused, and who was let in but may not', async () => {
    const id = 'A'.repeat(22);
    const secret = 'B'.repeat(49);
    expect((await app.call('GET', '/me')).status).toBe(401);
    expect((await app.call('GET', '/me', { authorization: basic(id, secret) })).status).toBe(401);
    const narrow = await issue({ statements: [{ actions: ['keys:read'] }] });
    expect((await app.call('GET', '/orders', narrow)).status).toBe(403);
    expect(await reader.read('latchkey.verifications')).toEqual(
      expect.arrayContaining([
        [1, verified(refused('malformed'), 'basic')],
        [1, verified(ACCEPTED)],
      ]),
    );
    expect(await reader.read('latchkey.refused')).toEqual([
      [1, { 'latchkey.reason': 'missing', 'latchkey.scheme': 'none' }],
      [1, { 'latchkey.reason': 'malformed', 'latchkey.scheme': 'basic' }],
    ]);
    expect(await reader.read('latchkey.forbidden')).toEqual([[1, {}]]);
  });

  it('counts requests that are too many for their key', async () => {
    const headers = await issue({ maxRequestsPerMinute: 1 });
    const replies = [await app.call('GET', '/me', headers), await app.call('GET', '/me', headers)];
    expect(replies.map(({ status }) => status)).toEqual([200, 429]);
    expect(await reader.read('latchkey.limited')).toEqual([[1, { 'latchkey.scheme': 'api-key-header' }]]);
  });

  it('counts wrong secrets that are too many for their address as failed, at once or after a look-up', async () => {
    await app.close();
    await latchkey.close();
    latchkey = newLatchkey({ store, lockout: { secretLimit: 1 } });
    app = await startSessionApp(latchkey);
    const wrong = { 'x-api-key': generateSecret('lk').token };
    const statuses = [];
    for (const headers of [wrong, wrong, { 'x-api-key': generateSecret('lk').token }]) {
      statuses.push((await app.call('GET', '/me', headers)).status);
    }
    expect(statuses).toEqual([401, 429, 429]);
    const tooMany = { 'latchkey.outcome': 'failed', 'error.type': 'too_many_attempts' };
    expect(await reader.read('latchkey.verifications')).toEqual([
      [1, verified(refused('unknown_id'))],
      [2, verified(tooMany)],
    ]);
    expect(spans.getFinishedSpans().map(({ attributes }) => attributes)).toEqual([
      verified(refused('unknown_id')),
      verified(tooMany),
    ]);
  });

  it('counts logins, sessions and what comes with their cookies', async () => {
    const { headers } = await app.login('ada');
    expect((await app.call('GET', '/me', headers)).status).toBe(200);
    expect((await app.call('GET', '/me', { ...headers, rid: 'wrong' })).status).toBe(401);
    expect((await app.call('DELETE', '/login', headers)).status).toBe(204);
    expect(await reader.read('latchkey.logins')).toEqual([[1, { 'latchkey.outcome': 'succeeded' }]]);
    expect(await reader.read('latchkey.sessions')).toEqual([
      [1, { 'latchkey.event': 'started' }],
      [1, { 'latchkey.event': 'ended' }],
    ]);
    expect(await reader.read('latchkey.verifications')).toEqual([
      [2, verified(ACCEPTED, 'session-cookie')],
      [1, verified(refused('request_id_wrong'), 'session-cookie')],
    ]);
  });

  it('tells a store that is down from a credential that is wrong', async () => {
    const headers = await issue();
    jest.spyOn(store.records.apiKeys, 'get').mockRejectedValueOnce(new Error('lk_hidden_secret'));
    expect((await app.call('GET', '/me', headers)).status).toBe(500);
    const failed = { 'latchkey.outcome': 'failed', 'error.type': '_OTHER' };
    expect(await reader.read('latchkey.verifications')).toEqual([[1, verified(failed)]]);
    expect(await reader.read('latchkey.store.duration')).toEqual(
      expect.arrayContaining([[1, { ...failed, 'latchkey.operation': 'apiKeys.get' }]]),
    );
    expect(JSON.stringify(spans.getFinishedSpans().map(({ attributes, status }) => [attributes, status]))).not.toMatch(
      /hidden/,
    );
  });

  it('lets nobody in by a tracer that loses what its callback answers', async () => {
    const span = { setStatus: () => span, setAttributes: () => span, end() {} };
    const startActiveSpan = (...args: unknown[]) => void (args.at(-1) as (it: typeof span) => unknown)(span);
    trace.disable();
    trace.setGlobalTracerProvider({ getTracer: () => ({ startActiveSpan }) } as never);
    const good = await issue();
    const wrong = () => ({ 'x-api-key': generateSecret('lk').token });
    for (const [headers, status] of [
      [wrong(), 401],
      [good, 200],
      [wrong(), 401],
    ] as const) {
      expect((await app.call('GET', '/me', headers)).status).toBe(status);
    }
  });
});
