import { machine, today } from '../comparison/report.js';
import { type Figure, figureTable } from '../figure.js';
import { note } from '../note.js';
import { missesOf, type Part } from '../part.js';
import { cachedMemory } from './cached-memory.js';
import { firstRequest } from './first-request.js';
import { importCost } from './import.js';
import { rotations } from './rotations.js';

export const coldStart: Part = {
  seconds: () => 180, // most of it for making 100,000 keys

  async run(node) {
    const figures: Figure[] = [];
    for (const measured of [importCost, firstRequest, rotations, cachedMemory]) {
      note(`Node ${node.version}: ${measured.name}`);
      figures.push(...(await measured(node)));
    }
    const markdown = `${figureTable(figures)}\n\n${machine(node.version)}; ${today()}`;
    return { markdown, data: { figures }, misses: missesOf(figures, node) };
  },
};
