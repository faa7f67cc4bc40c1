import { machine, today } from './comparison/report.js';
import type { Part } from './part.js';
import { endChild, firstMessage, forkOn } from './server-process.js';

export const micro: Part = {
  seconds: () => 30,
  async run(node) {
    const child = forkOn(node, new URL('./micro-process.js', import.meta.url));
    try {
      const table = await firstMessage<string>(child, 'the micro-bench');
      return { markdown: `${table}\n\n${machine(node.version)}; ${today()}`, data: { table }, misses: [] };
    } finally {
      await endChild(child);
    }
  },
};
