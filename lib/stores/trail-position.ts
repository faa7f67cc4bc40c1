/** Where an entry of a trail stands: by `ms`, then by `sequence`, both ascending. */
export interface TrailPosition {
  readonly ms: number;
  readonly sequence: number;
}

export function encodeTrailId({ ms, sequence }: TrailPosition): string {
  return `${ms}-${sequence}`;
}

/** @throws TypeError for an id that no store returned. */
export function decodeTrailId(id: string): TrailPosition {
  const [, ms, sequence] = /^(\d{1,15})-(\d{1,15})$/.exec(id) ?? [];
  if (ms === undefined) throw new TypeError('an id of the trail must be one that append() returned');
  return { ms: Number(ms), sequence: Number(sequence) };
}
