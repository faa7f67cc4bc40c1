import type { VersionedRecord } from '../records.js';

/** A record that is listed by its organisation. */
export interface OrgRecord extends VersionedRecord {
  readonly orgId: string | null;
}

/** As `PolicyPageRequest`, of whatever records. */
export interface OrgPageRequest {
  readonly orgId: string | null;
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface OrgPage<Stored> {
  readonly records: readonly Stored[];
  readonly next: string | null;
}
