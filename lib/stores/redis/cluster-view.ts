/** A node of a cluster as CLUSTER NODES describes it. */
export interface ClusterNodeView {
  readonly id: string;
  /** Whether it is the one that was asked. */
  readonly isMyself: boolean;
  readonly isMaster: boolean;
  /** Raised whenever it takes over slots: of two that claim a slot, the one of the higher epoch has it. */
  readonly epoch: number;
  /** First and last slot of each range that it serves. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
}

/**
 * What a node answers to CLUSTER NODES; ranges that are being moved are left out, as they are told besides.
 * https://redis.io/docs/latest/commands/cluster-nodes/
 */
export function parseClusterNodes(text: string): ClusterNodeView[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [id = '', , flags = '', , , , epoch = '', , ...slots] = line.trim().split(' ');
    const ranges = slots
      .filter((range) => !range.startsWith('['))
      .map((range) => {
        const [first, last = first] = range.split('-').map(Number);
        return [first ?? 0, last ?? 0] as const;
      });
    const isFlagged = (flag: string) => flags.split(',').includes(flag);
    return { id, isMyself: isFlagged('myself'), isMaster: isFlagged('master'), epoch: Number(epoch), ranges };
  });
}

/** Whether a node still serves what it believes to serve, by its own view and those of others. */
export function isStillMaster(
  own: readonly ClusterNodeView[],
  others: readonly (readonly ClusterNodeView[])[],
): boolean {
  const myself = own.find(({ isMyself }) => isMyself);
  if (!myself?.isMaster) return false;
  const outdoes = (node: ClusterNodeView) =>
    node.isMaster && node.id !== myself.id && node.epoch > myself.epoch && doOverlap(node, myself);
  return !others.some((nodes) => nodes.some(outdoes));
}

function doOverlap(a: ClusterNodeView, b: ClusterNodeView): boolean {
  return a.ranges.some(([first, last]) => b.ranges.some(([start, end]) => first <= end && start <= last));
}
