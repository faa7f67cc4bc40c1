import { CommandFailure, EXIT } from './command.js';

/** `record`, where there is one, and it is of the organisation that was named, if one was. @throws CommandFailure */
export function demandOrg<Kept extends { readonly orgId: string | null }>(
  record: Kept | null,
  orgId: string | null,
  what: string,
): Kept {
  if (record !== null && (orgId === null || record.orgId === orgId)) return record;
  throw new CommandFailure(EXIT.notFound, `There is no such ${what}${orgId === null ? '' : ' in this organisation'}.`);
}
