import { readFileSync, writeFileSync } from 'node:fs';
import { coldStart } from './cold/part.js';
import { comparison } from './comparison/part.js';
import { floods } from './floods/part.js';
import { micro } from './micro-part.js';
import { nodesFor } from './nodes.js';
import { note } from './note.js';
import { type BenchOptions, readOptions, USAGE } from './options.js';
import type { Part, PartResult } from './part.js';
import { ensurePeers } from './peers.js';
import { README } from './places.js';
import { processes } from './processes/part.js';
import { withSections } from './readme.js';
import { compareSections, type PartName, sectionName, titleOf } from './sections.js';

const PARTS: Readonly<Record<PartName, Part>> = { compare: comparison, floods, cold: coldStart, processes, micro };

async function main(options: BenchOptions): Promise<void> {
  const { parts, contestants } = options;
  const nodes = await nodesFor(options.nodes, options.nodeArgs);
  if (parts.includes('compare') && contestants.some(({ usesPeers }) => usesPeers)) ensurePeers();
  const seconds = parts.reduce((sum, part) => sum + PARTS[part].seconds(options), 0) * nodes.length;
  note(`This takes about ${Math.ceil(seconds / 60)} min; leave the machine alone meanwhile`);

  const sections = new Map<string, string>();
  const results: Record<string, PartResult> = {};
  for (const node of nodes) {
    for (const part of parts) {
      const result = await PARTS[part].run(node, options);
      const name = sectionName(part, node.version);
      const text = `${titleOf(part, node.version)}\n\n${result.markdown}`;
      results[name] = result;
      sections.set(name, text);
      process.stdout.write(`${text}\n\n`);
    }
  }
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
  if (options.readme) writeFileSync(README, withSections(readFileSync(README, 'utf8'), sections, compareSections));
  const misses = Object.values(results).flatMap((result) => result.misses);
  for (const miss of misses) note(`MISSED: ${miss}`);
  if (options.check && misses.length > 0) process.exitCode = 1;
}

let options: BenchOptions;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  note(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(2);
}
await main(options).catch((error: unknown) => {
  note(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
