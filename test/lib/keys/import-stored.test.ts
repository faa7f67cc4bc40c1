import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { createCore } from '../../../lib/core.js';
import { openRedisPlace } from '../timed-places.js';

const by = { by: 'setup' };
const ACME = { name: 'ci', ownerId: 'ada', orgId: 'acme' };
const RAW = 'acme_live_0123456789abcdef';

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

describe('in Redis, an imported key', () => {
  it('is kept as a hash of its hash: a dump holds nothing that could be sent', async () => {
    const place = await openRedisPlace();
    const core = createCore({ store: place.connect(), now: place.clock.now }, {});
    try {
      const result = await core.apiKeys.import({ ...ACME, secret: RAW }, by);
      expect(result.outcome).toBe('imported');
      const dump = await dumpOf(place.client);
      expect(dump).toContain(`imported-sha256:${sha256(`latchkey imported key ${sha256(RAW)}`)}`);
      for (const secret of [RAW.slice(0, -4), sha256(RAW)]) expect(dump).not.toContain(secret);
    } finally {
      await core.close();
      await place.stop();
    }
  });

  async function dumpOf(client: Redis): Promise<string> {
    const texts: unknown[] = [];
    for (const key of await client.keys('*')) {
      const type = await client.type(key);
      if (type === 'string') texts.push(key, await client.get(key));
      else if (type === 'hash') texts.push(key, await client.hgetall(key));
      else if (type === 'zset') texts.push(key, await client.zrange(key, '0', '-1'));
      else if (type === 'stream') texts.push(key, await client.xrange(key, '-', '+'));
      else throw new Error(`a type that is not read here: ${type}`);
    }
    return texts.map((text) => (typeof text === 'string' ? text : JSON.stringify(text))).join('\n');
  }
});
