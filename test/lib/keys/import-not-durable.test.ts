import { createHash } from 'node:crypto';
import type { Core } from '../../../lib/core.js';
import { Principal } from '../../../lib/principal.js';
import { Clock } from '../clock.js';
import { newCore } from '../new-core.js';
import { RollingStore } from '../rolling-store.js';

const by = { by: 'setup' };
const RAW = 'acme_live_0123456789abcdef';
const ENTRY = { name: 'ci', ownerId: 'ada', orgId: 'acme', secret: RAW };

describe('importing a key that no replica has confirmed', () => {
  let store: RollingStore;
  let core: Core;

  beforeEach(() => {
    store = new RollingStore();
    core = newCore({ store, now: new Clock().now });
  });
  afterEach(() => core.close());

  async function enter(): Promise<string> {
    const secret = createHash('sha256').update(RAW).digest('hex');
    const credential = { scheme: 'api-key-header', id: '', secret, isImported: true } as const;
    const verdict = await core.verifier.verify(credential, null);
    return verdict instanceof Principal ? 'ok' : verdict.reason;
  }

  it('is told so, again and again, and leaves it as it is; it is there once that is confirmed', async () => {
    store.updates = 'not durable';
    for (let tries = 0; tries < 2; tries++) {
      const result = await core.apiKeys.import(ENTRY, by);
      expect(result).toMatchObject({ outcome: 'refused', error: { code: 'not_durable', status: 503 } });
    }
    expect(await enter()).toBe('ok');
    store.updates = 'durable';
    expect(await core.apiKeys.import(ENTRY, by)).toMatchObject({ outcome: 'exists', state: 'active' });
    expect((await core.apiKeys.list({ orgId: 'acme' })).items).toHaveLength(1);
  });
});
