import { relative } from 'node:path';
import { atMost, type Figure, fact, ms } from '../figure.js';
import type { NodeCommand } from '../nodes.js';
import { ROOT } from '../places.js';
import { endChild, firstMessage, forkOn } from '../server-process.js';
import { median } from '../statistics.js';

const TIMES = 15;
const MOST_MS = 60;
/** What an app that uses none of it should not load. */
const UNWANTED = ['ioredis', 'redis', 'connect-redis', 'zod', 'dist/lib/stores/redis', 'dist/admin-router'];
const PACKAGE = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/** What `import 'latchkey'` takes in a fresh process, and what it loads. */
export async function importCost(node: NodeCommand): Promise<readonly Figure[]> {
  const times: number[] = [];
  while (times.length < TIMES) times.push(await tell<number>(node, './import-time.js'));
  const files = (await tell<string[]>(node, './loaded-modules.js')).map((path) => relative(ROOT, path));
  const own = files.filter((path) => path.startsWith('dist/'));
  if (own.length === 0) throw new Error('the import of latchkey was not seen to load anything');
  const packages = [...new Set(files.flatMap((path) => PACKAGE.exec(path)?.[1] ?? []))].sort();
  const unwanted = UNWANTED.filter(
    (name) => packages.includes(name) || own.some((path) => path.startsWith(`${name}/`)),
  );
  return [
    atMost("`import 'latchkey'` in a fresh process", median(times), MOST_MS, ms),
    fact('files of its own that it loads', String(own.length)),
    fact('packages that it loads', packages.join(', ') || 'none'),
    {
      what: 'Redis, zod, the admin router or its page among them',
      measured: unwanted.length === 0 ? 'none' : unwanted.join(', '),
      target: 'none',
      holds: unwanted.length === 0,
    },
  ];
}

async function tell<Message>(node: NodeCommand, program: string): Promise<Message> {
  const child = forkOn(node, new URL(program, import.meta.url));
  try {
    return await firstMessage<Message>(child, program);
  } finally {
    await endChild(child);
  }
}
