import type { LatchkeyOptions } from '../index.js';
import { UsageError } from './command.js';
import { spanOf } from './option-values.js';

/** Of the commands that settle when a key is removed for good. */
export const RETENTION_OPTIONS = { retention: { type: 'string' } } as const;

export const RETENTION_HELP = `  --retention SPAN      keys.retentionMs of the app: how long a key stays to be read once it is revoked or expired, then
                        it is removed for good; default 90d`;

/** @throws UsageError */
export function retentionOf(values: { readonly retention?: string | undefined }): Pick<LatchkeyOptions, 'keys'> {
  const retentionMs = spanOf('retention', values.retention);
  if (retentionMs === 0) throw new UsageError('--retention must be longer than nothing');
  return retentionMs === undefined ? {} : { keys: { retentionMs } };
}
