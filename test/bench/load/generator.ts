import { once } from 'node:events';
import { generateSecret } from '../../../lib/verification/secret.js';
import { generateLoad } from './generate-load.js';
import type { GeneratorOrder } from './generator-process.js';
import { requestBytes } from './http-request.js';

/** A child of the runner: makes the requests it is told to, says so, and upon the next message sends them. */

const PREFIX = 'lk';

const order = once(process, 'message');
process.send?.('waiting');
const [{ headers, path, strangers, ...load }] = (await order) as [GeneratorOrder];
const requests = (strangers > 0 ? unknownKeys(strangers) : headers).map((each) =>
  requestBytes({ path, headers: each }),
);
const start = once(process, 'message');
process.send?.('prepared');
await start;
let next = 0;
const result = await generateLoad({ ...load, next: () => requests[next++ % requests.length] as Buffer });
process.send?.(result, () => process.disconnect());

function unknownKeys(count: number) {
  return Array.from({ length: count }, () => ({ 'X-API-Key': generateSecret(PREFIX).token }));
}
