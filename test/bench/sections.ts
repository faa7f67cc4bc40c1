import { majorOf } from './nodes.js';

/** In the order of the README. `micro` is without HTTP. */
export const PARTS = ['compare', 'floods', 'cold', 'processes', 'micro'] as const;
export type PartName = (typeof PARTS)[number];

/** A section of the README: a part on a major version of Node. */
export function sectionName(part: PartName, nodeVersion: string): string {
  return `${part}-${majorOf(nodeVersion)}`;
}

/** As the parts come, each by Node. */
export function compareSections(a: string, b: string): number {
  const [partA, nodeA] = split(a);
  const [partB, nodeB] = split(b);
  return partA - partB || nodeA - nodeB;
}

function split(name: string): readonly [part: number, node: number] {
  const [part = '', node = ''] = name.split('-');
  return [PARTS.indexOf(part as PartName), Number(node)];
}

const TITLES: Readonly<Record<PartName, string>> = {
  compare: 'What guards a route, side by side',
  floods: 'Floods of refused requests',
  cold: 'Cold start, memory, many rotations',
  processes: 'Several processes on one Redis',
  micro: 'The steps of a verified request, and a permission question',
};

export function titleOf(part: PartName, nodeVersion: string): string {
  return `#### ${TITLES[part]}, on Node ${majorOf(nodeVersion)}`;
}
