import { once } from 'node:events';
import { constants, setPriority } from 'node:os';
import { generateSecret } from '../../../lib/verification/secret.js';
import { generateLoad } from './generate-load.js';
import type { GeneratorOrder } from './generator-process.js';
import { requestBytes } from './http-request.js';

/** A child of the runner: makes the requests it is told to, says so, and upon the next message sends them; again and again. */

const PREFIX = 'lk';

process.once('disconnect', () => process.exit());
process.send?.('waiting');
for (;;) {
  const [{ headers, path, strangers, ...load }] = (await once(process, 'message')) as [GeneratorOrder];
  // Whoever never sleeps gives way to everybody else, Redis first.
  if (load.isAwake) setPriority(constants.priority.PRIORITY_LOW);
  const requests = (strangers > 0 ? unknownKeys(strangers) : headers).map((each) =>
    requestBytes({ path, headers: each }),
  );
  const start = once(process, 'message');
  process.send?.('prepared');
  await start;
  let next = 0;
  const result = await generateLoad({ ...load, next: () => requests[next++ % requests.length] as Buffer });
  process.send?.(result);
}

function unknownKeys(count: number) {
  return Array.from({ length: count }, () => ({ 'X-API-Key': generateSecret(PREFIX).token }));
}
